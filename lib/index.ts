export type { Codec } from './codec/codec.ts';
export type { ValueMode } from './codec/values.ts';
export type {
  DefaultedConfig,
  Mirror,
  MirrorChange,
  MirrorConfig,
  MirrorEvents,
  MirrorOptions,
  MirrorProgress,
} from './dict/mirror/mirror.ts';
export type { DictChange, DictEvents, DictState } from './dict/events.ts';
export { handleOf } from './dict/handle.ts';
export { reservedNames } from './dict/keys.ts';
export type { SignalOptions } from './dict/abortable.ts';
export type { Key, Pair, Value } from './dict/pair.ts';
export type {
  Dict,
  DictEntry,
  DictPeer,
  DictStats,
  GetOptions,
  MaybeAsync,
  NearDict,
  Reads,
  ScanOptions,
  SetOptions,
  Updated,
  UpdatedMany,
  WatchedValue,
  WatchOptions,
  WriteOptions,
} from './dict/nearDict.ts';
export { REMOVE } from './dict/remove.ts';
export type { ConflictPolicy, Merge, WriteConflict } from './write/conflict.ts';
export type { WriteBackMode, WriteMode } from './write/writeMode.ts';
export type { Duration } from './duration.ts';
export {
  AmbiguousWriteError,
  BackpressureError,
  BackupError,
  ClosedError,
  CodecError,
  ConfigError,
  ConfigMismatchError,
  ConflictError,
  ConnectTimeoutError,
  FlushError,
  KeyError,
  NearDictError,
  PartialWriteError,
  SchemaError,
  type SchemaIssue,
  UnavailableError,
  ValueTooLargeError,
  type WriteFailure,
} from './errors.ts';
export { openDict, type OpenEvent } from './openDict.ts';
export { type OpenedMirror, openMirror, type OpenMirrorOptions } from './openMirror.ts';
export type { CacheOptions, OpenOptions } from './options.ts';
export type { SchemaOutput, SchemaValues, StandardSchema } from './schema/standardSchema.ts';
export { memoryStore } from './store/memory.ts';
export type {
  MessageEvent,
  ReadEvent,
  RepairEvent,
  StateEvent,
  TelemetryEvent,
  WriteEvent,
} from './telemetry/channels.ts';
export type { Position } from './store/position.ts';
export type {
  Batch,
  Block,
  Change,
  Condition,
  Conflict,
  Deadline,
  FeedListener,
  Layout,
  LoggedCall,
  Message,
  PartitionId,
  PeerAnswers,
  Receipt,
  Snapshot,
  Space,
  SpaceOptions,
  Store,
  Ticket,
} from './store/store.ts';
