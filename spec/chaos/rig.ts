import { type FaultProxy, startProxy } from '../support/faultProxy.ts';
import { connectAdmin, type RedisAdmin } from '../support/redisAdmin.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { ProxiedMember } from './member.ts';
import type { ClientPackage, Notice, WorkerOptions } from './messages.ts';

/** A server, and processes that use one dictionary on it, each through a proxy of its own. */
export interface Rig {
  readonly server: RedisServer;
  readonly admin: RedisAdmin;
  readonly members: readonly ProxiedMember[];
  stop(): Promise<void>;
}

export interface RigOptions {
  readonly clientPackage: ClientPackage;
  readonly seed: number;
  /** One of the processes breaks promises. */
  readonly hasOldAnswers: boolean;
  readonly onNotice: (process: number, notice: Notice) => void;
}

export const NAMESPACE = 'chaos';
export const USER = 'worker';
export const MAX_STALENESS_MS = 400;
export const TIMEOUT_MS = 1000;

/** How the processes differ, so that evictions and messages without values occur too. */
export const VARIANTS = [
  { maxItems: 10_000, inlineBytes: 256 },
  { maxItems: 100, inlineBytes: 256 },
  { maxItems: 1000, inlineBytes: 0 },
  { maxItems: 10_000, inlineBytes: 16_384 },
] as const;

export const PROCESSES: number = VARIANTS.length;

export async function startRig(options: RigOptions): Promise<Rig> {
  // Given at the start, so that it is there again after a restart.
  const server = await startRedis('--user', USER, 'on', '>secret', '~*', '&*', '+@all');
  const ends: (() => Promise<unknown>)[] = [() => server.stop()];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).toReversed()) await end();
  };
  try {
    const admin = await connectAdmin(server.url);
    ends.push(() => admin.end());
    const members: ProxiedMember[] = [];
    for (const [id, variant] of VARIANTS.entries()) {
      const proxy = await startProxy(server.port, options.seed + id);
      ends.push(() => proxy.stop());
      const member = new ProxiedMember({ ...workerOptions(options, id, proxy), ...variant }, proxy, options.onNotice);
      ends.push(() => member.kill());
      members.push(member);
    }
    await Promise.all(members.map((member) => member.isOpen()));
    return { server, admin, members, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function workerOptions(
  { clientPackage, seed, hasOldAnswers }: RigOptions,
  id: number,
  proxy: FaultProxy,
): Omit<WorkerOptions, 'maxItems' | 'inlineBytes'> {
  const url = new URL(proxy.url);
  url.username = USER;
  url.password = 'secret';
  return {
    // 0 is what happens to the server itself.
    id: id + 1,
    urls: [url.href],
    clientPackage,
    // Connections of our own are made with the package that the name `redis` means.
    isOwned: clientPackage === 'redis' && id % 2 === 1,
    namespace: NAMESPACE,
    seed: 100 * seed + id,
    maxStalenessMs: MAX_STALENESS_MS,
    timeoutMs: TIMEOUT_MS,
    givesOldAnswers: hasOldAnswers && id === 0,
  };
}
