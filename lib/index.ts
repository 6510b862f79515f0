export type { Codec } from './codec/codec.ts';
export type { ValueMode } from './codec/values.ts';
export type { DictChange, DictEvents, DictState } from './dict/events.ts';
export { handleOf } from './dict/handle.ts';
export { reservedNames } from './dict/keys.ts';
export type {
  Dict,
  DictEntry,
  DictStats,
  GetOptions,
  Key,
  MaybeAsync,
  NearDict,
  Pair,
  Reads,
  ScanOptions,
  SignalOptions,
  Value,
  WatchedValue,
  WatchOptions,
} from './dict/nearDict.ts';
export type { Duration } from './duration.ts';
export {
  AmbiguousWriteError,
  BackpressureError,
  ClosedError,
  CodecError,
  ConfigError,
  ConfigMismatchError,
  ConnectTimeoutError,
  FlushError,
  KeyError,
  NearDictError,
  UnavailableError,
  ValueTooLargeError,
  type WriteFailure,
} from './errors.ts';
export { openDict } from './openDict.ts';
export type { CacheOptions, OpenOptions } from './options.ts';
export { memoryStore } from './store/memory.ts';
export type { Position } from './store/position.ts';
export type {
  Batch,
  Change,
  Condition,
  Conflict,
  Deadline,
  FeedListener,
  Layout,
  LoggedCall,
  Message,
  PartitionId,
  Receipt,
  Snapshot,
  Space,
  SpaceOptions,
  Store,
  Ticket,
} from './store/store.ts';
