import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const lib = join(import.meta.dirname, '../lib');

/** Each layer may import from itself and from those behind it. */
const layers = [
  ['bin', 'index.ts', 'otel.ts', 'otel', 'redis.ts'],
  ['testing.ts', 'testing'],
  ['openMirror.ts', 'reaching.ts'],
  ['openDict.ts'],
  ['options.ts'],
  ['dict'],
  ['write'],
  ['coherence'],
  ['cache', 'store/redis', 'telemetry'],
  ['store'],
  ['codec', 'schema'],
  ['duration.ts', 'version.ts'],
  ['errors.ts'],
];

async function imports(): Promise<{ readonly from: string; readonly to: string }[]> {
  const files = (await readdir(lib, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const found = await Promise.all(
    files.map(async (file) => {
      const source = await readFile(join(lib, file), 'utf8');
      return [...source.matchAll(/(?:from|import) '(\.[^']+)'/g)].map(([, path = '']) => ({
        from: file,
        to: relative(lib, join(lib, dirname(file), path)),
      }));
    }),
  );
  return found.flat();
}

/** The rank of the most specific layer that holds the file. */
function rankOf(file: string): number {
  const ranks = layers.flatMap((members, rank) =>
    members
      .filter((member) => file === member || file.startsWith(`${member}/`))
      .map((member) => ({ rank, length: member.length })),
  );
  const [best] = ranks.toSorted((a, b) => b.length - a.length);
  if (best === undefined) throw new Error(`${file} belongs to no layer.`);
  return best.rank;
}

describe('the source', () => {
  it('imports in one direction', async () => {
    const wrong = (await imports()).filter(({ from, to }) => rankOf(from) > rankOf(to));

    expect(wrong).toEqual([]);
  });

  it('names no Redis above its adapter', async () => {
    const wrong = (await imports()).filter(
      ({ from, to }) => to.startsWith('store/redis/') && !/^(store\/redis|bin)\//.test(from) && from !== 'redis.ts',
    );

    expect(wrong).toEqual([]);
  });

  it('has no import cycle', async () => {
    const graph = groupByFile(await imports());

    expect(cycleIn(graph)).toEqual([]);
  });
});

function groupByFile(edges: readonly { readonly from: string; readonly to: string }[]): Map<string, string[]> {
  const graph = new Map<string, string[]>();
  for (const { from, to } of edges) graph.set(from, [...(graph.get(from) ?? []), to]);
  return graph;
}

/** The files of some cycle, or none. */
function cycleIn(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): readonly string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    done.add(file);
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next, [...path, file]);
      if (cycle.length > 0) return cycle;
    }
    return [];
  };
  for (const file of graph.keys()) {
    const cycle = visit(file, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
