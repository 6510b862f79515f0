/** The packed library under other programs than Node, which are installed for it: see `npm run check:runtimes`. */
import all from './jest.config.js';

const [{ testPathIgnorePatterns: _specs, ...shared }] = all.projects;

/** @type {import('jest').Config} */
export default {
  ...shared,
  displayName: 'runtimes',
  testMatch: ['<rootDir>/spec/runtimes/*.check.ts'],
  testTimeout: 120_000,
};
