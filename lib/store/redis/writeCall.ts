import { positionNonce } from '../nonce.ts';
import type { Batch, SpaceOptions } from '../store.ts';
import { encodeLogged } from './changeLog.ts';
import type { Arguments } from './connection.ts';
import { encodeEnvelopeTail, encodeNumber } from './envelope.ts';
import type { PartitionNames } from './names.ts';

/** What the write script is called with. */
export function encodeWrite(batch: Batch, names: PartitionNames, options: SpaceOptions): Arguments {
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
    ticket === undefined ? '' : encodeNumber(ticket.number),
    ...conditions.map(({ version }) => version ?? ''),
    ...sets.map(([, bytes]) => asBuffer(bytes)),
    ...(hasTtls ? sets.map(([, , ttlMs]) => String(ttlMs ?? '')) : []),
  ];
}

/** In one argument, because each that is binary is a piece of its own on its way into the socket. */
function encodeAnnouncement(batch: Batch, { origin, inlineBytes }: SpaceOptions, hasTtls: boolean): Buffer {
  const logged = encodeLogged(batch);
  const tail = encodeEnvelopeTail(batch, origin, inlineBytes);
  return Buffer.concat([encodeNumber(positionNonce(hasTtls)), encodeNumber(logged.length), logged, tail]);
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
