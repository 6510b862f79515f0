// What does a process with a near cache serve when connections break, messages get lost and Redis dies? Prints a table.
import { readFile } from 'node:fs/promises';
import { type Column, columns } from './faults/columns.ts';
import type { Peer } from './faults/stage.ts';

const peers: readonly Peer[] = [
  { name: 'neardict', module: 'neardict', manifest: '../package.json', feed: 'feed' },
  peer('bentocache', 'bentocache'),
  peer('cacheable', 'cacheable'),
  peer('layered-loader', 'layeredLoader'),
  { ...peer('redis', 'nodeRedis'), name: 'node-redis `clientSideCache`', feed: 'data' },
];

function peer(name: string, module: string): Peer {
  return { name, module, manifest: `node_modules/${name}/package.json`, feed: 'feed' };
}

async function titleOf({ name, manifest }: Peer): Promise<string> {
  const text = await readFile(new URL(`../../${manifest}`, import.meta.url), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return `${name} ${version}`;
}

async function tell(column: Column, library: Peer): Promise<string> {
  const plain = await column.cell(library, false);
  const cell = plain ?? `the process ends (kept alive: ${await column.cell(library, true)})`;
  console.error(`${library.name}, ${column.title}: ${cell}`);
  return cell;
}

const heads = await Promise.all(peers.map(titleOf));
const cells: string[][] = peers.map(() => []);
for (const column of columns) {
  const told = await Promise.all(peers.map((library) => tell(column, library)));
  for (const [row, cell] of told.entries()) cells[row]?.push(cell);
}

const rows = [
  ['', ...columns.map(({ title }) => title)],
  ['---', ...columns.map(() => '---')],
  ...heads.map((head, row) => [head, ...(cells[row] ?? [])]),
];
for (const row of rows) console.log(`| ${row.join(' | ')} |`);
