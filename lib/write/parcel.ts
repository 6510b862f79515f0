import type { NearDictError } from '../errors.ts';
import type { Turn } from './lane.ts';
import type { Operation, Place } from './operation.ts';

/** Most writes, and most bytes of values, in one call: the server and the event loop stay free for others. */
const MAX_OPERATIONS = 1000;
const MAX_BYTES = 1024 * 1024;

/** Sends parcels. */
export interface Carrier {
  /** Resolves, never rejects, when all writes of the parcel have ended, or wait in another one. */
  send(parcel: Parcel): Promise<void>;
  giveUp(parcel: Parcel, reason: NearDictError): void;
}

/** Plain writes that go out in one call, the last one of each key. It grows until its turn comes. */
export class Parcel implements Place, Turn {
  readonly stretch: number;
  readonly #carrier: Carrier;
  /** Also those that were taken out. */
  readonly #operations: Operation[] = [];
  #size = 0;
  #bytes = 0;

  constructor(stretch: number, carrier: Carrier) {
    this.stretch = stretch;
    this.#carrier = carrier;
  }

  get size(): number {
    return this.#size;
  }

  get operations(): readonly Operation[] {
    if (this.#size === this.#operations.length) return this.#operations;
    return this.#operations.filter(({ place }) => place === this);
  }

  /** Whether so many writes with so many bytes may join. A parcel that is empty takes what comes. */
  hasRoomFor(writes: number, bytes: number): boolean {
    return this.#size === 0 || (this.#size + writes <= MAX_OPERATIONS && this.#bytes + bytes <= MAX_BYTES);
  }

  /** @param operation - Of a key that has none here. */
  add(operation: Operation): void {
    operation.place = this;
    this.#operations.push(operation);
    this.#size++;
    this.#bytes += operation.size;
  }

  remove(operation: Operation): void {
    operation.place = undefined;
    this.#size--;
    this.#bytes -= operation.size;
  }

  grown(bytes: number): void {
    this.#bytes += bytes;
  }

  run(): Promise<void> {
    return this.#carrier.send(this);
  }

  giveUp(reason: NearDictError): void {
    this.#carrier.giveUp(this, reason);
  }
}
