import { AmbiguousWriteError, ClosedError, FlushError, UnavailableError, type WriteFailure } from 'neardict';
import type { Batch, PartitionId } from '../../lib/store/store.ts';
import type { Client } from './client.ts';
import type { WriteObserver } from './simulatedStore.ts';
import type { OwnWrite } from './session.ts';
import { contentsOf } from './truth.ts';

/** A clear of one partition that was executed. */
interface Clear {
  readonly step: number;
  readonly partition: PartitionId;
  /** The versions that it left. */
  readonly indexes: ReadonlyMap<string, number>;
}

/** The writes of one handle: how each ends, and that none is lost silently. */
export class OwnWrites implements WriteObserver {
  readonly #client: Client;
  /** Assignments and deletes of which nobody knows yet how they ended. */
  #background: OwnWrite[] = [];
  readonly #assigned = new Set<string>();
  /** Errors that were heard since the last flush. */
  #heard: { readonly error: unknown; readonly step: number }[] = [];
  /** The newest write of each key in a call. */
  readonly #sent = new WeakMap<Batch, ReadonlyMap<string, number>>();
  readonly #rejected = new Map<unknown, Batch>();
  readonly #clears: Clear[] = [];

  constructor(client: Client) {
    this.#client = client;
    client.handle.on('error', (error) => {
      this.#hear(error);
    });
  }

  /** A write of one key begins, which its caller awaits. */
  begin(key: string, value: number | undefined): OwnWrite {
    return this.#begin(key, value, Number.POSITIVE_INFINITY);
  }

  /** A write of one of the keys of a call begins. */
  beginPart(key: string, value: number | undefined): OwnWrite {
    const { ledger, timeoutMs } = this.#client;
    // A call that is not answered holds up the writes of all keys of its partition.
    const held = ledger.truth.keysOf(ledger.truth.partitionOf(key));
    const starts = held.map((each) => this.#client.session(each).oldest?.startedAt ?? ledger.time.now);
    const since = Math.min(...starts);
    return this.#begin(key, value, since + timeoutMs);
  }

  /** An assignment or delete begins, which nobody awaits. */
  beginBackground(key: string, value: number | undefined): OwnWrite {
    const write = this.#begin(key, value, Number.POSITIVE_INFINITY);
    this.#background.push(write);
    this.#assigned.add(key);
    return write;
  }

  /** Follows a call that was awaited. With a signal it may be given up while the writes go on. */
  follow(what: string, call: Promise<unknown>, writes: readonly OwnWrite[], hasSignal: boolean = false): void {
    this.#client.track(
      what,
      call,
      () => {
        for (const write of writes) this.#applied(write);
      },
      (error) => {
        const [first, ...others] = writes;
        if (first !== undefined && others.length === 0 && isDefinite(error)) this.#neverApplied(first);
        // What was given up by its signal may be under way still.
        const isGivenUp = hasSignal && error instanceof AmbiguousWriteError;
        for (const write of writes)
          if (isGivenUp) doubt(write);
          else this.#end(write, 'failed');
      },
    );
  }

  /** A `clear()` that was called in step `since` has ended. */
  cleared(since: number): void {
    for (const id of this.#client.ledger.truth.partitions) {
      const clear = this.#clears.find(({ step, partition }) => step >= since && partition === id);
      if (clear === undefined) this.#client.ledger.violate(`${this.#client.name}: a clear was lost`);
      for (const [key, index] of clear?.indexes ?? []) {
        const session = this.#client.session(key);
        if (session.rolledBackAt === Number.NEGATIVE_INFINITY) session.seen = Math.max(session.seen, index);
      }
    }
  }

  flush(): void {
    this.#followFlush('flush', this.#client.handle.flush(), false);
  }

  close(): void {
    this.#client.isClosing = true;
    this.#followFlush('close', this.#client.handle.close(), true);
  }

  destroy(): void {
    this.#client.isClosing = true;
    this.#client.handle.destroy();
  }

  // Told by the store

