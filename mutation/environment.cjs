const { TestEnvironment } = require('jest-environment-node');

/** Skips what is left of a run once a test has failed: one is enough to find a mutant, and Jest has no such mode for a program. */
class UntilFirstFailure extends TestEnvironment {
  static hasFailed = false;

  handleTestEvent = ({ name, test }) => {
    if (name === 'test_done' && test.errors.length > 0) UntilFirstFailure.hasFailed = true;
    if (name === 'test_start' && UntilFirstFailure.hasFailed) test.mode = 'skip';
  };
}

module.exports = { TestEnvironment: UntilFirstFailure, default: UntilFirstFailure };
