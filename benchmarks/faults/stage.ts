import { type FaultProxy, startProxy, type Target } from '../../spec/support/faultProxy.ts';
import { type RedisServer, startRedis } from '../../spec/support/redisServer.ts';
import { until } from '../../spec/support/until.ts';
import { PeerProcess } from './peerProcess.ts';

/** A library that is compared. */
export interface Peer {
  readonly name: string;
  /** Its file in `benchmarks/peers/`. */
  readonly module: string;
  /** Where its version stands. */
  readonly manifest: string;
  /** The connection on which it hears of changes: one of its own that subscribes, or the one for commands. */
  readonly feed: Target;
}

/** A reader behind a fault-injecting proxy, which has the value `'first'` in its cache, and a writer beside it. */
export interface Stage {
  readonly server: RedisServer;
  readonly proxy: FaultProxy;
  readonly reader: PeerProcess;
  readonly writer: PeerProcess;
}

/** Time for what is no part of the comparison. */
const SETUP_MS = 60_000;

/** Processes start one after the other: many at once would take so long that libraries give up. */
let lastSetUp: Promise<unknown> = Promise.resolve();

/** Sets the stage, lets `act` play on it, and clears it away. */
export async function onStage<R>(peer: Peer, survives: boolean, act: (stage: Stage) => Promise<R>): Promise<R> {
  const server = await startRedis();
  const proxy = await startProxy(server.port);
  const processes: PeerProcess[] = [];
  const start = async (url: string): Promise<PeerProcess> => {
    const process = new PeerProcess(peer.module, url, survives);
    processes.push(process);
    const opened = await process.opened(SETUP_MS);
    if (opened.type === 'value') return process;
    throw new Error(`${peer.name} did not start: ${JSON.stringify(opened)} ${process.stderr}`);
  };
  const setUp = async (): Promise<Stage> => {
    const stage = { server, proxy, reader: await start(proxy.url), writer: await start(server.url) };
    await warmUp(peer, stage);
    return stage;
  };
  try {
    const stage = lastSetUp.then(setUp);
    lastSetUp = stage.catch(() => {});
    return await act(await stage);
  } finally {
    for (const process of processes) await process.stop();
    await proxy.stop();
    await server.stop();
  }
}

/** The reader holds the value, and has shown that it follows the writer. */
async function warmUp({ name, feed }: Peer, { proxy, reader, writer }: Stage): Promise<void> {
  for (const value of ['zeroth', 'first']) {
    await writer.write('key', value, SETUP_MS);
    await until(
      `${name} reads ${value}`,
      async () => {
        const read = await reader.read('key', SETUP_MS);
        return read.type === 'value' && read.value === value;
      },
      SETUP_MS,
    );
    await until(`${name} listens`, () => proxy.connections(feed) > 0, SETUP_MS);
  }
}
