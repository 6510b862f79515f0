import { NearCache } from './cache/nearCache.ts';
import { TurnClock } from './cache/turnClock.ts';
import { Values } from './codec/values.ts';
import type { Asked, Decode } from './coherence/asked.ts';
import { Following } from './coherence/following.ts';
import { LastKnown } from './coherence/lastKnown.ts';
import { Outage } from './coherence/outage.ts';
import { Partition } from './coherence/partition.ts';
import { Reader } from './coherence/reader.ts';
import { Verifier } from './coherence/verifier.ts';
import { ChangeHub } from './dict/changeHub.ts';
import { DictEmitter } from './dict/events.ts';
import { Handle } from './dict/handle.ts';
import { reservedNames } from './dict/keys.ts';
import { type Fetch, LocalReads } from './dict/localReads.ts';
import type { MirrorBasis } from './dict/mirror/view.ts';
import { Mirrors } from './dict/mirror/mirrors.ts';
import type { NearDict } from './dict/nearDict.ts';
import { peerOf, Peers } from './dict/peers.ts';
import { StateTracker } from './dict/stateTracker.ts';
import { StoreWalk } from './dict/storeWalk.ts';
import { Updates } from './dict/updates.ts';
import { Writes } from './dict/writes.ts';
import { type OpenOptions, resolveOptions, type Settings } from './options.ts';
import type { NearDictError } from './errors.ts';
import { BoundedSpace } from './store/boundedSpace.ts';
import type { SchemaOutput, SchemaValues, StandardSchema } from './schema/standardSchema.ts';
import { keepAlive } from './store/deadline.ts';
import { randomNonce } from './store/nonce.ts';
import { KEY_HASH, owning, partitioner } from './store/partitioner.ts';
import type { Deadline, Store } from './store/store.ts';
import { channels, type RepairEvent, type StateEvent, type TelemetryEvent } from './telemetry/channels.ts';
import { TracedSpace } from './telemetry/tracedSpace.ts';
import { Atomics } from './write/atomics.ts';
import { FreshReads } from './write/freshReads.ts';
import type { WriteBack, WriteBackOptions } from './write/writeBack.ts';
import type { WriteBackSettings } from './write/writeMode.ts';
import type { Writer } from './write/writer.ts';
import { WriteThrough } from './write/writeThrough.ts';

/** How long a partition is followed after it was last read, in milliseconds. */
const LEAVE_AFTER_MS = 60_000;

/** The dictionaries of a process share a look at the clock per turn of the event loop. */
const processClock = new TurnClock(
  () => performance.now(),
  () => Date.now(),
);

/**
 * Opens the dictionary shared by every process that names the same namespace.
 *
 * A write is seen here at once, and elsewhere one message later: a network round trip as a rule, `maxStaleness` at worst.
 *
 * @param options - See {@link OpenOptions}; only `namespace` is required.
 * @returns A live dictionary: the store has answered and the feed of changes is confirmed. It shares its store's
 *   connections until closed; none that this library made keeps the process alive.
 * @throws {ConfigError} An option is unknown or out of range, or the client is not connected. Nothing was opened.
 * @throws {ConfigMismatchError} The namespace exists with another layout or codec. Nothing is left open.
 * @throws {ConnectTimeoutError} The store did not answer in `connectTimeout`. Nothing is left open.
 * @throws {UnavailableError} The store refused: wrong credentials, missing rights. Nothing is left open.
 *
 * @example
 * const scores = await openDict<{ ada: number }>({ namespace: 'scores' });
 * scores.dict.ada = 7;
 * await scores.dict.ada; // 7
 */
export function openDict<const S extends Readonly<Record<string, StandardSchema>>>(
  options: OpenOptions & { readonly schema: S },
): Promise<NearDict<SchemaValues<S>, SchemaValues<S>>>;
export function openDict<E extends StandardSchema>(
  options: OpenOptions & { readonly each: E },
): Promise<NearDict<Record<string, SchemaOutput<E>>>>;
export function openDict<T extends object = Record<string, unknown>>(options: OpenOptions): Promise<NearDict<T>>;
export async function openDict(options: OpenOptions): Promise<unknown> {
  return (await openParts(options)).handle;
}

/** A dictionary that is open. Its `close` event tells when it is closed. */
export interface OpenEvent extends TelemetryEvent {
  readonly handle: NearDict;
}

/**
 * An open dictionary, and what mirrors of it are opened by.
 *
 * @internal
 */
export interface OpenedDict {
  readonly handle: Handle;
  readonly mirrors: Mirrors;
}

