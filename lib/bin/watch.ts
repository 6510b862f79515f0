import type { DictChange } from '../dict/events.ts';
import type { Values } from '../codec/values.ts';
import { assertKey } from '../dict/keys.ts';
import type { NearDict, WatchedValue } from '../dict/nearDict.ts';
import { type Arguments, type Command, DONE, PLACE } from './command.ts';
import type { Output } from './output.ts';
import { contentOf, shownKey, shownOnLine } from './record.ts';
import { findTarget } from './target.ts';

export const watch: Command = {
  usage: `neardict watch [KEY] --namespace NAME [--initial] [--prefix TEXT] [--count N]

Prints what changes, as it changes: of a key its new value, else the changed keys and what became of them. A slow reader
gets the latest of each key. \`resync\` says that changes were missed. Ends by Ctrl+C, and when nobody reads its output.

  --initial   prints the present value of KEY first
  --prefix    without KEY: only keys that start with it
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
    if (key === undefined) args.refuse(['initial'], 'is for one key');
    else args.refuse(['prefix'], 'is for all keys, and one was named');
    if (key !== undefined) assertKey(key);
    const count = args.integer('count', 1, Number.MAX_SAFE_INTEGER) ?? Infinity;
    const { values, openDict } = await findTarget(args);
    const dict = await openDict();
    dict.on('state', (now, before) => {
      if (now === 'coherent') output.note('The server is heard again.');
      else if (before === 'coherent') output.note('The server can not be heard: what changes is told when it is back.');
    });
    try {
      const watched = { dict, values, args, output, count };
      await (key === undefined ? watchAll(watched) : watchKey(watched, key));
      return DONE;
    } finally {
      await dict.close();
    }
  },
};

interface Watch {
  readonly dict: NearDict;
  readonly values: Values;
  readonly args: Arguments;
  readonly output: Output;
  readonly count: number;
}

async function watchKey({ dict, values, args, output, count }: Watch, key: string): Promise<void> {
  let left = count;
  for await (const { type, value } of dict.watch(key, { initial: args.flag('initial') })) {
    await output.result(
      { type, key, ...contentOf(value, values) },
      type === 'delete' ? '(deleted)' : shownOnLine(value),
    );
    if (--left === 0) return;
  }
}

async function watchAll(watched: Watch): Promise<void> {
  const prefix = watched.args.text('prefix') ?? '';
  let left = watched.count;
  for await (const change of watched.dict.watch()) {
    if ('key' in change && !change.key.startsWith(prefix)) continue;
    await tell(watched, change);
    if (--left === 0) return;
  }
}

/** The value is the one that is read now, which may be newer than the change. */
async function tell({ dict, values, output }: Watch, change: DictChange): Promise<void> {
  if (!('key' in change)) return output.result({ type: change.type }, change.type);
  const { key, type } = change;
  const value: WatchedValue<unknown>['value'] = type === 'set' ? await dict.get(key) : undefined;
  const text = value === undefined ? `delete ${shownKey(key)}` : `set ${shownKey(key)} ${shownOnLine(value)}`;
  await output.result({ type: value === undefined ? 'delete' : 'set', key, ...contentOf(value, values) }, text);
}
