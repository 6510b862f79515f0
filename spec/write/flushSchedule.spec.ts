import { beforeEach, describe, expect, it } from '@jest/globals';
import { FlushSchedule } from '../../lib/write/flushSchedule.ts';
import { turn } from '../support/openInMemory.ts';
import { until } from '../support/until.ts';
import { gate } from '../support/wrapStore.ts';

const NEVER = 2 ** 31 - 1;

describe('a flush schedule', () => {
  let flushes: number;
  let isDirty: boolean;
  let flush: () => Promise<boolean>;
  beforeEach(() => {
    flushes = 0;
    isDirty = false;
    flush = async () => true;
  });

  function schedule(intervalMs: number = NEVER): FlushSchedule {
    return new FlushSchedule({
      intervalMs,
      isDirty: () => isDirty,
      flush: () => {
        flushes++;
        return flush();
      },
    });
  }

  const listeners = (): number => process.listenerCount('beforeExit');

  it('goes on until nothing is dirty', async () => {
    isDirty = true;
    flush = async () => {
      isDirty = flushes < 3;
      return true;
    };
    const one = schedule(1);
    one.arm();
    await until('all is flushed', () => !isDirty);
    await turn();

    expect([flushes, listeners()]).toEqual([3, 0]);
  });

  it('flushes once more if it is to hurry during a flush', async () => {
    const hold = gate();
    flush = async () => {
      await hold.pass();
      return true;
    };
    const one = schedule();
    one.hurry();
    one.hurry();
    await hold.reached;
    one.hurry();
    one.hurry();
    await turn();
    expect(flushes).toBe(1);

    hold.open();
    await turn();
    expect(flushes).toBe(2);
    one.hurry();
    await turn();
    expect(flushes).toBe(3);
  });

  it.each<readonly [string, (one: FlushSchedule) => boolean]>([
    ['that has failed', () => false],
    [
      'in which it was closed',
      (one) => {
        one.close();
        return true;
      },
    ],
  ])('does not hurry after a flush %s', async (_, end) => {
    const one = schedule();
    flush = async () => {
      await turn();
      one.hurry();
      return end(one);
    };
    one.hurry();
    for (let turns = 0; turns < 5; turns++) await turn();

    expect(flushes).toBe(1);
  });

  it('flushes before the process ends, if something is dirty; all schedules share a listener', async () => {
    const [one, two] = [schedule(), schedule()];
    expect(listeners()).toBe(0);
    one.arm();
    two.arm();
    two.arm();
    expect(listeners()).toBe(1);

    process.emit('beforeExit', 0);
    await turn();
    expect([flushes, listeners()]).toEqual([2, 0]);
  });

  it('does not keep the process from ending by flushes that fail', async () => {
    isDirty = true;
    flush = async () => false;
    const one = schedule();
    one.arm();
    for (let end = 0; end < 3; end++) {
      process.emit('beforeExit', 0);
      await turn();
    }
    expect([flushes, listeners()]).toEqual([1, 0]);

    one.arm();
    expect(listeners()).toBe(1);
    one.close();
  });

  it('does nothing more when it is closed', async () => {
    const one = schedule();
    one.arm();
    one.close();
    expect(listeners()).toBe(0);

    one.arm();
    one.hurry();
    await turn();
    expect([flushes, listeners()]).toEqual([0, 0]);
  });
});
