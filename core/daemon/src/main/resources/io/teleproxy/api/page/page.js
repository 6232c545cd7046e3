'use strict';
// Shows what /api/events tells. All text goes in as text, never as markup.
const at = (id) => document.getElementById(id);
const MOST_ROWS = 200;
const POINTS = 240; // of half a second
const SILENCE_MILLIS = 4000; // eight times what is between two ticks: a stopped process ends no connection
const ended = [];
const queries = [];
const traffic = [];
let before = null;
let routes = [];
let revision = null; // of the tables, there
let loaded = null; // and here
let mayLoad = 0;
let events = null;
let heard = 0;
let stopped = false;

// --- text into the page, touching only what is different: selections and the focus stay ------------
function say(element, text, className) {
  if (element.textContent !== text) element.textContent = text;
  if (className !== undefined && element.className !== className) element.className = className;
}

function add(parent, tag, text, className) {
  const child = document.createElement(tag);
  say(child, text, className || '');
  parent.append(child);
  return child;
}

/** A cell is a text, or {text, className}, or {lines: [[text, className], ...]}, or {text, explain, protocol, fleeting}. */
function show(td, cell) {
  const wanted = JSON.stringify(cell);
  if (td.shown === wanted) return;
  td.shown = wanted;
  say(td, typeof cell === 'string' ? cell : cell.explain || cell.lines ? '' : cell.text, cell.className || '');
  for (const [text, className] of cell.lines || []) add(td, 'span', text, className);
  if (cell.explain) {
    const button = add(td, 'button', cell.text, 'name');
    button.title = 'Explain ' + cell.explain;
    button.tabIndex = cell.fleeting ? -1 : 0;
    button.addEventListener('click', () => {
      at('place').value = cell.explain;
      at('protocol').value = cell.protocol;
      at('explain').requestSubmit();
      at('place').focus();
    });
  }
}

function fill(body, rows) {
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((cells, i) => {
    const tr = body.rows[i] || body.insertRow();
    cells.forEach((cell, j) => show(tr.cells[j] || tr.insertCell(), cell));
  });
}

// --- numbers ---------------------------------------------------------------------------------------
const number = (n) => n.toLocaleString('en');

function bytes(n) {
  for (const unit of ['B', 'kB', 'MB']) {
    if (n < 1000) return (unit === 'B' ? Math.round(n) : n.toFixed(1)) + ' ' + unit;
    n /= 1000;
  }
  return n.toFixed(1) + ' GB';
}

function span(ms) {
  if (ms < 1000) return ms + ' ms';
  if (ms < 120000) return Math.round(ms / 1000) + ' s';
  return ms < 7200000 ? Math.round(ms / 60000) + ' min' : Math.round(ms / 3600000) + ' h';
}

function time(text) {
  const then = new Date(text);
  const today = then.toDateString() === new Date().toDateString();
  return {text: today ? then.toLocaleTimeString() : then.toLocaleString(), className: 'when'};
}

const right = (text) => ({text, className: 'n'});

// --- what a tick tells -----------------------------------------------------------------------------
function health(components) {
  const bad = components.filter((c) => c.state !== 'ready');
  const worst = bad.find((c) => c.state === 'failed') || bad.find((c) => c.state === 'degraded') || bad[0];
  say(at('state'), worst ? bad.map((c) => c.name + ' ' + c.state).join(', ') : 'all is well', worst ? worst.state : 'ready');
  say(document.querySelector('title'), worst ? worst.name + ' ' + worst.state + ' – teleproxy' : 'teleproxy');
  fill(at('components'), components.map((c) => [c.name, {text: c.state, className: 'state ' + c.state}, time(c.since), {lines: [
    [c.reason, ''], [c.remedy, 'remedy'], [c.see || '', 'detail'],
    [Object.entries(c.details || {}).map((d) => d.join(' ')).join(' · '), 'detail']].filter((l) => l[0])}]));
}

function points(key, most) {
  const first = POINTS - traffic.length;
  return traffic.map((t, i) => ((first + i) * 600 / (POINTS - 1)).toFixed(1) + ',' + (119 - 112 * t[key] / most).toFixed(1));
}

function counters(flows, dns) {
  const now = performance.now();
  if (before) {
    const seconds = (now - before.at) / 1000;
    const rate = (key) => Math.max(0, flows[key] - before[key]) / seconds;
    traffic.push({up: rate('bytes-up'), down: rate('bytes-down')});
    if (traffic.length > POINTS) traffic.shift();
    const most = Math.max(1000, ...traffic.map((t) => Math.max(t.up, t.down)));
    const down = points('down', most);
    const from = down[0].split(',')[0];
    at('up').setAttribute('points', points('up', most).join(' '));
    at('down').setAttribute('points', [from + ',121', ...down, '600,121'].join(' '));
    say(at('most'), bytes(most) + '/s');
    const last = traffic[traffic.length - 1];
    say(at('rate-up'), bytes(last.up) + '/s');
    say(at('rate-down'), bytes(last.down) + '/s');
  }
  before = {at: now, ...flows};
  for (const key of ['open', 'accepted', 'failed']) say(at(key), number(flows[key]));
  say(at('asked'), number(dns.queries));
  say(at('local'), number(dns.local));
}

/** Where rows come and go, it is no stop on the way of the keyboard. */
function explainable(name, port, protocol, fleeting) {
  return name ? {text: name, explain: name + (port ? ':' + port : ''), protocol, fleeting} : '–';
}

