import type { Ledger } from './ledger.ts';
import { MAX_STALENESS_MS } from './profile.ts';
import type { Session } from './session.ts';

/** What a handle did with a key, and what one way of reading it has shown. */
export type SeenBy = Pick<Session, 'seen' | 'writes' | 'rolledBackAt' | 'newest' | 'indexOf'>;

/** Where a read stood when it began. */
export interface ReadStart {
  readonly key: string;
  readonly session: SeenBy;
  readonly tick: number;
  readonly step: number;
  readonly at: number;
  readonly seen: number;
  readonly lastWrite: number;
}

/**
 * How old a value may be: current in so many milliseconds before the read began, or since it began (`'fresh'`).
 * `'absent'`: a walk has not met the key; as `'fresh'`, but a cached read may still show what was deleted.
 */
export type Age = number | 'fresh' | 'absent';

/** How long what a failover has lost may be shown, when messages of the deposed server were on their way. */
const LOST_MS = 4 * MAX_STALENESS_MS;

export function startRead(ledger: Ledger, session: Session, key: string): ReadStart {
  return {
    key,
    session,
    tick: ledger.tick(),
    step: ledger.step,
    at: ledger.time.now,
    seen: session.seen,
    lastWrite: session.lastNumber,
  };
}

/**
 * Checks what a read brought: the handle's own writes or something newer, nothing older than it has seen, nothing that
 * was replaced too long ago.
 *
 * @param matches - Whether a value is what was read.
 * @returns What is wrong with it.
 */
export function findFault(
  ledger: Ledger,
  start: ReadStart,
  age: Age,
  matches: (value: number | undefined) => boolean,
): string | undefined {
  const { session, key } = start;
  const own = session.newest(start.lastWrite, ledger.time.now);
  if (isOwnWrite(start, own?.number ?? 0, matches)) return undefined;
  // What a failover has lost may be shown for a while.
  const isDisturbed = start.at <= session.rolledBackAt + LOST_MS;
  const written = own === undefined ? 0 : session.indexOf(own);
  if (written === undefined && !isDisturbed) return `does not see its own write ${String(own?.value)}`;
  const from = isDisturbed ? 0 : Math.max(start.seen, written ?? 0);
  const versions = ledger.truth.versionsOf(key);
  for (let index = from; index < versions.length; index++) {
    if (!matches(versions[index]?.value) || !isRecent(ledger, start, age, index)) continue;
    if (age !== 'absent') session.seen = isDisturbed ? index : Math.max(session.seen, index);
    return undefined;
  }
  const last = versions.findLastIndex(({ value }) => matches(value));
  const reason = last >= from ? 'is stale' : 'goes back';
  return `${reason} (seen ${start.seen}, written ${String(written)}, is ${last} of ${versions.length})`;
}

/** Whether it is a write that was pending when the read began, or came later. */
function isOwnWrite(start: ReadStart, since: number, matches: (value: number | undefined) => boolean): boolean {
  return start.session.writes.some(
    ({ number, value, endedAt }) => number >= since && endedAt > start.tick && matches(value),
  );
}

function isRecent(ledger: Ledger, start: ReadStart, age: Age, index: number): boolean {
  const versions = ledger.truth.versionsOf(start.key);
  const next = versions[index + 1];
  if (next === undefined) return true;
  if (typeof age !== 'number') return next.step >= start.step;
  const losses = versions.filter(({ isRestored, at }, each) => each > index && isRestored && start.at <= at + LOST_MS);
  // What was lost may be told later: all that the deposed server has sent arrives. What it had kept was replaced there, too.
  if (losses.some((restored) => index > versions.findIndex(({ value }) => value === restored.value))) return true;
  return next.at >= Math.min(start.at, ...losses.map(({ at }) => at)) - age;
}
