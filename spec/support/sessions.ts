import type { Operation, Promises, Read, Value, Violation, Write } from './history.ts';

/** Operations shown before the read that breaks a promise. */
const CONTEXT = 10;

/** A read that breaks a promise. */
interface Breach {
  readonly rule: Violation['rule'];
  readonly read: Read;
  readonly text: string;
}

/** A value that a key had, and what is certain about when. */
interface Version {
  readonly write: Write | undefined;
  readonly value: Value;
  /** It was not there before. */
  readonly notBefore: number;
  /** It had been written by then; infinite where nobody can tell. */
  writtenBy: number;
  /** Something newer had been written by then. */
  overwrittenBy: number;
}

/**
 * Looks for reads of one key that break the promises for cached reads.
 *
 * Only what real time proves counts: a version is older than another if it had been written before the other's write began.
 */
export function sessionViolations(operations: readonly Operation[], promises: Promises): Violation[] {
  const versions = new Versions(operations);
  const processes = new Set(operations.map(({ process }) => process));
  return [...processes].flatMap((process) => {
    const own = operations.filter((each) => each.process === process);
    const session = new Session(own, versions, promises);
    return session.violations().map((found) => describe(found, operations));
  });
}

/** How long before its start the value of a cached read of this key had been overwritten: the longest of these times. */
export function longestStalenessMs(operations: readonly Operation[]): number {
  const versions = new Versions(operations);
  const ages = operations
    .filter((each) => each.type === 'cached')
    .map(({ value, start }) => start - Math.max(...versions.of(value).map(({ overwrittenBy }) => overwrittenBy)))
    .filter(Number.isFinite);
  return Math.max(0, ...ages);
}

/** All versions of a key. */
class Versions {
  readonly #byValue = new Map<Value, Version[]>();

  constructor(operations: readonly Operation[]) {
    this.#add({
      write: undefined,
      value: undefined,
      notBefore: -Infinity,
      writtenBy: -Infinity,
      overwrittenBy: Infinity,
    });
    for (const each of operations) if (each.type === 'write') this.#addWrite(each);
    const reads = operations.filter((each) => each.type !== 'write');
    for (const read of reads) this.#prove(read);
    this.#findOverwriting(reads.filter(({ type }) => type === 'fresh'));
  }

  /** The versions that a read may have met: all deletes where it found nothing, else at most one. */
  of(value: Value): readonly Version[] {
    return this.#byValue.get(value) ?? [];
  }

  /** Whether `read` shows its process a write that did not (certainly) happen, while that was on its way. */
  isPending(read: Read): boolean {
    return this.of(read.value).some(
      ({ write }) =>
        write?.process === read.process && write.outcome !== 'ok' && write.start < read.end && read.start < write.end,
    );
  }

  #addWrite(write: Write): void {
    const writtenBy = write.outcome === 'ok' ? write.end : Infinity;
    this.#add({ write, value: write.value, notBefore: write.start, writtenBy, overwrittenBy: Infinity });
  }

  #add(version: Version): void {
    const present = this.#byValue.get(version.value);
    if (present === undefined) this.#byValue.set(version.value, [version]);
    else present.push(version);
  }

  /** Whoever read a value proves that it was written; a process also sees its own writes that are on their way. */
  #prove(read: Read): void {
    const version = read.value === undefined ? undefined : this.of(read.value)[0];
    if (version?.write === undefined) return;
    const { process, end } = version.write;
    if (read.type === 'cached' && read.process === process && read.start < end) return;
    version.writtenBy = Math.min(version.writtenBy, read.end);
  }

  #findOverwriting(reads: readonly Read[]): void {
    const all = [...this.#byValue.values()].flat().filter(({ write }) => write?.outcome !== 'refused');
    const writes = all.map(({ value, notBefore, writtenBy }) => ({ value, start: notBefore, end: writtenBy }));
    const earliest = new EarliestEnd([...writes, ...reads]);
    for (const version of all) {
      version.overwrittenBy = earliest.after(version.writtenBy, version.value);
    }
  }
}

/** Of what began after a moment and shows another value: when did the first end? */
class EarliestEnd {
  readonly #starts: readonly number[];
  /** For what begins with or after each: the earliest end, the value it belongs to, and the earliest of another value. */
  readonly #ends: readonly { readonly end: number; readonly value: Value; readonly otherEnd: number }[];

  constructor(spans: readonly { readonly value: Value; readonly start: number; readonly end: number }[]) {
    const sorted = spans.toSorted((one, other) => one.start - other.start);
    let best = { end: Infinity, value: undefined as Value, otherEnd: Infinity };
    const ends = sorted.map(() => best);
    for (let index = sorted.length - 1; index >= 0; index--) {
      const { value, end } = sorted[index] as (typeof sorted)[number];
      if (value === best.value) best = { ...best, end: Math.min(best.end, end) };
      else if (end < best.end) best = { end, value, otherEnd: best.end };
      else best = { ...best, otherEnd: Math.min(best.otherEnd, end) };
      ends[index] = best;
    }
    this.#starts = sorted.map(({ start }) => start);
    this.#ends = ends;
  }

