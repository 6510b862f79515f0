/** Real processes on a real server under faults. Nothing else may run beside them: see `npm run chaos`. */
import all from './jest.config.js';

const [{ testPathIgnorePatterns: _specs, ...shared }] = all.projects;

/** @type {import('jest').Config} */
export default {
  ...shared,
  displayName: 'chaos',
  testMatch: ['<rootDir>/spec/chaos/**/*.chaos.ts'],
  testTimeout: 400_000,
};
