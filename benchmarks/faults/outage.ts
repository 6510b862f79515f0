import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from '../../spec/support/redisServer.ts';
import { type Outcome, PeerProcess } from './peerProcess.ts';
import { onStage, type Peer } from './stage.ts';

/** What a process does when the server is gone. */
export interface Outage {
  /** A read of a key in its cache. */
  readonly cached: Outcome;
  /** A read of another key. */
  readonly uncached: Outcome;
}

/** A request that takes longer counts as hanging, and a process that has not ended by then as alive. */
const PATIENCE_MS = 15_000;
/** More than any cache's proof of freshness lasts. */
const GONE_MS = 6000;

export function measureOutage(peer: Peer, survives: boolean): Promise<Outage> {
  return onStage(peer, survives, async ({ server, reader }) => {
    await server.kill();
    await sleep(GONE_MS);
    const [cached, uncached] = await Promise.all([
      reader.read('key', PATIENCE_MS),
      reader.read('another key', PATIENCE_MS),
    ]);
    return { cached, uncached };
  });
}

/** Starts a process while no server is there; if it starts, a read is its first use. */
export async function measureStart(peer: Peer, survives: boolean): Promise<Outcome> {
  const server = await startRedis();
  await server.stop();
  const process = new PeerProcess(peer.module, server.url, survives);
  try {
    const opened = await process.opened(PATIENCE_MS);
    const outcome = opened.type === 'value' ? await process.read('key', PATIENCE_MS) : opened;
    await sleep(Math.max(0, PATIENCE_MS - outcome.ms));
    return process.hasExited ? { type: 'crashed', ms: outcome.ms } : outcome;
  } finally {
    await process.stop();
  }
}
