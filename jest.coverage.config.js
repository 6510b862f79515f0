/** What the specs reach of `lib/` in their own process, with one major version of the client: see `npm run coverage`. */
import all from './jest.config.js';

/** The newest major: with the oldest there are no sharded messages. */
const counted = ['memory', 'redis-v6'];

/** Specs of other things than `lib/` or of the built package, and those of thousands of random histories. */
const elsewhere = [
  'model',
  'simulation',
  'coherence/replica(Model|Planted)',
  'write/(writeBackModel|commands)',
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
  projects: all.projects
    .filter(({ displayName }) => counted.includes(displayName))
    .map((project) => ({
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
  coverageThreshold: { global: { branches: 95 } },
};
