import { type Fault, linger } from './fault.ts';

export const processFaults: Readonly<Record<string, Fault>> = {
  /** For longer than cached values may be old. */
  processStopped: {
    reach: 'process',
    perRun: 4,
    async strike(scene) {
      const { victim, maxStalenessMs } = scene;
      victim.freeze();
      await linger(scene, maxStalenessMs + 50, 3 * maxStalenessMs);
      victim.thaw();
      return true;
    },
  },
  loopBlocked: {
    reach: 'process',
    perRun: 2,
    async strike({ victim, maxStalenessMs, random }) {
      await victim.block(maxStalenessMs * (1.1 + 2 * random()));
      return true;
    },
  },
};
