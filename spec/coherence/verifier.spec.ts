import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Partition } from '../../lib/coherence/partition.ts';
import { Verifier } from '../../lib/coherence/verifier.ts';
import type { Position } from '../../lib/store/position.ts';
import type { LoggedCall } from '../../lib/store/store.ts';
import { batch, bytes } from '../../lib/testing/contract/batches.ts';
import { turn } from '../support/openInMemory.ts';
import { SimulatedServer, SimulatedSpace } from '../support/simulatedStore.ts';

const TIMEOUT_MS = 5000;
const MAX_RETRY_MS = 100;

describe('the reading of a position', () => {
  let space: SimulatedSpace;
  let needsLog: boolean;
  let heard: string[];
  let verifier: Verifier;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    const server = new SimulatedServer({ applied() {}, rolledBack() {} }, () => true);
    space = new SimulatedSpace(server, 1);
    server.write(batch({ sets: [['ada', bytes('7')]] }), space);
    needsLog = false;
    heard = [];
    const partition = {
      depart: () => heard.push('depart'),
      reading(position: Position) {
        heard.push(`reading ${position.seq}`);
        return needsLog;
      },
      repair: (log: readonly LoggedCall[], { seq }: Position) => heard.push(`repair ${seq} by ${log.length}`),
    } as unknown as Partition;
    verifier = new Verifier(space, 0, partition, {
      maxRetryMs: MAX_RETRY_MS,
      timeoutMs: TIMEOUT_MS,
      answered: (failure) => heard.push(failure === undefined ? 'answered' : 'failed'),
    });
  });
  afterEach(() => {
    verifier.close();
    jest.useRealTimers();
  });

  async function answer(): Promise<void> {
    space.execute();
    space.reply();
    await turn();
  }

  async function fail(): Promise<void> {
    space.cut(() => 0);
    space.connect();
    await turn();
  }

  it('begins at once; all that are asked for meanwhile are one more', async () => {
    verifier.request();
    verifier.request();
    verifier.request();
    expect(heard).toEqual(['depart']);

    await answer();
    expect(heard.splice(0)).toEqual(['depart', 'reading 1', 'answered', 'depart']);

    await answer();
    expect(heard).toEqual(['reading 1', 'answered']);
    expect(space.canExecute).toBe(false);
  });

  it('that has failed is repeated after pauses that grow up to a limit, and begin anew after a success', async () => {
    verifier.request();
    for (const pauseMs of [20, 40, 80, MAX_RETRY_MS, MAX_RETRY_MS]) {
      await fail();
      expect(heard.splice(0)).toEqual(['depart', 'failed']);
      jest.advanceTimersByTime(pauseMs - 1);
      verifier.request();
      expect(heard).toEqual([]);
      jest.advanceTimersByTime(1);
    }
    await answer();
    expect(heard.splice(0)).toEqual(['depart', 'reading 1', 'answered']);

    verifier.request();
    await fail();
    jest.advanceTimersByTime(20);
    expect(heard).toEqual(['depart', 'failed', 'depart']);
  });

  it('brings the change log if the partition needs it', async () => {
    needsLog = true;
    verifier.request();
    await answer();
    expect(heard).toEqual(['depart', 'reading 1']);

    await answer();
    expect(heard).toEqual(['depart', 'reading 1', 'repair 1 by 1', 'answered']);
  });

  it('gives each command its own time', async () => {
    const position = jest.spyOn(space, 'position');
    const log = jest.spyOn(space, 'log');
    needsLog = true;
    verifier.request();
    expect(position.mock.lastCall).toEqual([0, performance.now() + TIMEOUT_MS]);

    jest.advanceTimersByTime(1000);
    await answer();
    expect(log.mock.lastCall).toEqual([0, performance.now() + TIMEOUT_MS]);
  });

  describe('that is closed', () => {
    it.each([
      { when: 'the position is under way', before: async () => {}, after: answer, known: ['depart'] },
      { when: 'it fails', before: async () => {}, after: fail, known: ['depart'] },
      { when: 'the log is under way', before: answer, after: answer, known: ['depart', 'reading 1'] },
      { when: 'it waits to be repeated', before: fail, after: async () => {}, known: ['depart', 'failed'] },
    ])('is heard of no more when $when, and keeps no timer', async ({ before, after, known }) => {
      needsLog = true;
      verifier.request();
      await before();
      verifier.close();
      await after();

      expect(heard).toEqual(known);
      expect(jest.getTimerCount()).toBe(0);
    });

    it('does not begin again', () => {
      verifier.close();
      verifier.request();

      expect(heard).toEqual([]);
    });
  });
});
