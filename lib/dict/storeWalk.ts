import type { Values } from '../codec/values.ts';
import type { Reader } from '../coherence/reader.ts';
import type { AskForBlock } from '../coherence/blocks.ts';
import { LateBlock } from '../store/lateBlock.ts';
import type { Block, Space } from '../store/store.ts';
import { abortable, abortableEach } from './abortable.ts';
import { isKey } from './keys.ts';
import type { ScanOptions } from './nearDict.ts';
import { Pace } from './pace.ts';

/** Walks over all entries in the store, a batch at a time, past the cache. */
export class StoreWalk {
  readonly #space: Space;
  readonly #readers: readonly Reader[];
  readonly #partitionOf: (key: string) => number;
  readonly #values: Values;
  readonly #timeoutMs: number;

  constructor(
    space: Space,
    readers: readonly Reader[],
    partitionOf: (key: string) => number,
    values: Values,
    timeoutMs: number,
  ) {
    this.#space = space;
    this.#readers = readers;
    this.#partitionOf = partitionOf;
    this.#values = values;
    this.#timeoutMs = timeoutMs;
  }

  /** Each key once. */
  keys(options?: ScanOptions): AsyncGenerator<readonly string[], void, undefined> {
    return this.#scan(options, false);
  }

  /** Keys for one who reads all of them: some may come twice, or hold no entry. It is quicker. */
  roughKeys(options?: ScanOptions): AsyncGenerator<readonly string[], void, undefined> {
    return this.#scan(options, true);
  }

  async *#scan(
    { prefix = '', signal }: ScanOptions = {},
    isRough: boolean,
  ): AsyncGenerator<readonly string[], void, undefined> {
    const batches = this.#space.scan(prefix, () => performance.now() + this.#timeoutMs, isRough);
    const pace = new Pace();
    for await (const keys of abortableEach(batches, signal)) {
      yield keys.filter(isKey);
      if (pace.isPauseDue) await pace.pause();
    }
  }

  /**
   * Reads everything, in whichever way is quicker.
   *
   * @param take - Gets the entries; some come twice, the second read later.
   */
  async all(options: ScanOptions | undefined, take: (key: string, value: unknown) => void): Promise<void> {
    const ask = this.asker(options);
    const [reader] = this.#readers;
    if (ask === undefined || reader === undefined) {
      for await (const batch of this.#entries(options, true)) for (const [key, value] of batch) take(key, value);
      return;
    }
    await reader.readAllBeside(ask, (key, bytes, entry) => {
      if (bytes === undefined) return;
      take(key, entry === undefined ? this.#values.decode(key, bytes).value : entry.peek(key, this.#values));
    });
  }

  /** Asks for all entries block after block; `undefined`: the store does not bring them like this. */
  asker({ prefix = '', signal }: ScanOptions = {}): AskForBlock | undefined {
    const { block } = this.#space;
    if (block === undefined || this.#readers.length > 1) return undefined;
    return async (cursor) => {
      signal?.throwIfAborted();
      return ofKeys(await abortable(block(0, prefix, cursor, performance.now() + this.#timeoutMs), signal));
    };
  }

  /** Each entry once. */
  entries(options?: ScanOptions): AsyncGenerator<readonly (readonly [string, unknown])[], void, undefined> {
    return this.#entries(options, false);
  }

  async *#entries(
    options: ScanOptions | undefined,
    isRough: boolean,
  ): AsyncGenerator<readonly (readonly [string, unknown])[], void, undefined> {
    for await (const keys of this.#scan(options, isRough)) yield await abortable(this.#read(keys), options?.signal);
  }

  /** Keys that were deleted since the scan met them are left out. */
  async #read(keys: readonly string[]): Promise<(readonly [string, unknown])[]> {
    const members = this.#readers.map((): string[] => []);
    for (const key of keys) members[this.#partitionOf(key)]?.push(key);
    const entries = await Promise.all(this.#readers.map((reader, id) => this.#readPart(reader, members[id] ?? [])));
    return entries.flat().filter(([, value]) => value !== undefined);
  }

  async #readPart(reader: Reader, keys: readonly string[]): Promise<(readonly [string, unknown])[]> {
    if (keys.length === 0) return [];
    const replies = await reader.readBeside(keys);
    return keys.map((key, index) => [key, replies[index]?.entry.peek(key, this.#values)]);
  }
}

/** Without what can't be a key. */
function ofKeys(block: Block): Block {
  return new LateBlock(block.position, block.next, () => {
    const { keys, values, ttls } = block;
    if (keys.every(isKey)) return block;
    const isOfKey = (_: unknown, index: number): boolean => isKey(keys[index] ?? '');
    return { keys: keys.filter(isKey), values: values.filter(isOfKey), ttls: ttls?.filter(isOfKey) };
  });
}
