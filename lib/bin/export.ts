import { entriesOf } from '../store/copy.ts';
import { type Command, DONE, PLACE } from './command.ts';
import { Progress } from './progress.ts';
import { recordOf } from './record.ts';
import { findTarget, STEP_MS } from './target.ts';

export const exportEntries: Command = {
  usage: `neardict export --namespace NAME [--prefix TEXT] > FILE

Writes all entries to stdout, one a line as JSON: key, value, version and when it expires. A value that JSON can't hold
(a date, binary, a bigint) is written as its stored bytes. \`neardict import\` reads it.

  --prefix    only keys that start with it
`,
  options: { ...PLACE, prefix: { type: 'string' } },
  words: [0, 0],
  async run(args, output) {
    const { values, openSide } = await findTarget(args);
    const side = await openSide();
    const progress = new Progress(output.terminal);
    let count = 0;
    try {
      for await (const entries of entriesOf(side, STEP_MS, args.text('prefix') ?? '')) {
        for (const entry of entries) await output.write(`${JSON.stringify(recordOf(entry, values))}\n`);
        count += entries.length;
        progress.show(count);
      }
      return DONE;
    } finally {
      progress.end();
      await side.space.close();
    }
  },
};
