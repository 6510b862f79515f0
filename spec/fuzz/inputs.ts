import { ENVELOPE_HEAD, encodeEnvelopeTail } from '../../lib/store/redis/envelope.ts';
import { seededRandom } from '../support/seededRandom.ts';

// In Jest a look at a global costs more than the rest.
const { floor, min } = Math;
const Bytes = Buffer;

const POOL = 200_000;

/** Bytes that decoders take for something: types and lengths of msgpack, marks of messages. */
const TELLING = [0, 1, 2, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa1, 0xbf, 0xff].concat(
  Array.from({ length: 32 }, (_, index) => 0xc0 + index),
);
const TEXTS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ':',
  ',',
  '\\u',
  'null',
  '-',
  '1e999',
  '"a":',
  '__proto__',
  '/',
  '#',
  '*',
  '🔑',
];

/** Inputs that look random, and are the same for the same seed. */
export class Inputs {
  readonly #random: () => number;
  readonly #bytes: readonly Buffer[];
  readonly #texts: readonly string[];

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    const many = <V>(make: () => V): V[] => Array.from({ length: POOL }, make);
    const any = Buffer.from(many(() => this.upTo(255)));
    const telling = Buffer.from(many(() => (this.upTo(2) > 0 ? this.oneOf(TELLING) : this.upTo(255))));
    const syntax = many(() => this.oneOf(TEXTS)).join('');
    const units = many(() => String.fromCharCode(this.upTo(0xffff))).join('');
    this.#bytes = [any, telling, telling, Buffer.from(syntax)];
    this.#texts = [syntax, units];
  }

  upTo(most: number): number {
    return floor(this.#random() * (most + 1));
  }

  oneOf<V>(items: readonly V[]): V {
    return items[this.upTo(items.length - 1)] as V;
  }

  bytes(most: number = 60): Buffer {
    const pool = this.oneOf(this.#bytes);
    const at = this.upTo(pool.length - most);
    return pool.subarray(at, at + this.upTo(most));
  }

  text(most: number = this.oneOf([5, 70, 1100])): string {
    const pool = this.oneOf(this.#texts);
    const at = this.upTo(pool.length - most);
    return pool.slice(at, at + this.upTo(most));
  }

  message(): Buffer {
    const keys = Array.from({ length: this.upTo(6) }, (_, index) => `${index} ${this.text(20).toWellFormed()}`);
    const batch = {
      deletes: keys.slice(0, this.upTo(keys.length)),
      sets: keys.map((key) => [key, this.bytes(), this.oneOf([undefined, 1 + this.upTo(1e6)])] as const),
      clear: this.upTo(9) === 0,
    };
    const positions = Buffer.from(Array.from({ length: 24 }, () => this.upTo(255)));
    return Bytes.concat([
      ENVELOPE_HEAD,
      positions,
      encodeEnvelopeTail(batch, this.upTo(2 ** 31), this.oneOf([0, 256])),
    ]);
  }

  /** What was sound before a byte was changed, or something cut off, left out, put in or doubled. */
  damaged(sound: Uint8Array): Buffer {
    let bytes = Bytes.from(sound);
    for (let left = 1 + this.upTo(2); left > 0; left--) {
      const at = this.upTo(bytes.length - 1);
      const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
      const kind = this.upTo(6);
      if (kind <= 2) bytes[at] = kind === 0 ? this.upTo(255) : this.oneOf(TELLING);
      else if (kind === 3) bytes = before;
      else if (kind === 4) bytes = Bytes.concat([before, after.subarray(min(after.length, this.upTo(8)))]);
      else if (kind === 5) bytes = Bytes.concat([before, this.bytes(), after]);
      else bytes = Bytes.concat([bytes, after]);
      if (bytes.length === 0) break;
    }
    return bytes;
  }
}
