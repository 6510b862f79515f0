import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Partition } from '../../lib/coherence/partition.ts';
import { Staging } from '../../lib/coherence/staging.ts';
import { Unconfirmed } from '../../lib/coherence/unconfirmed.ts';
import { fakeTime, firstViolation } from './replicaModel.ts';

beforeEach(fakeTime);
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

/** A slow machine may need long until it meets the schedule that shows a fault. */
const PLANTED_TIMEOUT_MS = 600_000;

describe('the checker notices when', () => {
  it(
    'a value that was read later is shown with what was before',
    async () => {
      jest.spyOn(Staging.prototype, 'meetLead').mockReturnValue(true);

      expect(await firstViolation(2000)).toBeDefined();
    },
    PLANTED_TIMEOUT_MS,
  );

  it(
    'a read that was overtaken is kept',
    async () => {
      // oxlint-disable-next-line typescript/unbound-method -- called with its own `this` below
      const { fill } = Staging.prototype;
      jest.spyOn(Staging.prototype, 'fill').mockImplementation(function (this: Staging, key, bytes) {
        fill.call(this, key, bytes, undefined, this.floor);
      });

      expect(await firstViolation(2000)).toBeDefined();
    },
    PLANTED_TIMEOUT_MS,
  );

  it(
    'a reply of another history is kept',
    async () => {
      jest.spyOn(Partition.prototype, 'accepts').mockReturnValue(true);

      expect(await firstViolation(4000)).toBeDefined();
    },
    PLANTED_TIMEOUT_MS,
  );

  it(
    'what was read ahead of a gap is kept',
    async () => {
      jest.spyOn(Staging.prototype, 'takeBackLead').mockReturnValue();

      expect(await firstViolation(4000)).toBeDefined();
    },
    PLANTED_TIMEOUT_MS,
  );

  it(
    'a position that was reached with another mark is taken for the same',
    async () => {
      jest.spyOn(Unconfirmed.prototype, 'reach').mockReturnValue(true);

      expect(await firstViolation(4000)).toBeDefined();
    },
    PLANTED_TIMEOUT_MS,
  );
});
