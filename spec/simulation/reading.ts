import type { Chance } from './chance.ts';
import type { Client } from './client.ts';
import { MAX_STALENESS_MS } from './profile.ts';
import { KEYS } from './truth.ts';

type Read = (client: Client, key: string, chance: Chance) => void;

function get(client: Client, key: string, chance: Chance): void {
  const start = client.start(key);
  const value = chance.is(0.5) ? client.handle.get(key) : (client.handle.reads[key] as Promise<number | undefined>);
  client.track(`get ${key}`, Promise.resolve(value), (read) => {
    client.check('get', start, client.readAgeMs, read);
  });
}

function getFresh(client: Client, key: string): void {
  const start = client.start(key);
  client.track(`fresh ${key}`, client.handle.get(key, { fresh: true }), (value) => {
    client.check('fresh', start, 'fresh', value);
  });
}

function getEntry(client: Client, key: string): void {
  const start = client.start(key);
  client.track(`entry ${key}`, client.handle.getEntry(key), (entry) => {
    client.check('entry', start, 'fresh', entry?.value);
    if (entry !== undefined && client.ledger.truth.valueOf(entry.version) !== entry.value) {
      client.ledger.violate(`${client.name}: the version of ${key} is not that of its value`);
    }
  });
}

function getMany(client: Client): void {
  const starts = KEYS.map((key) => client.start(key));
  client.track('getMany', client.handle.getMany(KEYS), (values) => {
    for (const start of starts)
      client.check('getMany', start, client.readAgeMs, values[start.key as (typeof KEYS)[number]]);
  });
}

function has(client: Client, key: string): void {
  const start = client.start(key);
  client.track(`has ${key}`, client.handle.has(key), (isThere) => {
    client.checkMatch('has', start, client.readAgeMs, isThere, (value) => (value !== undefined) === isThere);
  });
}

function getAborted(client: Client, key: string, chance: Chance): void {
  const start = client.start(key);
  const controller = new AbortController();
  const value = client.handle.get(key, { fresh: chance.is(0.5), signal: controller.signal });
  client.track(`aborted get ${key}`, value, (read) => {
    client.check('get', start, client.readAgeMs, read);
  });
  controller.abort();
}

function snapshot(client: Client): void {
  const starts = KEYS.map((key) => client.start(key));
  client.track('snapshot', client.handle.snapshot(), (values) => {
    for (const start of starts) {
      client.check('snapshot', start, start.key in values ? 'fresh' : 'absent', values[start.key]);
    }
  });
}

export function peek(client: Client, key: string): void {
  const start = client.start(key);
  const value = client.handle.peek(key);
  if (value !== undefined) client.check('peek', start, MAX_STALENESS_MS, value);
}

/** All ways to read, each as often as its weight says. */
export const reads: readonly (readonly [weight: number, name: string, read: Read])[] = [
  [5, 'get', get],
  [1, 'fresh', getFresh],
  [1, 'peek', peek],
  [0.5, 'entry', getEntry],
  [0.5, 'getMany', getMany],
  [0.3, 'has', has],
  [0.3, 'aborted get', getAborted],
  [0.5, 'snapshot', snapshot],
];
