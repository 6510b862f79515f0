import { UnavailableError } from '../../errors.ts';
import { samePosition } from '../position.ts';
import type { Deadline, Snapshot } from '../store.ts';
import type { Connection } from './connection.ts';
import { decodePositionReply, decodeTtl, decodeValues } from './replies.ts';

/**
 * Reads key by key, while the slot of a partition moves and each of its keys may be on either of two servers.
 *
 * Between two equal positions nothing was written, so what was read there belongs together.
 *
 * @param position - The name of the position, `names` those of the keys.
 * @throws {UnavailableError} It was written to all the time until the deadline.
 */
export async function readApart(
  connection: Connection,
  position: string,
  names: readonly string[],
  deadline: Deadline,
): Promise<Snapshot> {
  const askForEach = (command: string): Promise<unknown[]> =>
    Promise.all(names.map((name) => connection.query([command, name], deadline)));
  let before = await connection.query(['GET', position], deadline);
  while (performance.now() < deadline) {
    // As MGET does, and unlike GET, it takes what is no string for missing.
    const values = (await askForEach('MGET')) as [unknown][];
    const pttls = await askForEach('PTTL');
    const after = await connection.query(['GET', position], deadline);
    if (samePosition(decodePositionReply(before), decodePositionReply(after))) {
      const snapshot = decodeValues([after, ...values.flat()], names.length);
      return { ...snapshot, ttls: snapshot.values.map((value, index) => value && decodeTtl(pttls[index])) };
    }
    before = after;
  }
  throw new UnavailableError('The slot of this partition is being moved, and it was written to all the time.');
}
