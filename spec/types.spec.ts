import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BuiltPackage, copyBuilt, compile } from './support/builtPackage.ts';

/** In these every line compiles, or is marked with `@ts-expect-error`. */
const modules = ['proxy', 'reads', 'handle', 'entries', 'codecAndStore', 'mirror'].map(
  (name) => `spec/types/${name}.ts`,
);
const forgottenAwait = 'spec/types/forgottenAwait.ts';
const redisClients = 'spec/types/redisClients.ts';
const schemas = 'spec/types/schemas.ts';

const strict = [
  ...['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--noPropertyAccessFromIndexSignature'],
  ...['--target', 'es2022', '--lib', 'es2022,esnext.disposable', '--types', 'node'],
  ...['--noEmit', '--allowImportingTsExtensions', '--pretty', 'false'],
];
const nodenext = [...strict, '--module', 'nodenext'];
const bundler = [...strict, '--module', 'esnext', '--moduleResolution', 'bundler'];

/** The oldest one that is supported, the last one written in JavaScript, and the present one. */
const compilers = ['typescript-5.4', 'typescript-5.9', 'typescript'];

describe('the types', () => {
  let built: BuiltPackage;
  beforeAll(async () => {
    built = await copyBuilt();
    await built.add('spec/types');
  });
  afterAll(async () => {
    await built.remove();
  });

  it.each(compilers)('keep what they promise, and refuse a forgotten await, under %s', async (compiler) => {
    const { stdout } = await built.tsc(compiler, [...nodenext, ...modules, forgottenAwait]);

    expect(errorsIn(stdout)).toEqual(await markedIn(forgottenAwait));
  });

  it.each(compilers)(
    'take clients of each major of node-redis and schemas of each library under %s',
    async (compiler) => {
      // The declarations of others are not ours to check.
      const { stdout } = await built.tsc(compiler, [...nodenext, '--skipLibCheck', redisClients, schemas]);

      expect(stdout).toBe('');
    },
  );

  // TypeScript 5.4 does not know yet that Node loads ES modules by require().
  it.each(compilers.slice(1))('can be used from CommonJS under %s', async (compiler) => {
    const { stdout } = await built.tsc(compiler, [...nodenext, 'spec/types/commonjs.cts']);

    expect(stdout).toBe('');
  });

  it('bring those of Node, which TypeScript 7 loads for nobody who does not name them', async () => {
    const unnamed = nodenext.filter((option) => option !== '--types' && option !== 'node');
    const { stdout } = await built.tsc('typescript', [...unnamed, 'spec/types/commonjs.cts', 'spec/types/reads.ts']);

    expect(stdout).toBe('');
  });

  it('are found by a bundler', async () => {
    const { stdout } = await built.tsc('typescript', [...bundler, ...modules]);

    expect(stdout).toBe('');
  });
});

describe('the examples', () => {
  it('have no type error', async () => {
    const { stdout } = await compile('typescript', ['-p', 'examples', '--pretty', 'false']);

    expect(stdout).toBe('');
  });
});

/** Places and codes of the errors that a compiler reports. */
function errorsIn(output: string): string[] {
  return [...output.matchAll(/^(\S+)\((\d+),\d+\): error (TS\d+)/gm)].map(
    ([, file, line, code]) => `${file}:${line}: ${code}`,
  );
}

/** Lines that end with the code of the error that they must bring. */
async function markedIn(file: string): Promise<string[]> {
  const lines = (await readFile(join(import.meta.dirname, '..', file), 'utf8')).split('\n');
  return lines.flatMap((line, index) => {
    const [, code] = /\/\/ (TS\d+)$/.exec(line) ?? [];
    return code === undefined ? [] : [`${file}:${index + 1}: ${code}`];
  });
}
