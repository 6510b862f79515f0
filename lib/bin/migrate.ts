import { parseArgs } from 'node:util';
import { NearDictError } from '../errors.ts';
import { compareEntries, copyEntries, type Side } from '../store/copy.ts';
import { randomNonce } from '../store/nonce.ts';
import { KEY_HASH, partitioner } from '../store/partitioner.ts';
import { inspect, type Inspection } from '../store/redis/inspect.ts';
import { redisStore } from '../store/redis/redisStore.ts';
import type { Layout } from '../store/store.ts';

export const usage = `neardict migrate --from URL --to URL --namespace NAME [--partitions N] [--overwrite]

Copies a namespace from one Redis server or cluster to another, then compares all of it. Nothing is deleted, and it may be
run again: what is there already is left as it is.

  --from, --to    redis[s]://[[user]:password@]host[:port][/database]; of a cluster, any of its servers
  --namespace     what openDict() is given
  --partitions    for a target that has none of the namespace yet; default: 64 on a cluster, else as the source
  --overwrite     replaces values of the target that differ
`;

/** Each step, and the wait for connections. */
const STEP_MS = 30_000;
const CLUSTER_PARTITIONS = 64;
const PROGRESS_MS = 1000;

/**
 * Runs the command.
 *
 * @returns The exit code: 0, all is in the target; 1, something is not, or nothing could be done; 2, wrong arguments.
 */
export async function migrate(args: readonly string[], print: (line: string) => void): Promise<number> {
  const options = optionsOf(args);
  if (options === undefined) {
    print(usage);
    return 2;
  }
  try {
    return await move(options, print);
  } catch (error) {
    // What is not of this library may show a URL, and so a password.
    print(error instanceof NearDictError ? error.message : 'It failed for a reason that is not known.');
    return 1;
  }
}

interface Options {
  readonly from: string;
  readonly to: string;
  readonly namespace: string;
  readonly partitions: number | undefined;
  readonly overwrite: boolean;
}

function optionsOf(args: readonly string[]): Options | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        from: { type: 'string' },
        to: { type: 'string' },
        namespace: { type: 'string' },
        partitions: { type: 'string' },
        overwrite: { type: 'boolean', default: false },
      },
    });
    const { from, to, namespace, partitions, overwrite } = values;
    if (from === undefined || to === undefined || namespace === undefined) return undefined;
    const count = partitions === undefined ? undefined : Number(partitions);
    const isCount = count === undefined || (Number.isInteger(count) && count >= 1 && count <= 16_384);
    return isCount ? { from, to, namespace, partitions: count, overwrite } : undefined;
  } catch {
    return undefined;
  }
}

async function move(
  { from, to, namespace, partitions, overwrite }: Options,
  print: (line: string) => void,
): Promise<number> {
  const source = await inspect(from, namespace, inTime());
  if (source.layout === undefined) {
    print(`The source has no namespace '${namespace}'.`);
    return 1;
  }
  if (source.layout.partitions > 1 && source.layout.hash !== KEY_HASH) {
    print('The namespace was written with partitionBy, which only your program knows: copy it by a program of yours.');
    return 1;
  }
  const target = await inspect(to, namespace, inTime());
  const layout = targetLayout(source.layout, target, partitions);
  const [old, fresh] = [await open(source, namespace, source.layout), await open(target, namespace, layout)];
  try {
    let toldAt = performance.now();
    const counts = await copyEntries(old, fresh, {
      overwrites: overwrite,
      stepMs: STEP_MS,
      onProgress: ({ copied, same, differing }) => {
        if (performance.now() - toldAt < PROGRESS_MS) return;
        toldAt = performance.now();
        print(`${copied + same + differing} keys so far`);
      },
    });
    print(`Copied ${counts.copied} keys into ${layout.partitions} partitions; ${counts.same} were there.`);
    const { same, differing, missing } = await compareEntries(old, fresh, STEP_MS);
    print(`Compared: ${same} are equal, ${differing} differ, ${missing} are missing.`);
    if (differing + missing === 0) return 0;
    print(
      'Run it again when nobody writes to the source. Values of the target that differ stay, unless you say --overwrite.',
    );
    return 1;
  } finally {
    await old.space.close();
    await fresh.space.close();
  }
}

function targetLayout({ partitions, codec }: Layout, target: Inspection, wanted: number | undefined): Layout {
  const usual = target.isCluster ? CLUSTER_PARTITIONS : partitions;
  return { partitions: wanted ?? target.layout?.partitions ?? usual, hash: KEY_HASH, codec };
}

async function open({ options }: Inspection, namespace: string, layout: Layout): Promise<Side> {
  const settings = { namespace, layout, inlineBytes: 256, tracking: false, origin: randomNonce() };
  const space = await redisStore(options).open(settings, inTime());
  return { space, partitionOf: partitioner(layout.partitions) };
}

function inTime(): number {
  return performance.now() + STEP_MS;
}
