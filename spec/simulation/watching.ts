import type { DictChange, DictState, WatchedValue } from 'neardict';
import type { ChangeStream } from './changeStream.ts';
import type { Chance } from './chance.ts';
import type { Client } from './client.ts';

/** A `watch()` whose consumer asks for one change at a time. */
interface SlowWatch {
  readonly changes: AsyncIterableIterator<DictChange>;
  readonly stream: ChangeStream;
  isAsking: boolean;
}

/** A `watch(key)` whose consumer is fast. */
interface KeyWatch {
  readonly key: string;
  readonly values: AsyncIterableIterator<WatchedValue<number>>;
  /** Step in which it began. */
  readonly since: number;
  last: { readonly value: number | undefined } | undefined;
}

/** Watchers of one handle at once. */
const MAX_WATCHES = 3;

/** What the listeners and watchers of one handle are told. */
export class Watching {
  readonly #client: Client;
  #listener: { readonly stream: ChangeStream; readonly hear: (change: DictChange) => void } | undefined;
  readonly #slow = new Set<SlowWatch>();
  readonly #byKey = new Set<KeyWatch>();
  #state: DictState;

  constructor(client: Client) {
    this.#client = client;
    this.#state = client.handle.state;
    client.handle.on('state', (now, before) => {
      const isRight = before === this.#state && now !== before && now === client.handle.state;
      if (!isRight) client.ledger.violate(`${client.name}: state ${now} after ${before}, not ${this.#state}`);
      client.ledger.note(`  ${client.name} is ${now}`);
      this.#state = now;
    });
  }

  /** Starts or stops to listen to changes. */
  toggleListener(): void {
    const { handle } = this.#client;
    if (this.#listener !== undefined) {
      handle.off('change', this.#listener.hear);
      this.#listener = undefined;
      return;
    }
    const stream = this.#client.stream('event');
    const hear = (change: DictChange): void => {
      stream.take(change);
    };
    this.#listener = { stream, hear };
    handle.on('change', hear);
  }

  /** Starts a watcher, or stops one. */
  toggleWatch(key: string, chance: Chance): void {
    const [slow] = this.#slow;
    const [byKey] = this.#byKey;
    if (this.#slow.size + this.#byKey.size < MAX_WATCHES && chance.is(0.6)) {
      if (chance.is(0.5)) this.#watchKey(key, chance.is(0.5));
      else
        this.#slow.add({ changes: this.#client.handle.watch(), stream: this.#client.stream('watch'), isAsking: false });
    } else if (byKey !== undefined && chance.is(0.5)) this.#stopKey(byKey);
    else if (slow !== undefined) this.#stop(slow);
  }

  /** Lets every slow watcher take its next change. */
  take(): void {
    for (const watch of this.#slow) if (!watch.isAsking) this.#ask(watch);
  }

  /** Slow watchers that wait for a change have taken all. */
  get hasTakenAll(): boolean {
    return [...this.#slow].every(({ isAsking }) => isAsking);
  }

  /** Ends everything that would wait for the next change. */
  stop(): void {
    for (const watch of this.#slow) this.#stop(watch);
    for (const watch of this.#byKey) this.#stopKey(watch);
  }

  checkTold(): void {
    const streams = [this.#listener?.stream ?? [], ...[...this.#slow].map(({ stream }) => stream)].flat();
    for (const { name, missing } of streams) {
      for (const key of missing) this.#client.ledger.violate(`${name}: nothing was told of the last change of ${key}`);
    }
    for (const { key, since, last } of this.#byKey) {
      const { value, step, isRestored } = this.#client.ledger.truth.last(key);
      const isTold = step <= since || isRestored || (last !== undefined && last.value === value);
      if (!isTold) this.#client.ledger.violate(`${this.#client.name}: watch(${key}) told nothing of the last change`);
    }
  }

  #ask(watch: SlowWatch): void {
    watch.isAsking = true;
    this.#client.trackWatch('watch', watch.changes.next(), ({ done, value }) => {
      watch.isAsking = false;
      if (done === true) this.#slow.delete(watch);
      else watch.stream.take(value);
    });
  }

  #stop(watch: SlowWatch): void {
    this.#slow.delete(watch);
    this.#client.track('end of watch', Promise.resolve(watch.changes.return?.()), () => {});
  }

  /** Follows a key as fast as it changes. */
  #watchKey(key: string, initial: boolean): void {
    const values = this.#client.handle.watch(key, { initial });
    const watch: KeyWatch = { key, values, since: this.#client.ledger.step, last: undefined };
    this.#byKey.add(watch);
    this.#next(watch);
  }

  #next(watch: KeyWatch): void {
    const start = this.#client.start(watch.key);
    this.#client.trackWatch(
      `watch ${watch.key}`,
      watch.values.next(),
      (result) => {
        if (result.done === true) {
          this.#byKey.delete(watch);
          return;
        }
        watch.last = { value: result.value.value };
        this.#client.check('watch', start, this.#client.readAgeMs, result.value.value);
        this.#next(watch);
      },
      () => {
        this.#byKey.delete(watch);
      },
    );
  }

  #stopKey(watch: KeyWatch): void {
    this.#byKey.delete(watch);
    this.#client.track(`end of watch ${watch.key}`, Promise.resolve(watch.values.return?.()), () => {});
  }
}
