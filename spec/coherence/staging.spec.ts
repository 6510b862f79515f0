import { describe, expect, it } from '@jest/globals';
import { LoadedRows } from '../../lib/coherence/loaded.ts';
import { Staging } from '../../lib/coherence/staging.ts';
import type { Message, Snapshot } from '../../lib/store/store.ts';
import { bytes, text } from '../../lib/testing/contract/batches.ts';

function staging(floor: number): Staging {
  const staged = new Staging(
    (_key, value) => text(value),
    () => 0,
    () => new LoadedRows(),
  );
  staged.restart(floor);
  return staged;
}

const read = (seq: number, ...values: string[]): Snapshot => ({
  position: { seq, nonce: 1 },
  values: values.map(bytes),
});

function message(seq: number, changes: Message['changes'], clear = false): Message {
  return { previous: { seq: seq - 1, nonce: 1 }, position: { seq, nonce: 1 }, origin: 0, clear, changes };
}

/** What is taken, and the keys that have to be read. */
function taken(staged: Staging): { readonly contents: unknown; readonly holes: readonly string[] } {
  const holes = [...staged.holes];
  return { holes, contents: Object.fromEntries([...staged.take()].map(([key, { content }]) => [key, content])) };
}

describe('what a load brings', () => {
  it('gives way to messages that come later, and not to blocks that are older than these', () => {
    const staged = staging(5);
    staged.load(['a', 'b', 'c'], read(5, 'a5', 'b5', 'c5'));
    staged.stage(message(6, [{ type: 'set', key: 'a', bytes: bytes('a6') }]), []);
    staged.stage(message(7, [{ type: 'delete', key: 'd' }]), []);

    staged.load(['a', 'd', 'e'], read(5, 'a5', 'd5', 'e5'));

    expect(taken(staged)).toEqual({ holes: [], contents: { a: 'a6', b: 'b5', c: 'c5', d: undefined, e: 'e5' } });
  });

  it('replaces what an earlier block has brought, and not what a later one has', () => {
    const staged = staging(9);
    staged.load(['a', 'b'], read(7, 'a7', 'b7'));
    staged.load(['a'], read(8, 'a8'));
    staged.load(['a', 'c'], read(6, 'a6', 'c6'));

    expect(taken(staged)).toEqual({ holes: [], contents: { a: 'a8', b: 'b7', c: 'c6' } });
  });

  it('ends when its time to live does, like what messages and reads bring', () => {
    const staged = staging(5);
    staged.load(['a', 'b'], { ...read(5, 'a5', 'b5'), ttls: [500, undefined] });
    staged.stage(message(6, [{ type: 'set', key: 'c', bytes: bytes('c6'), ttlMs: 600 }]), []);
    staged.fill('d', bytes('d6'), 700, 6);

    expect([...staged.take()].map(([key, { expiresAt }]) => [key, expiresAt])).toEqual([
      ['a', 500],
      ['b', undefined],
      ['c', 600],
      ['d', 700],
    ]);
  });

  it('is in doubt after a message that clears', () => {
    const staged = staging(5);
    staged.load(['a'], read(5, 'a5'));
    staged.stage(message(6, [], true), []);
    staged.load(['b'], read(5, 'b5'));

    expect(taken(staged).holes).toEqual(['a', 'b']);
  });
});
