import type { Codec } from '../codec/codec.ts';
import { jsonCodec } from '../codec/json.ts';
import { msgpackCodec } from '../codec/msgpack.ts';
import { Values } from '../codec/values.ts';
import type { NearDict } from '../dict/nearDict.ts';
import { openDict } from '../openDict.ts';
import { INLINE_BYTES } from '../options.ts';
import type { Side } from '../store/copy.ts';
import { randomNonce } from '../store/nonce.ts';
import { KEY_HASH, partitioner } from '../store/partitioner.ts';
import { inspect, type Inspection } from '../store/redis/inspect.ts';
import { redisStore } from '../store/redis/redisStore.ts';
import type { Deadline, Layout } from '../store/store.ts';
import { type Arguments, CommandError, NOT_THERE, type Options, UsageError } from './command.ts';

/** Longest time of each step, in milliseconds. */
export const STEP_MS = 30_000;
/** Longest wait for a connection, in milliseconds. */
const CONNECT_MS = 10_000;
const CLUSTER_PARTITIONS = 64;
/** No limit of its own: what was stored may be read. */
const MAX_VALUE_BYTES = 512 * 1024 * 1024;

/** Options of commands that may make a namespace. */
export const CREATION: Options = {
  create: { type: 'boolean' },
  partitions: { type: 'string' },
  codec: { type: 'string' },
};

/** A namespace at a URL. */
export interface Target {
  readonly namespace: string;
  readonly layout: Layout;
  /** What its values are read and written by. */
  readonly values: Values;
  /** Opens it as it is stored. */
  readonly openSide: () => Promise<Side>;
  /** Opens it as a dictionary. */
  readonly openDict: (cache?: false) => Promise<NearDict>;
}

/**
 * Finds the namespace that the arguments name, and how it is laid out.
 *
 * @throws {CommandError} There is none, and it is not to be made; or only the user's own program can find its keys.
 */
export async function findTarget(args: Arguments): Promise<Target> {
  if (!args.flag('create')) args.refuse(['partitions', 'codec'], 'is for a namespace that --create makes');
  return targetAt(args.url, args.neededNamespace, (inspection) => newLayout(args, inspection));
}

/**
 * The same by URL and name.
 *
 * @param layoutOfNew - The layout that it gets if there is none; `undefined`: it is not to be made.
 */
export async function targetAt(
  url: string,
  namespace: string,
  layoutOfNew: (inspection: Inspection) => Layout | undefined = () => undefined,
): Promise<Target> {
  const inspection = await inspect(url, namespace, connectInTime());
  const layout = inspection.layout ?? layoutOfNew(inspection);
  if (layout === undefined)
    throw new CommandError(`There is no namespace '${namespace}'. \`neardict ls\` lists them.`, NOT_THERE);
  assertOwnHash(layout);
  return targetOf(inspection, namespace, layout);
}

/** @throws {CommandError} Only the user's own program knows which key is in which partition. */
export function assertOwnHash({ partitions, hash }: Layout): void {
  if (partitions === 1 || hash === KEY_HASH) return;
  throw new CommandError(
    'The namespace was written with partitionBy, which only your program knows: use a program of yours for its entries.',
  );
}

export async function openSide({ options }: Inspection, namespace: string, layout: Layout): Promise<Side> {
  const settings = { namespace, layout, inlineBytes: INLINE_BYTES, tracking: false, origin: randomNonce() };
  const space = await redisStore(options).open(settings, inTime());
  return { space, partitionOf: partitioner(layout.partitions) };
}

/** The number of partitions that a new namespace gets. */
export function usualPartitions({ isCluster }: Inspection): number {
  return isCluster ? CLUSTER_PARTITIONS : 1;
}

export function inTime(): Deadline {
  return performance.now() + STEP_MS;
}

export function connectInTime(): Deadline {
  return performance.now() + CONNECT_MS;
}

function targetOf(inspection: Inspection, namespace: string, layout: Layout): Target {
  const { partitions } = layout;
  const shardedPubSub = layout.messages === 'sharded';
  const codec = codecOf(layout.codec);
  return {
    namespace,
    layout,
    values: new Values(codec, 'clone', MAX_VALUE_BYTES),
    openSide: () => openSide(inspection, namespace, layout),
    openDict: (cache) =>
      openDict({
        ...{ namespace, store: redisStore(inspection.options, { shardedPubSub }), partitions, codec, cache },
        ...{ connectTimeout: CONNECT_MS, timeout: STEP_MS, maxValueBytes: MAX_VALUE_BYTES },
      }),
  };
}

/** @throws {UsageError} There is no such codec. */
function newLayout(args: Arguments, inspection: Inspection): Layout | undefined {
  if (!args.flag('create')) return undefined;
  const codec = args.text('codec') ?? 'msgpack';
  if (codec !== 'msgpack' && codec !== 'json') throw new UsageError('--codec takes msgpack or json.');
  const partitions = args.integer('partitions', 1, 16_384) ?? usualPartitions(inspection);
  return { partitions, hash: KEY_HASH, codec };
}

function codecOf(name: string): Codec {
  if (name === 'msgpack') return msgpackCodec;
  return name === 'json' ? jsonCodec : unknownCodec(name);
}

/** A codec that only the user's own program has: its values are bytes here, and can't be made. */
function unknownCodec(name: string): Codec {
  return {
    name,
    encode(value) {
      if (value instanceof Uint8Array) return value;
      throw new CommandError(`The values of this namespace have the codec '${name}', which only your program knows.`);
    },
    decode: (bytes) => bytes.slice(),
  };
}
