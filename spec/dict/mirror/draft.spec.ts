import { describe, expect, it } from '@jest/globals';
import { Staging } from '../../../lib/coherence/staging.ts';
import { Refused } from '../../../lib/dict/mirror/contents.ts';
import { Draft } from '../../../lib/dict/mirror/draft.ts';

const unfit = new Refused(new Error('unfit'));

function filled(...adds: Parameters<Draft['add']>[]): Draft {
  const draft = new Draft();
  for (const add of adds) draft.add(...add);
  return draft;
}

describe('what a first load brings', () => {
  it.each([
    { before: ['a', undefined], now: ['b', undefined] },
    { before: ['a', undefined], now: [unfit, undefined] },
    { before: [unfit, undefined], now: ['a', undefined] },
    { before: ['a', undefined], now: [undefined, undefined] },
    { before: [undefined, undefined], now: ['a', undefined] },
    { before: ['a', 5], now: ['a', undefined] },
    { before: ['a', undefined], now: ['a', 5] },
  ] as const)('counts as it came last: $before, then $now', ({ before, now }) => {
    const draft = filled(['key', ...before], ['key', ...now]);

    expect([...draft]).toEqual([['key', { content: now[0], expiresAt: now[1] }]]);
  });

  it('may have the key that no object can hold', () => {
    const draft = filled(['__proto__', { a: 1 }, undefined]);

    expect([...draft]).toEqual([['__proto__', { content: { a: 1 }, expiresAt: undefined }]]);
    expect(Object.getPrototypeOf(draft.table.object)).toBe(Object.prototype);
  });

  it('remembers that a key was missing when an older block has it', () => {
    const staged = new Staging(
      (_key, bytes) => Buffer.from(bytes).toString(),
      () => 0,
      () => new Draft(),
    );
    staged.restart(9);
    staged.load(['a'], { position: { seq: 8, nonce: 1 }, values: [undefined] });
    staged.load(['a'], { position: { seq: 6, nonce: 1 }, values: [Buffer.from('a6')] });

    expect([...staged.take()].map(([key, { content }]) => [key, content])).toEqual([['a', undefined]]);
  });
});
