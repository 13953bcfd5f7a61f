// What the views are made of. Texts of others only ever become text nodes.

export function h(tag, attributes, ...children) {
  const node = document.createElement(tag);
  fill(node, attributes, children);
  return node;
}

export function s(tag, attributes, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  fill(node, attributes, children);
  return node;
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat(3).filter((x) => x !== null && x !== undefined && x !== false)
    .map((x) => (x instanceof Node ? x : document.createTextNode(String(x)))));
}

export const words = (text) => String(text).replaceAll('_', ' ');
export const count = (n) => Number(n).toLocaleString('en-US');
export const plural = (n, one, many) => `${count(n)} ${Number(n) === 1 ? one : many || one + 's'}`;

// "1500ms" of the interface, in milliseconds.
export function millis(text) {
  const m = /^(-?\d+)(ns|us|ms|s|min|h)$/.exec(text || '');
  return m ? Number(m[1]) * { ns: 1e-6, us: 1e-3, ms: 1, s: 1e3, min: 6e4, h: 36e5 }[m[2]] : 0;
}

export function span(ms) {
  const a = Math.abs(ms);
  if (a < 1) return '0 s';
  if (a < 1000) return `${Math.round(ms)} ms`;
  if (a < 60000) return `${Math.round(ms / 100) / 10} s`;
  if (a < 36e5) return `${Math.round(ms / 6000) / 10} min`;
  if (a < 1728e5) return `${Math.round(ms / 36e4) / 10} h`;
  return `${Math.round(ms / 864e5)} days`;
}

let utc = localStorage.getItem('djm.clock') === 'utc';
export const clock = {
  get utc() { return utc; },
  toggle() { utc = !utc; localStorage.setItem('djm.clock', utc ? 'utc' : 'local'); },
};

export function moment(ms) {
  const d = new Date(ms);
  const zone = utc ? { timeZone: 'UTC' } : {};
  const whole = d.toLocaleString('sv-SE', zone) + (utc ? ' UTC' : '');
  const ago = Date.now() - ms;
  const text = ago < 0 ? 'in ' + span(-ago) : ago < 1000 ? 'now' : ago < 864e5 ? span(ago) + ' ago' : whole;
  return h('time', { datetime: d.toISOString(), title: whole }, text);
}

export function at(path, query) {
  const q = new URLSearchParams(Object.entries(query || {}).filter(([, v]) => v !== '' && v !== undefined && v !== null));
  return '#/' + path.map(encodeURIComponent).join('/') + (q.size ? '?' + q : '');
}

export const id = (text) => h('span', { class: 'id', dir: 'ltr' }, text || '–');
export const link = (path, text, query) => h('a', { href: at(path, query) }, id(text));
export const nodeLink = (name) => (name ? link(['nodes', name], name) : id('–'));
// A link to the page of another node, if what that node has written is the address of one: http or https, a host, a port, and
// nothing before or behind them. Everything else stays the text that it is.
export function outside(text, route) {
  let to = null;
  try { to = new URL(text); } catch { /* not an address */ }
  const plain = to && ['http:', 'https:'].includes(to.protocol) && text.startsWith(to.protocol + '//') &&
    !to.username && !to.password && to.pathname === '/' && !to.search && !to.hash;
  return plain ? h('a', { href: `${to.origin}/${route || ''}`, rel: 'noreferrer noopener', target: '_blank' }, id(text)) : id(text);
}
export const pill = (text, kind) => h('span', { class: 'pill ' + (kind || '') }, words(text));

const kinds = {
  locked: 'good', alive: 'good', running: 'good', connected: 'good', joined: 'good', ready: 'good', yes: 'good', leading: 'info',
  waiting: 'info', starting: 'info', candidate: '', contested: 'warn', draining: 'warn', cordoned: 'warn', suspended: 'warn',
  unassigned: 'bad', paused: 'warn', healthy: 'good', degraded: 'warn', failing: 'bad', gone: 'bad', expired: 'bad', no: 'bad', stopped: 'bad', off: 'warn', on: 'good',
};
export const state = (name) => pill(name, kinds[name]);

export const panel = (title, cls, ...children) =>
  h('section', { class: 'panel ' + (cls || '') }, title ? h('h2', {}, title) : null, ...children);

export const facts = (rows) => h('dl', { class: 'facts' },
  rows.filter(Boolean).map(([name, value]) => [h('dt', {}, name), h('dd', {}, value === '' ? '–' : value)]));

// columns: [title, (row) => content, class]
export function table(columns, rows, none) {
  if (!rows.length) return h('p', { class: 'empty' }, none || 'Nothing here.');
  return h('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'table' }, h('table', {},
    h('thead', {}, h('tr', {}, columns.map(([t, , c]) => h('th', { scope: 'col', class: c }, t)))),
    h('tbody', {}, rows.slice(0, 100).map((r) => h('tr', {}, columns.map(([, f, c]) => h('td', { class: c }, f(r))))))));
}

export const states = ['locked', 'waiting', 'contested', 'unassigned'];

export function bar(counts) {
  const total = Math.max(1, counts.items);
  const node = h('div', { class: 'bar', role: 'img', 'aria-label': states.map((k) => `${counts[k]} ${k}`).join(', ') });
  for (const k of states) {
    if (!counts[k]) continue;
    const part = h('i', { class: k });
    part.style.width = `${(100 * counts[k]) / total}%`;
    node.append(part);
  }
  return node;
}

export function share(n, most) {
  const node = h('div', { class: 'bar', 'aria-hidden': 'true' }, h('i', {}));
  node.firstChild.style.width = `${(100 * n) / Math.max(1, most)}%`;
  return node;
}

export function ring(counts) {
  const r = 58, around = 2 * Math.PI * r;
  const svg = s('svg', { viewBox: '0 0 148 148', role: 'img', 'aria-label': 'Coverage' },
    s('circle', { class: 'track', cx: 74, cy: 74, r }));
  let from = 0;
  for (const k of states) {
    const part = counts.items ? counts[k] / counts.items : 0;
    if (part > 0) {
      svg.append(s('circle', { class: 'arc k-' + k, cx: 74, cy: 74, r, transform: `rotate(${from * 360 - 90} 74 74)`,
        'stroke-dasharray': `${Math.max(0, part * around - (part < 1 ? 2 : 0))} ${around}` }));
    }
    from += part;
  }
  const covered = counts.items ? (100 * counts.locked) / counts.items : 100;
  const text = covered === 100 || covered === 0 ? covered : covered > 99.9 ? '99.9' : Math.floor(covered * 10) / 10;
  svg.append(s('text', { x: 74, y: 80 }, `${text}%`), s('text', { class: 'under', x: 74, y: 98 }, 'locked'));
  return svg;
}
