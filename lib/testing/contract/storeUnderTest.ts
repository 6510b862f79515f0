import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Position } from '../../store/position.ts';
import type { Batch, Condition, Receipt, Space, SpaceOptions, Store } from '../../store/store.ts';
import { versionOf } from '../../store/version.ts';
import { batch, bytes, soon, text } from './batches.ts';
import { FeedRecorder } from './feedRecorder.ts';

export type Case = (underTest: StoreUnderTest) => Promise<void>;

/** By sentence. */
export type Cases = Readonly<Record<string, Case>>;

/** What the tests of a store can do to its connections. */
export interface ContractFaults {
  /**
   * Cuts every connection over which the store's messages come, as a network would that is back at once. Resolves when
   * it is done; the store may notice later.
   */
  readonly cutFeed?: () => unknown;
}

/** What the cases of the contract work with; new for each case. */
export class StoreUnderTest implements AsyncDisposable {
  readonly namespace: string = `contract-${randomUUID()}`;
  readonly #makeStore: () => Store;
  readonly #store: Store;
  readonly #faults: ContractFaults;
  readonly #opened: Space[] = [];
  #space: Space | undefined;

  private constructor(makeStore: () => Store, faults: ContractFaults) {
    this.#makeStore = makeStore;
    this.#faults = faults;
    this.#store = makeStore();
  }

  static async open(makeStore: () => Store, faults: ContractFaults): Promise<StoreUnderTest> {
    const underTest = new StoreUnderTest(makeStore, faults);
    underTest.#space = await underTest.open();
    return underTest;
  }

  get space(): Space {
    assert.ok(this.#space);
    return this.#space;
  }

  /** Opens the namespace, or another, once more over the same store. */
  open(options: Partial<SpaceOptions> = {}): Promise<Space> {
    return this.#open(this.#store, options);
  }

  /** Opens it as another process does. */
  openElsewhere(options: Partial<SpaceOptions> = {}): Promise<Space> {
    return this.#open(this.#makeStore(), options);
  }

  async follow(space: Space = this.space): Promise<FeedRecorder> {
    const recorder = new FeedRecorder();
    await space.follow(0, recorder, soon());
    return recorder;
  }

  write(parts: Partial<Batch>, to: Space = this.space): Promise<Receipt> {
    return to.write(0, batch(parts), soon());
  }

  set(key: string, value: string, to: Space = this.space): Promise<Receipt> {
    return this.write({ sets: [[key, bytes(value)]] }, to);
  }

  async get(key: string, from: Space = this.space): Promise<string | undefined> {
    const [value] = await this.getMany([key], from);
    return value;
  }

  async getMany(keys: readonly string[], from: Space = this.space): Promise<(string | undefined)[]> {
    return Array.from((await from.read(0, keys, soon())).values, text);
  }

  async position(): Promise<Position> {
    return plainPosition(await this.space.position(0, soon()));
  }

  async cutFeed(): Promise<void> {
    await this.#faults.cutFeed?.();
  }

  /** Everything that a scan finds, in order. */
  async scan(prefix: string = '', from: Space = this.space): Promise<string[]> {
    const found: string[] = [];
    for await (const keys of from.scan(prefix, soon)) found.push(...keys);
    return found.toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const space of this.#opened) await space.close();
  }

  async #open(store: Store, options: Partial<SpaceOptions>): Promise<Space> {
    const layout = { partitions: 1, hash: 'fnv1a', codec: 'msgpack' };
    const whole = { namespace: this.namespace, layout, inlineBytes: 256, tracking: false, origin: 7, ...options };
    const space = await store.open(whole, soon());
    this.#opened.push(space);
    return space;
  }
}

/** A condition that the key holds `value`; `null`: that it is missing. */
export function is(key: string, value: string | null): Condition {
  return { key, version: value === null ? null : versionOf(bytes(value)) };
}

export function plainPosition({ seq, nonce }: Position): Position {
  return { seq, nonce };
}

/** Classes are told apart by `code`: a store may have errors of another copy of the library. */
export async function rejects(promise: Promise<unknown>, code: `ERR_NEARDICT_${string}`): Promise<void> {
  await assert.rejects(promise, { code });
}
