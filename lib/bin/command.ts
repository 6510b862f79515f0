import type { Readable } from 'node:stream';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { type Duration, ttlOf } from '../duration.ts';
import type { Output } from './output.ts';

/** How a command ends, as `docs/cli.md` tells it. */
export const DONE = 0;
export const FAILED = 1;
export const WRONG_USE = 2;
export const NOT_THERE = 3;

/** A command that ends early, for a reason that its user can read. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = FAILED) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** It was called in a way that it does not have. */
export class UsageError extends CommandError {
  constructor(message: string) {
    super(message, WRONG_USE);
  }
}

export type Options = NonNullable<ParseArgsConfig['options']>;

export interface Command {
  /** What `--help` shows: a line with the form of the call, and what it does. */
  readonly usage: string;
  /** Those of its own, besides `--json` and `--help`. */
  readonly options: Options;
  /** Least and most words that are no options. */
  readonly words: readonly [least: number, most: number];
  /** Resolves the exit code. */
  run(args: Arguments, output: Output): Promise<number>;
}

/** Where a namespace is. */
export const PLACE: Options = {
  url: { type: 'string' },
  namespace: { type: 'string', short: 'n' },
  ns: { type: 'string' },
};

/** The options that every command has. */
const COMMON: Options = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } };

/** The variables of the environment. */
type Environment = Readonly<Record<string, string | undefined>>;

/** What a command was called with. */
export class Arguments {
  readonly words: readonly string[];
  readonly stdin: Readable;
  readonly #env: Environment;
  readonly #values: Readonly<Record<string, unknown>>;

  private constructor(
    words: readonly string[],
    values: Readonly<Record<string, unknown>>,
    env: Environment,
    stdin: Readable,
  ) {
    this.words = words;
    this.stdin = stdin;
    this.#env = env;
    this.#values = values;
  }

  /** @throws {UsageError} An option that the command does not have, or not in this form. */
  static of({ options }: Command, args: readonly string[], env: Environment, stdin: Readable): Arguments {
    try {
      const config = { args: [...args], options: { ...COMMON, ...options }, allowPositionals: true } as const;
      const { values, positionals } = parseArgs(config);
      return new Arguments(positionals, values, env, stdin);
    } catch (error) {
      // The first sentence: what follows is about a case that nobody has.
      throw new UsageError(`${(error as Error).message.split('. ', 1)[0]?.replace(/\.$/, '')}.`);
    }
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** @throws {UsageError} It is no integer of this range. */
  integer(name: string, least: number, most: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new UsageError(`--${name} takes an integer from ${least} to ${most}.`);
  }

  /** @throws {UsageError} It is no time. */
  time(name: string): Duration | undefined {
    const text = this.text(name) as Duration | undefined;
    try {
      if (text !== undefined) ttlOf(text);
      return text;
    } catch {
      throw new UsageError(`--${name} takes a time with its unit: 500ms, 30s, 5m, 2h or 1d.`);
    }
  }

  /** @throws {UsageError} An option of these was given, which is for something else. */
  refuse(names: readonly string[], reason: string): void {
    const given = names.find((name) => this.#values[name] !== undefined);
    if (given !== undefined) throw new UsageError(`--${given} ${reason}.`);
  }

  /** The namespace; `undefined`: none was given. */
  get namespace(): string | undefined {
    const namespace = this.text('namespace') ?? this.text('ns');
    if (namespace === undefined || /^[A-Za-z0-9_.:-]{1,64}$/.test(namespace)) return namespace;
    throw new UsageError('A namespace is 1 to 64 of A-Z a-z 0-9 _ . : -');
  }

  /** @throws {UsageError} None was given. */
  get neededNamespace(): string {
    const { namespace } = this;
    if (namespace !== undefined) return namespace;
    throw new UsageError('Which namespace? Say --namespace NAME. `neardict ls` lists them.');
  }

  /** @throws {UsageError} None was given. */
  get url(): string {
    const url = this.text('url') ?? this.#env['REDIS_URL'];
    if (url !== undefined && url !== '') return url;
    throw new UsageError('Which server? Set REDIS_URL, or say --url redis://localhost:6379.');
  }
}
