import { describe, expect, it } from '@jest/globals';
import { Operation } from '../../lib/write/operation.ts';
import type { Content, Waiter } from '../../lib/write/writer.ts';

const set: Content = { bytes: Buffer.from('1'), ttlMs: undefined };
const remove: Content = { bytes: undefined, ttlMs: undefined };

describe('the writes of one key that share a call', () => {
  /** Notes what each waiter hears. */
  function waiters(): { readonly heard: string[]; readonly named: (name: string) => Waiter } {
    const heard: string[] = [];
    const named = (name: string): Waiter => ({
      applied: (_key, existed) => heard.push(`${name} ${existed}`),
      failed: (_key, error) => heard.push(`${name} ${error.name}`),
    });
    return { heard, named };
  }

  it('tell a delete that comes first whether the store had the key', () => {
    const { heard, named } = waiters();
    const operation = new Operation('ada', remove, named('delete'), 0);
    operation.overwrite(set, named('set'));

    expect(operation.deletes).toBe(true);
    operation.applied(false);
    expect(heard).toEqual(['delete false', 'set false']);
  });

  it('tell a delete that follows a set that the key was there', () => {
    const { heard, named } = waiters();
    const operation = new Operation('ada', set, named('set'), 0);
    operation.overwrite(remove, named('delete'));
    operation.applied(false);

    expect(heard.at(-1)).toBe('delete true');
  });

  it('tell the second of two deletes that nothing was left', () => {
    const { heard, named } = waiters();
    const operation = new Operation('ada', remove, named('first'), 0);
    operation.overwrite(remove, named('second'));
    operation.applied(true);

    expect(heard).toEqual(['first true', 'second false']);
  });

  it('carry the time to live of the last one', () => {
    const operation = new Operation('ada', { ...set, ttlMs: 1000 }, undefined, 0);
    operation.overwrite(set, undefined);

    expect(operation.ttlMs).toBeUndefined();
  });
});

describe('a write that waits behind others of its key', () => {
  it('finds the last one that has not ended, and holds on to none that has', () => {
    const [first, second, third] = [0, 1, 2].map(() => new Operation('ada', set, undefined, 0)) as [
      Operation,
      Operation,
      Operation,
    ];
    second.follow(first);
    third.follow(second);
    expect(third.older).toBe(second);

    second.applied(true);
    expect(third.older).toBe(first);

    first.applied(true);
    expect([third.older, second.older]).toEqual([undefined, undefined]);
  });
});
