import { describe, expect, it, jest } from '@jest/globals';
import { ClosedError, CodecError, UnavailableError } from 'neardict';
import { Entry, Era } from '../../lib/cache/entry.ts';
import { type Known, LastKnown } from '../../lib/coherence/lastKnown.ts';
import { Outage } from '../../lib/coherence/outage.ts';
import { turn } from '../support/openInMemory.ts';

const FRESH_UNTIL = 2000;
const GRACE_MS = 500;

/** Reads of `x`, which is cached, by a clock and a store under control. */
class Fake {
  now = FRESH_UNTIL + 1;
  readonly outage = new Outage();
  readonly era = new Era();
  readonly cached = new Entry(undefined);
  readonly entries = new Map([['x', this.cached]]);
  readonly asked: { succeed(entry: Entry): void; fail(error: Error): void }[] = [];
  readonly reads = new LastKnown({
    entries: this.entries,
    now: () => this.now,
    graceMs: GRACE_MS,
    outageOf: () => this.outage,
    fetch: () =>
      new Promise<Known>((resolve, reject) => {
        this.asked.push({ succeed: (entry) => resolve({ entry }), fail: reject });
      }),
  });

  constructor() {
    this.era.freshUntil = FRESH_UNTIL;
    this.cached.era = this.era;
  }

  /** Reads `x`. The outcome is the entry, the error, or `undefined` while it waits. */
  read(): { outcome: unknown } {
    const read: { outcome: unknown } = { outcome: undefined };
    this.reads.read('x').then(
      ({ entry }) => {
        read.outcome = entry;
      },
      (error: unknown) => {
        read.outcome = error;
      },
    );
    return read;
  }
}

const away = new UnavailableError('away');

describe('a read with a last known value', () => {
  it('asks the store, whose answer counts', async () => {
    const fake = new Fake();
    const answer = new Entry(undefined);

    const read = fake.read();
    await turn();
    const waiting = read.outcome;
    fake.asked[0]?.succeed(answer);
    await turn();

    expect([waiting, read.outcome]).toEqual([undefined, answer]);
    expect(read.outcome).toBe(answer);
  });

  it('falls back when the store can not be reached', async () => {
    const fake = new Fake();

    const read = fake.read();
    fake.asked[0]?.fail(away);
    await turn();

    expect(read.outcome).toBe(fake.cached);
  });

  it.each([{ error: new CodecError('unreadable') }, { error: new ClosedError('users') }, { error: new Error('bug') }])(
    'rejects for any other reason: $error',
    async ({ error }) => {
      const fake = new Fake();

      const read = fake.read();
      fake.asked[0]?.fail(error);
      await turn();

      expect(read.outcome).toBe(error);
    },
  );

  it('does not ask while the store is known to be away', async () => {
    const fake = new Fake();
    fake.outage.answered(away);

    const read = fake.read();
    await turn();

    expect(read.outcome).toBe(fake.cached);
    expect(fake.asked).toEqual([]);
  });

  it('asks again once the store has answered to anybody', async () => {
    const fake = new Fake();
    fake.outage.answered(away);
    fake.outage.answered(undefined);

    fake.read();

    expect(fake.asked).toHaveLength(1);
  });

  it('asks while the store answers with something else than its absence', () => {
    const fake = new Fake();
    fake.outage.answered(new Error('another layout'));

    fake.read();

    expect(fake.asked).toHaveLength(1);
  });

  it('does not wait for its own deadline when another command finds the store away', async () => {
    const fake = new Fake();

    const read = fake.read();
    fake.outage.answered(away);
    await turn();

    expect(read.outcome).toBe(fake.cached);
    fake.asked[0]?.fail(away);
    await turn();
  });

  it('is forgotten by the outage when it has ended', async () => {
    const fake = new Fake();
    fake.read();
    fake.asked[0]?.succeed(fake.cached);
    await turn();
    const look = jest.spyOn(fake.entries, 'get');

    fake.outage.answered(away);

    expect(look).not.toHaveBeenCalled();
  });
});

describe('the last known value', () => {
  it.each([
    { age: 'at its limit', now: FRESH_UNTIL + GRACE_MS, isServed: true },
    { age: 'beyond it', now: FRESH_UNTIL + GRACE_MS + 1, isServed: false },
  ])('$age is served: $isServed', async ({ now, isServed }) => {
    const fake = new Fake();
    fake.now = now;

    const failed = fake.read();
    fake.asked[0]?.fail(away);
    await turn();
    fake.outage.answered(away);
    const known = fake.read();
    fake.asked[1]?.fail(away);
    await turn();

    expect([failed.outcome, known.outcome]).toEqual(isServed ? [fake.cached, fake.cached] : [away, away]);
  });

  it('is judged when the store has failed, not when the read began', async () => {
    const tooOld = new Fake();
    const dropped = new Fake();
    const read = [tooOld.read(), dropped.read()];

    tooOld.now = FRESH_UNTIL + GRACE_MS + 1;
    dropped.entries.clear();
    tooOld.asked[0]?.fail(away);
    dropped.asked[0]?.fail(away);
    await turn();

    expect(read.map(({ outcome }) => outcome)).toEqual([away, away]);
  });

  it.each([
    { now: FRESH_UNTIL + 100, isServed: true },
    { now: FRESH_UNTIL + 101, isServed: false },
  ])('with a time to live is served up to its end: at $now', async ({ now, isServed }) => {
    const fake = new Fake();
    fake.cached.livingFor(600, FRESH_UNTIL - 500);
    fake.now = now;

    const read = fake.read();
    fake.asked[0]?.fail(away);
    await turn();

    expect(read.outcome).toBe(isServed ? fake.cached : away);
  });

  it('is one hit for each read, however often the store fails', async () => {
    const fake = new Fake();
    fake.read();

    fake.outage.answered(away);
    fake.outage.answered(away);
    fake.asked[0]?.fail(away);
    await turn();

    expect(fake.era.hits).toBe(1);
  });

  it('of an era that has ended is none', async () => {
    const fake = new Fake();
    fake.era.end();
    fake.outage.answered(away);

    const read = fake.read();
    fake.asked[0]?.fail(away);
    await turn();

    expect(read.outcome).toBe(away);
  });

  it('is served though it has reached its own age limit', async () => {
    const fake = new Fake();
    fake.cached.expiresAt = 1000;
    fake.outage.answered(away);

    const read = fake.read();
    await turn();

    expect(read.outcome).toBe(fake.cached);
  });
});
