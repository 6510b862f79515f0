import all from '../jest.config.js';

const [{ displayName: _memory, ...memory }] = all.projects;

const { FOLDER } = process.env;
/** Specs of random histories that look at a folder from elsewhere. */
const others = { coherence: ['<rootDir>/spec/simulation/simulation.spec.ts'] };

/** @type {import('jest').Config} */
export default {
  ...memory,
  rootDir: process.cwd(),
  // The mutation tester itself holds a socket.
  setupFilesAfterEnv: [],
  testMatch: [`<rootDir>/spec/${FOLDER}/*.spec.ts`, ...(others[FOLDER] ?? [])],
  // What takes too long for each mutant, and what plants faults itself.
  testPathIgnorePatterns: [...memory.testPathIgnorePatterns, 'write/(writeBackModel|commands)', 'Planted\\.spec'],
  testEnvironment: `${import.meta.dirname}/environment.cjs`,
  testSequencer: '<rootDir>/mutation/sequencer.js',
  testTimeout: 60_000,
};
