import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BuiltPackage, copyBuilt } from '../support/builtPackage.ts';

describe('the built package', () => {
  let built: BuiltPackage;
  beforeAll(async () => {
    built = await copyBuilt();
  });
  afterAll(async () => {
    await built.remove();
  });

  it('is loaded by require(), without a warning', async () => {
    const program = `
      const { openDict } = require('neardict');
      const { redisStore } = require('neardict/redis');
      openDict({ namespace: 'cjs' }).then(async ({ dict }) => {
        dict.hello = 'world';
        console.log(await dict.hello, typeof redisStore);
      });`;

    expect(await built.node(['--input-type=commonjs', '-e', program])).toEqual({
      code: 0,
      stdout: 'world function\n',
      stderr: '',
    });
  });

  it('is one module for require() and import', async () => {
    const program = `
      const { handleOf } = require('neardict');
      import('neardict').then((imported) => console.log(imported.handleOf === handleOf));`;

    expect((await built.node(['--input-type=commonjs', '-e', program])).stdout).toBe('true\n');
  });

  it('has no other entry points than those it names', async () => {
    const { code, stderr } = await built.node(['-e', "require('neardict/dist/openDict.js')"]);

    expect(code).toBe(1);
    expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});
