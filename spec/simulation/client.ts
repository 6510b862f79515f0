import { type NearDict, NearDictError } from 'neardict';
import { ChangeStream } from './changeStream.ts';
import type { Ledger } from './ledger.ts';
import { type Age, findFault, type ReadStart, startRead } from './readCheck.ts';
import { MAX_STALENESS_MS, type Profile } from './profile.ts';
import { Session } from './session.ts';
import { KEYS } from './truth.ts';

export type NumberDict = NearDict<Record<string, number>>;

/** One handle from its opening to its end, with what it did and was told. */
export class Client {
  readonly name: string;
  readonly handle: NumberDict;
  readonly ledger: Ledger;
  /** How old a value that `get` brings may be. */
  readonly readAgeMs: number;
  readonly timeoutMs: number;
  readonly #sessions = new Map<string, Session>(KEYS.map((key) => [key, new Session()]));
  isClosing = false;

  constructor(name: string, handle: NumberDict, ledger: Ledger, { timeout, staleIfError }: Profile['options']) {
    this.name = name;
    this.timeoutMs = timeout;
    this.readAgeMs = staleIfError ?? MAX_STALENESS_MS;
    this.handle = handle;
    this.ledger = ledger;
  }

  session(key: string): Session {
    return this.#sessions.get(key) as Session;
  }

  start(key: string): ReadStart {
    return startRead(this.ledger, this.session(key), key);
  }

  /** Checks, at the end of the turn, what a read brought. */
  check(kind: string, start: ReadStart, age: Age, value: number | undefined): void {
    this.checkMatch(kind, start, age, value, (each) => each === value);
  }

  /** @param matches - Whether a value of the key is what was read: `result`. */
  checkMatch(
    kind: string,
    start: ReadStart,
    age: Age,
    result: unknown,
    matches: (value: number | undefined) => boolean,
  ): void {
    if (this.ledger.isTracing) this.ledger.note(`  ${this.name} ${kind} ${start.key} = ${String(result)}`);
    this.ledger.checkLater(() => {
      const fault = findFault(this.ledger, start, age, matches);
      if (fault !== undefined) this.ledger.violate(`${this.name} ${kind} ${start.key} = ${String(result)} ${fault}`);
    });
  }

  track<V>(what: string, operation: Promise<V>, onValue: (value: V) => void, onError?: (error: unknown) => void): void {
    this.ledger.track(`${what} of ${this.name}`, operation, onValue, (error) => {
      const isRight = error instanceof NearDictError || (error as Error).name === 'AbortError';
      if (!isRight) this.ledger.violate(`${what} of ${this.name} failed with ${String(error)}`);
      onError?.(error);
    });
  }

  /** Follows a watcher, which may wait for its next change until the handle is closed. */
  trackWatch<V>(what: string, next: Promise<V>, onValue: (value: V) => void, onError?: (error: unknown) => void): void {
    this.ledger.track(`${what} of ${this.name}`, next, onValue, onError, this.ledger.waiting);
  }

  stream(kind: string): ChangeStream {
    return new ChangeStream(`${this.name} ${kind}`, this.ledger, (key) => this.session(key));
  }
}
