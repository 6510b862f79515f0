import { UnavailableError } from '../../errors.ts';
import { ORIGIN, type Position } from '../position.ts';
import type { Batch, Conflict, Receipt, Snapshot } from '../store.ts';
import { decodePosition } from './envelope.ts';
import { APPLIED, REPEATED } from './scripts.ts';

/** Reads the value of the position key. */
export function decodePositionReply(reply: unknown): Position {
  if (reply === null || reply === undefined) return ORIGIN;
  if (reply instanceof Uint8Array && reply.length === 12)
    return decodePosition(Buffer.from(reply.buffer, reply.byteOffset, reply.length));
  throw new UnavailableError(
    'The position key of this namespace (see README, names in Redis) does not hold a position. Something else wrote it: delete it, and every process drops its cache.',
  );
}

/** Reads the reply of the write script. */
export function decodeReceipt(reply: unknown, { conditions = [] }: Batch): Receipt {
  const [outcome, at, ...details] = reply as [number, Buffer, ...unknown[]];
  const position = decodePosition(at);
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

/** A time to live as `PTTL` tells it: -1 and -2 are none. */
function ttlOf(pttl: number | null): number | undefined {
  return pttl === null || pttl < 0 ? undefined : pttl;
}

/** Reads values and their times to live, which come in turns. */
export function decodeTimed(pairs: readonly (Buffer | number | null)[]): Pick<Snapshot, 'values' | 'ttls'> {
  const values: (Buffer | undefined)[] = [];
  const ttls: (number | undefined)[] = [];
  for (let index = 0; index < pairs.length; index += 2) {
    values.push((pairs[index] ?? undefined) as Buffer | undefined);
    ttls.push(ttlOf((pairs[index + 1] ?? null) as number | null));
  }
  return { values, ttls };
}
