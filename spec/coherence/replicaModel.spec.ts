import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { check, fakeTime, firstViolation } from './replicaModel.ts';

beforeEach(fakeTime);
afterEach(() => {
  jest.useRealTimers();
});

describe('a copy under faults', () => {
  it('shows nothing but moments of the store, in order, and equals it in the end', async () => {
    const { SEED, SCHEDULES = '1000' } = process.env;
    const violation = SEED === undefined ? firstViolation(Number(SCHEDULES)) : check(Number(SEED), true);

    expect(await violation).toBeUndefined();
  }, 3_600_000);
});
