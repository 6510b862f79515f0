import { text } from 'node:stream/consumers';
import { assertKey } from '../dict/keys.ts';
import { ConflictError } from '../errors.ts';
import { type Arguments, type Command, DONE, PLACE, UsageError } from './command.ts';
import { CREATION, findTarget } from './target.ts';

export const set: Command = {
  usage: `neardict set KEY [VALUE] --namespace NAME [--ttl TIME] [--if-version VERSION | --if-absent] [--create]

Writes a value, tells everybody who has the namespace open, and prints the version. VALUE is JSON if it reads as JSON,
else a string; without VALUE it is read from stdin. What starts with a dash stands behind \`--\`.

  --string        VALUE is a string, whatever it looks like
  --ttl           how long it lives: 500ms, 30s, 5m, 2h or 1d; default: for ever
  --if-version    only if the key has this version; --if-absent: only if it is missing
  --create        makes the namespace if there is none: --partitions N (64 on a cluster, else 1), --codec msgpack or json
`,
  options: {
    ...PLACE,
    ...CREATION,
    string: { type: 'boolean' },
    ttl: { type: 'string' },
    'if-version': { type: 'string' },
    'if-absent': { type: 'boolean' },
  },
  words: [1, 2],
  async run(args, output) {
    const [key, word] = args.words as [key: string, value?: string];
    assertKey(key);
    const [ifVersion, ttl] = [conditionOf(args), args.time('ttl')];
    const value = valueOf(word ?? (await text(args.stdin)).replace(/\r?\n$/, ''), args.flag('string'));
    const target = await findTarget(args);
    const dict = await target.openDict(false);
    try {
      const version = await dict.set(key, value, { ttl, ifVersion });
      await output.result({ key, version }, version);
      return DONE;
    } catch (error) {
      throw error instanceof ConflictError ? withWhatIsThere(error) : error;
    } finally {
      await dict.close();
    }
  },
};

function conditionOf(args: Arguments): string | null | undefined {
  const version = args.text('if-version');
  if (!args.flag('if-absent')) return version;
  if (version === undefined) return null;
  throw new UsageError('--if-version and --if-absent exclude each other.');
}

function withWhatIsThere({ key, version }: ConflictError): ConflictError {
  const message = version === null ? 'There is no such key.' : `The key is there, with the version ${version}.`;
  return new ConflictError(message, key, version);
}

/** @throws {UsageError} A number that JavaScript can't hold. */
function valueOf(word: string, isString: boolean): unknown {
  if (isString) return word;
  try {
    const value: unknown = JSON.parse(word);
    if (typeof value !== 'number' || !/^-?\d+$/.test(word.trim()) || Number.isSafeInteger(value)) return value;
  } catch {
    return word;
  }
  throw new UsageError('The number has too many digits to be kept as it is. Say --string to keep it as a string.');
}
