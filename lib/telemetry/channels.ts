/// <reference types="node" preserve="true" />
import { type Channel, channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel';

/** What every event of a dictionary tells. */
export interface TelemetryEvent {
  readonly namespace: string;
  /** The kind of store: `redis`, `memory`, or what an adapter calls itself. */
  readonly store: string;
}

/** A call that reads from the store: one command, and all keys of a tick. Reads from memory are no events. */
export interface ReadEvent extends TelemetryEvent {
  readonly partition: number;
  /**
   * The keys asked for; none: the position alone. Of a call that reads whatever is there, those that were found, from
   * `asyncStart` on. They may be personal data, values never appear.
   */
  readonly keys: readonly string[];
  /** With `asyncStart` and `asyncEnd`, if it succeeded: how many of the keys were there. */
  readonly result?: number;
  /** With `error`, `asyncStart` and `asyncEnd`, if it failed. */
  readonly error?: unknown;
}

/** A call that writes to the store: all writes of a tick, applied in one step. */
export interface WriteEvent extends TelemetryEvent {
  readonly partition: number;
  /** The keys that it sets or deletes. They may be personal data, values never appear. */
  readonly keys: readonly string[];
  readonly sets: number;
  readonly deletes: number;
  /** It empties the partition. */
  readonly clear: boolean;
  /** Bytes of the values that it sets. */
  readonly bytes: number;
  /** With `asyncStart` and `asyncEnd`, if the store answered: keys that were not as asked for; then nothing was written. */
  readonly result?: number;
  /** With `error`, `asyncStart` and `asyncEnd`, if it failed. */
  readonly error?: unknown;
}

/** A message of the feed: one call by which somebody wrote. */
export interface MessageEvent extends TelemetryEvent {
  readonly partition: number;
  /** The keys that were set or deleted. They may be personal data, values never appear. */
  readonly keys: readonly string[];
  /** The partition was emptied. */
  readonly clear: boolean;
  /** Written by the dictionary that hears it. */
  readonly local: boolean;
}

/** Cached entries were dropped because changes were missed. */
export interface RepairEvent extends TelemetryEvent {
  readonly partition: number;
  /** Number of keys that the change log names; `'all'`: everything cached of the partition was dropped. */
  readonly dropped: number | 'all';
}

export interface StateEvent extends TelemetryEvent {
  readonly now: 'coherent' | 'suspect' | 'offline';
  readonly before: 'coherent' | 'suspect' | 'offline';
}

// The types of Node 26 have the two parameters of a tracing channel in another order than those before: both are the event.
/** The channels of `node:diagnostics_channel`, by what is appended to `neardict:`. */
export interface Channels {
  /** Traces {@link ReadEvent}. */
  readonly read: TracingChannel<ReadEvent, ReadEvent>;
  /** Traces {@link WriteEvent}. */
  readonly write: TracingChannel<WriteEvent, WriteEvent>;
  /** Brings {@link MessageEvent}. */
  readonly message: Channel;
  /** Brings {@link RepairEvent}. */
  readonly repair: Channel;
  /** Brings {@link StateEvent}. */
  readonly state: Channel;
  /** Brings an `OpenEvent`: a dictionary that is open. */
  readonly open: Channel;
}

export const channels: Channels = {
  read: tracingChannel<ReadEvent, ReadEvent>('neardict:read'),
  write: tracingChannel<WriteEvent, WriteEvent>('neardict:write'),
  message: channel('neardict:message'),
  repair: channel('neardict:repair'),
  state: channel('neardict:state'),
  open: channel('neardict:open'),
};
