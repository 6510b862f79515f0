import { UnavailableError } from '../../../errors.ts';
import type { Deadline, Layout } from '../../store.ts';
import type { Connection } from '../connection.ts';
import { isMissingRight } from '../failures.ts';
import { assertMayWrite } from '../rights.ts';
import { publishIn } from '../scripts.ts';
import type { Finding } from './finding.ts';
import { namesOf } from './namespace.ts';

/** Looks what the user may do with a namespace: who only reads need not write. */
export async function* checkRights(
  connection: Connection,
  namespace: string,
  layout: Layout,
  inTime: () => Deadline,
): AsyncGenerator<Finding> {
  const check = 'rights';
  const [names] = namesOf(connection, namespace, layout);
  if (names === undefined) return;
  try {
    await connection.query(['MGET', names.position, `${names.keyPrefix}nothing`], inTime());
    yield { check, status: 'ok', message: 'The user may read.' };
  } catch (error) {
    if (!isMissingRight(error)) throw error;
    yield { check, status: 'fail', message: (error as Error).message };
  }
  try {
    await assertMayWrite(connection, names, publishIn(layout), inTime());
    yield { check, status: 'ok', message: 'The user may write.' };
  } catch (error) {
    if (!(error instanceof UnavailableError) || isOfConnection(error)) throw error;
    yield { check, status: 'warn', message: error.message, advice: 'This is as it should be for one who only reads.' };
  }
}

/** Whether no answer came, or another one than that a right is missing: what is missing has no cause. */
function isOfConnection(error: UnavailableError): boolean {
  return error.cause !== undefined && !isMissingRight(error);
}