  after(moment: number, value: Value): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] as number) > moment) high = middle;
      else low = middle + 1;
    }
    const found = this.#ends[low];
    if (found === undefined) return Infinity;
    return found.value === value ? found.otherEnd : found.end;
  }
}

/** What one process did with the key. */
class Session {
  readonly #versions: Versions;
  readonly #promises: Promises;
  /** By start. */
  readonly #reads: readonly Read[];
  /** Own writes that happened, by start: reads that begin later see them or newer ones. */
  readonly #writes: Write[];
  readonly #firstSeen = new Map<Value, number>();
  readonly #otherSeen: EarliestEnd;
  /** Reads that may not have ended when the next one begins. */
  #open: { readonly end: number; readonly notBefore: number }[] = [];
  /** Versions that were overwritten before are older than what the process has read, or written. */
  #readFloor = -Infinity;
  #writeFloor = -Infinity;

  constructor(operations: readonly Operation[], versions: Versions, promises: Promises) {
    this.#versions = versions;
    this.#promises = promises;
    const sorted = byStart(operations);
    this.#reads = sorted.filter((each) => each.type !== 'write').filter((read) => !versions.isPending(read));
    this.#writes = sorted.filter((each) => each.type === 'write').filter(({ outcome }) => outcome === 'ok');
    for (const { value, end } of this.#reads)
      this.#firstSeen.set(value, Math.min(end, this.#firstSeen.get(value) ?? Infinity));
    this.#otherSeen = new EarliestEnd(this.#reads);
  }

  violations(): Breach[] {
    const writes = this.#writes.values();
    let write = writes.next().value;
    return this.#reads.flatMap((read) => {
      for (; write !== undefined && write.start < read.start; write = writes.next().value)
        this.#writeFloor = write.start;
      this.#closeBefore(read.start);
      return this.#judge(read) ?? [];
    });
  }

  /** What ended before is known to the process from now on. */
  #closeBefore(moment: number): void {
    for (const { end, notBefore } of this.#open)
      if (end < moment) this.#readFloor = Math.max(this.#readFloor, notBefore);
    this.#open = this.#open.filter(({ end }) => end >= moment);
  }

  #judge(read: Read): Breach | undefined {
    const { maxStalenessMs, resolutionMs } = this.#promises;
    const oldest = read.start - maxStalenessMs - resolutionMs;
    const written = this.#versions
      .of(read.value)
      .filter(({ write, notBefore }) => write?.outcome !== 'refused' && notBefore <= read.end);
    if (written.length === 0) return { rule: 'phantom', read, text: 'the value was not written' };
    const recent = written.filter(({ overwrittenBy }) => read.type === 'fresh' || overwrittenBy >= oldest);
    const possible = recent.filter(({ writtenBy }) => writtenBy >= Math.max(this.#readFloor, this.#writeFloor));
    const notBefore = Math.min(...possible.map((version) => version.notBefore));
    if (possible.length > 0) this.#open.push({ end: read.end, notBefore });
    if (read.type === 'fresh') return undefined;
    if (recent.length === 0) {
      const lateMs = oldest - Math.max(...written.map(({ overwrittenBy }) => overwrittenBy));
      return { rule: 'stale', read, text: `the value was overwritten ${lateMs.toFixed(1)} ms too long ago` };
    }
    if (possible.length > 0) return this.#judgeReturn(read);
    if (recent.every(({ writtenBy }) => writtenBy < this.#readFloor))
      return { rule: 'back in time', read, text: 'the process has read a newer value before' };
    return { rule: 'own write', read, text: 'the process has written a newer value before' };
  }

  /** A value is never written twice: after another one was seen it can't come back. */
  #judgeReturn(read: Read): Breach | undefined {
    if (read.value === undefined) return undefined;
    const left = this.#otherSeen.after(this.#firstSeen.get(read.value) ?? Infinity, read.value);
    if (left >= read.start) return undefined;
    return { rule: 'back in time', read, text: 'the process has read another value since it first read this one' };
  }
}

function describe({ rule, read, text }: Breach, operations: readonly Operation[]): Violation {
  const origin = operations.filter(
    ({ type, value }) => type === 'write' && value !== undefined && value === read.value,
  );
  const before = operations.filter(
    ({ type, process, start, outcome }: Operation & { readonly outcome?: string }) =>
      start < read.end && outcome !== 'refused' && (type !== 'cached' || process === read.process),
  );
  const shown = new Set<Operation>([...origin, ...byStart(before).slice(-CONTEXT), read]);
  return {
    rule,
    key: read.key,
    text: `${text}: ${read.value ?? 'missing'} in process ${read.process}`,
    operations: byStart([...shown]),
  };
}

function byStart<O extends Operation>(operations: readonly O[]): O[] {
  return operations.toSorted((one, other) => one.start - other.start);
}
