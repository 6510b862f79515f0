import type { Era } from '../cache/entry.ts';
import { NEVER } from '../cache/turnClock.ts';
import type { Position } from '../store/position.ts';
import type { Relation } from './ring.ts';

/** Durations of a partition's proofs, in milliseconds. */
export interface Bounds {
  readonly maxStalenessMs: number;
  /** How long a position may be known, in a silent feed, before the message that made it counts as lost. */
  readonly lossPatienceMs: number;
}

/** A position that was read before the feed reached it. */
interface Claim {
  readonly position: Position;
  readonly sentAt: number;
}

const MAX_CLAIMS = 8;

/**
 * Since when a partition is proven equal to the store, and what may prove it yet.
 *
 * A proof counts from the moment at which its reading was sent: what happened while it was on its way is not known.
 */
export class Freshness {
  /** Monotonic milliseconds of the last proof. */
  asOf: number = Number.NEGATIVE_INFINITY;
  readonly #bounds: Bounds;
  readonly #onProof: (asOf: number) => void;
  #claims: Claim[] = [];
  #silence: { readonly since: number; readonly messages: number } | undefined;

  /** @param onProof - Told of each proof, in monotonic milliseconds. */
  constructor(bounds: Bounds, onProof: (asOf: number) => void) {
    this.#bounds = bounds;
    this.#onProof = onProof;
  }

  /** Everything up to a position that was read at `asOf` has been applied: the entries of `era` can be served. */
  prove(asOf: number, era: Era): void {
    this.#silence = undefined;
    if (asOf > this.asOf) this.asOf = asOf;
    this.extend(era);
    this.#onProof(asOf);
  }

  /** Lets `era` be served as long as the last proof allows. */
  extend(era: Era): void {
    era.freshUntil = Math.max(NEVER, Math.floor(this.asOf + this.#bounds.maxStalenessMs));
  }

  /** Monotonic milliseconds: replies to what was sent before are too old to be served. */
  since(now: number): number {
    return now - this.#bounds.maxStalenessMs;
  }

  /** Remembers a position that the feed has not reached: when it does, that proves freshness. */
  claim(position: Position, sentAt: number): void {
    if (this.#claims.length < MAX_CLAIMS) this.#claims.push({ position, sentAt });
  }

  /**
   * The feed has moved on: proves what it has reached.
   *
   * @returns Whether a claim was missed: its number was reached with another nonce.
   */
  meetClaims(relate: (position: Position) => Relation, era: Era): boolean {
    if (this.#claims.length === 0) return false;
    const met = this.#claims.map((claim) => ({ claim, relation: relate(claim.position) }));
    this.#claims = met.filter(({ relation }) => relation === 'ahead').map(({ claim }) => claim);
    for (const { claim, relation } of met) if (relation === 'known') this.prove(claim.sentAt, era);
    return met.some(({ relation }) => relation === 'forked');
  }

  /**
   * The store is ahead of the feed, by a reading sent at `sentAt`: late, or a message is lost. Only a feed that stays
   * silent shows the latter.
   *
   * @param messages - Number of messages so far.
   * @returns Whether a message counts as lost.
   */
  isLost(sentAt: number, messages: number): boolean {
    if (this.#silence?.messages === messages) return sentAt - this.#silence.since >= this.#bounds.lossPatienceMs;
    this.#silence = { since: sentAt, messages };
    return false;
  }

  /** A new history: what was claimed of the old one proves nothing. */
  forget(): void {
    this.#claims = [];
    this.#silence = undefined;
  }
}
