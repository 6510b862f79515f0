import type { Trace } from './trace.ts';

export type ClientId = 0 | 1;
export type KeyId = 0 | 1;
export type Two<T> = [T, T];

/** Never; kept here because in Jest a look at a global is slow. */
const never = Number.POSITIVE_INFINITY;

export const both: readonly [0, 1] = [0, 1];

export type ViolationKind =
  'monotonic' | 'readYourWrites' | 'stale' | 'phantom' | 'twice' | 'ownOrder' | 'neverFresh' | 'diverged';

export interface Violation {
  readonly kind: ViolationKind;
  readonly detail: string;
}

/** A value that stood under a key, as only the observer of the whole world knows it. */
export interface Version {
  /** Order of execution. */
  readonly index: number;
  readonly key: KeyId;
  /** When it was last no longer current; infinite while it is. */
  endedAt: number;
  /** A failover took it. */
  isLost: boolean;
}

/** A write as its client means it. */
export interface Operation {
  readonly id: number;
  readonly key: KeyId;
  version: Version | undefined;
}

interface Seen {
  readonly version: Version;
  readonly isOwn: boolean;
}

/** Knows every version and what each client has seen, and judges every read by it. */
export class Ledger {
  violation: Violation | undefined;
  now = 0;
  /** Versions, lost ones included. */
  count = 0;
  readonly #boundTicks: number;
  readonly #trace: Trace;
  readonly #versions: Version[] = [];
  /** Per client and key, versions in rising order; the last one is the least that a new read may return. */
  readonly #seen: Two<Two<Seen[]>> = [
    [[], []],
    [[], []],
  ];
  readonly #acknowledged: Two<Two<Operation | undefined>> = [
    [undefined, undefined],
    [undefined, undefined],
  ];
  /** When a client last heard a primary that was already deposed. */
  readonly #heardDeposedAt: Two<number> = [-never, -never];

  constructor(boundTicks: number, trace: Trace) {
    this.#boundTicks = boundTicks;
    this.#trace = trace;
  }

  /** A new version stands under `key` in the place of `old`. */
  commit(key: KeyId, old: Version | undefined, operation: Operation | undefined): Version {
    const version: Version = { index: this.count++, key, endedAt: never, isLost: false };
    if (old !== undefined) old.endedAt = this.now;
    this.#versions.push(version);
    if (operation !== undefined) {
      if (operation.version?.isLost === false) this.#violate('twice', `operation ${operation.id} was applied twice`);
      operation.version = version;
    }
    return version;
  }

  /** A failover: of the versions since `survivors`, none is left, and `current` stand again. */
  rollBack(survivors: number, current: Readonly<Two<Version>>): void {
    for (let index = survivors; index < this.#versions.length; index++) {
      const version = this.#versions[index];
      if (version === undefined || version.isLost) continue;
      version.isLost = true;
      if (version.endedAt > this.now) version.endedAt = this.now;
    }
    for (const version of current) version.endedAt = never;
    for (const ofClient of this.#seen) {
      for (const seen of ofClient) while (seen.at(-1)?.version.isLost === true) seen.pop();
    }
  }

  heardDeposed(client: ClientId): void {
    this.#heardDeposedAt[client] = this.now;
  }

  /** What a read that begins now may not go behind. */
  floor(client: ClientId, key: KeyId): Seen | undefined {
    return this.#seen[client][key].at(-1);
  }

  /** A read has ended that began when `floor` was known. */
  read(client: ClientId, version: Version, floor: Seen | undefined): void {
    if (floor !== undefined && !floor.version.isLost && version.index < floor.version.index) {
      this.#violate(
        floor.isOwn ? 'readYourWrites' : 'monotonic',
        `client ${client} read ${label(version)} after ${label(floor.version)}`,
      );
    }
    this.#see(client, version, false);
  }

  /** A read was served from the cache. */
  hit(client: ClientId, version: Version): void {
    let since = version.endedAt;
    const heardAt = this.#heardDeposedAt[client];
    if (version.isLost && heardAt > since) since = heardAt;
    if (this.now - since > this.#boundTicks) {
      this.#violate(
        version.isLost ? 'phantom' : 'stale',
        `client ${client} was served ${label(version)}, which ended at ${version.endedAt}`,
      );
    }
    this.read(client, version, this.floor(client, version.key));
  }

  /** A write has ended well. */
  acknowledge(client: ClientId, operation: Operation): void {
    const { version, key } = operation;
    if (version === undefined) {
      this.#violate('ownOrder', `operation ${operation.id} was acknowledged and never applied`);
      return;
    }
    const before = this.#acknowledged[client][key];
    if (before?.version !== undefined && before.id > operation.id && before.version.index < version.index) {
      this.#violate('ownOrder', `operation ${operation.id} replaced the later operation ${before.id}`);
    }
    this.#acknowledged[client][key] = operation;
    this.#see(client, version, true);
  }

  /** All is quiet: the client should serve `current` from its cache. */
  settle(client: ClientId, key: KeyId, cached: Version | undefined, current: Version): void {
    if (cached === undefined) this.#violate('neverFresh', `client ${client} does not serve key ${key} from its cache`);
    else if (cached !== current) this.#violate('diverged', `client ${client} holds ${label(cached)} for good`);
  }

  #see(client: ClientId, version: Version, isOwn: boolean): void {
    if (version.isLost) return;
    const seen = this.#seen[client][version.key];
    const last = seen.at(-1);
    if (last === undefined || last.version.index < version.index) seen.push({ version, isOwn });
  }

  #violate(kind: ViolationKind, detail: string): void {
    if (this.#trace.isOn) this.#trace.add(`VIOLATION ${kind}: ${detail}`);
    this.violation ??= { kind, detail };
  }
}

export function label(version: Version): string {
  return `${version.key === 0 ? 'x' : 'y'}#${version.index}${version.isLost ? ' (lost)' : ''}`;
}
