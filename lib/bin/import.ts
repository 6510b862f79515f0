import { type FileHandle, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Values } from '../codec/values.ts';
import { assertKey } from '../dict/keys.ts';
import { copyEntries, STEP_KEYS, type StoredEntry } from '../store/copy.ts';
import { type Command, CommandError, DONE, FAILED, PLACE } from './command.ts';
import { Progress } from './progress.ts';
import { entryOf } from './record.ts';
import { CREATION, findTarget, STEP_MS } from './target.ts';

export const importEntries: Command = {
  usage: `neardict import [FILE] --namespace NAME [--overwrite] [--create]

Writes entries that \`neardict export\` wrote, from FILE or stdin, and tells everybody who has the namespace open. It may
be run again. What has expired is left out, and nothing is deleted. Ends with 1 if some keys have another value and
stayed, and at a line that is no entry.

  --overwrite     replaces values that differ
  --create        makes the namespace if there is none: --partitions N (64 on a cluster, else 1), --codec msgpack or json
`,
  options: { ...PLACE, ...CREATION, overwrite: { type: 'boolean' } },
  words: [0, 1],
  async run(args, output) {
    const [path] = args.words;
    const source = path === undefined ? { input: args.stdin, share: () => undefined } : await openFile(path);
    const { values, openSide } = await findTarget(args);
    const side = await openSide();
    const progress = new Progress(output.terminal);
    try {
      const { copied, same, differing } = await copyEntries(batchesOf(source.input, values), side, {
        overwrites: args.flag('overwrite'),
        stepMs: STEP_MS,
        onProgress: (counts) => {
          progress.show(counts.copied + counts.same + counts.differing, source.share());
        },
      });
      progress.end();
      await output.result(
        { written: copied, same, differing },
        `${copied} written, ${same} were there, ${differing} differ and stayed.`,
      );
      return differing === 0 ? DONE : FAILED;
    } finally {
      progress.end();
      source.input.destroy();
      await side.space.close();
    }
  },
};

interface Source {
  readonly input: Readable;
  /** How much of it was read, from 0 to 1. */
  share(): number | undefined;
}

/** @throws {CommandError} It can't be read. */
async function openFile(path: string): Promise<Source> {
  let file: FileHandle;
  try {
    file = await open(path);
  } catch (error) {
    throw new CommandError(`The file can't be read: ${(error as NodeJS.ErrnoException).code}.`);
  }
  const { size } = await file.stat();
  const input = file.createReadStream();
  return { input, share: () => input.bytesRead / size };
}

/** The entries of each line. What stands before a line that is none was handed out before the error is thrown. */
async function* batchesOf(input: Readable, values: Values): AsyncGenerator<readonly StoredEntry[]> {
  let batch = new Map<string, StoredEntry>();
  let count = 0;
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    count++;
    if (line.trim() === '') continue;
    let entry: StoredEntry | undefined;
    try {
      entry = entryIn(line, values);
    } catch (error) {
      yield [...batch.values()];
      throw new CommandError(
        `Line ${count} is no entry: ${(error as Error).message.replace(/\.$/, '')}. All before it are in.`,
      );
    }
    if (entry === undefined) continue;
    if (batch.size === STEP_KEYS || batch.has(entry.key)) {
      yield [...batch.values()];
      batch = new Map();
    }
    batch.set(entry.key, entry);
  }
  yield [...batch.values()];
}

function entryIn(line: string, values: Values): StoredEntry | undefined {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    // The parser's own message quotes the line, and so a value.
    throw new CommandError('it is no JSON');
  }
  const entry = entryOf(record, values);
  if (entry !== undefined) assertKey(entry.key);
  return entry;
}
