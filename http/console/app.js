// Where we are, what is asked for it, and what somebody does.
import { h, s, at, clock } from './ui.js';
import { views } from './views.js';

const main = document.getElementById('main');
const nav = document.getElementById('nav');
const dialog = document.getElementById('dialog');
const live = document.getElementById('live');
const search = document.getElementById('q');

// -- theme and clock ---------------------------------------------------------------------

const light = matchMedia('(prefers-color-scheme: light)');
const theme = () => localStorage.getItem('djm.theme') || (light.matches ? 'light' : 'dark');
const paint = () => { document.documentElement.dataset.theme = theme(); };
paint();
light.addEventListener('change', paint);
document.getElementById('theme').addEventListener('click', () => {
  localStorage.setItem('djm.theme', theme() === 'dark' ? 'light' : 'dark');
  paint();
});
const clockButton = document.getElementById('clock');
const showClock = () => {
  clockButton.textContent = clock.utc ? 'UTC' : 'local';
  clockButton.setAttribute('aria-label', `Times are ${clock.utc ? 'UTC' : 'local'}; change that`);
};
showClock();
clockButton.addEventListener('click', () => { clock.toggle(); showClock(); draw(true); });

// -- routes ------------------------------------------------------------------------------

function parse() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  let parts = [];
  try {
    parts = path.split('/').filter(Boolean).map(decodeURIComponent);
  } catch { parts = []; }
  const route = { path: parts, query: Object.fromEntries(new URLSearchParams(query || '')), args: [], view: 'overview' };
  const [first, one, two, three] = parts;
  if (first === 'jobs' && two === 'items' && three !== undefined) Object.assign(route, { view: 'item', args: [one, three] });
  else if (first === 'jobs' && two === 'items') Object.assign(route, { view: 'items', args: [one] });
  else if (first === 'jobs' && one !== undefined) Object.assign(route, { view: 'job', args: [one] });
  else if (first === 'nodes' && one !== undefined) Object.assign(route, { view: 'node', args: [one] });
  else if (first && views[first] && !views[first].hidden) route.view = first;
  return route;
}

let route = parse();
let turn = 0;
let shown = '';
let latest = {};

