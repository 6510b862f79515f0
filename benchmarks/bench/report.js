import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { barChart, lineChart } from './plot.js';

const ROOT = new URL('../../', import.meta.url);
const RESULTS = new URL('benchmarks/results.json', ROOT);
const PAGE = new URL('docs/performance.md', ROOT);

const HEADS = { memory: 'memory', 'redis-v4': 'node-redis 4', 'redis-v5': 'node-redis 5', 'redis-v6': 'node-redis 6' };

/** The recorded results. */
export async function readResults() {
  return JSON.parse(await readFile(RESULTS, 'utf8'));
}

/** Writes everything that tells of results. */
export async function writeReport(results) {
  for (const [file, text] of await filesOf(results)) await writeFile(file, text);
}

/** The files that do not tell what the results do. */
export async function staleFiles() {
  const stale = [];
  for (const [file, text] of await filesOf(await readResults())) {
    const present = await readFile(file, 'utf8').catch(() => undefined);
    if (present !== text) stale.push(file.pathname.slice(ROOT.pathname.length));
  }
  return stale;
}

async function filesOf(results) {
  const { rows, charts } = results;
  return [
    [RESULTS, await pretty(JSON.stringify(results), 'json')],
    [PAGE, await pretty(await page(results), 'markdown')],
    [new URL('docs/hits.svg', ROOT), barChart({ title: 'One read from memory', bars: hitBars(rows) })],
    ...charts.map((chart) => [new URL(`docs/growth-${chart.chart}.svg`, ROOT), lineChart(chart)]),
  ];
}

/** The page, with what stands between its marks made anew. */
async function page({ machine, rows, charts, workload }) {
  const text = await readFile(PAGE, 'utf8');
  const parts = {
    machine: machine.join(', '),
    table: table(rows),
    hits: '![One read from memory: neardict beside a Map and beside others](hits.svg)',
    growth: charts.map(({ title, chart }) => `![${title}](growth-${chart}.svg)`).join('\n\n'),
    workload: workloadTable(workload),
  };
  return text.replaceAll(
    /(<!-- bench:(\w+) -->\n)[^]*?(<!-- end -->)/g,
    (_, start, name, end) => `${start}\n${parts[name]}\n\n${end}`,
  );
}

function table(rows) {
  const stores = Object.keys(HEADS);
  const ids = new Set(rows.map(({ id }) => id));
  const lines = [...ids].map((id) => {
    const some = rows.filter((row) => row.id === id);
    const [{ what, limit, goal, atLeast, unit }] = some;
    const isRatio = limit !== undefined;
    const wanted =
      goal === undefined && atLeast === undefined ? '' : atLeast === undefined ? `≤ ${goal}` : `≥ ${atLeast}`;
    const noise = Math.max(...some.map(({ again }) => Math.abs(again - 1)));
    const cells = stores.map((store) => cell(some.find((row) => row.store === store)));
    return [what, limit ?? unit, wanted, ...cells, `± ${Math.round(100 * noise)} %`, isRatio];
  });
  const head = ['what', 'limit (1.00)', 'goal', ...stores.map((store) => HEADS[store]), 'noise'];
  return toMarkdown(
    head,
    lines.map((line) => line.slice(0, -1)),
  );
}

/** Bold where the goal is missed. */
function cell(row) {
  if (row === undefined) return '';
  const value = row.ratio ?? row.ours;
  const text = value < 10 ? value.toFixed(2) : value.toFixed(value < 100 ? 1 : 0);
  return isMet(row) ? text : `**${text}**`;
}

function isMet({ ratio, ours, goal, atLeast }) {
  const value = ratio ?? ours;
  // As it is told.
  const told = Number(value.toFixed(2));
  return (goal === undefined || told <= goal) && (atLeast === undefined || told >= atLeast);
}

function workloadTable(workload) {
  const rows = workload.map(({ mix, library, perSecond, p50, p99 }) => {
    return [mix, library, Math.round(perSecond).toLocaleString('en'), micro(p50), micro(p99)];
  });
  return toMarkdown(['mix', 'library', 'requests per second', 'p50', 'p99'], rows);
}

function micro(value) {
  return `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en')} µs`;
}

function hitBars(rows) {
  const hit = rows.find(({ id, store }) => id === 'hit' && store === 'redis-v6');
  const peers = rows.filter(({ id }) => id.startsWith('peer: '));
  const bar = (label, value, isOwn) => ({
    label,
    value,
    text: `${value < 100 ? value.toFixed(0) : Math.round(value).toLocaleString('en')} ns`,
    isOwn,
  });
  return [
    bar('await map.get(key)', hit.base, false),
    bar('neardict: await dict.key', hit.ours, true),
    ...peers.map(({ limit, ratio }) => bar(limit, ratio * hit.ours, false)),
  ];
}

function toMarkdown(head, rows) {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

async function pretty(text, parser) {
  return format(text, { ...(await resolveConfig(ROOT.pathname)), parser });
}
