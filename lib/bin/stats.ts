import { entriesOf } from '../store/copy.ts';
import { type Command, DONE, PLACE } from './command.ts';
import { Progress } from './progress.ts';
import { shownKey } from './record.ts';
import { findTarget, inTime, STEP_MS } from './target.ts';

export const stats: Command = {
  usage: `neardict stats --namespace NAME

Counts what a namespace holds: keys, bytes of values, keys that expire, the largest value, and write calls so far. It
reads all entries, a few at a time.
`,
  options: PLACE,
  words: [0, 0],
  async run(args, output) {
    const { namespace, layout, openSide } = await findTarget(args);
    const side = await openSide();
    const progress = new Progress(output.terminal);
    const counts = { keys: 0, bytes: 0, expiring: 0 };
    let largest: { readonly key: string; readonly bytes: number } | undefined;
    try {
      for await (const entries of entriesOf(side, STEP_MS)) {
        for (const { key, bytes, ttlMs } of entries) {
          counts.keys++;
          counts.bytes += bytes.length;
          if (ttlMs !== undefined) counts.expiring++;
          if (largest === undefined || bytes.length > largest.bytes) largest = { key, bytes: bytes.length };
        }
        progress.show(counts.keys);
      }
      let calls = 0;
      for (let id = 0; id < layout.partitions; id++) calls += (await side.space.position(id, inTime())).seq;
      progress.end();
      const { partitions, codec } = layout;
      const lines = {
        keys: counts.keys,
        'bytes of values': counts.bytes,
        expiring: counts.expiring,
        largest: largest === undefined ? '-' : `${largest.bytes} bytes, ${shownKey(largest.key)}`,
        'write calls': calls,
        partitions,
        codec,
      };
      const text = Object.entries(lines).map(([name, value]) => `${name.padEnd(16)}${value}`);
      await output.result({ namespace, ...counts, largest, calls, partitions, codec }, text.join('\n'));
      return DONE;
    } finally {
      progress.end();
      await side.space.close();
    }
  },
};
