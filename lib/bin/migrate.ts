import { compareEntries, copyEntries, entriesOf } from '../store/copy.ts';
import { KEY_HASH } from '../store/partitioner.ts';
import { inspect } from '../store/redis/inspect.ts';
import { type Command, CommandError, DONE, FAILED, UsageError } from './command.ts';
import { assertOwnHash, inTime, openSide, STEP_MS, usualPartitions } from './target.ts';

/** Between two lines that tell how far it has got, in milliseconds. */
const PROGRESS_MS = 1000;

export const migrate: Command = {
  usage: `neardict migrate --from URL --to URL --namespace NAME [--partitions N] [--overwrite]

Copies a namespace from one Redis server or cluster to another, then compares all of it. Nothing is deleted, and it may be
run again: what is there already is left as it is.

  --from, --to    redis[s]://[[user]:password@]host[:port][/database]; of a cluster, any of its servers
  --namespace     what openDict() is given
  --partitions    for a target that has none of the namespace yet; default: 64 on a cluster, else as the source
  --overwrite     replaces values of the target that differ
`,
  options: {
    from: { type: 'string' },
    to: { type: 'string' },
    namespace: { type: 'string', short: 'n' },
    ns: { type: 'string' },
    partitions: { type: 'string' },
    overwrite: { type: 'boolean' },
  },
  words: [0, 0],
  async run(args, output) {
    const [from, to, namespace] = [args.text('from'), args.text('to'), args.neededNamespace];
    if (from === undefined || to === undefined) throw new UsageError('From where to where? Say --from URL --to URL.');
    const wanted = args.integer('partitions', 1, 16_384);

    const source = await inspect(from, namespace, inTime());
    if (source.layout === undefined) throw new CommandError(`The source has no namespace '${namespace}'.`);
    assertOwnHash(source.layout);
    const target = await inspect(to, namespace, inTime());
    const usual = target.isCluster ? usualPartitions(target) : source.layout.partitions;
    const partitions = wanted ?? target.layout?.partitions ?? usual;
    const layout = { partitions, hash: KEY_HASH, codec: source.layout.codec, messages: target.layout?.messages };

    const old = await openSide(source, namespace, source.layout);
    const fresh = await openSide(target, namespace, layout);
    try {
      let toldAt = performance.now();
      const { copied, ...others } = await copyEntries(entriesOf(old, STEP_MS), fresh, {
        overwrites: args.flag('overwrite'),
        stepMs: STEP_MS,
        onProgress: (counts) => {
          if (performance.now() - toldAt < PROGRESS_MS) return;
          toldAt = performance.now();
          output.note(`${counts.copied + counts.same + counts.differing} keys so far`);
        },
      });
      output.note(
        `Copied ${copied} keys into ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}; ${others.same} were there.`,
      );
      const { same, differing, missing } = await compareEntries(old, fresh, STEP_MS);
      await output.result(
        { copied, partitions, same, differing, missing },
        `Compared: ${same} are equal, ${differing} differ, ${missing} are missing.`,
      );
      if (differing + missing === 0) return DONE;
      output.note(
        'Run it again when nobody writes to the source. Values of the target that differ stay, unless you say --overwrite.',
      );
      return FAILED;
    } finally {
      await old.space.close();
      await fresh.space.close();
    }
  },
};
