import type { Readable, Writable } from 'node:stream';
import { KeyError, NearDictError } from '../errors.ts';
import { keepAlive } from '../store/deadline.ts';
import { VERSION } from '../version.ts';
import { Arguments, type Command, CommandError, DONE, FAILED, UsageError, WRONG_USE } from './command.ts';
import { del } from './del.ts';
import { doctor } from './doctor.ts';
import { exportEntries } from './export.ts';
import { get } from './get.ts';
import { importEntries } from './import.ts';
import { inspect } from './inspector/inspect.ts';
import { ls } from './ls.ts';
import { migrate } from './migrate.ts';
import { Output, type Terminal } from './output.ts';
import { peers } from './peers.ts';
import { set } from './set.ts';
import { stats } from './stats.ts';
import { watch } from './watch.ts';

const commands: Readonly<Record<string, Command>> = {
  ...{ ls, get, set, del, watch, stats, peers, doctor, inspect },
  ...{ export: exportEntries, import: importEntries, migrate },
};

const overview = `${Object.values(commands)
  .map(({ usage }) => usage.split('\n', 1)[0])
  .join('\n')}

  --url         redis[s]://[[user]:password@]host[:port][/database]; of a cluster, any of its servers. Default: the
                environment variable REDIS_URL, which other users of the machine can't see in its list of processes
  --namespace   also --ns or -n: what openDict() is given
  --json        results as JSON, a document per line; errors too, on stderr
  --help        with a command: what it does
  --version     alone: of this program

It ends with 0 when done, 1 when it failed, 2 when it was called wrongly, 3 when there is no such key or namespace.
`;

/** What a program is given besides its arguments. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Terminal;
}

/** Runs a command, and resolves the exit code. */
export async function main([name = '', ...args]: readonly string[], world: World): Promise<number> {
  const output = new Output(world.stdout, world.stderr, args.includes('--json'));
  if (name === '--help' || name === '-h' || name === 'help') {
    await output.write(commandOf(args[0])?.usage ?? overview);
    return DONE;
  }
  if (name === '--version' || name === '-v') {
    await output.result({ version: VERSION }, VERSION);
    return DONE;
  }
  const command = commandOf(name);
  if (command === undefined) {
    if (name === '') output.note(overview);
    else output.fail(`${whatIsWrong(name)} See \`neardict --help\`.`);
    return WRONG_USE;
  }
  try {
    // Much of what it waits for keeps no process alive by itself.
    return await keepAlive(run(command, args, world, output));
  } catch (error) {
    return explain(error, name, output);
  }
}

function commandOf(name: string = ''): Command | undefined {
  return Object.hasOwn(commands, name) ? commands[name] : undefined;
}

/** A word is shown only if it can't be a URL, and so hold a password. */
function whatIsWrong(word: string): string {
  if (word.startsWith('-')) return 'The command comes first, its options behind it.';
  return /^[\w-]{1,30}$/.test(word) ? `There is no command '${word}'.` : 'There is no such command.';
}

async function run(command: Command, args: readonly string[], { env, stdin }: World, output: Output): Promise<number> {
  const given = Arguments.of(command, args, env, stdin);
  if (given.flag('help')) {
    await output.write(command.usage);
    return DONE;
  }
  const [least, most] = command.words;
  const [form] = command.usage.split('\n', 1);
  if (given.words.length < least) throw new UsageError(`Something is missing: ${form}.`);
  if (given.words.length > most) throw new UsageError(`There is a word too many: ${form}.`);
  return command.run(given, output);
}

/** Only errors that are known to hold no secret are shown: others may quote a URL, and so a password. */
function explain(error: unknown, name: string, output: Output): number {
  if (error instanceof NearDictError) {
    output.fail(error.message, error.code);
    return error instanceof KeyError ? WRONG_USE : FAILED;
  }
  if (!(error instanceof CommandError)) {
    output.fail(`It failed${reasonOf(error)}.`);
    return FAILED;
  }
  const advice = error instanceof UsageError ? ` See \`neardict ${name} --help\`.` : '';
  output.fail(error.message + advice);
  return error.exitCode;
}

/** What the system calls it: `listen EADDRINUSE`. */
function reasonOf(error: unknown): string {
  const { syscall, code } = error as NodeJS.ErrnoException;
  return syscall === undefined || code === undefined ? ' for a reason that is not known' : `: ${syscall} ${code}`;
}
