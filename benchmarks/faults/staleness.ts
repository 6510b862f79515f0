import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../spec/support/until.ts';
import type { PeerProcess } from './peerProcess.ts';
import { onStage, type Peer, type Stage } from './stage.ts';

/** How long a reader went on with a value that a fault kept it from hearing about. */
export interface Staleness {
  /** From the end of the write to the last read that returned the old value; infinite: until the end. */
  readonly ms: number;
  /** The process ended by an uncaught error. */
  readonly hasCrashed: boolean;
  /** The next write, without any fault, was not seen either. */
  readonly missesNext: boolean;
}

/** A fault that keeps a change from the reader: the change is made by `write`. */
export type Fault = (stage: Stage, peer: Peer, write: () => Promise<void>) => Promise<void>;

/** How long stale reads are watched; also the longest wait for a single one. */
const WATCH_MS = 20_000;
const POLL_MS = 25;
const WRITE_MS = 10_000;
const NEXT_MS = 3000;
const OUTAGE_MS = 300;

/** The connection is reset, and a new one is refused for a moment, in which the write falls. */
export const cut: Fault = async ({ proxy }, { feed }, write) => {
  proxy.refuse();
  proxy.reset(feed);
  await write();
  void sleep(OUTAGE_MS).then(() => proxy.accept());
};

/** The connection stays open, and nothing passes any more. */
export const halfOpen: Fault = async ({ proxy }, { feed }, write) => {
  proxy.lose(feed, 'down');
  proxy.lose(feed, 'up');
  await write();
};

/** One message does not arrive; the connection is well. */
export const lostMessage: Fault = async ({ proxy }, { feed }, write) => {
  let isLost = false;
  void proxy.loseMessage(feed).then(() => {
    isLost = true;
  });
  await write();
  await until('the message is lost', () => isLost);
};

export function measureStaleness(peer: Peer, fault: Fault, survives: boolean): Promise<Staleness> {
  return onStage(peer, survives, async (stage) => {
    const { reader, writer } = stage;
    await fault(stage, peer, () => change(writer, 'second'));
    const ms = await watch(reader, 'second', WATCH_MS);
    const missesNext = ms === Number.POSITIVE_INFINITY && (await missesNextWrite(stage));
    return { ms, hasCrashed: reader.hasExited, missesNext };
  });
}

async function missesNextWrite({ reader, writer }: Stage): Promise<boolean> {
  await change(writer, 'third');
  return (await watch(reader, 'third', NEXT_MS)) === Number.POSITIVE_INFINITY;
}

async function change(writer: PeerProcess, value: string): Promise<void> {
  const { type } = await writer.write('key', value, WRITE_MS);
  if (type !== 'value') throw new Error(`The write ended as ${type}.`);
}

/** Reads until the value is there, and returns when another one was read last: infinite if it is so to the end. */
async function watch(reader: PeerProcess, value: string, forMs: number): Promise<number> {
  const started = performance.now();
  let lastOld = 0;
  let isOld = false;
  for (let left = forMs; left > 0; left = started + forMs - performance.now()) {
    const read = await reader.read('key', left);
    if (read.type === 'crashed' || (read.type === 'value' && read.value === value)) return lastOld;
    isOld = read.type === 'value';
    if (isOld) lastOld = performance.now() - started;
    await sleep(POLL_MS);
  }
  return isOld ? Number.POSITIVE_INFINITY : lastOld;
}
