import all from '../jest.config.js';

const [{ displayName: _memory, ...memory }] = all.projects;

/** @type {import('jest').Config} */
export default {
  ...memory,
  rootDir: process.cwd(),
  // The mutation tester itself holds a socket.
  setupFilesAfterEnv: [],
  testMatch: ['cache', 'coherence', 'write', 'dict'].map((name) => `<rootDir>/spec/${name}/*.spec.ts`),
  // What takes more than its share of the time.
  testPathIgnorePatterns: [
    ...memory.testPathIgnorePatterns,
    'coherence/replicaModel',
    'write/(writeBackModel|commands)',
    'dict/(badInputs|handle|deadlines|dictProxy|abort|closing|watch|peers)',
  ],
  testEnvironment: `${import.meta.dirname}/environment.cjs`,
  testSequencer: '<rootDir>/mutation/sequencer.js',
  testTimeout: 15_000,
};
