/** Specs that talk to Redis run once with each major version of the client. */
const clients = ['redis', 'redis-v5', 'redis-v6'];

const shared = {
  extensionsToTreatAsEsm: ['.ts'],
  globalSetup: '<rootDir>/spec/support/findServer.ts',
  setupFilesAfterEnv: ['<rootDir>/spec/support/leakGuard.ts'],
  transform: { '\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' } }] },
  testPathIgnorePatterns: ['/node_modules/'],
};
const own = { '^neardict$': '<rootDir>/lib/index.ts', '^neardict/(.*)$': '<rootDir>/lib/$1.ts' };

/** @type {import('jest').Config} */
export default {
  testTimeout: 60_000,
  // Most specs wait more than they compute.
  maxWorkers: '100%',
  // A worker keeps the modules of every spec that it has run, and becomes slow.
  workerIdleMemoryLimit: '600MB',
  projects: [
    {
      ...shared,
      displayName: 'memory',
      moduleNameMapper: own,
      testMatch: ['<rootDir>/spec/**/*.spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', '\\.redis\\.spec\\.ts$'],
    },
    ...clients.map((name) => ({
      ...shared,
      displayName: name,
      moduleNameMapper: { ...own, '^redis$': name },
      testMatch: ['<rootDir>/spec/**/*.redis.spec.ts'],
    })),
  ],
};
