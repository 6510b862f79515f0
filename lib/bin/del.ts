import { assertKey } from '../dict/keys.ts';
import { type Command, DONE, NOT_THERE, PLACE } from './command.ts';
import { findTarget } from './target.ts';

export const del: Command = {
  usage: `neardict del KEY... --namespace NAME

Deletes keys, tells everybody who has the namespace open, and prints how many were there. Ends with 3 if some were not.
`,
  options: PLACE,
  words: [1, Infinity],
  async run(args, output) {
    const keys = new Set(args.words);
    for (const key of keys) assertKey(key);
    const target = await findTarget(args);
    const dict = await target.openDict(false);
    try {
      const deleted = await dict.deleteMany(keys);
      await output.result({ deleted }, String(deleted));
      return deleted === keys.size ? DONE : NOT_THERE;
    } finally {
      await dict.close();
    }
  },
};
