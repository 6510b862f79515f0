import all from '../jest.config.js';

const [{ displayName: _memory, ...memory }] = all.projects;

/** @type {import('jest').Config} */
export default {
  ...memory,
  rootDir: process.cwd(),
  // The mutation tester itself holds a socket.
  setupFilesAfterEnv: [],
  testMatch: [`<rootDir>/spec/${process.env.FOLDER}/*.spec.ts`],
  // Thousands of random histories for each mutant take too long.
  testPathIgnorePatterns: [...memory.testPathIgnorePatterns, 'Model\\.spec', 'write/commands'],
  testEnvironment: `${import.meta.dirname}/environment.cjs`,
  testSequencer: '<rootDir>/mutation/sequencer.js',
  testTimeout: 60_000,
};
