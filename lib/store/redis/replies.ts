import { AmbiguousWriteError, UnavailableError } from '../../errors.ts';
import { ORIGIN, type Position } from '../position.ts';
import type { Batch, Conflict, Receipt, Snapshot } from '../store.ts';
import { decodePosition } from './envelope.ts';
import { APPLIED, REPEATED } from './scripts.ts';

/** Reads the value of the position key. */
export function decodePositionReply(reply: unknown): Position {
  if (reply === null || reply === undefined) return ORIGIN;
  if (reply instanceof Uint8Array && reply.length === 12) return decodePosition(asBuffer(reply));
  throw new UnavailableError(
    'The position key of this namespace (see README, names in Redis) does not hold a position. Something else wrote it: delete it, and every process drops its cache.',
  );
}

/**
 * Reads a position and the values that came with it.
 *
 * What is no position counts as none: the values are true nonetheless, and while it stands nothing can be written.
 *
 * @param count - Number of values that were asked for.
 */
export function decodeValues(reply: unknown, count: number): Snapshot {
  // A client that has lost track may give the reply of another command.
  if (!Array.isArray(reply) || reply.length !== count + 1) throw new UnavailableError('Redis gave no reply to a read.');
  const [at, ...values] = reply as (Uint8Array | null)[];
  return { position: positionOf(at), values: values.map((value) => value ?? undefined) };
}

/** What is no position counts as none. */
export function positionOf(at: Uint8Array | null | undefined): Position {
  return at?.length === 12 ? decodePosition(asBuffer(at)) : ORIGIN;
}

/** Reads what `PTTL` says of a key that had a value: -2, it is gone meanwhile; -1, it has no time to live. */
export function decodeTtl(pttl: unknown): number | undefined {
  return pttl === -2 ? 0 : ttlOf(pttl as number);
}

/** Reads the reply of a script that writes. */
export function decodeReceipt(reply: unknown, { conditions = [] }: Batch): Receipt {
  if (!Array.isArray(reply)) return { position: decodeNewPosition(reply), existed: [] };
  const [outcome, at, ...details] = reply as [number, unknown, ...unknown[]];
  const position = decodeNewPosition(at);
  if (outcome === REPEATED) return { position, existed: [], isRepeated: true };
  if (outcome === APPLIED) return { position, existed: details.map((count) => count === 1) };
  const conflicts: Conflict[] = [];
  for (let index = 0; index < details.length; index += 3) {
    const [which, bytes, pttl] = details.slice(index, index + 3) as [number, Buffer | null, number];
    const { key = '' } = conditions[which] ?? {};
    conflicts.push({ key, bytes: bytes ?? undefined, ttlMs: ttlOf(pttl) });
  }
  return { position, existed: [], conflicts };
}

function decodeNewPosition(at: unknown): Position {
  // A client that has lost track may give the reply of another command.
  if (!(at instanceof Uint8Array) || at.length !== 12) throw new AmbiguousWriteError('Redis gave no reply to a write.');
  return decodePosition(asBuffer(at));
}

/** A time to live as `PTTL` tells it: -1 and -2 are none. */
function ttlOf(pttl: number): number | undefined {
  return pttl < 0 ? undefined : pttl;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
