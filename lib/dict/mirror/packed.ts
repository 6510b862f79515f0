import { inspect, type InspectOptions } from 'node:util';
import type { Values } from '../../codec/values.ts';

/**
 * A stored value that nobody has read yet, and that can certainly be unpacked: that takes a good part of the time of a load.
 *
 * Its bytes stand in a string: a Buffer takes a hundred bytes more, and holds the message of the network it was cut out of.
 */
export class Packed {
  /** The key whose value it is. */
  // With fields that are private to the engine, making one takes seven times as long (measured).
  readonly key: string;
  private readonly values: Values;
  private bytes: string | undefined;
  private value: unknown;

  constructor(key: string, bytes: Uint8Array, values: Values) {
    this.key = key;
    this.values = values;
    this.bytes = asBuffer(bytes).toString('latin1');
    this.value = undefined;
  }

  /** The value: always the same one. */
  unpack(): unknown {
    if (this.bytes !== undefined) {
      this.value = this.values.decodeGuarded(this.key, Buffer.from(this.bytes, 'latin1'));
      this.bytes = undefined;
    }
    return this.value;
  }
}

// Printers look at the target of a Proxy past all its traps.
Object.defineProperty(Packed.prototype, inspect.custom, {
  value(this: Packed, _depth: number, options: InspectOptions): unknown {
    const value = this.unpack();
    return typeof value === 'object' ? value : inspect(value, options);
  },
});

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The value itself, whether it was packed or not. */
export function unpacked(value: unknown): unknown {
  return value instanceof Packed ? value.unpack() : value;
}