function flow(f) {
  const port = f.destination.slice(f.destination.lastIndexOf(':') + 1);
  return [{text: '#' + f.id, className: 'when'}, f.pid ? f.process + ' (' + f.pid + ')' : '–', explainable(f.name, port, f.protocol, true), f.protocol + ' ' + f.destination,
    {text: f.state, className: 'state ' + f.state}, right(span(f['age-ms'])), right(f['round-trip-ms'] === undefined ? '–' : Math.max(0.1, f['round-trip-ms']).toFixed(1) + ' ms'), right(bytes(f['bytes-up'])), right(bytes(f['bytes-down'])), f.reason || ''];
}

function query(q) {
  return [time(q.at), q.name, q.type, q.result, q.by, right(q.micros < 1000 ? q.micros + ' µs' : (q.micros / 1000).toFixed(1) + ' ms')];
}

function keep(list, news) {
  list.unshift(...news.reverse());
  list.length = Math.min(list.length, MOST_ROWS);
}

function tick(now) {
  health(now.components);
  if (!now.connections) return;
  counters(now.connections, now.dns);
  keep(ended, now.ended);
  fill(at('flows'), [...now.live, ...ended].slice(0, MOST_ROWS).map(flow));
  keep(queries, now.queries);
  fill(at('queries'), queries.map(query));
  revision = now.tables;
  loadTables();
}

function connect() {
  if (events || stopped || document.hidden) return;
  events = new EventSource('/api/events');
  heard = performance.now();
  events.addEventListener('tick', (event) => { heard = performance.now(); tick(JSON.parse(event.data)); });
  events.addEventListener('error', silent);
}

function silent() {
  say(at('state'), 'teleproxy does not answer; trying again', 'failed');
  say(document.querySelector('title'), 'no answer – teleproxy');
  disconnect();
  setTimeout(connect, 1000);
}

/** Nobody looks: the daemon need not tell. */
function disconnect() {
  if (events) events.close();
  events = null;
  before = null;
  loaded = null;
}

// --- tables ----------------------------------------------------------------------------------------
function showRoutes() {
  const words = at('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = routes.filter((r) => words.every((w) => r.text.includes(w)));
  say(at('found'), number(found.length) + ' of ' + number(routes.length) + ' routes' + (found.length > MOST_ROWS ? ', the first ' + MOST_ROWS + ' shown' : ''));
  fill(at('routes'), found.slice(0, MOST_ROWS).map((r) => r.cells));
}

function route(table, r) {
  const port = String(r.port || '');
  const texts = [table, r.name || '', r.ip, (r.proto || 'tcp') + ' ' + (port || 'all'), r.action === 'reject' ? 'refused' : 'SOCKS5 port ' + r.target];
  return {cells: [texts[0], explainable(r.name, port.match(/^\d*/)[0], r.proto || 'tcp'), ...texts.slice(2)], text: texts.join(' ').toLowerCase()};
}

/** Again only after something has changed; a twentieth of the time at most: they may be long. */
async function loadTables() {
  if (revision === loaded || performance.now() < mayLoad) return;
  const started = performance.now();
  mayLoad = Infinity;
  loaded = revision;
  try {
    const tables = await (await fetch('/api/tables/')).json();
    routes = tables.flatMap((t) => t.routes.map((r) => route(t.name, r)));
    showRoutes();
  } catch (e) {
    loaded = null;
  }
  mayLoad = started + 20 * (performance.now() - started);
}

// --- what can be asked for -------------------------------------------------------------------------
/** The header tells that it is this page which asks, and not some other that makes the browser ask. */
const ask = (path, method) => fetch(path, {method, headers: {'X-Teleproxy': 'page'}});

function splitPlace(place) {
  const colon = place.lastIndexOf(':');
  return colon < 0 || place.indexOf(':') !== colon ? [place, ''] : [place.slice(0, colon), place.slice(colon + 1)];
}

async function explain(event) {
  event.preventDefault();
  const [host, port] = splitPlace(at('place').value.trim());
  at('steps').replaceChildren();
  say(at('verdict'), 'looking …', '');
  let answer;
  try {
    answer = await (await ask('/api/explain?host=' + encodeURIComponent(host) + '&port=' + encodeURIComponent(port)
      + '&protocol=' + at('protocol').value, 'GET')).json();
  } catch (e) {
    answer = {error: 'teleproxy does not answer'};
  }
  const broken = answer.error || answer.broken;
  say(at('verdict'), answer.error || (broken ? 'broken: ' + broken : 'every step works'), broken ? 'broken' : 'ok');
  for (const step of answer.steps || []) {
    const item = add(at('steps'), 'li', '', step.state);
    add(item, 'b', step.step);
    add(item, 'span', ' (' + step.state + '): ' + step.found + (step.millis === undefined ? '' : ' (' + step.millis + ' ms)'));
    if (step.remedy) add(item, 'span', step.remedy, 'remedy');
  }
}

async function shutDown() {
  if (at('sure').returnValue !== 'yes') return;
  const answer = await ask('/api/shutdown', 'POST');
  if (answer.ok) {
    stopped = true;
    disconnect();
    at('stop').disabled = true;
    say(at('state'), "shut down; 'sudo teleproxy run' starts it again", 'failed');
  } else {
    say(at('state'), (await answer.json()).error, 'failed');
  }
}

at('search').addEventListener('input', showRoutes);
at('explain').addEventListener('submit', explain);
at('stop').addEventListener('click', () => { at('sure').returnValue = ''; at('sure').showModal(); });
at('sure').addEventListener('close', shutDown);
document.addEventListener('visibilitychange', () => document.hidden ? disconnect() : connect());
setInterval(() => { if (events && performance.now() - heard > SILENCE_MILLIS) silent(); }, 1000);
connect();
