// One function per view: from what the node answers to what is shown.
import { h, words, count, plural, millis, span, moment, at, id, link, nodeLink, outside, pill, state, panel, facts, table, bar,
  share, ring, states } from './ui.js';

const url = (path, query) => '/v1/' + path.map(encodeURIComponent).join('/') +
  (query ? '?' + new URLSearchParams(Object.entries(query).filter(([, v]) => v)) : '');
export const api = url;

const head = (title, kind, ...side) => h('div', { class: 'head' },
  h('div', {}, kind ? h('span', { class: 'kind' }, kind) : null, h('h1', {}, title)),
  h('div', { class: 'side' }, side));

const schedule = (x) => {
  if (!x) return '–';
  if (typeof x === 'string') return x;
  const every = x.period || x.delay || x.every;
  return every ? `every ${every}` : JSON.stringify(x);
};

// Items of jobs that are switched off have no owner, as they should.
const switched_off = (c) => (c.unassigned_because.job_disabled || 0) + (c.unassigned_because.all_disabled || 0);

// What a rule of the planner means as the reason why an item is not somewhere else.
const rules = {
  none: 'nothing: it may be there as well', no_workers: 'there is no worker', not_offered: 'it does not offer the job', missing_label: 'it lacks a label that the job requires',
  pinned_elsewhere: 'the item is pinned to another node', pinned_worker_missing: 'the item is pinned to a node that is not there', draining: 'it is drained', cordoned: 'it gets nothing new',
  separated: 'it holds items that must be kept apart', one_worker: 'all items of the job must be together', max_per_worker: 'it holds as many items of the job as it may', max_items: 'it holds as many items as it can',
  capacity: 'it has not enough of a resource left', placement: 'others need the room more', colocation: 'it would not be beside the job it belongs to', zone_spread: 'the zones would be less even',
  job_balance: 'the items of the job would be less even', global_balance: 'the nodes would be less even', fewest_moves: 'more items would have to move', tie: 'as good, but the tie went another way',
  move_budget: 'the budget of moves of this round is used up', strategy: 'the strategy of the job has left it out', refused: 'it has refused the item a while ago',
};

// -- what all nodes follow of a job ----------------------------------------------------

const job_state = (j) => state(!j.enabled ? 'off' : j.paused ? 'paused' : 'on');
const pretty = (x) => JSON.stringify(x, null, 2);

// Orders for the whole cluster. Those that replace what is shown are bound to the revision that shows it.
function record_buttons(j, here, record, ctx) {
  const button = (text, what, cls) => h('button', { type: 'button', class: cls, onclick: () => ctx.write({ path: url(['jobs', j.id, 'record']), method: 'PATCH', ...what }) }, text);
  if (!record) {
    return [here ? button('Run here now', { title: `Run ${j.id} now?`, text: `What this node holds of it (${plural(here.items.length, 'item')}) runs once more. The rhythm of its schedule stays.`, method: 'POST', path: url(['jobs', j.id, 'trigger']) }) : null];
  }
  if (record.state !== 'open') return [];
  return [
    record.paused ? null : button('Run now', { title: `Run ${j.id} now?`, text: `All its items (${count(j.counts.items)}) run once more, each where it is. The rhythm of its schedule stays.`, method: 'POST', path: url(['jobs', j.id, 'trigger']), body: { everywhere: true } }),
    record.paused ? button('Resume', { title: `Let ${j.id} go on?`, text: 'Its runs start again by its schedule, on every node.', body: { paused: false } }, 'main')
      : button('Pause', { title: `Pause ${j.id}?`, text: 'No new run of it starts anywhere. What runs goes on to its end, and every item stays where it is.', body: { paused: true } }),
    button('Configure…', { title: `Configuration of ${j.id}`, text: 'What runs get from their next start on. It takes the place of what was set before.', method: 'PUT', path: url(['jobs', j.id, 'config']), edit: pretty(record.config), tag: 'record' }),
    button('Override…', { title: `Overrides of ${j.id}`, text: 'Fields of its specification, such as {"schedule": {"period": "30s"}}, which hold until another specification rules. They take the place of all earlier ones; {} takes all back.', edit: pretty(record.overrides), tag: 'record', body: (x) => ({ overrides: x, replace: true }) }),
    button('Remove…', { title: `Remove ${j.id}?`, text: `Every node gives it back, with its ${plural(j.counts.items, 'item')}; it comes back only when somebody registers it anew.`, method: 'DELETE', path: url(['jobs', j.id]), repeat: j.id }, 'danger'),
  ];
}

