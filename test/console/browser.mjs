// usage: node browser.mjs STAGE MODULES [--shots DIR] [--only TEXT]
// The console in a real browser. STAGE is the program that shows a cluster, MODULES the folder with playwright-core and
// axe-core. Prints a line for each test and "N passed, N failed"; makes a picture of every view on request.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const [stage, modules, ...options] = process.argv.slice(2);
const option = (name) => { const i = options.indexOf(name); return i < 0 ? null : options[i + 1]; };
const shots = option('--shots'), only = option('--only');
const require = createRequire(join(modules, 'package.json'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
if (shots) mkdirSync(shots, { recursive: true });

// -- a cluster, and a page that looks at it ------------------------------------------------

function start(...args) {
  const process_ = spawn(stage, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const urls = {};
  const lines = createInterface({ input: process_.stdout });
  const ready = new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      if (line === 'ready') resolve();
      else { const [name, url] = line.split(' '); urls[name] = url; }
    });
    process_.on('exit', (code) => reject(new Error(`the stage has ended with ${code}`)));
  });
  ready.catch(() => {});
  return { urls, ready, say: (text) => process_.stdin.write(text + '\n'), end: () => new Promise((r) => { process_.on('exit', r); process_.stdin.end(); }) };
}

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });

async function open(url, { width = 1280, height = 860, scheme = 'dark' } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, reducedMotion: 'reduce', bypassCSP: false });
  const page = await context.newPage();
  page.faults = [];
  page.on('console', (m) => { if (m.type() === 'error' && !page.mayFail) page.faults.push('console: ' + m.text()); });
  page.on('pageerror', (e) => page.faults.push('page: ' + e.message));
  page.on('dialog', (d) => { page.faults.push('dialog: ' + d.message()); d.dismiss(); });
  page.on('request', (r) => { if (!r.url().startsWith(url) && !r.url().startsWith('data:')) page.faults.push('foreign request: ' + r.url()); });
  page.show = async (path) => {
    await page.goto(url + '/#/' + path);
    await page.waitForFunction(() => document.querySelector('main h1'));
    await page.waitForTimeout(150);
  };
  page.close_ = async () => { await context.close(); };
  return page;
}

