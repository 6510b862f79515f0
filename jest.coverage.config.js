/** What the specs reach of `lib/` in their own process, with one major version of the client: see `npm run coverage`. */
import all from './jest.config.js';

const [memory, redis] = all.projects;

// Random histories: these many reach what they can reach.
process.env.SEEDS ??= '200';
process.env.SCHEDULES ??= '200';

/** Specs of other things than `lib/` or of the built package, and those that reach nothing new. */
const elsewhere = [
  'model',
  'simulation/(moreSeeds|planted)',
  'leaks',
  'chaos',
  'types',
  'site',
  'package',
  'readme',
  'structure',
  'runtimes',
  'scenarios/(counters|examples|demo|commonjs)',
].map((name) => `/spec/${name}`);

/** @type {import('jest').Config} */
export default {
  ...all,
  projects: [memory, redis].map((project) => ({
    ...project,
    testPathIgnorePatterns: [...project.testPathIgnorePatterns, ...elsewhere],
  })),
  collectCoverage: true,
  collectCoverageFrom: ['lib/**/*.ts'],
  // V8 reports only the branches that it met; those of Babel are those of the source.
  coverageProvider: 'babel',
  coverageReporters: ['text', 'json', 'html'],
  // Counting slows the loops of big tests down.
  testTimeout: 180_000,
  coverageThreshold: { global: { branches: 89 } },
};