function record_panel(r) {
  const ruling = r.specs.find((x) => x.hash === r.ruling) || {};
  const set = (x) => Object.keys(x).length > 0;
  return panel('What all nodes follow', 'span12', facts([
    ['Revision', h('span', {}, count(r.rev), r.since_ms ? [', since ', moment(r.since_ms)] : null)],
    ['Specification', h('span', {}, id(r.ruling.slice(0, 12)), ruling.revision ? `, revision ${ruling.revision}` : '', ruling.deployment ? [', deployment ', h('span', { dir: 'auto' }, ruling.deployment)] : null, r.specs.length > 1 ? `, ${plural(r.specs.length - 1, 'other')} remembered` : '')],
    ['Schedule', schedule(r.spec.schedule)],
    ['Overrides', set(r.overrides) ? h('pre', { dir: 'ltr' }, pretty(r.overrides)) : 'none'],
    ['Configuration', set(r.config) ? h('pre', { dir: 'ltr' }, pretty(r.config)) : 'none set'],
    ['Triggered for all nodes', count(r.triggered)],
    ['Changed last by', h('span', { class: 'id', dir: 'auto' }, r.changed_by || '–')],
  ]));
}

// -- what needs attention ------------------------------------------------------------

function attention(c, st) {
  const rows = [];
  const add = (kind, text, to) => rows.push({ kind, text, to });
  if (!c.leader) add('bad', 'Nobody leads: nothing is assigned until somebody does.', at(['nodes']));
  if (c.all_disabled) add('warn', 'All jobs are switched off.', at(['jobs']));
  if (c.workers.gone) add('bad', `${plural(c.workers.gone, 'node')} gone without a goodbye.`, at(['nodes']));
  const lost = c.counts.unassigned - switched_off(c);
  if (lost > 0) add('bad', `${plural(lost, 'item')} without an owner.`, at(['items'], { state: 'unassigned' }));
  if (c.counts.contested) add('warn', `${plural(c.counts.contested, 'item')} still held by somebody else.`, at(['items'], { state: 'contested' }));
  if (c.jobs_paused) add('warn', `${plural(c.jobs_paused, 'job')} paused.`, at(['jobs']));
  if (c.jobs_disabled) add('', `${plural(c.jobs_disabled, 'job')} switched off.`, at(['jobs']));
  for (const p of c.problems.slice(0, 5)) add('warn', p, at(['store']));
  if (st) {
    for (const p of st.problems.filter((x) => !x.ended_ms && x.about).slice(0, 5)) add('bad', `${p.component}: ${p.text}`, at(['store']));
    for (const j of st.jobs) if ((j.parked || []).length) add('bad', `${plural(j.parked.length, 'item')} of job ${j.job} parked after too many failures.`, at(['jobs', j.job]));
    for (const j of st.jobs) if (j.paused) add('bad', `Job ${j.job} is paused here after too many failures in a row.`, at(['jobs', j.job]));
    for (const j of st.jobs) if (j.failures_in_a_row) add('bad', `Job ${j.job} has failed ${plural(j.failures_in_a_row, 'time')} in a row here.`, at(['jobs', j.job]));
    for (const part of st.unanswered) add('warn', `${part} does not answer.`, at(['store']));
  }
  const weight = { bad: 0, warn: 1, '': 2 };
  return rows.sort((a, b) => weight[a.kind] - weight[b.kind]);
}

function event_line(e) {
  const { type, job, item, items, component, text, failure, leader, state: st, ...rest } = e;
  const parts = [];
  if (component) parts.push(component + ':');
  if (job) parts.push(`job ${job}`);
  if (items && items.length !== undefined) parts.push(items.length > 3 ? plural(items.length, 'item') : items.map((x) => x.id || x).join(', '));
  if (item) parts.push(`item ${item}`);
  if (leader !== undefined) parts.push(leader ? `${leader} leads` : 'nobody leads');
  if (st) parts.push(words(st));
  if (text || failure) parts.push(text || failure);
  if (rest.about && !text) parts.push(rest.about);
  return parts.join(' ') || '';
}

const event_kind = { problem: 'bad', run_failed: 'bad', run_overrun: 'bad', lease_ended: 'bad', item_starved: 'warn',
  pool_problem: 'warn', capacity_wanted: 'warn', leader_changed: 'info', connection_changed: 'info', http_write: 'info',
  items_granted: 'good', run_finished: 'good', problem_over: 'good', item_parked: 'bad', job_paused: 'bad' };

const event_rows = (events) => events.map(({ event: e }) => {
  const written = e.who !== undefined;
  return h('li', {}, pill(written ? 'http write' : e.what.type, event_kind[written ? 'http_write' : e.what.type]),
    h('span', { class: 'grow', dir: 'auto' }, written ? `${words(e.what)} ${e.target} ${e.body}, ${e.who}: ${e.status < 400 ? 'done' : 'refused, ' + e.status}` : event_line(e.what)),
    e.at_ms ? moment(e.at_ms) : null);
});

// -- views ------------------------------------------------------------------------------

