import { describe, expect, it } from '@jest/globals';
import { Operation } from '../../lib/write/operation.ts';
import type { Waiter } from '../../lib/write/writer.ts';

describe('the writes of one key that share a call', () => {
  /** Notes what each waiter hears. */
  function waiters(): { readonly heard: string[]; readonly named: (name: string) => Waiter } {
    const heard: string[] = [];
    const named = (name: string): Waiter => ({
      applied: (existed) => heard.push(`${name} ${existed}`),
      failed: (error) => heard.push(`${name} ${error.name}`),
    });
    return { heard, named };
  }

  it('tell a delete that comes first whether the store had the key', () => {
    const { heard, named } = waiters();
    const operation = new Operation('ada', undefined, named('delete'), 0);
    operation.overwrite(Buffer.from('1'), named('set'));

    expect(operation.deletes).toBe(true);
    operation.applied(false);
    expect(heard).toEqual(['delete false', 'set false']);
  });

  it('tell a delete that follows a set that the key was there', () => {
    const { heard, named } = waiters();
    const operation = new Operation('ada', Buffer.from('1'), named('set'), 0);
    operation.overwrite(undefined, named('delete'));
    operation.applied(false);

    expect(heard.at(-1)).toBe('delete true');
  });

  it('tell the second of two deletes that nothing was left', () => {
    const { heard, named } = waiters();
    const operation = new Operation('ada', undefined, named('first'), 0);
    operation.overwrite(undefined, named('second'));
    operation.applied(true);

    expect(heard).toEqual(['first true', 'second false']);
  });

  it('keep count when an older write that was not sent is taken over', () => {
    const { heard, named } = waiters();
    const older = new Operation('ada', undefined, named('delete'), 0);
    const newer = new Operation('ada', Buffer.from('1'), named('set'), 0);
    newer.adopt(older);

    expect(newer.deletes).toBe(true);
    newer.applied(false);
    expect(heard[0]).toBe('delete false');
  });
});
