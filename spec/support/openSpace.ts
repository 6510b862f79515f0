import { randomUUID } from 'node:crypto';
import type { Receipt, Space, SpaceOptions, Store } from 'neardict';
import { batch, bytes, soon, text } from '../../lib/testing/contract/batches.ts';

/** A space with short ways to use it. */
export interface TestSpace extends Space {
  readonly namespace: string;
  set(key: string, value: string, deadlineMs?: number): Promise<Receipt>;
  get(key: string, deadlineMs?: number): Promise<string | undefined>;
}

export async function openSpace(
  store: Store,
  options: Partial<SpaceOptions> = {},
  deadlineMs: number = 20_000,
): Promise<TestSpace> {
  const namespace = options.namespace ?? `space-${randomUUID()}`;
  const layout = { partitions: 1, hash: 'fnv1a', codec: 'msgpack' };
  const whole = { layout, inlineBytes: 256, tracking: false, origin: 1, ...options, namespace };
  const space = await store.open(whole, performance.now() + deadlineMs);
  const by = (ms: number | undefined): number => (ms === undefined ? soon() : performance.now() + ms);
  return Object.assign(space, {
    namespace,
    set: (key: string, value: string, ms?: number) => space.write(0, batch({ sets: [[key, bytes(value)]] }), by(ms)),
    get: async (key: string, ms?: number) => text((await space.read(0, [key], by(ms))).values[0]),
  });
}
