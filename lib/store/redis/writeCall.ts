import { positionNonce } from '../nonce.ts';
import type { Batch, SpaceOptions } from '../store.ts';
import { ByteWriter } from './byteWriter.ts';
import { encodeLogged } from './changeLog.ts';
import type { Arguments } from './connection.ts';
import { encodeEnvelopeTail } from './envelope.ts';
import type { PartitionNames } from './names.ts';
import { type Publish, type Script, setScripts, writeScripts } from './scripts.ts';

/**
 * Most values and bytes in one argument: each that is binary goes into the socket as a piece of its own, which costs more
 * than copying a small value.
 */
const MAX_PACKED = 100;
const MAX_PACKED_BYTES = 64 * 1024;

/** A script and what it is called with. */
export interface WriteCall {
  readonly script: Script;
  readonly args: Arguments;
}

/** The call that applies a batch. */
export function writeCall(batch: Batch, names: PartitionNames, options: SpaceOptions, publish: Publish): WriteCall {
  const args = encodeSet(batch, names, options);
  if (args !== undefined) return { script: setScripts[publish], args };
  return { script: writeScripts[publish], args: encodeWrite(batch, names, options) };
}

/** What the script for one plain set is called with, if the batch is one. */
function encodeSet(
  { deletes, sets, clear, conditions, ticket }: Batch,
  { position, log, keyPrefix, updateChannel }: PartitionNames,
  { origin, inlineBytes }: SpaceOptions,
): Arguments | undefined {
  if (sets.length !== 1 || deletes.length > 0 || clear || conditions !== undefined || ticket !== undefined)
    return undefined;
  const [[key, bytes, ttlMs]] = sets as [Batch['sets'][number]];
  if (ttlMs !== undefined || bytes.length > inlineBytes) return undefined;
  const nonce = String(positionNonce(false));
  return ['3', position, log, keyPrefix + key, updateChannel, nonce, String(origin), asBuffer(bytes)];
}

function encodeWrite(batch: Batch, names: PartitionNames, options: SpaceOptions): Arguments {
  const { deletes, sets, conditions = [], ticket } = batch;
  const keys = keysOf(batch, names);
  const hasTtls = sets.some(([, , ttlMs]) => ttlMs !== undefined);
  return [
    String(keys.length),
    ...keys,
    String(deletes.length),
    String(sets.length),
    String(conditions.length),
    encodeAnnouncement(batch, options, hasTtls),
    sets.length > 0 ? names.updateChannel : names.deleteChannel,
    ticket === undefined ? '' : String(ticket.number),
    ...conditions.map(({ version }) => version ?? ''),
    ...packs(sets),
    ...(hasTtls ? sets.map(([, , ttlMs]) => String(ttlMs ?? '')) : []),
  ];
}

/** In one argument, because each that is binary is a piece of its own on its way into the socket. */
function encodeAnnouncement(batch: Batch, { origin, inlineBytes }: SpaceOptions, hasTtls: boolean): Buffer {
  const logged = encodeLogged(batch);
  const tail = encodeEnvelopeTail(batch, origin, inlineBytes);
  const bytes = new ByteWriter(12 + logged.length + tail.length);
  bytes.uint48(positionNonce(hasTtls));
  bytes.uint48(logged.length);
  bytes.bytes(logged);
  bytes.bytes(tail);
  return bytes.written;
}

function packs(sets: Batch['sets']): Buffer[] {
  const packed: Buffer[] = [];
  for (let from = 0; from < sets.length;) {
    let [end, size] = [from, 2];
    do size += 4 + (sets[end++]?.[1].length ?? 0);
    while (end < sets.length && end - from < MAX_PACKED && size + 4 + (sets[end]?.[1].length ?? 0) <= MAX_PACKED_BYTES);
    packed.push(pack(sets.slice(from, end), size));
    from = end;
  }
  return packed;
}

function pack(sets: Batch['sets'], size: number): Buffer {
  const packed = new ByteWriter(size);
  packed.uint16(sets.length);
  for (const [, bytes] of sets) {
    packed.uint32(bytes.length);
    packed.bytes(bytes);
  }
  return packed.written;
}

function keysOf({ deletes, sets, conditions = [], ticket }: Batch, names: PartitionNames): string[] {
  const { position, log, keyPrefix, nothing, ticketPrefix } = names;
  const keys = [position, log];
  for (const key of deletes) keys.push(keyPrefix + key);
  for (const [key] of sets) keys.push(keyPrefix + key);
  for (const { key } of conditions) keys.push(keyPrefix + key);
  if (sets.length === 0) keys.push(nothing);
  if (ticket !== undefined) keys.push(ticketPrefix + ticket.holder.toString(16));
  return keys;
}

/** node-redis 4 takes no other binary than Buffers. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