/** The clock by which a dictionary on the store goes. */
function clockOf({ now }: Store): TurnClock {
  return now === undefined ? processClock : new TurnClock(now, now, 1);
}

/**
 * As `openDict`, for those who need more of it.
 *
 * @param ownClock - Instead of that of the store.
 * @internal
 */
export async function openParts(options: OpenOptions, ownClock?: TurnClock): Promise<OpenedDict> {
  const settings = resolveOptions(options);
  const makeBack = settings.writeBack && (await loadWriteBack(settings.writeBack));
  const clock = ownClock ?? clockOf(settings.store);
  const deadline = performance.now() + settings.connectTimeoutMs;
  const origin = randomNonce();
  const { namespace, store, inlineBytes, tracking } = settings;
  const values = valuesOf(settings);
  const { partitions, partitionBy } = settings;
  const layout = { partitions, hash: partitionBy === undefined ? KEY_HASH : 'custom', codec: values.codecName };
  const spaceOptions = { namespace, layout, inlineBytes, tracking, origin };
  const bounded = await BoundedSpace.open(store, spaceOptions, deadline, settings.timeoutMs);
  const space = new TracedSpace(bounded, aboutOf(settings), origin);
  const { handle, mirrors, start } = assemble(settings, makeBack, clock, values, space, origin);
  try {
    // Somebody awaits it: a process that has nothing else to do must not end before it is known how this ended.
    await keepAlive(start(deadline));
  } catch (error) {
    await handle.close();
    throw error;
  }
  channels.open.publish({ ...aboutOf(settings), handle } satisfies OpenEvent);
  return { handle, mirrors };
}

/**
 * What mirrors of a dictionary need to know of it, be it open or not.
 *
 * @internal
 */
export function basisOf(
  settings: Settings,
  clock: TurnClock = clockOf(settings.store),
  values: Values = valuesOf(settings),
): MirrorBasis {
  const { namespace, schemas } = settings;
  return { namespace, now: () => clock.time(), values, schemas };
}

function aboutOf({ namespace, store }: Settings): TelemetryEvent {
  return { namespace, store: store.name };
}

function valuesOf({ codec, values, maxValueBytes, writeBack }: Settings): Values {
  return new Values(codec, values, maxValueBytes, writeBack !== undefined);
}

type MakeBack = (parts: Omit<WriteBackOptions, keyof WriteBackSettings>) => WriteBack;

/** Write-back is a twelfth of the library, and loaded with the first dictionary that has it. */
async function loadWriteBack(mode: WriteBackSettings): Promise<MakeBack> {
  const { WriteBack } = await import('./write/writeBack.ts');
  return (parts) => new WriteBack({ ...mode, ...parts });
}

