import { beforeEach, describe, expect, it } from '@jest/globals';
import { FillGuard, type Flight } from '../../lib/cache/fillGuard.ts';

interface Read {
  sentAt: number | undefined;
}

describe('the fill guard', () => {
  let guard: FillGuard<Read>;
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
    const { read, flight } = ask('ada');
    send(read, flight);
    const before = guard.flightOf('ada')?.read;

    guard.heard('ada', 1);

    expect(before).toBe(read);
    expect(guard.flightOf('ada')?.read).toBeUndefined();
    expect(guard.flightOf('eve')).toBeUndefined();
  });

  it('lets readers join a read that was not sent yet, whatever is heard, and forgets what was heard before that', () => {
    guard.enter('ada');
    const { read, flight } = ask('ada');

    guard.heard('ada', 8);
    guard.restart();
    guard.heard('ada', 5);
    guard.leave('ada');

    expect(guard.flightOf('ada')?.read).toBe(read);
    send(read, flight);
    expect(guard.admits('ada', 0)).toBe(true);
  });

  it('admits the reply to what was asked for, but not sent yet, when something was heard', () => {
    const { read, flight } = ask('ada');

    guard.heard('ada', 8);
    send(read, flight);

    expect(guard.admits('ada', 7)).toBe(true);
    expect(guard.flightOf('ada')?.read).toBe(read);
  });

  it('shares no read that has ended', () => {
    const { read, flight } = ask('ada');
    send(read, flight);

    guard.end(flight);

    expect(guard.flightOf('ada')).toBeUndefined();
  });

  it('shares no read that has failed, but still one that was asked for since', () => {
    guard.enter('ada');
    const first = ask('ada');
    send(first.read, first.flight);
    const second = ask('ada');

    first.flight.unshare(first.read);
    const present = guard.flightOf('ada')?.read;
    second.flight.unshare(second.read);

    expect(present).toBe(second.read);
    expect(guard.flightOf('ada')?.read).toBeUndefined();
  });

  it('forgets marks and shared reads when a new history begins', () => {
    guard.enter('ada');
    guard.heard('ada', 100);
    const { read, flight } = ask('eve');
    send(read, flight);

    guard.restart();

    expect(guard.admits('ada', 1)).toBe(true);
    expect(guard.flightOf('eve')?.read).toBeUndefined();
    guard.heard('ada', 5);
    expect(guard.admits('ada', 4)).toBe(false);
  });

  function ask(key: string): { read: Read; flight: Flight<Read> } {
    const read: Read = { sentAt: undefined };
    return { read, flight: guard.expect(key, read) };
  }
});

function send(read: Read, flight: Flight<Read>): void {
  read.sentAt = 0;
  flight.count++;
}
