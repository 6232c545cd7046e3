'use strict';
// Shows what /api/events tells. All text goes in as text, never as markup.
const at = (id) => document.getElementById(id);
const MOST_ROWS = 200;
const history = [];
const ended = [];
const queries = [];
let before = null;
let routes = [];

function cell(text, className) {
  const td = document.createElement('td');
  td.textContent = text;
  if (className) td.className = className;
  return td;
}

function fill(body, rows) {
  body.replaceChildren(...rows.map((cells) => {
    const tr = document.createElement('tr');
    tr.append(...cells);
    return tr;
  }));
}

function bytes(n) {
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (n < 1000 || unit === 'GB') return (unit === 'B' ? n : n.toFixed(1)) + ' ' + unit;
    n /= 1000;
  }
}

const age = (ms) => ms < 1000 ? ms + ' ms' : ms < 120000 ? Math.round(ms / 1000) + ' s' : Math.round(ms / 60000) + ' min';

function flow(f) {
  return [cell(f.pid ? f.process + ' (' + f.pid + ')' : '–'), cell(f.name || '–'), cell(f.protocol + ' ' + f.destination),
    cell(f.state, f.state), cell(age(f['age-ms'])), cell(bytes(f['bytes-up']), 'n'), cell(bytes(f['bytes-down']), 'n'), cell(f.reason || '')];
}

function line(key, most) {
  return history.map((h, i) => (i * 600 / 239).toFixed(1) + ',' + (78 - 76 * h[key] / most).toFixed(1)).join(' ');
}

function traffic(now) {
  const time = performance.now();
  if (before) {
    const seconds = (time - before.time) / 1000;
    history.push({up: Math.max(0, now['bytes-up'] - before.up) / seconds, down: Math.max(0, now['bytes-down'] - before.down) / seconds});
    if (history.length > 240) history.shift();
    const most = Math.max(1000, ...history.map((h) => Math.max(h.up, h.down)));
    at('up').setAttribute('points', line('up', most));
    at('down').setAttribute('points', line('down', most));
    const last = history[history.length - 1];
    at('rates').textContent = 'up ' + bytes(last.up) + '/s, down ' + bytes(last.down) + '/s; ' + now.open + ' open, ' + now.accepted
      + ' so far, ' + now.failed + ' failed';
  }
  before = {time, up: now['bytes-up'], down: now['bytes-down']};
}

function tick(now) {
  const bad = (now.components || []).filter((c) => c.state !== 'ready');
  at('state').textContent = bad.length ? bad.map((c) => c.name + ' ' + c.state).join(', ') : 'all is well';
  at('state').className = bad.length ? bad[0].state : 'ready';
  fill(at('components'), (now.components || []).map((c) => [cell(c.name), cell(c.state, c.state), cell(new Date(c.since).toLocaleTimeString()),
    cell([c.reason, c.remedy, ...Object.entries(c.details || {}).map((d) => d.join(' '))].filter(Boolean).join('. '))]));
  if (!now.connections) return;
  traffic(now.connections);
  ended.unshift(...now.ended.reverse());
  ended.length = Math.min(ended.length, MOST_ROWS);
  fill(at('flows'), [...now.live.slice(0, MOST_ROWS), ...ended].slice(0, MOST_ROWS).map(flow));
  if (now.queries.length) {
    queries.unshift(...now.queries.reverse());
    queries.length = Math.min(queries.length, MOST_ROWS);
    fill(at('queries'), queries.map((q) => [cell(q.name), cell(q.type), cell(q.result), cell(q.by), cell(q.micros, 'n')]));
  }
}

function showRoutes() {
  const words = at('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = routes.filter((r) => words.every((w) => r.text.includes(w)));
  at('found').textContent = found.length + ' of ' + routes.length + ' routes' + (found.length > MOST_ROWS ? ', the first ' + MOST_ROWS + ' shown' : '');
  fill(at('routes'), found.slice(0, MOST_ROWS).map((r) => r.columns.map((c) => cell(c))));
}

async function loadTables() {
  const tables = await (await fetch('/api/tables/')).json();
  routes = tables.flatMap((t) => (t.routes || []).map((r) => {
    const columns = [t.name, r.name || '', r.ip, (r.proto || 'tcp') + ' ' + (r.port || 'all'), r.action === 'reject' ? 'refused' : 'SOCKS5 port ' + r.target];
    return {columns, text: columns.join(' ').toLowerCase()};
  }));
  showRoutes();
}

async function explain(event) {
  event.preventDefault();
  const place = at('place').value.trim();
  const colon = place.lastIndexOf(':');
  const named = colon < 0 || place.indexOf(':') !== colon ? [place, ''] : [place.slice(0, colon), place.slice(colon + 1)];
  const answer = await (await fetch('/api/explain?host=' + encodeURIComponent(named[0]) + '&port=' + encodeURIComponent(named[1]))).json();
  at('steps').replaceChildren(...(answer.steps || [{state: 'broken', step: 'question', found: answer.error, remedy: ''}]).map((s) => {
    const item = document.createElement('li');
    item.className = s.state;
    item.textContent = s.step + ' (' + s.state + '): ' + s.found + (s.millis === undefined ? '' : ' (' + s.millis + ' ms)') + (s.remedy ? ' → ' + s.remedy : '');
    return item;
  }));
}

at('search').addEventListener('input', showRoutes);
at('explain').addEventListener('submit', explain);
at('stop').addEventListener('click', async () => {
  if (confirm('Shut teleproxy down? Names and connections of the cluster end with it.')) {
    await fetch('/api/shutdown', {method: 'POST'});
  }
});
const events = new EventSource('/api/events');
events.addEventListener('tick', (event) => tick(JSON.parse(event.data)));
events.addEventListener('error', () => { at('state').textContent = 'teleproxy does not answer'; at('state').className = 'failed'; });
loadTables();
setInterval(loadTables, 5000);
