import type { FaultProxy } from '../../support/faultProxy.ts';
import type { RedisServer } from '../../support/redisServer.ts';
import { sleep } from '../clock.ts';

/** A worker process, as faults see it. */
export interface Victim {
  readonly proxy: FaultProxy;
  /** Stops the process as a debugger or a paused machine does, and lets it go on. */
  freeze(): void;
  thaw(): void;
  /** Keeps its event loop busy. Resolves when that is over. */
  block(ms: number): Promise<void>;
}

/** Where a fault strikes. */
export interface Scene {
  /** 0 to 1. */
  readonly random: () => number;
  readonly maxStalenessMs: number;
  readonly server: RedisServer;
  /** Sends a command past all proxies, with all rights. */
  readonly admin: (...args: readonly string[]) => Promise<unknown>;
  readonly namespace: string;
  /** The user that workers log in as. */
  readonly user: string;
  readonly victim: Victim;
  /** Does what deletes all data, and writes it into the history. */
  readonly loseData: (act: () => Promise<unknown>) => Promise<void>;
}

/** One kind of fault. */
export interface Fault {
  /** Whether one process suffers or all. */
  readonly reach: 'process' | 'server';
  /** How often it strikes in one run: often what networks often do, and what could break a promise. */
  readonly perRun: number;
  /**
   * Strikes once, and takes back what would last.
   *
   * @returns Whether it met something. If not, nothing is left of it and it can strike again.
   */
  strike(scene: Scene): Promise<boolean>;
}

/** Lets a condition last for a random time of `least` to `most` milliseconds. */
export function linger({ random }: Scene, least: number, most: number): Promise<void> {
  return sleep(least + (most - least) * random());
}
