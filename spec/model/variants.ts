import type { Dice } from './dice.ts';

/** What an implementation may choose without breaking a promise. Every history draws its own. */
export interface Variants {
  /** Applied positions remembered. */
  readonly ringSize: number;
  /** Messages remembered while the position is not established. */
  readonly tailSize: number;
  /** Calls held by the change log; 0: there is none. */
  readonly logSize: number;
  /** Whether messages carry values. */
  readonly inlines: boolean;
  /** When not synced, the remembered messages are first tried as a continuation of the old position. */
  readonly tailContinuesOld: boolean;
  /** An acknowledgement at an applied position may install where no entry is. */
  readonly ackFills: boolean;
  /** The message of an own write may install where no entry is. */
  readonly ownMessageFills: boolean;
  /** An acknowledgement is kept only in the generation in which its write was sent. */
  readonly ackNeedsGeneration: boolean;
}

/** The choices of lib/. */
export const asBuilt: Variants = {
  ringSize: 16,
  tailSize: 16,
  logSize: 16,
  inlines: true,
  tailContinuesOld: true,
  ackFills: true,
  ownMessageFills: true,
  ackNeedsGeneration: true,
};

export function drawVariants(dice: Dice): Variants {
  const bits = dice.next() >>> 8;
  const size = bits & 3;
  return {
    ringSize: size === 0 ? 2 : size === 1 ? 3 : 16,
    tailSize: (bits & 4) === 0 ? 2 : 16,
    logSize: (bits & 24) === 0 ? 4 : (bits & 24) === 8 ? 8 : 0,
    inlines: (bits & 96) !== 0,
    tailContinuesOld: (bits & 128) !== 0,
    ackFills: (bits & 256) !== 0,
    ownMessageFills: (bits & 512) !== 0,
    ackNeedsGeneration: (bits & 1024) !== 0,
  };
}