let passed = 0, failed = 0;
async function test(name, f) {
  if (only && !name.includes(only)) return;
  const begin = Date.now();
  try {
    await f();
    ++passed;
    console.log(`ok    ${name} (${Math.round((Date.now() - begin) / 100) / 10} s)`);
  } catch (e) {
    ++failed;
    console.log(`FAILED ${name}\n  | ${String(e.message).split('\n').slice(0, 12).join('\n  | ')}`);
  }
}
function check(holds, what) { if (!holds) throw new Error(what); }
function clean(page) { check(page.faults.length === 0, page.faults.join('\n')); }
async function accessible(page, where) {
  // The page's own rules let no script in; the test's is evaluated by the browser's debugger, which they do not bind.
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
  const serious = found.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical');
  check(serious.length === 0, where + ': ' + serious.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target + ' ' + (n.any[0] || {}).message).join(', ')}`).join('\n'));
}

const views = { overview: '', map: 'map', nodes: 'nodes', node: 'nodes/basalt', jobs: 'jobs', job: 'jobs/mail', items: 'items', item: 'jobs/mail/items/mailbox-00003', locks: 'locks', plan: 'plan', runs: 'runs', events: 'events', store: 'store' };

// -- with a cluster that may be written to -----------------------------------------------

{
  const s = start('--writes');
  await s.ready;
  const url = s.urls.amber;
  for (const scheme of ['dark', 'light']) {
    for (const width of [1280, 390]) {
      await test(`every view, ${scheme}, ${width} px`, async () => {
        const page = await open(url, { width, scheme, height: width === 390 ? 844 : 860 });
        await page.show('');
        await page.waitForTimeout(1500);
        for (const [name, path] of Object.entries(views)) {
          await page.show(path);
          await page.waitForFunction((v) => document.querySelector('main').dataset.view === v, name);
          if (shots) await page.screenshot({ path: join(shots, `${name}-${scheme}-${width}.png`), fullPage: true });
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          check(wide <= 0, `${name} is ${wide} px wider than the window`);
          const rows = await page.evaluate(() => document.querySelectorAll('tr').length);
          check(rows <= 101, `${name} has ${rows} rows`);
          await accessible(page, name);
        }
        clean(page);
        await page.close_();
      });
    }
  }
  await test('from the overview to why an item does not run in two clicks', async () => {
    const page = await open(url);
    await page.show('items?q=shard-00001');
    await page.click('main td a[href*="shard-00001"]');
    await page.waitForSelector('h2:has-text("Why it is here")');
    const text = await page.textContent('main');
    check(/disabled|switched off/i.test(text), 'it does not say that the job is switched off: ' + text.slice(0, 400));
    clean(page);
    await page.close_();
  });
  await test('a job is switched off and on', async () => {
    const page = await open(url);
    await page.show('jobs/mail');
    for (const [button, then] of [['Switch off', 'off'], ['Switch on', 'on']]) {
      await page.click(`main button:has-text("${button}")`);
      if (shots && then === 'off') await page.screenshot({ path: join(shots, 'confirm-dark-1280.png') });
      await accessible(page, 'dialog');
      await page.click('dialog button:has-text("Do it")');
      await page.waitForFunction((t) => [...document.querySelectorAll('main dd .pill')].some((x) => x.textContent === t), then, { timeout: 15000 });
    }
    clean(page);
    await page.close_();
  });
  await test('a job is paused, configured, overridden and run for the whole cluster', async () => {
    const page = await open(url);
    const press = async (button, fill) => {
      await page.click(`main button:has-text("${button}")`);
      await page.waitForSelector('dialog[open]');
      if (fill !== undefined) await page.fill('dialog textarea, dialog input', fill);
      await page.click('dialog button:has-text("Do it")');
    };
    const done = (text) => page.waitForFunction((t) => !document.querySelector('dialog[open]') && document.querySelector('main').textContent.includes(t), text, { timeout: 15000 });
    await page.show('jobs/invoices');
    await press('Pause');
    await page.waitForFunction(() => [...document.querySelectorAll('main dd .pill')].some((x) => x.textContent === 'paused'), null, { timeout: 15000 });
    check(!(await page.$('main button:has-text("Run now")')), 'a paused job can be run');
    if (shots) await page.screenshot({ path: join(shots, 'record-dark-1280.png'), fullPage: true });
    await press('Resume');
    await page.waitForSelector('main button:has-text("Pause")', { timeout: 15000 });
    page.mayFail = true; // the browser itself says that something was refused
    await press('Configure', '{"batch": 50');
    await page.waitForFunction(() => /no JSON/.test(document.querySelector('dialog .note').textContent));
    await accessible(page, 'a form');
    await page.fill('dialog textarea', '{"batch": 50}');
    await page.click('dialog button:has-text("Do it")');
    await done('"batch": 50');
    await press('Override', '{"shedule": {}}');
    await page.waitForFunction(() => /shedule/.test(document.querySelector('dialog .note').textContent), null, { timeout: 15000 });
    await page.fill('dialog textarea', '{"schedule": {"period": "45s"}}');
    await page.click('dialog button:has-text("Do it")');
    await done('every 45s');
    await press('Run now');
    await page.waitForFunction(() => [...document.querySelectorAll('main dt')].some((x) => x.textContent === 'Triggered for all nodes' && x.nextSibling.textContent === '1'), null, { timeout: 15000 });
    clean(page);
    await page.close_();
  });
  await test('an edit of what somebody else has changed meanwhile is refused', async () => {
    const page = await open(url);
    page.mayFail = true;
    await page.show('jobs/heartbeats');
    await page.click('main button:has-text("Configure")');
    await page.evaluate(() => fetch('/v1/jobs/heartbeats/config', { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: '{"mine": 1}' }));
    await page.fill('dialog textarea', '{"yours": 2}');
    await page.click('dialog button:has-text("Do it")');
    await page.waitForFunction(() => /Somebody has changed it/.test(document.querySelector('dialog .note').textContent), null, { timeout: 15000 });
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelector('main').textContent.includes('"mine": 1'), null, { timeout: 15000 });
    clean(page);
    await page.close_();
  });
  await test('a job is removed after its name was typed', async () => {
    const page = await open(url);
    await page.show('jobs/thumbnails');
    await page.click('main button:has-text("Remove")');
    await page.click('dialog button:has-text("Do it")');
    await page.waitForFunction(() => /Type thumbnails/.test(document.querySelector('dialog .note').textContent));
    await page.fill('dialog input', 'thumbnails');
    page.mayFail = true; // the page of a job that is gone is asked for once more
    await page.click('dialog button:has-text("Do it")');
    await page.waitForFunction(() => !document.querySelector('dialog[open]'), null, { timeout: 15000 });
    await page.show('jobs');
    await page.waitForFunction(() => !document.querySelector('main').textContent.includes('thumbnails'), null, { timeout: 30000 });
    clean(page);
    await page.close_();
  });
  await test('a drain is followed to its end, and taken back', async () => {
    const page = await open(url);
    await page.show('nodes/cobalt');
    await page.click('main button:has-text("drain")');
    await page.click('dialog button:has-text("Do it")');
    await page.waitForFunction(() => /Drained: nothing is left/.test(document.querySelector('main').textContent), null, { timeout: 30000 });
    await page.click('main button:has-text("undrain")');
    await page.click('dialog button:has-text("Do it")');
    await page.waitForFunction(() => !/Drain(ed|ing):/.test(document.querySelector('main').textContent), null, { timeout: 15000 });
    clean(page);
    await page.close_();
  });
  await test('what would be if a node were gone', async () => {
    const page = await open(url);
    await page.show('plan');
    await page.check('main input[value="basalt"]');
    await page.click('text=If they were gone');
    await page.waitForSelector('main td:has-text("amber")');
    const text = await page.textContent('main .below');
    check(/(\d+) items would move/.test(text), 'it does not say what would move: ' + text.slice(0, 300));
    if (shots) await page.screenshot({ path: join(shots, 'whatif-dark-1280.png'), fullPage: true });
    await accessible(page, 'what if');
    await page.click('text=May they stop?');
    await page.waitForSelector('main .below .list');
    clean(page);
    await page.close_();
  });
  await test('the keyboard alone finds and opens an item', async () => {
    const page = await open(url);
    await page.show('');
    await page.keyboard.press('g');
    await page.keyboard.press('n');
    await page.waitForFunction(() => document.querySelector('main').dataset.view === 'nodes');
    await page.keyboard.press('/');
    await page.keyboard.type('mailbox-00007');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('main').dataset.view === 'items' && document.querySelectorAll('tbody tr').length === 1);
    await page.keyboard.press('Escape');
    for (let i = 0; i < 60; ++i) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(() => (document.activeElement.getAttribute('href') || '').endsWith('/mailbox-00007'))) break;
    }
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('main').dataset.view === 'item');
    await page.keyboard.press('?');
    await page.waitForSelector('dialog[open]');
    if (shots) await page.screenshot({ path: join(shots, 'help-dark-1280.png') });
    await page.keyboard.press('Escape');
    check(!(await page.$('dialog[open]')), 'Escape does not close the help');
    clean(page);
    await page.close_();
  });
  await test('eight tabs follow the events through one connection', async () => {
    const context = await browser.newContext();
    const pages = [];
    for (let i = 0; i < 8; ++i) {
      const p = await context.newPage();
      await p.goto(url + '/#/nodes');
      await p.waitForFunction(() => document.querySelector('main h1'));
      pages.push(p);
    }
    const status = await pages[7].evaluate(async () => (await fetch('/metrics')).text());
    const followers = Number(/djm_http_followers\{[^}]*\} (\d+)/.exec(status)[1]);
    check(followers <= 1, `${followers} connections follow`);
    await context.close();
  });
  await test('a server that is dead is said to be, and what was there stays', async () => {
    const page = await open(url);
    await page.show('nodes');
    page.mayFail = true;
    s.say('kill');
    await page.waitForFunction(() => document.getElementById('live').textContent === 'no answer', null, { timeout: 20000 });
    if (shots) await page.screenshot({ path: join(shots, 'dead-dark-1280.png') });
    clean(page);
    await page.close_();
  });
  await s.end();
}

// -- with what somebody else has made up, and which may only be read -----------------------

{
  const s = start('--hostile', '--items', '20000');
  await s.ready;
  const url = s.urls.amber;
  await test('texts of others stay texts, ids of 120 characters fit', async () => {
    for (const width of [1280, 390]) {
      const page = await open(url, { width });
      for (const [name, path] of Object.entries({ ...views, job: 'jobs/webhooks', long: 'jobs/' + 'J'.repeat(120), longItem: 'jobs/' + 'J'.repeat(120) + '/items/' + 'i'.repeat(120) })) {
        await page.show(path);
        const bad = await page.evaluate(() => document.querySelectorAll('main script, main img, main b[onclick]').length);
        check(bad === 0, `${name} has elements of somebody else`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        check(wide <= 0, `${name} is ${wide} px wider than ${width}`);
        if (shots && (name === 'job' || name === 'longItem')) await page.screenshot({ path: join(shots, `hostile-${name}-dark-${width}.png`), fullPage: true });
      }
      check((await page.title()) !== 'owned', 'a script has run');
      clean(page);
      await page.close_();
    }
  });
  await test('a node links to its own console, and what is no address of one stays text', async () => {
    const page = await open(url);
    await page.show('nodes/basalt');
    const to = await page.evaluate(() => [...document.querySelectorAll('main a[target=_blank]')].map((a) => a.href));
    check(to.length === 1 && to[0] === s.urls.basalt + '/#/nodes/basalt', `it links to ${to}`);
    const linked = await page.evaluate(async (texts) => {
      const { outside } = await import('/console/ui.js');
      return texts.filter((t) => outside(t, '').tagName === 'A');
    }, ['javascript:alert(1)', 'javascript://n', 'file:///etc/passwd', 'data:text/html,x', 'http://user@n', 'http://n/path', 'http:n', '//n', '', '<b>', 'x'.repeat(300), 'https://n:1']);
    check(linked.length === 1 && linked[0] === 'https://n:1', `these became links: ${linked}`);
    clean(page);
    await page.close_();
  });
  await test('20,000 items: at most 100 rows, a search on the server, pages', async () => {
    const page = await open(url);
    const begin = Date.now();
    await page.show('jobs/mail/items');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length > 10);
    console.log(`figure: console: the first page of 20,000 items after ${Date.now() - begin} ms`);
    check((await page.evaluate(() => document.querySelectorAll('tr').length)) <= 101, 'too many rows');
    const first = await page.textContent('tbody tr td');
    await page.click('text=Next page');
    await page.waitForFunction((t) => document.querySelector('tbody tr td').textContent !== t, first);
    await page.fill('#filter', 'mailbox-19999');
    await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
    clean(page);
    await page.close_();
  });
  await test('read-only: nothing to press that changes anything', async () => {
    const page = await open(url);
    for (const path of ['', 'nodes/basalt', 'jobs/mail']) {
      await page.show(path);
      check((await page.$$('main .side button')).length === 0, `${path} has a button`);
      check((await page.textContent('main .side')).includes('read-only'), `${path} does not say so`);
    }
    clean(page);
    await page.close_();
  });
  await s.end();
}

// -- with a token ------------------------------------------------------------------------

{
  const folder = mkdtempSync(join(tmpdir(), 'djm-console-'));
  writeFileSync(join(folder, 'token'), '0123456789abcdef\n');
  const s = start('--token-file', join(folder, 'token'));
  await s.ready;
  await test('a token is asked for once', async () => {
    const page = await open(s.urls.amber);
    page.mayFail = true; // the browser itself says that it was refused
    await page.goto(s.urls.amber + '/');
    await page.waitForSelector('#token');
    if (shots) await page.screenshot({ path: join(shots, 'token-dark-1280.png') });
    await accessible(page, 'token');
    await page.fill('#token', '0123456789abcdef');
    await page.click('main button');
    await page.waitForSelector('h2:has-text("Coverage")');
    check((await page.evaluate(() => document.cookie)) === '', 'a script can read the cookie');
    await page.close_();
  });
  await s.end();
  rmSync(folder, { recursive: true });
}

await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed || !passed ? 1 : 0);
