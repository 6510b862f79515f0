/** Shares of the mutants of each folder that are tried: about 40 of each. */
const shares = { 'lib/cache': 0.1, 'lib/coherence': 0.035, 'lib/write': 0.035 };

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: Object.keys(shares).map((dir) => `${dir}/**/*.ts`),
  plugins: ['@stryker-mutator/jest-runner', './mutation/sample.js'],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  jest: { configFile: 'mutation/jest.config.js', enableFindRelatedTests: false },
  coverageAnalysis: 'perTest',
  checkers: ['sample'],
  warnings: { unknownOptions: false },
  sample: { seed: 1, shares },
  // They would need every test.
  ignoreStatic: true,
  ignorePatterns: ['*', '!lib/**', '!spec/**', '!mutation/*.{js,cjs}', '!jest.config.js', '!package.json'],
  tsconfigFile: 'none.json',
  concurrency: 1,
  timeoutMS: 15_000,
  tempDirName: 'build/mutation/sandbox',
  reporters: ['clear-text', 'progress-append-only', 'html', 'json'],
  htmlReporter: { fileName: 'build/mutation/report.html' },
  jsonReporter: { fileName: 'build/mutation/report.json' },
  clearTextReporter: { allowColor: false, reportTests: false, logTests: false },
  allowEmpty: false,
};
