import Sequencer from '@jest/test-sequencer';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import environment from './environment.cjs';

const RECORD = 'testsOfFiles.json';

/** Loads only the files that hold one of the wanted tests, the quickest first. The run without a mutant tells which. */
export default class NearTestsFirst extends Sequencer {
  #wanted;

  constructor(options) {
    super(options);
    const { testNamePattern } = options.globalConfig;
    this.#wanted = testNamePattern && new RegExp(testNamePattern, 'i');
  }

  sort(tests) {
    environment.TestEnvironment.hasFailed = false;
    if (!this.#wanted || !existsSync(RECORD)) return super.sort(tests);
    const record = JSON.parse(readFileSync(RECORD, 'utf8'));
    const timeOf = (test) => record[nameOf(test.path)].ms;
    const isWanted = (test) => record[nameOf(test.path)].names.some((name) => this.#wanted.test(name));
    return tests.filter(isWanted).toSorted((a, b) => timeOf(a) - timeOf(b));
  }

  cacheResults(tests, results) {
    super.cacheResults(tests, results);
    if (this.#wanted) return;
    const record = results.testResults.map(({ testFilePath, testResults, perfStats }) => [
      nameOf(testFilePath),
      { names: testResults.map(({ fullName }) => fullName), ms: perfStats.end - perfStats.start },
    ]);
    writeFileSync(RECORD, JSON.stringify(Object.fromEntries(record)));
  }
}

function nameOf(path) {
  return relative(process.cwd(), path);
}
