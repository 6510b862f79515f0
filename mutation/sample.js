import { CheckStatus } from '@stryker-mutator/api/check';
import { commonTokens, declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { createHash } from 'node:crypto';

/** Lets a share of the mutants through: which ones depends on the seed and on each mutant alone. */
class Sample {
  static inject = [commonTokens.options];
  #sample;

  constructor({ sample }) {
    this.#sample = sample;
  }

  async init() {}

  async check(mutants) {
    return Object.fromEntries(mutants.map((mutant) => [mutant.id, this.#verdict(mutant)]));
  }

  group(mutants) {
    return [mutants.map(({ id }) => id)];
  }

  #verdict({ fileName, location, replacement }) {
    const name = fileName.slice(fileName.lastIndexOf('/lib/'));
    const hash = createHash('sha256').update(JSON.stringify([this.#sample.seed, name, location, replacement]));
    const isIn = hash.digest().readUInt32BE() < this.#sample.share * 2 ** 32;
    return isIn ? { status: CheckStatus.Passed } : { status: CheckStatus.CompileError, reason: 'not in the sample' };
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Checker, 'sample', Sample)];
