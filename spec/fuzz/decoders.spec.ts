import { describe, expect, it } from '@jest/globals';
import { CodecError, ConfigError, KeyError } from 'neardict';
import { jsonCodec } from '../../lib/codec/json.ts';
import { msgpackCodec } from '../../lib/codec/msgpack.ts';
import { Values } from '../../lib/codec/values.ts';
import { assertKey } from '../../lib/dict/keys.ts';
import { resolveOptions } from '../../lib/options.ts';
import { decodeLogged } from '../../lib/store/redis/changeLog.ts';
import { decodeEnvelope, ENVELOPE_HEAD } from '../../lib/store/redis/envelope.ts';
import { decodeKey, namespaceOfMeta, scanPattern } from '../../lib/store/redis/names.ts';
import { Inputs } from './inputs.ts';

/** Repeats a run that has found something. */
const SEED = 'NEARDICT_FUZZ_SEED';
const seed = Number(process.env[SEED] ?? Math.floor(Math.random() * 2 ** 31));
process.stdout.write(`${SEED}=${seed}\n`);
const inputs = new Inputs(seed);

const BYTE_STRINGS = 100_000;
const NAMES = 20_000;
const SLOW_MS = 50;

const now = performance.now.bind(performance);

type ErrorClass = new (...args: never[]) => Error;

/** Runs `decode` on each input. It may throw `allowed` and nothing else, and takes no longer than 50 ms. */
function fuzz<I>(count: number, input: () => I, decode: (input: I) => void, allowed?: ErrorClass): readonly unknown[] {
  const found: unknown[] = [];
  for (let left = count; left > 0 && found.length < 5; left--) {
    const given = input();
    const attempt = (): number => {
      const start = now();
      try {
        decode(given);
      } catch (error) {
        if (allowed === undefined || !(error instanceof allowed)) found.push({ given, error });
      }
      return now() - start;
    };
    // Another program may have had the processor: what is slow is slow again.
    if ([0, 1, 2, 3].every(() => attempt() > SLOW_MS)) found.push({ given, error: 'slow' });
  }
  return found;
}

function isCount(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0;
}

describe(`any bytes`, () => {
  it('are a message or none', () => {
    const messages = Array.from({ length: 500 }, () => inputs.message());
    const input = (): Buffer => {
      if (inputs.upTo(1) === 0) return inputs.damaged(inputs.oneOf(messages));
      return inputs.upTo(1) === 0 ? inputs.bytes() : Buffer.concat([ENVELOPE_HEAD, inputs.bytes(200)]);
    };
    let read = 0;

    const found = fuzz(BYTE_STRINGS, input, (bytes) => {
      const message = decodeEnvelope(bytes);
      if (message === undefined) return;
      read++;
      const { position, origin, changes } = message;
      if (![position.seq, position.nonce, origin].every(isCount)) throw new Error('A number is none.');
      if (changes.some(({ key }) => typeof key !== 'string')) throw new Error('A key is no string.');
    });

    expect(found).toEqual([]);
    expect(read).toBeGreaterThan(BYTE_STRINGS / 100);
  });

  it('are an item of the change log or none', () => {
    const input = (): Buffer => Buffer.concat([Buffer.alloc(inputs.upTo(13)), inputs.bytes()]);

    expect(fuzz(BYTE_STRINGS / 4, input, decodeLogged)).toEqual([]);
  });

  it.each([
    { codec: msgpackCodec, mode: 'frozen', share: 0.4 },
    { codec: msgpackCodec, mode: 'clone', share: 0.2 },
    { codec: jsonCodec, mode: 'frozen', share: 0.4 },
  ] as const)('are a value or a CodecError: $codec.name, $mode', ({ codec, mode, share }) => {
    const values = new Values(codec, mode, 2 ** 20);
    const sound = [
      { name: 'Ada', tags: ['a', 'b', { deep: [1, 2.5, -3, null, true] }] },
      Array.from({ length: 40 }, (_, index) => ({ index, text: 'x'.repeat(index) })),
      codec === msgpackCodec ? { date: new Date(0), big: 2n ** 60n, bytes: new Uint8Array(9) } : 'text',
    ].map((value) => values.encode(value));
    const input = (): Buffer => (inputs.upTo(1) === 0 ? inputs.damaged(inputs.oneOf(sound)) : inputs.bytes());
    let read = 0;

    const found = fuzz(
      BYTE_STRINGS * share,
      input,
      (bytes) => {
        values.decode('key', bytes);
        read++;
      },
      CodecError,
    );

    expect(found).toEqual([]);
    expect(read).toBeGreaterThan((BYTE_STRINGS * share) / 100);
  });
});

describe('any name', () => {
  it('is a key or a KeyError', () => {
    expect(fuzz(NAMES, () => inputs.text(), assertKey, KeyError)).toEqual([]);
  });

  it('is a namespace or a ConfigError', () => {
    const open = (namespace: string): unknown => resolveOptions({ namespace });

    expect(fuzz(NAMES, () => inputs.text(10), open, ConfigError)).toEqual([]);
  });

  it('in a store is a key or none, a record or none', () => {
    const decode = (name: Buffer): void => {
      decodeKey(name, 2);
      namespaceOfMeta(name.toString());
    };

    expect(fuzz(NAMES, () => inputs.bytes(), decode)).toEqual([]);
  });

  it('can be looked for by its start', () => {
    const find = (prefix: string): unknown => scanPattern('ns', false, prefix);

    expect(fuzz(NAMES, () => inputs.text(), find)).toEqual([]);
  });
});
