import type { DictChange } from '../dict/events.ts';
import { assertKey } from '../dict/keys.ts';
import type { NearDict, WatchedValue } from '../dict/nearDict.ts';
import { type Arguments, type Command, DONE, PLACE } from './command.ts';
import type { Output } from './output.ts';
import { shownKey, shownOnLine } from './record.ts';
import { findTarget } from './target.ts';

export const watch: Command = {
  usage: `neardict watch [KEY] --namespace NAME [--initial] [--prefix TEXT] [--count N]

Prints what changes, as it changes: of a key its new value, else the changed keys and what became of them. A slow reader
gets the latest of each key. \`resync\` says that changes were missed. Ends by Ctrl+C, and when nobody reads its output.

  --initial   prints the present value of KEY first
  --prefix    only keys that start with it
  --count     ends after so many
`,
  options: {
    ...PLACE,
    initial: { type: 'boolean' },
    prefix: { type: 'string' },
    count: { type: 'string' },
  },
  words: [0, 1],
  async run(args, output) {
    const [key] = args.words;
    if (key !== undefined) assertKey(key);
    const count = args.integer('count', 1, Number.MAX_SAFE_INTEGER) ?? Infinity;
    const target = await findTarget(args);
    const dict = await target.openDict();
    try {
      if (key === undefined) await watchAll(dict, args, count, output);
      else await watchKey(dict, key, args, count, output);
      return DONE;
    } finally {
      await dict.close();
    }
  },
};

async function watchKey(dict: NearDict, key: string, args: Arguments, count: number, output: Output): Promise<void> {
  let left = count;
  for await (const { type, value } of dict.watch(key, { initial: args.flag('initial') })) {
    await output.result({ type, key, value }, type === 'delete' ? '(deleted)' : shownOnLine(value));
    if (--left === 0) return;
  }
}

async function watchAll(dict: NearDict, args: Arguments, count: number, output: Output): Promise<void> {
  const prefix = args.text('prefix') ?? '';
  let left = count;
  for await (const change of dict.watch()) {
    if ('key' in change && !change.key.startsWith(prefix)) continue;
    await tell(dict, change, output);
    if (--left === 0) return;
  }
}

/** The value is the one that is read now, which may be newer than the change. */
async function tell(dict: NearDict, change: DictChange, output: Output): Promise<void> {
  if (!('key' in change)) return output.result({ type: change.type }, change.type);
  const { key, type } = change;
  const watched: WatchedValue<unknown>['value'] = type === 'set' ? await dict.get(key) : undefined;
  const text = watched === undefined ? `delete ${shownKey(key)}` : `set ${shownKey(key)} ${shownOnLine(watched)}`;
  await output.result({ type: watched === undefined ? 'delete' : 'set', key, value: watched }, text);
}
