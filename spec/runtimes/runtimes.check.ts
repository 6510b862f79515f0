import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RedisServer, startRedis } from '../support/redisServer.ts';

const root = join(import.meta.dirname, '../..');
const here = import.meta.dirname;
const run = promisify(execFile);
const installed = join(here, 'node_modules');

/** Runs a program in this folder, where the packed library is installed. */
async function output(program: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const options = { cwd: here, env: { ...process.env, ...env }, timeout: 60_000 };
  const { stdout } = await run(program, args, options);
  return stdout;
}

/** Puts there what users would get from a registry. */
async function installPackage(folder: string): Promise<void> {
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
  await rm(join(installed, 'neardict'), { recursive: true, force: true });
  const [tarball = ''] = (await run('ls', [folder])).stdout.split('\n');
  await run('tar', ['-xzf', join(folder, tarball), '-C', folder]);
  await run('mv', [join(folder, 'package'), join(installed, 'neardict')]);
}

describe('the packed library', () => {
  let server: RedisServer;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neardict-packed-'));
    await installPackage(folder);
    server = await startRedis();
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const lines = ['at first: undefined 80', 'then: hello 8080', 'counted: 1', 'closed', ''];

  it.each([
    ['Node', process.execPath, ['use.js']],
    ['Bun', join(installed, '@oven/bun-linux-x64/bin/bun'), ['use.js']],
    ['Deno', join(installed, '@deno/linux-x64-glibc/deno'), ['run', '--allow-all', '--no-lock', 'use.js']],
  ])('works under %s, which ends by itself', async (_name, program, args) => {
    const stdout = await output(program, args, { REDIS_URL: server.url });

    expect(stdout.split('\n')).toEqual(lines);
  });

  it('works in a bundle made by esbuild', async () => {
    const file = join(folder, 'bundle.mjs');
    // What node-redis still requires is there in Node, but not in a module.
    const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
    await output(join(installed, 'esbuild/bin/esbuild'), [
      'use.js',
      '--bundle',
      '--minify',
      '--platform=node',
      '--format=esm',
      `--banner:js=${banner}`,
      `--outfile=${file}`,
    ]);
    const stdout = await output(process.execPath, [file], { REDIS_URL: server.url });

    expect(stdout.split('\n')).toEqual(lines);
  });
});
