import { entriesOf } from '../store/copy.ts';
import { isMissingRight } from '../store/redis/failures.ts';
import { layoutIn } from '../store/redis/inspect.ts';
import { connectProbe, namespacesIn } from '../store/redis/probe.ts';
import { type Arguments, type Command, DONE, PLACE } from './command.ts';
import type { Output } from './output.ts';
import { recordOf, shownKey } from './record.ts';
import { connectInTime, findTarget, inTime, STEP_MS } from './target.ts';

export const ls: Command = {
  usage: `neardict ls [--namespace NAME] [--prefix TEXT] [--long]

Lists the namespaces of a server, or the keys of one of them, one a line, keys in no order.

  --prefix    only keys that start with it
  --long      also the size of the value in bytes, its version, and when it expires
`,
  options: { ...PLACE, prefix: { type: 'string' }, long: { type: 'boolean', short: 'l' } },
  words: [0, 0],
  async run(args, output) {
    if (args.namespace === undefined) await listNamespaces(args, output);
    else await listKeys(args, output);
    return DONE;
  },
};

async function listNamespaces(args: Arguments, output: Output): Promise<void> {
  args.refuse(['prefix', 'long'], 'is for the keys of a namespace');
  const probe = await connectProbe(args.url, connectInTime());
  try {
    for (const namespace of await namespacesIn(probe, inTime)) {
      const layout = output.isJson ? await layoutIn(probe, namespace, inTime()).catch(noneIfForbidden) : undefined;
      await output.result({ namespace, ...layout }, namespace);
    }
  } finally {
    probe.close();
  }
}

/** Of those that the user may not read only the name is known. */
function noneIfForbidden(error: unknown): undefined {
  if (!isMissingRight(error)) throw error;
}

async function listKeys(args: Arguments, output: Output): Promise<void> {
  const { values, openSide } = await findTarget(args);
  const side = await openSide();
  const prefix = args.text('prefix') ?? '';
  try {
    if (!args.flag('long')) {
      for await (const keys of side.space.scan(prefix, inTime))
        for (const key of keys) await output.result({ key }, shownKey(key));
      return;
    }
    for await (const entries of entriesOf(side, STEP_MS, prefix)) {
      for (const entry of entries) {
        const { key, version, expiresAt } = recordOf(entry, values);
        const { length } = entry.bytes;
        const text = `${String(length).padStart(9)}  ${version.slice(0, 8)}  ${expiresAt ?? '-'}  ${shownKey(key)}`;
        await output.result({ key, bytes: length, version, expiresAt }, text);
      }
    }
  } finally {
    await side.space.close();
  }
}