/** Wires the parts of a dictionary, with nothing under way yet. */
function assemble(
  settings: Settings,
  makeBack: MakeBack | undefined,
  clock: TurnClock,
  values: Values,
  space: TracedSpace,
  origin: number,
): OpenedDict & { readonly start: (deadline: Deadline) => Promise<void> } {
  const { namespace, timeoutMs } = settings;
  const about = aboutOf(settings);
  const onEvicted = makeBack && ((key: string): void => back?.evicted(key));
  const cache = new NearCache(settings.cacheLimit, settings.maxAgeMs, { uncacheable: reservedNames, onEvicted });
  const emitter = new DictEmitter(namespace);
  const state = new StateTracker((now, before) => {
    channels.state.publish({ ...about, now, before } satisfies StateEvent);
    emitter.emit('state', now, before);
    mirrors.stateChanged();
  });
  const hub = new ChangeHub(emitter, () => {
    state.update(partitions);
    if (state.now !== 'coherent') following.verifySuspects();
  });
  const ids = Array.from({ length: settings.partitions }, (_, id) => id);
  const partitionOf = partitioner(settings.partitions, settings.partitionBy);

  const partitions: readonly Partition[] = ids.map(
    (id) =>
      new Partition(
        cache,
        {
          now: () => clock.time(),
          requestReading: () => verifiers[id]?.request(),
          distrustFeed: () => {
            space.distrust(id);
          },
          repaired: (dropped) => {
            channels.repair.publish({ ...about, partition: id, dropped } satisfies RepairEvent);
          },
          isPending: (key) => writer.pending.has(key),
          owns: owning(partitionOf, id),
          changes: hub,
        },
        {
          maxStalenessMs: settings.maxStalenessMs,
          lossPatienceMs: Math.max(2 * settings.verifyIntervalMs, settings.maxStalenessMs / 2),
        },
        origin,
      ),
  );
  const outages = ids.map(() => new Outage());
  const decode: Decode = (key, entry) => reads.decoded(key, entry);
  const readers = partitions.map((partition, id) => new Reader(space, id, partition, timeoutMs, decode));
  const readerOf = (key: string): Reader => readers[partitionOf(key)] as Reader;
  const onFailure = (key: string, error: NearDictError): void => {
    writes.addFailure(key, error);
    emitter.emit('error', error);
  };
  const through = new WriteThrough({ space, partitions, partitionOf, timeoutMs, onFailure });
  const back = makeBack?.({
    through,
    partitions,
    partitionOf,
    timeoutMs,
    values,
    cached: (key) => cache.present(key, clock.time()),
    freshReads: new FreshReads(through, readerOf, timeoutMs),
    encode: (key, value, ttlMs) => writes.encodeNew('The function that merges conflicts', key, value, ttlMs),
    onFailure,
    onResolved: (conflict) => emitter.emit('conflict', conflict),
    onTrouble: (error) => emitter.emit('error', error),
  });
  const writer: Writer = back ?? through;
  const verifiers: readonly Verifier[] = partitions.map(
    (partition, id) =>
      new Verifier(space, id, partition, {
        maxRetryMs: settings.verifyIntervalMs,
        timeoutMs: Math.min(timeoutMs, settings.maxStalenessMs),
        answered: (failure) => {
          outages[id]?.answered(failure);
          state.answered(id, failure, partitions);
        },
      }),
  );
  const following = new Following(
    space,
    partitions.map((partition, id) => ({
      partition,
      verifier: verifiers[id] as Verifier,
      activity: () => partition.hits + (readers[id]?.misses ?? 0),
    })),
    {
      verifyIntervalMs: settings.verifyIntervalMs,
      leaveAfterMs: LEAVE_AFTER_MS,
      timeoutMs,
      isWatched: () => hub.isListening,
      isMonitored: () => emitter.listenerCount('state') > 0,
    },
  );
  const walk = new StoreWalk(space, readers, partitionOf, values, timeoutMs);
  const { schemas, ttlMs } = settings;
  const writes = new Writes({ namespace, writer, values, schemas, walk, partitionOf, ttlMs });
  const freshReads = new FreshReads(writer, readerOf, timeoutMs);
  const updates = new Updates(new Atomics(writer, freshReads, timeoutMs), writes, values);
  const mirrors = new Mirrors(basisOf(settings, clock, values), {
    timeoutMs,
    now: () => clock.time(),
    maxAgeMs: settings.maxAgeMs,
    space,
    partitions,
    following,
    partitionOf,
    writer,
    writes,
    walk,
    state: () => state.now,
  });
  const reads = new LocalReads({
    entries: cache.entries,
    pending: writer.pending,
    clock,
    values,
    fetch: fetchBy(
      settings,
      clock,
      cache,
      (key) => outages[partitionOf(key)] as Outage,
      (key) => {
        const id = partitionOf(key);
        following.use(id);
        return (readers[id] as Reader).read(key);
      },
      decode,
    ),
    onUse: () => {
      following.keepProving();
    },
  });
  const openedAt = clock.time();
  const peers = new Peers(space, () => {
    const [now, stats] = [clock.time(), handle.stats()];
    return peerOf({ origin, state: state.now, positions: following.positions, stats, age: now - openedAt });
  });
  const handle = new Handle({
    namespace,
    timeoutMs,
    now: () => clock.time(),
    space,
    cache,
    values,
    partitions,
    readers,
    following,
    partitionOf,
    writer,
    writes,
    updates,
    freshReads,
    reads,
    walk,
    hub,
    emitter,
    mirrors,
    peers,
    state: () => state.now,
  });
  const start = async (deadline: Deadline): Promise<void> => {
    // One is enough to know that the feed works; the others are followed when they are read.
    await following.follow(0, deadline);
    await state.coherent(deadline);
    peers.announce();
  };
  return { handle, mirrors, start };
}

/** How reads ask the store: with something to fall back on, where that is wanted. */
function fetchBy(
  { staleIfErrorMs, maxStalenessMs }: Settings,
  clock: TurnClock,
  { entries }: NearCache,
  outageOf: (key: string) => Outage,
  fetch: (key: string) => Asked,
  decode: Decode,
): Fetch {
  if (staleIfErrorMs === undefined) return fetch;
  const graceMs = staleIfErrorMs - maxStalenessMs;
  const lastKnown = new LastKnown({
    entries,
    now: () => clock.time(),
    graceMs,
    outageOf,
    fetch: (key) => fetch(key).reply(),
  });
  return async (key) => decode(key, (await lastKnown.read(key)).entry);
}
