import type { Operation } from './operation.ts';
import type { Content, Waiter } from './writer.ts';

/** Most writes, and most bytes of values, in one call: the server and the event loop stay free for others. */
const MAX_OPERATIONS = 1000;
const MAX_BYTES = 1024 * 1024;

/** Plain writes that go out in one call, the last one of each key. It grows until its turn comes. */
export class Parcel {
  readonly #operations = new Map<string, Operation>();
  #bytes = 0;

  get size(): number {
    return this.#operations.size;
  }

  get operations(): Operation[] {
    return [...this.#operations.values()];
  }

  find(key: string): Operation | undefined {
    return this.#operations.get(key);
  }

  /** Whether so many writes with so many bytes may join. A parcel that is empty takes what comes. */
  hasRoomFor(writes: number, bytes: number): boolean {
    return this.size === 0 || (this.size + writes <= MAX_OPERATIONS && this.#bytes + bytes <= MAX_BYTES);
  }

  add(operation: Operation): void {
    this.#operations.set(operation.key, operation);
    this.#bytes += operation.size;
  }

  /** Puts a later write of a key in the place of the one that is here. */
  overwrite(operation: Operation, content: Content, waiter: Waiter | undefined): void {
    this.#bytes -= operation.size;
    operation.overwrite(content, waiter);
    this.#bytes += operation.size;
  }

  remove(operation: Operation): void {
    if (this.#operations.delete(operation.key)) this.#bytes -= operation.size;
  }
}
