import type { Value } from '../support/history.ts';

/** Keys of an epoch. Each epoch has its own, so that its history is whole and can be checked and forgotten. */
const KEYS_PER_EPOCH = 200;

export function keysOf(epoch: number): string[] {
  return Array.from({ length: KEYS_PER_EPOCH }, (_, index) => `${epoch}:${index}`);
}

export function epochOf(key: string): number {
  return Number.parseInt(key, 10);
}

/** @param dice - 0 to 1; low keys are met more often. */
export function pickKey(epoch: number, dice: number): string {
  return `${epoch}:${Math.floor(KEYS_PER_EPOCH * dice ** 2)}`;
}

/** What is stored for the `count`th value that a process writes: its name, filled up to its length. */
export function storedValue(process: number, count: number, length: number): string {
  return `${process}.${count}.${length}|`.padEnd(length, '.');
}

/** The name of a stored value. What is no whole stored value keeps its text, which nobody has written. */
export function nameOf(stored: string | undefined): Value {
  if (stored === undefined) return undefined;
  const end = stored.indexOf('|');
  const name = stored.slice(0, end);
  const [process, count, length] = name.split('.').map(Number);
  return storedValue(process ?? Number.NaN, count ?? Number.NaN, length ?? Number.NaN) === stored ? name : stored;
}