  sent(batch: Batch): void {
    const contents = batch.clear ? [] : contentsOf(batch);
    const numbers = [...contents].map(
      ([key, value]) => [key, this.#client.session(key).newestOf(value)?.number ?? -1] as const,
    );
    this.#sent.set(batch, new Map(numbers));
  }

  rejected(batch: Batch, error: unknown): void {
    this.#rejected.set(error, batch);
    for (const key of this.#sent.get(batch)?.keys() ?? []) {
      for (const write of this.#client.session(key).writes) {
        if (write.certainUntil < Number.POSITIVE_INFINITY) doubt(write);
      }
    }
  }

  /** The server has applied one of this handle's calls. Returns whether it was one. */
  applied(partition: PartitionId, batch: Batch): boolean {
    const sent = this.#sent.get(batch);
    if (sent === undefined) return false;
    const { ledger } = this.#client;
    for (const [key, number] of sent) this.#client.session(key).applied(number, ledger.truth.lastIndex(key));
    if (batch.clear) {
      const cleared = ledger.truth.keysOf(partition);
      const indexes = new Map(cleared.map((key) => [key, ledger.truth.lastIndex(key)]));
      this.#clears.push({ step: ledger.step, partition, indexes });
    }
    return true;
  }

  #begin(key: string, value: number | undefined, certainUntil: number): OwnWrite {
    const { ledger, name } = this.#client;
    const number = ledger.tick();
    const startedAt = ledger.time.now;
    const endedAt = Number.POSITIVE_INFINITY;
    const write: OwnWrite = { number, key, value, state: 'open', startedAt, certainUntil, endedAt };
    this.#client.session(key).writes.push(write);
    ledger.note(`  ${name}: ${key} = ${String(value)}`);
    return write;
  }

  // How writes end

  #end(write: OwnWrite, state: 'applied' | 'failed'): void {
    write.endedAt = this.#client.ledger.tick();
    if (write.state !== 'lost') write.state = state;
  }

  #applied(write: OwnWrite): void {
    const isLost = write.state === 'lost';
    this.#end(write, 'applied');
    if (isLost) return;
    const session = this.#client.session(write.key);
    const index = session.indexOf(write);
    if (index !== undefined) session.seen = Math.max(session.seen, index);
    else this.#client.ledger.violate(`${this.#client.name}: ${write.key} = ${String(write.value)} was lost`);
  }

  #neverApplied({ key, value }: OwnWrite): void {
    const { ledger, name } = this.#client;
    if (value === undefined) return;
    if (ledger.truth.wasWritten(value))
      ledger.violate(`${name}: ${key} = ${value} was applied and reported as refused`);
    ledger.truth.refuse(value);
  }

  // Failures in the background

  #hear(error: unknown): void {
    this.#client.ledger.note(`  ${this.#client.name} error: ${String(error)}`);
    this.#heard.push({ error, step: this.#client.ledger.step });
    const batch = this.#rejected.get(error);
    const sent = batch && this.#sent.get(batch);
    for (const write of this.#background) {
      const isConcerned = sent === undefined || write.number <= (sent.get(write.key) ?? -1);
      if (isConcerned) doubt(write);
    }
  }

  #followFlush(what: string, flush: Promise<void>, isLast: boolean): void {
    const covered = new Set(this.#background);
    this.#client.track(
      what,
      flush,
      () => {
        this.#judge(what, covered, [], isLast);
      },
      (error) => {
        if (error instanceof FlushError) this.#judge(what, covered, error.errors, isLast);
        else this.#client.ledger.violate(`${this.#client.name}: ${what} failed with ${String(error)}`);
      },
    );
  }

  /** A flush lists the failures that were heard, no others; everything else that it covers is in the store. */
  #judge(what: string, covered: ReadonlySet<OwnWrite>, failures: readonly WriteFailure[], isLast: boolean): void {
    const { ledger, name } = this.#client;
    const heard = this.#takeHeard(isLast ? Number.POSITIVE_INFINITY : failures.length);
    const isListed = heard.every(({ error }, index) => failures[index]?.error === error);
    const isExact = this.#client.isClosing || failures.length === heard.length;
    if (!isListed || !isExact) ledger.violate(`${name}: ${what} lists ${failures.length} failures of ${heard.length}`);
    const failed = new Set(failures.map(({ key }) => key));
    for (const key of failed) {
      const isKnown = this.#assigned.has(key) || isLast;
      if (!isKnown) ledger.violate(`${name}: ${what} lists ${key}, which was not assigned`);
    }
    this.#background = this.#background.filter((write) => {
      // Of one that came after the flush began nobody knows whether it is the one that is listed.
      if (!covered.has(write)) return write.state === 'open' || !failed.has(write.key);
      if (failed.has(write.key)) this.#end(write, 'failed');
      else this.#applied(write);
      return false;
    });
  }

  /** What is heard beyond `count` when a flush has ended, and before that is known here, is for the next one. */
  #takeHeard(count: number): readonly { readonly error: unknown }[] {
    const { step } = this.#client.ledger;
    const later = this.#heard.slice(count).filter((heard) => heard.step === step);
    const taken = this.#heard.slice(0, this.#heard.length - later.length);
    this.#heard = later;
    return taken;
  }
}

/** Errors that say that nothing was written. */
function isDefinite(error: unknown): boolean {
  return error instanceof UnavailableError || error instanceof ClosedError || (error as Error).name === 'AbortError';
}

function doubt(write: OwnWrite): void {
  if (write.state === 'open') write.state = 'doubtful';
}
