import { assertKey } from '../dict/keys.ts';
import { readAll } from '../store/copy.ts';
import { type Command, DONE, NOT_THERE, PLACE } from './command.ts';
import { recordOf, shown } from './record.ts';
import { findTarget, STEP_MS } from './target.ts';

export const get: Command = {
  usage: `neardict get KEY --namespace NAME [--bytes]

Prints the value of a key: a string as it is, binary as it is, anything else as JSON. With --json: the entry with its
version, and its stored bytes in place of a value that JSON can't hold. Ends with 3 if there is no such key.

  --bytes     the stored bytes, as they are, and nothing else
`,
  options: { ...PLACE, bytes: { type: 'boolean' } },
  words: [1, 1],
  async run(args, output) {
    const [key] = args.words as [key: string];
    assertKey(key);
    const { values, openSide } = await findTarget(args);
    const side = await openSide();
    try {
      const entry = (await readAll(side, [key], STEP_MS)).get(key);
      if (entry === undefined) {
        output.fail('There is no such key.');
        return NOT_THERE;
      }
      if (args.flag('bytes')) await output.write(entry.bytes);
      else if (output.isJson) await output.result(recordOf(entry, values), '');
      else {
        const { value } = values.decode(key, entry.bytes);
        await output.write(value instanceof Uint8Array ? value : `${shown(value)}\n`);
      }
      return DONE;
    } finally {
      await side.space.close();
    }
  },
};
