import { beforeEach, describe, expect, it } from '@jest/globals';
import { Entry } from '../../lib/cache/entry.ts';
import { FillGuard } from '../../lib/cache/fillGuard.ts';
import type { Reply } from '../../lib/cache/reply.ts';

const read: Promise<Reply> = Promise.resolve({ bytes: undefined, entry: new Entry(undefined), expiresAt: Infinity });

describe('the fill guard', () => {
  let guard: FillGuard;
  beforeEach(() => {
    guard = new FillGuard();
  });

  it('admits any reply of which nothing newer was heard', () => {
    guard.enter('ada');

    expect(guard.admits('ada', 0)).toBe(true);
    expect(guard.admits('unknown', 0)).toBe(true);
  });

  it('admits a reply as new as the newest thing heard, and refuses an overtaken one', () => {
    guard.enter('ada');

    guard.heard('ada', 8);
    guard.heard('ada', 5);

    expect(guard.admits('ada', 7)).toBe(false);
    expect(guard.admits('ada', 8)).toBe(true);
    expect(guard.admits('eve', 0)).toBe(true);
  });

  it('remembers as long as anything of the key is in flight', () => {
    guard.enter('ada');
    guard.enter('ada');
    guard.heard('ada', 8);

    guard.leave('ada');
    const whileInFlight = guard.admits('ada', 7);
    guard.leave('ada');

    expect(whileInFlight).toBe(false);
    expect(guard.admits('ada', 7)).toBe(true);
  });

  it('forgets nothing of others, and takes leaving too often in its stride', () => {
    guard.enter('ada');
    guard.heard('ada', 8);

    guard.leave('eve');
    guard.leave('eve');

    expect(guard.admits('ada', 7)).toBe(false);
  });

  it('refuses what was overtaken before its key was known, as long as somebody listens', () => {
    guard.heard('ada', 9);
    const heard = guard.listen();
    guard.heard('ada', 8);
    guard.heard('ada', 5);

    guard.enter('ada', heard.get('ada'));
    guard.enter('eve', heard.get('eve'));
    const isAdmitted = [guard.admits('ada', 7), guard.admits('ada', 8), guard.admits('eve', 0)];
    guard.unlisten(heard);
    guard.heard('eve', 8);

    expect(isAdmitted).toEqual([false, true, true]);
    expect([...heard]).toEqual([['ada', 8]]);
  });

  it('hears nothing of keys that are not in flight', () => {
    guard.heard('ada', 8);
    guard.enter('ada');

    expect(guard.admits('ada', 7)).toBe(true);
  });

  it('keeps nothing of a poisoned key until its last flight has ended', () => {
    guard.enter('ada');

    guard.poison('ada');
    const poisoned = guard.admits('ada', Number.MAX_SAFE_INTEGER);
    guard.leave('ada');
    guard.enter('ada');

    expect(poisoned).toBe(false);
    expect(guard.admits('ada', 1)).toBe(true);
  });

  it('lets readers join a read until something newer is heard', () => {
    guard.enter('ada');
    guard.share('ada', read, 0);
    const before = guard.shared('ada', 0);

    guard.heard('ada', 1);

    expect(before).toBe(read);
    expect(guard.shared('ada', 0)).toBeUndefined();
    expect(guard.shared('eve', 0)).toBeUndefined();
  });

  it('shares no read that has ended, nor one of a key that is not in flight', () => {
    guard.enter('ada');
    guard.share('ada', read, 0);
    guard.leave('ada');
    guard.share('eve', read, 0);

    expect(guard.shared('ada', 0)).toBeUndefined();
    expect(guard.shared('eve', 0)).toBeUndefined();
  });

  it('forgets marks and shared reads when a new history begins', () => {
    guard.enter('ada');
    guard.share('ada', read, 0);
    guard.heard('ada', 100);
    guard.enter('eve');
    guard.share('eve', read, 0);

    guard.restart();

    expect(guard.admits('ada', 1)).toBe(true);
    expect(guard.shared('eve', 0)).toBeUndefined();
    guard.heard('ada', 5);
    expect(guard.admits('ada', 4)).toBe(false);
  });
});
