import { expect, it } from '@jest/globals';
import { findViolations, type Operation } from '../support/history.ts';
import { splitAtLosses } from './losses.ts';

const promises = { maxStalenessMs: 10, resolutionMs: 0 };
const key = 'k';

function write(value: string, start: number, end: number): Operation {
  return { type: 'write', process: 1, key, value, outcome: 'ok', start, end };
}
function fresh(value: string | undefined, start: number): Operation {
  return { type: 'fresh', process: 2, key, value, start, end: start + 1 };
}
function cached(value: string, start: number): Operation {
  return { type: 'cached', process: 3, key, value, start, end: start };
}

function violations(operations: readonly Operation[]): string[] {
  const parts = splitAtLosses(operations, [{ from: 100, to: 200 }]);
  return parts.flatMap((part) => findViolations(part, promises).map(({ rule }) => rule));
}

const lost = [write('a', 10, 20), write('b', 90, 95), fresh('b', 96)];

it('a write may be lost in a loss, and what was there before it is there again', () => {
  expect(violations([...lost, fresh('a', 210), write('c', 220, 230), fresh('c', 240)])).toEqual([]);
});

it('what was read in a loss is not judged', () => {
  expect(violations([...lost, fresh('a', 110), fresh('b', 120), cached('b', 190)])).toEqual([]);
});

it('nothing is lost before a loss', () => {
  expect(violations([...lost, fresh('a', 97)])).toEqual(['linearizable']);
});

it('what was lost does not come back', () => {
  const after = [write('c', 220, 230), fresh('c', 240)];
  expect(violations([...lost, fresh('a', 210), ...after, fresh('a', 250)])).toEqual(['linearizable']);
  expect(violations([...lost, fresh('b', 205), ...after, cached('b', 250)])).toEqual(['stale']);
});

it('what a delete found in a lost history says nothing of the one after it', () => {
  const nothing = { type: 'write', process: 1, key, value: undefined } as const;
  const before: Operation = { ...nothing, outcome: 'ok', existed: false, start: 50, end: 60 };
  const after: Operation = { ...nothing, outcome: 'unknown', start: 240, end: 250 };

  expect(violations([before, write('c', 220, 230), fresh('c', 235), after, fresh(undefined, 260)])).toEqual([]);
});
