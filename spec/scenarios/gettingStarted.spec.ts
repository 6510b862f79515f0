import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BuiltPackage, copyBuilt } from '../support/builtPackage.ts';
import { freePort, type RedisServer, startRedis } from '../support/redisServer.ts';
import { until } from '../support/until.ts';

/** The programs of a page, by the name in their first line. */
async function programsOf(page: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(join(import.meta.dirname, '../../docs', page), 'utf8');
  const programs = text.matchAll(/^```[jt]s\n(\/\/ (\w+\.[jt]s)\n.*?)^```/gms);
  return new Map([...programs].map(([, program = '', name = '']) => [name, program]));
}

async function textOf(url: string): Promise<string | undefined> {
  return fetch(url).then(
    (response) => response.text(),
    () => undefined,
  );
}

describe('docs/getting-started.md', () => {
  let built: BuiltPackage;
  let server: RedisServer;
  beforeAll(async () => {
    built = await copyBuilt();
    for (const [name, program] of await programsOf('getting-started.md'))
      await writeFile(join(built.folder, name), program);
    server = await startRedis();
  });
  afterAll(async () => {
    await server.stop();
    await built.remove();
  });

  it('shows a dictionary in memory', async () => {
    expect(await built.node(['hello.js'])).toMatchObject({ code: 0, stdout: 'dark\nundefined\n', stderr: '' });
  });

  it('shows a server that knows at once what another process has written', async () => {
    const PORT = String(await freePort());
    const env = { ...process.env, REDIS_URL: server.url, PORT };
    const child = spawn(process.execPath, ['server.js'], { cwd: built.folder, env, stdio: 'inherit' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const url = `http://127.0.0.1:${PORT}/`;
    await until('it serves', async () => (await textOf(url)) === 'the theme is undefined\n');

    const set = ['dist/bin/neardict.js', 'set', 'theme', 'dark', '--namespace', 'settings'];
    expect(await built.node(set, { REDIS_URL: server.url })).toMatchObject({ code: 0, stderr: '' });
    await until('it knows', async () => (await textOf(url)) === 'the theme is dark\n');

    // Stopping the server takes neither the process nor its answers away.
    await server.kill();
    await until('it says why', async () => /Redis can not be reached/.test((await textOf(url)) ?? ''));
    await server.restart();
    await until('it has found the server again', async () => (await textOf(url)) === 'the theme is undefined\n');

    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('shows a mirror', async () => {
    const { code, stdout } = await built.node(['config.js'], { REDIS_URL: server.url });

    expect(code).toBe(0);
    expect(stdout).toMatch(/ 10 \{/);
  });

  it('shows types that refuse a wrong value', async () => {
    const options = [
      '--ignoreConfig',
      '--rootDir',
      '.',
      '--outDir',
      'compiled',
      '--module',
      'nodenext',
      '--target',
      'es2023',
    ];
    const compiled = await built.tsc('typescript', ['settings.ts', ...options, '--strict', '--types', 'node']);
    const { code, stdout } = await built.node(['compiled/settings.js']);

    expect(compiled.stdout).toBe('');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '10\n' });
  });
});
