const $ = (id) => document.getElementById(id);
const keyRows = $('keys').tBodies[0];
const peerRows = $('peers').tBodies[0];

/** Changes that are shown, and samples of a chart. */
const MAX_SHOWN = 30;
const SAMPLES = 60;
const PEERS_EVERY_MS = 2000;

let namespace = '';
let from = 0;
let events;
/** The entry that is being edited, as it was read. */
let edited;
/** By peer: hit rates and lags. */
const history = new Map();

async function ask(path, query = {}, body) {
  const response = await fetch(`${path}?${new URLSearchParams(query)}`, {
    ...(body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const reply = await response.json();
  if (!response.ok) throw new Error(reply.message);
  return reply;
}

/** Runs what may fail, and shows it. */
async function attempt(action) {
  try {
    await action();
    $('error').textContent = '';
  } catch (error) {
    $('error').textContent = error.message;
  }
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// Entries

let asked = 0;

async function showKeys() {
  const mine = ++asked;
  const page = await ask('keys', { namespace, prefix: $('search').value, from });
  // A newer question is under way.
  if (mine !== asked) return;
  const focused = document.activeElement?.closest('tr')?.dataset.key;
  const versions = new Map([...keyRows.rows].map((row) => [row.dataset.key, row.dataset.version]));
  keyRows.replaceChildren(...page.rows.map((row) => keyRow(row, versions.get(row.key))));
  $('range').textContent =
    page.total === 0
      ? 'no keys'
      : `${page.from + 1} to ${page.to} of ${page.total}${page.isCut ? ' and more: search' : ''}`;
  $('back').disabled = from === 0;
  $('more').disabled = page.to >= page.total;
  if (focused !== undefined) rowOf(focused)?.querySelector('button').focus();
}

function keyRow({ key, text, version, expiresAt }, before) {
  const open = element('button', { textContent: key, title: 'Edit', onclick: () => attempt(() => edit(key)) });
  const cells = [open, text, version.slice(0, 8), expiresAt ? timeLeft(expiresAt) : ''];
  const row = element('tr', {}, ...cells.map((cell) => element('td', {}, cell)));
  Object.assign(row.dataset, { key, version });
  if (before !== undefined && before !== version) row.className = 'changed';
  return row;
}

function rowOf(key) {
  return [...keyRows.rows].find((row) => row.dataset.key === key);
}

function timeLeft(expiresAt) {
  const seconds = Math.max(0, Math.round((Date.parse(expiresAt) - Date.now()) / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

function turn(by) {
  from = Math.max(0, from + by);
  void attempt(showKeys);
}

// Editing: a compare-and-set against the version that was read

async function edit(key) {
  const entry = await ask('entry', { namespace, key });
  if (entry === null) throw new Error('The key is gone.');
  $('edited').textContent = key;
  take(entry);
  $('editor').showModal();
  $('value').focus();
}

function take(entry) {
  edited = entry;
  const isEditable = entry.codec === undefined;
  $('about').textContent =
    `version ${entry.version.slice(0, 8)}${entry.expiresAt ? `, expires in ${timeLeft(entry.expiresAt)}` : ''}${isEditable ? '' : `; JSON can't hold it: stored bytes of ${entry.codec} in base64`}`;
  $('value').value = isEditable ? JSON.stringify(entry.value, null, 2) : entry.bytes;
  $('value').readOnly = !isEditable;
  $('save').disabled = !isEditable;
  settle();
}

function settle() {
  $('conflict').textContent = '';
  $('theirs').hidden = true;
  $('save').textContent = 'Write';
}

async function save() {
  let value;
  try {
    value = JSON.parse($('value').value);
  } catch {
    $('conflict').textContent = 'This is no JSON. A text stands in double quotes.';
    return;
  }
  const { key, version, expiresAt } = edited;
  try {
    const { conflict } = await ask('entry', {}, { namespace, key, value, version, expiresAt });
    if (conflict === undefined) $('editor').close();
    else showConflict(conflict);
  } catch (error) {
    $('conflict').textContent = error.message;
  }
}

/** Writing again compares with what is there now. */
function showConflict(theirs) {
  if (theirs === null) {
    $('conflict').textContent = 'Somebody has deleted the key meanwhile.';
    $('save').disabled = true;
    return;
  }
  const shown = theirs.codec === undefined ? JSON.stringify(theirs.value, null, 2) : `bytes of ${theirs.codec}`;
  $('conflict').textContent = `Somebody has changed it meanwhile. It is now:\n${shown}`;
  edited = { ...edited, version: theirs.version, expiresAt: theirs.expiresAt };
  $('save').textContent = 'Write mine over it';
  $('theirs').hidden = false;
  $('theirs').onclick = () => take(theirs);
}

// Changes

let refresh;

function follow() {
  events?.close();
  events = new EventSource(`events?${new URLSearchParams({ namespace })}`);
  events.onopen = () => live(true);
  events.onerror = () => live(false);
  events.onmessage = ({ data }) => {
    const { type, key } = JSON.parse(data);
    $('changes').prepend(element('li', { textContent: `${new Date().toLocaleTimeString()}  ${type} ${key ?? ''}` }));
    while ($('changes').children.length > MAX_SHOWN) $('changes').lastChild.remove();
    // Many changes are one look.
    refresh ??= setTimeout(() => {
      refresh = undefined;
      void attempt(showKeys);
    }, 200);
  };
}

function live(isOn) {
  $('live').textContent = isOn ? 'live' : 'not connected';
  $('live').className = isOn ? 'on' : '';
}

// Peers

let isAsking = false;

async function showPeers() {
  if (namespace === '' || document.hidden || isAsking) return;
  isAsking = true;
  try {
    await askPeers();
  } finally {
    isAsking = false;
  }
}

async function askPeers() {
  const { peers, silent, pid } = await ask('peers', { namespace });
  peerRows.replaceChildren(...peers.map((peer) => peerRow(peer, pid)));
  for (const id of history.keys()) if (!peers.some((peer) => peer.id === id)) history.delete(id);
  $('silent').textContent = silent > 0 ? `${silent} more did not answer.` : '';
}

function peerRow({ id, pid, host, state, behind, hitRate, lag }, ownPid) {
  const samples = history.get(id) ?? [];
  samples.push({ hitRate, lag: lag ?? 0 });
  history.set(id, samples.slice(-SAMPLES));
  const lags = samples.map((sample) => sample.lag);
  const cells = [
    `${pid} ${pid === ownPid ? '(this page)' : host}`,
    element('span', { textContent: state, className: state }),
    String(behind),
    element(
      'span',
      {},
      chart(
        samples.map((sample) => sample.hitRate),
        1,
      ),
      ` ${Math.round(100 * hitRate)} %`,
    ),
    element('span', {}, chart(lags, Math.max(1, ...lags)), ` ${lag === null ? '-' : `${(lag / 1000).toFixed(1)} s`}`),
  ];
  return element('tr', {}, ...cells.map((cell) => element('td', {}, cell)));
}

/** A line of the last samples, from 0 at the bottom to `most` at the top. */
function chart(samples, most) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', `0 0 ${SAMPLES} 20`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(svg.namespaceURI, 'polyline');
  const points = samples.length === 1 ? [samples[0], samples[0]] : samples;
  line.setAttribute('points', points.map((sample, at) => `${at},${19 - (18 * sample) / most}`).join(' '));
  svg.append(line);
  return svg;
}

// The keyboard

document.addEventListener('keydown', (event) => {
  if ($('editor').open) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !$('save').disabled) void save();
    return;
  }
  const isTyping = event.target.matches('input, select');
  if (event.key === '/' && !isTyping) {
    event.preventDefault();
    $('search').focus();
  } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    if (event.target.matches('select')) return;
    const buttons = [...keyRows.querySelectorAll('button')];
    const at = buttons.indexOf(document.activeElement) + (event.key === 'ArrowDown' ? 1 : -1);
    event.preventDefault();
    buttons[Math.max(0, Math.min(at, buttons.length - 1))]?.focus();
  }
});

$('save').onclick = save;
// The row that had the focus may have been drawn anew meanwhile.
$('editor').onclose = () => rowOf(edited.key)?.querySelector('button').focus();
$('back').onclick = () => turn(-50);
$('more').onclick = () => turn(50);
$('search').oninput = () => {
  from = 0;
  void attempt(showKeys);
};
$('namespace').onchange = () => attempt(() => choose($('namespace').value));

async function choose(name) {
  namespace = $('namespace').value = name;
  location.hash = name;
  from = 0;
  history.clear();
  $('changes').replaceChildren();
  follow();
  await showKeys();
  await showPeers();
}

async function start() {
  const namespaces = await ask('namespaces');
  $('namespace').replaceChildren(...namespaces.map((each) => new Option(each.namespace)));
  const wanted = decodeURIComponent(location.hash.slice(1));
  const [first] = namespaces;
  if (first === undefined) throw new Error('There is no namespace yet.');
  if (wanted !== '' && !namespaces.some((each) => each.namespace === wanted)) {
    $('namespace').selectedIndex = -1;
    throw new Error(`There is no namespace '${wanted}': choose another one.`);
  }
  await choose(wanted || first.namespace);
}

await attempt(start);
setInterval(() => {
  showPeers().catch((error) => {
    $('error').textContent = error.message;
  });
}, PEERS_EVERY_MS);