function drawNav() {
  const current = { node: 'nodes', job: 'jobs', item: 'items' }[route.view] || route.view;
  nav.replaceChildren(...Object.entries(views).filter(([, v]) => !v.hidden).map(([name, v]) =>
    h('a', { href: at(v.path), 'aria-current': name === current ? 'page' : null },
      s('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, s('path', { d: v.icon })), v.title)));
}

// -- asking ------------------------------------------------------------------------------

async function ask(method, path, body, headers = {}) {
  try {
    const r = await fetch(path, { method, headers: { Accept: 'application/json', ...(body ? { 'Content-Type': 'application/json' } : {}), ...headers },
      body: body ? JSON.stringify(body) : undefined, signal: AbortSignal.timeout(70000), cache: 'no-cache' });
    const text = await r.text();
    const json = text ? JSON.parse(text) : {};
    return { ok: r.ok, status: r.status, body: json, tag: r.headers.get('ETag'), text: json.detail || r.statusText };
  } catch (e) {
    return { ok: false, status: 0, body: {}, text: 'The node does not answer.' };
  }
}

const context = () => ({
  route,
  ask,
  filter: (label, ...more) => h('form', { class: 'filters', onsubmit: (e) => e.preventDefault() },
    h('input', { type: 'search', id: 'filter', 'aria-label': label, placeholder: label, value: route.query.q || '', maxlength: 120, spellcheck: 'false', oninput: (e) => {
      clearTimeout(context.timer);
      context.timer = setTimeout(() => history.replaceState(null, '', at(route.path, { ...route.query, q: e.target.value, cursor: '' })) || go(false), 200);
    } }), more),
  pager: (page) => (page.next || route.query.cursor ? h('div', { class: 'pager' },
    route.query.cursor ? h('a', { class: 'button', href: at(route.path, { ...route.query, cursor: '' }) }, 'First page') : null,
    page.next ? h('a', { class: 'button', href: at(route.path, { ...route.query, cursor: page.next }) }, 'Next page') : null,
    h('span', {}, `${page.items.length} of ${page.total} shown`)) : null),
  write,
});

// -- drawing -----------------------------------------------------------------------------

function put(nodes) {
  const focus = document.activeElement;
  const where = main.contains(focus) && focus !== main ? [...main.querySelectorAll('a,button,input,[tabindex]')].indexOf(focus) : -1;
  const key = focus && focus.id;
  const range = focus && focus.id === 'filter' ? [focus.selectionStart, focus.selectionEnd, focus.value] : null;
  const scroll = [...main.querySelectorAll('.wide')].map((x) => x.scrollLeft);
  main.replaceChildren(...nodes.flat(3).filter(Boolean));
  [...main.querySelectorAll('.wide')].forEach((x, i) => { x.scrollLeft = scroll[i] || 0; });
  if (where >= 0) {
    const again = (key && document.getElementById(key)) || main.querySelectorAll('a,button,input,[tabindex]')[where];
    if (again) again.focus({ preventScroll: true });
    if (range && again && again.id === 'filter') { again.value = range[2]; again.setSelectionRange(range[0], range[1]); }
  }
}

function problem(r) {
  if (r.status === 401) return login(r);
  const gone = r.status === 404 && route.view !== 'overview';
  return [h('div', { class: 'banner', role: 'alert' }, r.status === 0 ? 'The node does not answer. It is asked again until it does.' : r.text || 'The node cannot answer this.'),
    h('p', { class: 'empty' }, gone ? h('a', { href: '#/' }, 'Back to the overview') : r.body && r.body.code ? `${r.body.code}, status ${r.status}` : '')];
}

function login() {
  return [h('div', { class: 'head' }, h('h1', {}, 'This node asks for a token')), h('section', { class: 'panel' },
    h('form', { class: 'row', onsubmit: async (e) => {
      e.preventDefault();
      const r = await ask('POST', '/v1/session', undefined, { Authorization: 'Bearer ' + e.target.token.value.trim() });
      if (r.ok) { listen(); go(true); } else { e.target.token.setCustomValidity(r.text); e.target.token.reportValidity(); }
    } }, h('label', { for: 'token' }, 'Token'), h('input', { id: 'token', name: 'token', type: 'password', autocomplete: 'current-password', required: true, oninput: (e) => e.target.setCustomValidity('') }),
    h('button', { class: 'main', type: 'submit' }, 'Enter')))];
}

async function go(fresh) {
  const mine = ++turn;
  route = parse();
  const view = views[route.view];
  if (fresh) {
    drawNav();
    document.title = `${route.args.length ? route.args.join(' / ') + ' · ' : ''}${view.title} · djm`;
    shown = '';
  }
  const wanted = Object.entries(view.load(route));
  // What may be missing on this node is shown without, instead of not at all.
  const answers = await Promise.all(wanted.map(async ([, what]) => {
    const r = await ask('GET', what.path || what);
    return what.maybe && r.status === 404 ? { ...r, ok: true, body: null } : r;
  }));
  if (mine !== turn) return;
  const failed = answers.find((r) => !r.ok);
  say(failed && failed.status === 0 ? 'off' : 'on');
  latest = Object.fromEntries(wanted.map(([name], i) => [name, answers[i]]));
  draw(false, failed);
  if (fresh && document.activeElement === document.body) main.focus({ preventScroll: true });
}

function draw(force, failed = Object.values(latest).find((r) => !r.ok)) {
  const content = failed ? `${failed.status} ${failed.text}` : JSON.stringify(Object.values(latest).map((r) => r.body));
  if (!force && content === shown) return;
  if (failed && failed.status === 401 && shown.startsWith('401')) return;
  if (main.querySelector('form input[type=checkbox]:checked') && !force && shown) return;
  shown = content;
  put(failed ? problem(failed) : views[route.view].show(Object.fromEntries(Object.entries(latest).map(([k, r]) => [k, r.body])), context()));
  main.dataset.view = route.view;
}

// -- doing something ---------------------------------------------------------------------

function open(title, ...content) {
  dialog.replaceChildren(h('h1', { id: 'dialog-title' }, title), ...content);
  dialog.showModal();
}

// `edit`: JSON to be changed before it is sent, as it is or as `body` makes it. `repeat`: a name to be typed first.
function write({ title, text, method, path, body, tag, edit, repeat }) {
  const note = h('p', { class: 'note', role: 'status' });
  const field = edit !== undefined ? h('textarea', { id: 'edit', 'aria-label': title, rows: 12, spellcheck: 'false', dir: 'ltr' }, edit)
    : repeat !== undefined ? h('input', { id: 'repeat', 'aria-label': `Type ${repeat} to confirm`, placeholder: repeat, autocomplete: 'off', spellcheck: 'false' }) : null;
  // An edit is of what was there when it began; the page goes on behind the dialog.
  const begun = tag && latest[tag] ? latest[tag].tag : null;
  const what = () => {
    if (edit === undefined) return body;
    const x = JSON.parse(field.value);
    return body ? body(x) : x;
  };
  const yes = h('button', { type: 'button', class: 'main', onclick: async () => {
    if (repeat !== undefined && field.value !== repeat) { note.textContent = `Type ${repeat} to confirm.`; field.focus(); return; }
    let sent;
    try { sent = what(); } catch (e) { note.textContent = `This is no JSON: ${e.message}`; field.focus(); return; }
    yes.disabled = true;
    note.textContent = 'Asking the node…';
    const now = edit !== undefined ? begun : tag && latest[tag] ? latest[tag].tag : null;
    const seen = now ? { 'If-Match': now } : {};
    const r = await ask(method, path, sent, seen);
    if (r.ok) { dialog.close(); setTimeout(() => go(false), 1100); go(false); return; }
    yes.disabled = false;
    const changed = r.status === 412 || r.status === 409;
    note.textContent = changed ? 'Somebody has changed it meanwhile. Close this, look again, and decide then.' : r.text;
    if (changed) go(false);
  } }, 'Do it');
  open(title, h('p', {}, text), field, note, h('div', { class: 'row' }, h('button', { type: 'button', onclick: () => dialog.close() }, 'Leave it'), yes));
}

function showHelp() {
  const keys = [['/', 'search'], ['?', 'this help'], ['g o', 'overview'], ['g m', 'map'], ['g n', 'nodes'], ['g j', 'jobs'], ['g i', 'items'], ['g l', 'locks'], ['g p', 'plan'], ['g r', 'runs'], ['g e', 'events'], ['g s', 'store and limits'], ['t', 'light or dark'], ['Esc', 'close, leave the search']];
  open('Keys', h('div', { class: 'keys' }, keys.map(([k, t]) => [h('span', {}, k.split(' ').map((x) => [h('kbd', {}, x), ' '])), h('span', {}, t)])),
    h('p', { class: 'note' }, 'What an item waits for: search it, open it, read “Why it is here”.'),
    h('div', { class: 'row' }, h('button', { type: 'button', onclick: () => dialog.close() }, 'Close')));
}
document.getElementById('help').addEventListener('click', showHelp);
dialog.addEventListener('click', (e) => { if (e.target === dialog) dialog.close(); });

document.getElementById('find').addEventListener('submit', (e) => {
  e.preventDefault();
  location.hash = at(['items'], { q: search.value.trim() });
});
let g = 0;
document.addEventListener('keydown', (e) => {
  if (e.key === 'Escape' && document.activeElement === search) search.blur();
  if (e.ctrlKey || e.metaKey || e.altKey || dialog.open || e.target.closest('input, select, textarea')) return;
  const target = Date.now() - g < 1200 && { o: '', m: 'map', n: 'nodes', j: 'jobs', i: 'items', l: 'locks', p: 'plan', r: 'runs', e: 'events', s: 'store' }[e.key];
  g = 0;
  if (target !== false && target !== undefined) location.hash = '#/' + target;
  else if (e.key === 'g') g = Date.now();
  else if (e.key === '/') { e.preventDefault(); search.focus(); search.select(); }
  else if (e.key === '?') showHelp();
  else if (e.key === 't') document.getElementById('theme').click();
});

// -- staying up to date ------------------------------------------------------------------

function say(how) {
  const [text, kind] = { on: ['live', 'good'], poll: ['polling', 'info'], off: ['no answer', 'bad'] }[how === 'on' && !streaming ? 'poll' : how];
  if (live.textContent !== text) { live.textContent = text; live.className = 'pill ' + kind; }
}

let streaming = false, stream = null, due = null;
const channel = 'BroadcastChannel' in window ? new BroadcastChannel('djm.events') : null;
function soon() {
  if (due || document.hidden) return;
  due = setTimeout(() => { due = null; go(false); }, 700);
}
if (channel) channel.onmessage = () => { streaming = true; soon(); };

// A browser has six connections to a server: of all its tabs one follows the events and tells the others.
function follow(release) {
  stream = new EventSource('/v1/events');
  const heard = () => { streaming = true; if (channel) channel.postMessage(1); soon(); };
  stream.onopen = heard;
  stream.onerror = () => { streaming = false; if (stream.readyState === EventSource.CLOSED) { release(); setTimeout(listen, 15000); } };
  for (const type of ['gap', 'problem', 'problem_over', 'items_granted', 'items_revoked', 'items_released', 'run_finished', 'run_failed', 'run_overrun', 'leader_changed', 'connection_changed', 'item_starved', 'lease_ended', 'capacity_wanted', 'pool_problem', 'http_write']) stream.addEventListener(type, heard);
}
let waits = false;
function listen() {
  if (stream && stream.readyState !== EventSource.CLOSED) return;
  if (!navigator.locks) { follow(() => {}); return; }
  if (waits) return;
  waits = true;
  navigator.locks.request('djm.events', () => new Promise((release) => follow(() => { waits = false; release(); })));
}

addEventListener('hashchange', () => { scrollTo(0, 0); go(true); });
document.addEventListener('visibilitychange', () => { if (!document.hidden) go(false); });
setInterval(() => { if (!document.hidden) go(false); }, 3000);
listen();
go(true);
