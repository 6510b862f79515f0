const { FOLDER } = process.env;

/** Shares of the mutants of each folder that are tried: 40 to 50 of each. */
const shares = { cache: 0.15, coherence: 0.04, write: 0.04 };

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate: [`lib/${FOLDER}/*.ts`],
  plugins: ['@stryker-mutator/jest-runner', './mutation/sample.js'],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  jest: { configFile: 'mutation/jest.config.js', enableFindRelatedTests: false },
  coverageAnalysis: 'perTest',
  checkers: ['sample'],
  warnings: { unknownOptions: false },
  sample: { seed: 1, share: shares[FOLDER] },
  // They would need every test.
  ignoreStatic: true,
  ignorePatterns: ['*', '!lib/**', '!spec/**', '!mutation/*.{js,cjs}', '!jest.config.js', '!package.json'],
  tsconfigFile: 'none.json',
  concurrency: 1,
  timeoutMS: 60_000,
  tempDirName: 'build/mutation/sandbox',
  reporters: ['clear-text', 'progress-append-only', 'html', 'json'],
  htmlReporter: { fileName: `build/mutation/${FOLDER}.html` },
  jsonReporter: { fileName: `build/mutation/${FOLDER}.json` },
  clearTextReporter: { allowColor: false, reportTests: false, logTests: false },
  allowEmpty: false,
};
