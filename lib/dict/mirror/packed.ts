import { inspect, type InspectOptions } from 'node:util';
import type { Values } from '../../codec/values.ts';

/**
 * A stored value that nobody has read yet, and that can certainly be unpacked: that takes a good part of the time of a load.
 *
 * Its bytes stay where they are, among those of others: what is loaded is unpacked soon, and copying it takes longer. The
 * array that shows them takes a hundred bytes more.
 */
export class Packed {
  /** The key whose value it is. */
  // With fields that are private to the engine, making one takes seven times as long (measured).
  readonly key: string;
  private readonly values: Values;
  /** What holds the bytes, until it is the value. */
  private content: unknown;
  private readonly offset: number;
  private length: number;

  constructor(key: string, bytes: Uint8Array, values: Values) {
    this.key = key;
    this.values = values;
    this.content = bytes.buffer;
    this.offset = bytes.byteOffset;
    this.length = bytes.byteLength;
  }

  /** The value: always the same one. */
  unpack(): unknown {
    if (this.length === UNPACKED) return this.content;
    const bytes = new Uint8Array(this.content as ArrayBuffer, this.offset, this.length);
    this.content = this.values.decodeGuarded(this.key, bytes);
    this.length = UNPACKED;
    return this.content;
  }
}

/** The length of bytes that are not there any more. */
const UNPACKED = -1;

// Printers look at the target of a Proxy past all its traps.
Object.defineProperty(Packed.prototype, inspect.custom, {
  value(this: Packed, _depth: number, options: InspectOptions): unknown {
    const value = this.unpack();
    return typeof value === 'object' ? value : inspect(value, options);
  },
});

/** The value itself, whether it was packed or not. */
export function unpacked(value: unknown): unknown {
  return value instanceof Packed ? value.unpack() : value;
}