export const views = {
  overview: {
    title: 'Overview', path: [], icon: 'M3 12l9-8 9 8M6 10v10h12V10',
    load: () => ({ c: url(['cluster']), st: url(['status']), p: url(['plan']), e: url(['events'], { limit: 1000 }) }),
    show({ c, st, p, e }, ctx) {
      const need = attention(c, st);
      const off = switched_off(c);
      // Starts and ends of runs push everything else out of a short list.
      const notable = e.events.filter((x) => !x.event.at_ms || !['run_started', 'run_finished'].includes(x.event.what.type));
      const counts = { ...c.counts, items: c.counts.items - off, unassigned: c.counts.unassigned - off };
      const next = st.jobs.filter((j) => j.next_start !== null).sort((a, b) => millis(a.next_start) - millis(b.next_start)).slice(0, 6);
      return [
        head('Overview', h('span', {}, 'Cluster ', state(c.health.state)), c.writable ? h('button', { type: 'button', class: c.all_disabled ? 'main' : 'danger',
          onclick: () => ctx.write({ title: c.all_disabled ? 'Switch jobs on again?' : 'Switch off all jobs?',
            text: c.all_disabled ? 'Jobs that were switched off one by one stay so.' : 'Runs under way in the whole cluster are asked to stop, and none starts. Items stay where they are.',
            method: 'PATCH', path: url(['cluster']), body: { all_disabled: !c.all_disabled } }) },
          c.all_disabled ? 'Switch jobs on' : 'Switch off all jobs') : pill('read-only')),
        h('div', { class: 'grid' },
          panel('Coverage', 'span5', h('div', { class: 'ring' }, ring(counts),
            h('ul', { class: 'legend' }, states.map((k) => h('li', {}, h('a', { href: at(['items'], { state: k }) },
              h('span', { class: 'dot ' + k }), k, h('b', {}, count(counts[k]))))),
              off ? h('li', {}, h('a', { href: at(['items'], { state: 'unassigned' }) }, h('span', { class: 'dot' }), 'switched off', h('b', {}, count(off)))) : null))),
          h('div', { class: 'span7 grid' },
            h('a', { class: 'panel span6 half', href: c.leader ? at(['nodes', c.leader]) : at(['nodes']) }, h('h2', {}, 'Leader'),
              h('p', { class: 'big' }, c.leader || 'nobody'), h('p', { class: 'note' }, c.leader ? `epoch ${c.epoch_text}` : 'an election is due')),
            h('a', { class: 'panel span6 half', href: at(['nodes']) }, h('h2', {}, 'Nodes'),
              h('p', { class: 'big' }, count(c.workers.alive), h('span', { class: 'note' }, ' alive')),
              h('p', { class: 'note' }, `${c.workers.gone} gone, ${c.workers.left} left`)),
            h('a', { class: 'panel span6 half', href: at(['jobs']) }, h('h2', {}, 'Jobs'),
              h('p', { class: 'big' }, count(c.jobs), h('span', { class: 'note' }, c.jobs === 1 ? ' job' : ' jobs')),
              h('p', { class: 'note' }, c.all_disabled ? 'all switched off' : c.jobs_disabled ? `${c.jobs_disabled} switched off` : 'all switched on')),
            h('a', { class: 'panel span6 half', href: at(['plan']) }, h('h2', {}, 'Last plan'),
              p.leading ? [h('p', { class: 'big' }, plural(p.plan.moves, 'move')), h('p', { class: 'note' }, `${plural(p.plan.placements, 'placement')}, spread ${p.plan.global_spread}`)]
                : [h('p', { class: 'big' }, '–'), h('p', { class: 'note' }, p.leader ? `${p.leader} has it` : 'nobody plans')])),
          panel('Needs attention', 'span6', need.length ? h('ul', { class: 'list' }, need.map((x) => h('li', {},
            pill(x.kind === 'bad' ? 'problem' : x.kind === 'warn' ? 'warning' : 'note', x.kind),
            h('a', { class: 'grow', href: x.to }, x.text)))) : h('p', { class: 'empty' }, 'All is well.')),
          panel('Up next on this node', 'span6', next.length ? h('ul', { class: 'list' }, next.map((j) => h('li', {},
            h('span', { class: 'grow' }, link(['jobs', j.job], j.job)),
            h('span', { class: 'note lean' }, plural(j.items.length, 'item')),
            h('span', { class: 'when' }, j.active_runs ? state('running') : ['in ', span(Math.max(0, millis(j.next_start)))]))))
            : h('p', { class: 'empty' }, 'No start is planned on this node.')),
          panel('Latest events', 'span12', notable.length ? h('ul', { class: 'list' }, event_rows(notable.slice(-6).reverse()))
            : h('p', { class: 'empty' }, 'Nothing but runs has happened yet.')))];
    },
  },

  map: {
    title: 'Map', path: ['map'], icon: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z',
    load: () => ({ w: url(['workers'], { limit: 1000 }), j: url(['jobs'], { limit: 100 }) }),
    show({ w, j }) {
      const nodes = w.items.filter((x) => x.state === 'alive' || x.items).sort((a, b) => (a.zone < b.zone ? -1 : a.zone > b.zone ? 1 : a.id < b.id ? -1 : 1)).slice(0, 40);
      const most = Math.max(1, ...nodes.flatMap((n) => Object.values(n.items_by_job)));
      const cell = (n, job) => {
        const k = n.items_by_job[job.id] || 0;
        const offers = n.jobs.includes(job.id);
        return h('td', {}, k || offers ? h('a', { class: 'cell' + (k ? ' l' + Math.min(4, Math.ceil((4 * k) / most)) : ''),
          href: at(['jobs', job.id, 'items'], { node: n.id }), title: `${job.id} on ${n.id}: ${plural(k, 'item')}` }, k)
          : h('span', { class: 'cell off', title: `${n.id} does not offer ${job.id}` }, '·'));
      };
      return [head('Map', 'Jobs × nodes'),
        panel('', 'flush', nodes.length && j.items.length ? h('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Items of jobs on nodes' },
          h('table', { class: 'map' },
            h('thead', {}, h('tr', {}, h('td', {}), nodes.map((n) => h('th', { scope: 'col' }, nodeLink(n.id),
              h('span', { class: 'zone' }, n.zone || ' '), n.state === 'alive' ? null : state(n.state), n.draining ? state('draining') : n.cordoned ? state('cordoned') : null)), h('th', { scope: 'col' }, 'not held'))),
            h('tbody', {}, j.items.map((job) => h('tr', {}, h('th', { scope: 'row' }, link(['jobs', job.id], job.id)),
              nodes.map((n) => cell(n, job)),
              h('td', {}, !job.enabled ? state('off') : job.counts.contested + job.counts.unassigned + job.counts.waiting
                ? h('a', { href: at(['jobs', job.id, 'items'], { state: job.counts.contested ? 'contested' : job.counts.unassigned ? 'unassigned' : 'waiting' }) },
                  pill(`${job.counts.contested + job.counts.unassigned + job.counts.waiting}`, job.counts.unassigned ? 'bad' : 'warn')) : '')))))) : h('p', { class: 'empty' }, 'No jobs, or no nodes yet.'))];
    },
  },

  nodes: {
    title: 'Nodes', path: ['nodes'], icon: 'M4 5h16v5H4zM4 14h16v5H4zM8 7.5h.01M8 16.5h.01',
    load: (r) => ({ w: url(['workers'], { limit: 100, q: r.query.q, cursor: r.query.cursor }) }),
    show({ w }, ctx) {
      const most = Math.max(1, ...w.items.map((x) => x.items));
      return [head('Nodes', plural(w.total, 'node')), ctx.filter('Filter nodes'),
        panel('', '', table([
          ['Node', (x) => link(['nodes', x.id], x.id)],
          ['State', (x) => h('span', { class: 'row' }, state(x.state), x.leader ? pill('leader', 'info') : null, x.draining ? state('draining') : null, x.cordoned ? state('cordoned') : null)],
          ['Items', (x) => count(x.items), 'num'], ['Locked', (x) => count(x.locked), 'num lean'],
          ['', (x) => share(x.items, most), 'lean'],
          ['Zone', (x) => x.zone || '–', 'lean'], ['Up since', (x) => (x.started_at_ms ? moment(x.started_at_ms) : '–'), 'lean'], ['Version', (x) => x.software_version || '–', 'lean'],
          ['Host', (x) => (x.host ? id(`${x.host}:${x.pid}`) : '–'), 'lean'],
        ], w.items, 'No node fits.')), ctx.pager(w)];
    },
  },

  node: {
    title: 'Node', hidden: true,
    load: (r) => ({ w: url(['workers', r.args[0]]), c: url(['cluster']) }),
    show({ w, c }, ctx) {
      const most = Math.max(1, ...Object.values(w.items_by_job));
      const mark = (name, on) => h('button', { type: 'button', onclick: () => ctx.write({
        title: `${on ? '' : 'Take back: '}${name} ${w.id}`,
        text: on ? (name === 'drain' ? `Others take its ${plural(w.items, 'item')}, as far as they can. It gets nothing new.` : 'It keeps what it has and gets nothing new.') : 'It takes new items again.',
        method: 'PATCH', path: url(['workers', w.id]), body: { [name === 'drain' ? 'draining' : 'cordoned']: on }, tag: 'w' }) },
        on ? words(name) : `un${name}`);
      return [head(id(w.id), 'Node', c.writable ? [mark('drain', !w.draining), mark('cordon', !w.cordoned)] : pill('read-only')),
        w.draining ? h('p', { class: 'banner calm', role: 'status' }, w.items + w.locked ? `Draining: ${plural(w.items, 'item')} assigned, ${count(w.locked)} locked.` : 'Drained: nothing is left here. It may be stopped.') : null,
        h('div', { class: 'grid' },
          panel('What it is', 'span5', facts([
            ['State', h('span', { class: 'row' }, state(w.state), w.leader ? pill('leader', 'info') : null, w.draining ? state('draining') : null, w.cordoned ? state('cordoned') : null)],
            ['Items', h('a', { href: at(['items'], { node: w.id }) }, plural(w.items, 'item'))], ['Locked', count(w.locked)],
            w.started_at_ms ? ['Up since', moment(w.started_at_ms)] : null, ['Zone', w.zone], w.labels.length ? ['Labels', w.labels.join(', ')] : null, ['Host', w.host ? id(`${w.host}:${w.pid}`) : ''],
            ['Console', w.http_url ? outside(w.http_url, at(['nodes', w.id])) : 'it tells no address'], ['Version', w.software_version], ['Life', id(w.incarnation)]])),
          panel('Items by job', 'span7', table([
            ['Job', (x) => link(['jobs', x[0]], x[0])],
            ['Items', (x) => h('a', { href: at(['jobs', x[0], 'items'], { node: w.id }) }, count(x[1])), 'num'],
            ['', (x) => share(x[1], most), 'lean']], Object.entries(w.items_by_job), 'It owns nothing.'),
            h('p', { class: 'note' }, w.jobs.length ? `Offers ${plural(w.jobs.length, 'job')}.` : 'Offers no job.')))];
    },
  },

  jobs: {
    title: 'Jobs', path: ['jobs'], icon: 'M4 7h16v12H4zM9 7V4h6v3',
    load: (r) => ({ j: url(['jobs'], { limit: 100, q: r.query.q, cursor: r.query.cursor }) }),
    show({ j }, ctx) {
      return [head('Jobs', plural(j.total, 'job')), ctx.filter('Filter jobs'),
        panel('', '', table([
          ['Job', (x) => link(['jobs', x.id], x.id)],
          ['State', job_state],
          ['Items', (x) => h('a', { href: at(['jobs', x.id, 'items']) }, count(x.counts.items)), 'num'],
          ['Coverage', (x) => bar(x.counts)],
          ['Unassigned', (x) => (x.counts.unassigned ? pill(count(x.counts.unassigned), 'bad') : '–'), 'num lean'],
          ['Nodes', (x) => count(x.workers), 'num lean'], ['Spread', (x) => count(x.spread), 'num lean'],
          ['Strategy', (x) => x.strategy || 'balanced', 'lean'],
        ], j.items, 'No job fits.')), ctx.pager(j)];
    },
  },

  job: {
    title: 'Job', hidden: true,
    load: (r) => ({ p: url(['jobs', r.args[0]]), c: url(['cluster']), record: { path: url(['jobs', r.args[0], 'record']), maybe: true } }),
    show({ p, c, record }, ctx) {
      const j = p.job, most = Math.max(1, ...Object.values(p.owners)), here = p.here;
      return [head(id(j.id), 'Job', c.writable ? [
        ...record_buttons(j, here, record, ctx),
        h('button', { type: 'button', class: j.enabled ? 'danger' : 'main', onclick: () => ctx.write({ title: `Switch ${j.id} ${j.enabled ? 'off' : 'on'}?`,
          text: j.enabled ? 'Its runs in the whole cluster are asked to stop, and none starts. Its items stay where they are.' : 'Its runs start again, in the whole cluster.',
          method: 'PATCH', path: url(['jobs', j.id]), body: { enabled: !j.enabled }, tag: 'p' }) }, j.enabled ? 'Switch off' : 'Switch on')] : pill('read-only')),
        h('div', { class: 'grid' },
          panel('Items', 'span5', h('div', { class: 'ring' }, ring(j.counts), h('ul', { class: 'legend' }, states.map((k) => h('li', {},
            h('a', { href: at(['jobs', j.id, 'items'], { state: k }) }, h('span', { class: 'dot ' + k }), k, h('b', {}, count(j.counts[k])))))))),
          panel('What it is', 'span7', facts([['State', job_state(j)], ['Strategy', j.strategy || 'balanced'],
            ['Nodes that can run it', count(j.workers)], ['Spread between them', plural(j.spread, 'item')], ['Last written by', nodeLink(j.last_writer)],
            ['All items', h('a', { href: at(['jobs', j.id, 'items']) }, plural(j.counts.items, 'item'))]])),
          panel('Owners', 'span5', table([['Node', (x) => nodeLink(x[0])],
            ['Items', (x) => h('a', { href: at(['jobs', j.id, 'items'], { node: x[0] }) }, count(x[1])), 'num'], ['', (x) => share(x[1], most)]], Object.entries(p.owners), 'Nobody offers it.')),
          panel(`On this node, ${c.node}`, 'span7', here ? facts([
            ['Items here', count(here.items.length)], ['Schedule', schedule(here.schedule)],
            ['Next start', here.next_start === null ? (here.active_runs ? 'after the run that goes on' : 'none planned') : 'in ' + span(Math.max(0, millis(here.next_start)))],
            ['Runs', `${count(here.counters.started)} started, ${count(here.counters.finished)} fine, ${count(here.counters.failed)} failed, ${here.active_runs} going on`],
            ['Overruns', count(here.counters.overruns)],
            here.last_failure ? ['Last failure', h('span', { dir: 'auto' }, here.last_failure, here.last_failure_ago ? ` (${span(millis(here.last_failure_ago))} ago)` : '')] : null,
            here.starved.length ? ['Starving', here.starved.slice(0, 20).join(', ')] : null,
            here.pool_failure ? ['Pool function', here.pool_failure] : null,
            here.paused ? ['Paused', pill('too many failures in a row', 'bad')] : null,
            (here.parked || []).length ? ['Parked', h('span', { dir: 'auto' }, here.parked.slice(0, 20).map((x) => `${x.item} (${x.failures} failures: ${x.what})`).join(', '))] : null,
            ...(here.runs || []).slice(0, 5).map((r) => [`Run ${r.run}`, h('span', {}, `${plural(r.items, 'item')}, for ${span(millis(r.since))}${r.attempt > 1 ? `, attempt ${r.attempt}` : ''}${r.stopping !== 'none' ? ', asked to stop' : ''}`)]),
          ]) : h('p', { class: 'empty' }, 'The job is not registered on this node.')),
          record ? record_panel(record) : null)];
    },
  },

  items: {
    title: 'Items', path: ['items'], icon: 'M4 6h16M4 12h16M4 18h10',
    load: (r) => ({ i: r.args.length ? url(['jobs', r.args[0], 'items'], { limit: 50, ...r.query }) : url(['items'], { limit: 50, ...r.query }) }),
    show({ i }, ctx) {
      const r = ctx.route;
      return [head(r.args.length ? ['Items of ', id(r.args[0])] : 'Items', plural(i.total, 'item')),
        ctx.filter('Filter items', h('div', { class: 'chips', role: 'group', 'aria-label': 'State' }, ['', ...states].map((k) =>
          h('a', { href: at(r.path, { ...r.query, state: k, cursor: '' }), 'aria-current': (r.query.state || '') === k ? 'true' : null }, k || 'all'))),
          r.query.node ? h('a', { class: 'pill info', href: at(r.path, { ...r.query, node: '', cursor: '' }), 'aria-label': 'Remove the filter of the node' }, `node ${r.query.node} ×`) : null),
        panel('', '', table([
          r.args.length ? null : ['Job', (x) => link(['jobs', x.job], x.job)],
          ['Item', (x) => link(['jobs', x.job, 'items', x.item], x.item)], ['State', (x) => state(x.state)],
          ['Owner', (x) => nodeLink(x.owner)], ['Holder', (x) => nodeLink(x.holder), 'lean'],
          ['Token', (x) => (x.token ? id(x.token_text) : '–'), 'num lean'],
          ['Why', (x) => (x.why === 'none' ? '' : h('span', { class: 'note', dir: 'auto' }, x.reason || words(x.why))), 'lean'],
        ].filter(Boolean), i.items, 'No item fits.')), ctx.pager(i)];
    },
  },

  item: {
    title: 'Item', hidden: true,
    load: (r) => ({ x: url(['jobs', r.args[0], 'items', r.args[1], 'explain']), i: url(['jobs', r.args[0], 'items'], { q: r.args[1], limit: 1000 }) }),
    show({ x, i }, ctx) {
      const row = i.items.find((y) => y.item === ctx.route.args[1]);
      const why = x.reason || (x.why !== 'none' ? words(x.why) : row && row.state !== 'locked' ? 'It belongs where it is; its owner takes the lock at the moment.' : 'It is where it should be: its owner holds its lock and may run it.');
      return [head(id(x.item), ['Item of ', link(['jobs', x.job], x.job)], row ? state(row.state) : null),
        h('div', { class: 'grid' },
          panel('Why it is here', 'span7', h('p', { class: 'say', dir: 'auto' }, why),
            x.rule && x.rule !== 'none' ? h('p', { class: 'note' }, 'What stands in the way: ', words(x.rule), '.') : null),
          panel('Where it is', 'span5', facts([['Owner', nodeLink(x.owner)], row ? ['Holder', nodeLink(row.holder)] : null, row && row.locked_at_ms ? ['Held since', moment(row.locked_at_ms)] : null, row ? ['Fencing token', id(row.token ? row.token_text : '')] : null,
            ['Said by', x.by_leader ? 'the leader, from its last plan' : 'this node, which planned by what the tree says'], ['Exact', x.exact ? 'yes' : 'judged with all else as it is']])),
          panel('Why not elsewhere', 'span12', table([['Node', (y) => nodeLink(y[0])], ['First rule against it', (y) => pill(y[1], y[1] === 'none' ? 'good' : '')], ['In words', (y) => h('span', { class: 'note' }, rules[y[1]] || ''), 'lean']],
            Object.entries(x.others), 'There is no other node.')))];
    },
  },

  locks: {
    title: 'Locks', path: ['locks'], icon: 'M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3',
    load: (r) => ({ l: url(['locks'], { limit: 50, ...r.query }) }),
    show({ l }, ctx) {
      return [head('Locks', plural(l.total, 'lock')), ctx.filter('Filter locks'),
        panel('', '', table([['Job', (x) => link(['jobs', x.job], x.job)], ['Item', (x) => link(['jobs', x.job, 'items', x.item], x.item)],
          ['Holder', (x) => nodeLink(x.holder)], ['Owner', (x) => (x.contested ? h('span', { class: 'row' }, nodeLink(x.owner), state('contested')) : nodeLink(x.owner)), 'lean'],
          ['Since', (x) => (x.locked_at_ms ? moment(x.locked_at_ms) : '–'), 'lean'], ['Fencing token', (x) => id(x.token_text), 'num lean']], l.items, 'Nothing is locked.')), ctx.pager(l)];
    },
  },

  plan: {
    title: 'Plan', path: ['plan'], icon: 'M5 19V9M12 19V5M19 19v-7',
    load: () => ({ p: url(['plan']), w: url(['workers'], { limit: 100 }) }),
    show({ p, w }, ctx) {
      const n = p.plan, most = Math.max(1, n.totals.most);
      const out = h('div', { class: 'stack', 'aria-live': 'polite' });
      const chosen = () => [...form.querySelectorAll('input:checked')].map((x) => x.value);
      const say = (...nodes) => out.replaceChildren(...nodes);
      const stops = async () => {
        const r = await ctx.ask('POST', url(['stoppable']), { nodes: chosen() });
        say(r.ok ? h('ul', { class: 'list' }, r.body.stoppable.map((x) => h('li', {}, id(x), h('span', { class: 'grow' }, pill('may be stopped', 'good')))),
          r.body.refused.map((x) => h('li', {}, id(x.node), pill('not now', 'bad'), h('span', { class: 'grow', dir: 'auto' }, x.reasons.join(' '))))) : h('p', { class: 'note' }, r.text));
      };
      const what_if = async (how) => {
        const r = await ctx.ask('POST', url(['plan', 'what-if']), { [how]: chosen() });
        if (!r.ok) { say(h('p', { class: 'note' }, r.text)); return; }
        const x = r.body;
        say(h('p', { class: 'say' }, `${plural(x.moves.length, 'item')} would move, ${plural(x.unplaced.length, 'item')} would have no place${x.deferred ? `, ${plural(x.deferred, 'move')} would wait` : ''}.`),
          ...x.unknown.map((u) => h('p', { class: 'note', dir: 'auto' }, u)),
          table([['Node', (n) => nodeLink(n)], ['Items now', (n) => count(x.before[n] || 0), 'num'], ['Then', (n) => count(x.after[n] || 0), 'num'], ['', (n) => share(x.after[n] || 0, Math.max(1, ...Object.values(x.after))), 'lean']],
            [...new Set([...Object.keys(x.before), ...Object.keys(x.after)])].sort()),
          x.moves.length ? table([['Item', (m) => h('span', {}, link(['jobs', m.job], m.job), ' / ', link(['jobs', m.job, 'items', m.item], m.item))], ['From', (m) => nodeLink(m.from)], ['To', (m) => nodeLink(m.to)], ['Why', (m) => h('span', { class: 'note', dir: 'auto' }, m.why), 'lean']], x.moves.slice(0, 40)) : '');
      };
      const form = h('form', { class: 'row', onsubmit: (e) => e.preventDefault() },
        w.items.filter((x) => x.state === 'alive').map((x) => h('label', { class: 'pill' }, h('input', { type: 'checkbox', value: x.id }), x.id)),
        h('button', { type: 'button', onclick: stops }, 'May they stop?'),
        h('button', { type: 'button', onclick: () => what_if('without') }, 'If they were gone'),
        h('button', { type: 'button', onclick: () => what_if('drain') }, 'If they were drained'));
      return [head('Plan', p.leading ? 'Made by this node' : 'Last plan', p.leading ? state('leading') : null),
        p.leading ? h('div', { class: 'grid' },
          panel('In words', 'span7', h('p', { class: 'say', dir: 'auto' }, p.last_plan || 'No plan was needed yet.')),
          panel('In numbers', 'span5', facts([['Items', `${count(n.assigned)} of ${count(n.items)} have an owner`], ['Moves', `${count(n.moves)}${n.moves_lower_bound === null ? '' : `, at least ${n.moves_lower_bound} needed`}`],
            ['Placements', count(n.placements)], ['Left for later', count(n.moves_deferred)], ['Spread', `${n.global_spread} in all, ${n.job_spread_max} within a job`],
            ['Took', span(millis(n.elapsed))], ['Epoch', id(p.epoch_text)], ['Doing now', words(p.phase)]])),
          panel('Items per node, by job', 'span6', table([['Job', (x) => link(['jobs', x[0]], x[0])], ['Least', (x) => count(x[1].least), 'num'], ['Most', (x) => count(x[1].most), 'num'], ['', (x) => share(x[1].most, most), 'lean']], Object.entries(n.jobs), 'No jobs.')),
          panel('Without an owner', 'span6', table([['Item', (x) => h('span', {}, link(['jobs', x.job], x.job), ' / ', link(['jobs', x.job, 'items', x.item], x.item))], ['Why', (x) => h('span', { dir: 'auto' }, x.reason || words(x.rule))]], p.unassigned.slice(0, 50), 'Every item has one.')))
          : panel('', '', h('p', { class: 'empty' }, p.leader ? ['This node does not lead, so it has no plan. ', nodeLink(p.leader), ' has.'] : 'Nobody leads at the moment.')),
        panel('What if', 'below', form, out)];
    },
  },

  runs: {
    title: 'Runs', path: ['runs'], icon: 'M7 5l11 7-11 7z',
    load: () => ({ st: url(['status']) }),
    show({ st }) {
      return [head('Runs', ['On this node, ', id(st.node)]),
        h('div', { class: 'grid' },
          panel('Threads', 'span4 half', h('p', { class: 'big' }, st.executor.busy, h('span', { class: 'note' }, ` of ${st.executor.max_threads} busy`)), h('p', { class: 'note' }, `${st.executor.threads} started`)),
          panel('Waiting', 'span4 half', h('p', { class: 'big' }, st.executor.waiting), h('p', { class: 'note' }, `longest ${span(millis(st.executor.longest_wait))}`)),
          panel('Finished', 'span4', h('p', { class: 'big' }, count(st.executor.finished)), h('p', { class: 'note' }, `${count(st.executor.failed)} failed, ${count(st.executor.dropped)} dropped`)),
          panel('Jobs', 'span12', table([['Job', (j) => link(['jobs', j.job], j.job)],
            ['Now', (j) => (j.active_runs ? pill(plural(j.active_runs, 'run'), 'good') : j.leased ? 'idle' : pill('no lease', 'bad'))],
            ['Started', (j) => count(j.counters.started), 'num'], ['Fine', (j) => count(j.counters.finished), 'num lean'],
            ['Failed', (j) => (j.counters.failed ? pill(count(j.counters.failed), 'bad') : '0'), 'num'],
            ['Overruns', (j) => count(j.counters.overruns), 'num lean'], ['Last fine', (j) => (j.times && j.times.last_success_ago !== null ? span(millis(j.times.last_success_ago)) + ' ago' : '–'), 'num lean'], ['Skipped', (j) => count(j.counters.skipped), 'num lean'],
            ['Next', (j) => (j.next_start === null ? '–' : span(Math.max(0, millis(j.next_start)))), 'num'],
            ['Last failure', (j) => h('span', { class: 'note', dir: 'auto' }, j.last_failure || ''), 'lean'],
          ], st.jobs, 'No job is registered on this node.')))];
    },
  },

  events: {
    title: 'Events', path: ['events'], icon: 'M3 12h4l3-8 4 16 3-8h4',
    load: (r) => ({ e: url(['events'], { limit: 1000, type: r.query.type }) }),
    show({ e }, ctx) {
      const r = ctx.route, types = ['', 'problem', 'run_failed', 'run_overrun', 'items_granted', 'items_revoked', 'leader_changed', 'connection_changed', 'http_write'];
      return [head('Events', 'Of this node, the latest first'),
        h('div', { class: 'filters' }, h('div', { class: 'chips', role: 'group', 'aria-label': 'Type' }, types.map((t) =>
          h('a', { href: at(r.path, { type: t }), 'aria-current': (r.query.type || '') === t ? 'true' : null }, words(t) || 'all')))),
        panel('', '', e.events.length ? h('ul', { class: 'list' }, event_rows(e.events.slice(-100).reverse())) : h('p', { class: 'empty' }, 'No such event yet.'))];
    },
  },

  store: {
    title: 'Store', path: ['store'], icon: 'M4 6c0-3 16-3 16 0v12c0 3-16 3-16 0zM4 6c0 3 16 3 16 0M4 12c0 3 16 3 16 0',
    load: () => ({ st: url(['status']) }),
    show({ st }) {
      const x = st.store, k = st.connection;
      const problems = st.problems;
      return [head('Store and limits', ['This node, ', id(st.node)], state(k.session)),
        h('div', { class: 'grid' },
          panel('Session', 'span4', facts([['Session', state(k.session)], ['Registration', words(k.phase)], ['Session timeout', span(millis(k.session_timeout))],
            ['Lease left', st.worker.lease_left === null ? '–' : span(millis(st.worker.lease_left))], ['Sessions', count(x.sessions)], ['Connections', count(x.connects)], ['Restarts of parts', count(st.restarts)]])),
          panel('Requests', 'span4', facts([['Committed', count(x.commits)], ['Conflicts', count(x.conflicts)], ['Unknown', count(x.unknowns)], ['Refused', count(x.rejections)],
            ['Reads', count(x.reads)], ['Probes', count(x.probes)], ['Overdue', count(x.overdue)], ['In flight', count(x.in_flight)], ['Queued', count(x.queued)]])),
          panel('Limits', 'span4', facts([['Watches', `${count(x.watches)}, most so far ${count(x.max_watches)}`], ['Bytes of watches', `${count(x.watch_bytes)}, most so far ${count(x.max_watch_bytes)}`], ['Watches refused', count(x.watches_refused)],
            ['Largest transaction', `${count(x.max_transaction_bytes)} bytes`], ['Most in flight', `${count(x.max_in_flight_bytes)} bytes`],
            ['Log', `${count(st.log.lines)} lines, ${count(st.log.dropped)} dropped`], ['Events dropped', count(st.events.dropped)]])),
          panel('Problems', 'span12', problems.length ? h('ul', { class: 'list' }, problems.slice(0, 50).map((p) => h('li', {},
            pill(p.ended_ms || !p.about ? 'over' : 'going on', p.ended_ms || !p.about ? '' : 'bad'),
            h('span', { class: 'grow', dir: 'auto' }, `${p.component}: ${p.text}`), p.count > 1 ? h('span', { class: 'when' }, `${count(p.count)} times`) : null, moment(p.last_ms))))
            : h('p', { class: 'empty' }, 'None.')))];
    },
  },
};
