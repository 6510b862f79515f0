import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type NearDict, openDict, type OpenOptions } from 'neardict';
import { redisStore } from 'neardict/redis';
import { main } from '../../lib/bin/main.ts';
import { VERSION } from '../../lib/version.ts';
import { connectClient } from '../support/clients.ts';
import { connectAdmin } from '../support/redisAdmin.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { type CliEnd, PROGRAM, runCli } from '../support/runCli.ts';
import { until } from '../support/until.ts';

describe('the program neardict', () => {
  let server: RedisServer;
  let url: string;
  let namespace = 'n';
  beforeAll(async () => {
    server = await startRedis('--user', 'ada', 'on', '>secret', '~*', '&*', '+@all');
    url = server.url.replace('://', '://ada:secret@');
  });
  beforeEach(() => {
    namespace += 'n';
  });
  afterAll(async () => {
    await server.stop();
  });

  const open = (options: Partial<OpenOptions> = {}): Promise<NearDict> =>
    openDict({ namespace, store: redisStore({ url }), connectTimeout: 30_000, timeout: 30_000, ...options });
  const run = (...args: readonly string[]): Promise<CliEnd> => runCli(url, args);
  /** With the namespace of the test. */
  const at = (...args: readonly string[]): Promise<CliEnd> => run(...args, '--namespace', namespace);

  it('lists namespaces and keys', async () => {
    await using dict = await open({ partitions: 2, codec: 'json' });
    await dict.setMany({ a1: 1, a2: 2, b: 3, 'two\nlines': 4 });

    const [namespaces, keys, json, long] = await Promise.all([
      run('ls', '--json'),
      at('ls'),
      at('ls', '--prefix', 'a', '--json'),
      at('ls', '--prefix', 'b', '--long'),
    ]);

    expect(namespaces.stdout).toContain(
      JSON.stringify({ namespace, partitions: 2, hash: 'fnv1a-mixed', codec: 'json' }),
    );
    expect(keys.stdout.split('\n').toSorted()).toEqual(['', 'a1', 'a2', 'b', String.raw`two\x0alines`]);
    expect(json.stdout.trim().split('\n').toSorted()).toEqual(['{"key":"a1"}', '{"key":"a2"}']);
    expect(long.stdout).toMatch(/^ +1 {2}[0-9a-f]{8} {2}- {2}b\n$/);
  });

  it('lists namespaces to a user who may read only one of them', async () => {
    await using dict = await open();
    await dict.set('a', 1);
    const admin = await connectAdmin(server.url);
    const names = [`~${namespace}#*`, `~${namespace}/*`];
    await admin.send('ACL', 'SETUSER', 'eve', 'on', '>secret', ...names, '&*', '-@all', '+get', '+scan', '+client');
    await admin.send('SET', 'theirs#meta', '{}');
    const ls = (...args: string[]): Promise<CliEnd> => runCli(url.replace('ada', 'eve'), ['ls', ...args]);

    const [text, json] = [await ls(), await ls('--json')];
    await admin.send('DEL', 'theirs#meta');
    await admin.end();

    expect([text.code, text.stdout.split('\n')]).toEqual([0, expect.arrayContaining([namespace, 'theirs'])]);
    expect([json.code, json.stdout]).toEqual([0, expect.stringContaining('{"namespace":"theirs"}\n')]);
    expect(json.stdout).toContain(`{"namespace":"${namespace}","partitions":1,`);
  });

  it('writes what reads as JSON as JSON and everything else as a string, and tells those who have it open', async () => {
    await using dict = await open();
    const words = ['7', '{"a":[null]}', 'dark', '"7"', '2026-01-01', ''];

    for (const [index, word] of words.entries()) expect(await at('set', `k${index}`, word)).toMatchObject({ code: 0 });
    await at('set', 'text', '7', '--string');
    await runCli(url, ['set', 'piped', '-n', namespace], 'from a pipe\n');
    const negative = await run('set', '--ns', namespace, '--', 'negative', '-5');

    expect(negative).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[0-9a-f]{40}\n$/) });
    await until('it is told', async () => (await dict.get('negative')) === -5);
    expect(await dict.getMany(['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'text', 'piped'])).toEqual({
      ...{ k0: 7, k1: { a: [null] }, k2: 'dark', k3: '7', k4: '2026-01-01', k5: '', text: '7', piped: 'from a pipe' },
    });
    expect(await at('set', 'big', '12345678901234567890')).toMatchObject({ code: 2 });
  });

  it('writes for a time, and only over the version that it was told', async () => {
    await using dict = await open();
    const version = await dict.set('a', 1);

    expect(await at('set', 'a', '2', '--if-absent')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(version),
    });
    expect(await at('set', 'a', '2', '--if-version', version, '--ttl', '1h')).toMatchObject({ code: 0 });
    expect(await at('set', 'a', '3', '--if-version', version)).toMatchObject({ code: 1, stdout: '' });

    const entry = await dict.getEntry('a');
    expect(entry?.value).toBe(2);
    expect(entry?.expiresAt).toBeGreaterThan(Date.now() + 3_000_000);
  });

  it('prints strings and binary as they are, other values as JSON, and the entry with --json', async () => {
    await using dict = await open();
    await dict.setMany({ text: 'a\n"b"', list: [1, 'a'], date: new Date(0), binary: new Uint8Array([97, 10]) });

    const get = async (...args: string[]): Promise<string> => (await at('get', ...args)).stdout;

    expect(await get('text')).toBe('a\n"b"\n');
    expect(await get('list')).toBe('[1,"a"]\n');
    expect(await get('date')).toBe('1970-01-01T00:00:00.000Z\n');
    expect(await get('binary')).toBe('a\n');
    expect(await get('list', '--bytes')).toBe(Buffer.from([0x92, 1, 0xa1, 97]).toString());
    expect(JSON.parse(await get('list', '--json'))).toMatchObject({ key: 'list', value: [1, 'a'] });
    expect(JSON.parse(await get('date', '--json'))).toMatchObject({ key: 'date', codec: 'msgpack', bytes: '1v8AAAAA' });
    expect(await at('get', 'nobody')).toEqual({ code: 3, stdout: '', stderr: 'There is no such key.\n' });
  });

  it('deletes', async () => {
    await using dict = await open();
    await dict.setMany({ a: 1, b: 2 });

    expect(await at('del', 'a', 'nobody')).toMatchObject({ code: 3, stdout: '1\n' });
    expect(await at('del', 'b', '--json')).toMatchObject({ code: 0, stdout: '{"deleted":1}\n' });
    expect(await dict.size()).toBe(0);
  });

  it('exports and imports every value as it is, with the time that it has left', async () => {
    await using dict = await open({ partitions: 4 });
    const values = {
      ...{ text: 'x', number: 1.5, nothing: null, list: [1, { a: true }], not: Number.NaN },
      ...{ date: new Date(5), binary: new Uint8Array([0, 255]), bigint: 2n ** 60n, ['line\n']: '\u2028' },
    };
    await dict.setMany(values);
    await dict.set('short', 1, { ttl: '1h' });
    const { stdout, stderr } = await at('export');
    namespace += 'copy';

    const [refused, made] = [await runCli(url, ['import', '-n', namespace], stdout), ['import', '-n', namespace]];
    const first = await runCli(url, [...made, '--create'], stdout);
    const again = await runCli(url, [...made, '--json'], stdout);

    expect([refused.code, stderr]).toEqual([3, '']);
    expect(first).toEqual({ code: 0, stdout: '10 written, 0 were there, 0 differ and stayed.\n', stderr: '' });
    expect(again.stdout).toBe('{"written":0,"same":10,"differing":0}\n');
    await using copy = await open();
    expect(await copy.snapshot()).toEqual({ ...values, short: 1 });
    expect((await copy.getEntry('short'))?.expiresAt).toBeGreaterThan(Date.now() + 3_000_000);
  });

  it('imports from a file, and leaves what differs unless it is told to overwrite', async () => {
    await using dict = await open({ codec: 'json' });
    await dict.set('a', 1);
    const folder = await mkdtemp(join(tmpdir(), 'neardict-cli-'));
    const file = join(folder, 'entries');
    const lines = [
      { key: 'a', value: 2 },
      { key: 'b', value: 1 },
      { key: 'b', value: 2 },
    ];
    const gone = { key: 'gone', value: 1, expiresAt: '2020-01-01T00:00:00Z' };
    await writeFile(file, [...lines, gone].map((line) => JSON.stringify(line)).join('\r\n\r\n'));

    const kept = await at('import', file);
    const missing = await at('import', join(folder, 'nobody'));

    expect(kept).toMatchObject({ code: 1, stdout: '1 written, 0 were there, 2 differ and stayed.\n' });
    expect(await at('import', file, '--overwrite')).toMatchObject({ code: 0 });
    expect(await dict.snapshot()).toEqual({ a: 2, b: 2 });
    expect(missing).toMatchObject({ code: 1, stderr: "The file can't be read: ENOENT.\n" });
    expect(await at('import', folder)).toMatchObject({ code: 1, stderr: 'It failed: read EISDIR.\n' });
    await rm(folder, { recursive: true });
  });

  it.each([
    ['it is no JSON', '{"key": "a", "value": "private"'],
    ['it is no object', '"private"'],
    ["it has no 'key'", '{"value": "private"}'],
    ["it has neither 'value' nor 'bytes'", '{"key": "private"}'],
    ["its 'expiresAt' is no time", '{"key": "a", "value": "private", "expiresAt": "soon"}'],
    ['it was written by the codec', '{"key": "a", "codec": "json", "bytes": "private"}'],
    ['The empty string is not a key', '{"key": "", "value": "private"}'],
  ])('stops an import where %s, with what came before in place', async (reason, line) => {
    await using dict = await open();
    const good = '{"key": "good", "value": 1}\n';

    const { code, stderr } = await runCli(url, ['import', '-n', namespace], `${good}${line}\n${good}`);

    expect([code, stderr]).toEqual([1, expect.stringMatching(new RegExp(`^Line 2 is no entry: ${reason}`))]);
    expect(stderr).not.toContain('private');
    expect(await dict.snapshot()).toEqual({ good: 1 });
  });

  it('watches a key, or all of them', async () => {
    await using dict = await open();
    await dict.set('a', 0);
    const key = at('watch', 'a', '--initial', '--count', '2');
    const all = at('watch', '--count', '3', '--json', '--prefix', 'w');
    let round = 0;
    const [one, many] = await Promise.race([
      Promise.all([key, all]),
      // They start when they start: so it changes until they have seen enough.
      until('both have ended', async () => {
        round++;
        await dict.setMany({ a: { round }, w: round, other: round });
        await dict.delete('w');
      }).then(() => Promise.reject(new Error('They did not end.'))),
    ]);

    const lines = one.stdout.trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^\{"round":\d+\}$/);
    const changes = many.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; key?: string });
    expect(changes).toHaveLength(3);
    expect(changes.every((change) => change.key === 'w')).toBe(true);
    expect([one.code, many.code]).toEqual([0, 0]);
  });

  it('prints what became of keys on a line each', async () => {
    await using dict = await open();
    const watching = at('watch', '--count', '4');
    const { stdout } = await Promise.race([
      watching,
      until('it has ended', async () => {
        await dict.set('two\nlines', 'x');
        await dict.delete('two\nlines');
      }).then(() => Promise.reject(new Error('It did not end.'))),
    ]);

    const lines = stdout.trim().split('\n');
    expect(lines).toHaveLength(4);
    const possible = [String.raw`set two\x0alines "x"`, String.raw`delete two\x0alines`];
    expect(lines.filter((line) => !possible.includes(line))).toEqual([]);
    expect((await at('watch', 'nobody', '--initial', '--count', '1')).stdout).toBe('(deleted)\n');
  });

  it('watches what concerns no single key', async () => {
    await using dict = await open();
    await dict.set('a', 1);
    const watching = at('watch', '--count', '1', '--prefix', 'nobody');
    const { code, stdout } = await Promise.race([
      watching,
      until('it has ended', async () => {
        await dict.clear();
      }).then(() => Promise.reject(new Error('It did not end.'))),
    ]);

    expect([code, stdout]).toEqual([0, 'clear\n']);
  });

  it('watches values that JSON can not hold as their stored bytes', async () => {
    await using dict = await open();
    await dict.set('a', { count: 2n ** 60n });

    const { code, stdout } = await at('watch', 'a', '--initial', '--count', '1', '--json');

    const entry: unknown = JSON.parse((await at('get', 'a', '--json')).stdout);
    expect([code, entry]).toEqual([
      0,
      expect.objectContaining({ key: 'a', codec: 'msgpack', bytes: expect.any(String) }),
    ]);
    expect(entry).toMatchObject(JSON.parse(stdout.replace('"type":"set",', '')));
  });

  it('says so while a watched server is away', async () => {
    const mortal = await startRedis();
    const place = ['a', '--namespace', 'n'];
    await runCli(mortal.url, ['set', 'a', '1', '--create', '--namespace', 'n']);
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    let told = '';
    stderr.on('data', (chunk: Buffer) => {
      told += chunk.toString();
    });
    const world = { env: { REDIS_URL: mortal.url }, stdin: Readable.from([]), stdout, stderr };
    const watching = main(['watch', ...place, '--initial', '--count', '2'], world);
    await once(stdout, 'data');

    await mortal.kill();
    await until('it says so', () => told.includes('can not be heard'));
    await mortal.restart();
    await until('it is back', () => told.includes('heard again'));
    await runCli(mortal.url, ['set', ...place, '2', '--create']);

    expect(await watching).toBe(0);
    await mortal.stop();
  });

  it('asks who has the namespace open, and says how many were silent', async () => {
    await using dict = await open();
    await dict.set('a', 1);
    const deaf = await connectClient(server.url);
    await deaf.subscribe([`${namespace}#peers`], () => {});

    const answers = async (): Promise<CliEnd> => at('peers', '--json');
    await until('it has answered', async () => (await answers()).stdout !== '');
    const { code, stdout, stderr } = await answers();
    await deaf.end();

    expect(JSON.parse(stdout)).toMatchObject({ pid: process.pid, state: 'coherent', behind: 0 });
    expect([code, stderr]).toEqual([0, '1 more heard the question and did not answer.\n']);
    await dict.close();
    expect((await at('peers')).stderr).toBe('Nobody answered.\n');
  });

  it('counts nothing where nothing is left', async () => {
    await using dict = await open();
    await dict.set('a', 1);
    await dict.delete('a');

    expect((await at('stats')).stdout).toMatch(
      /^keys +0\nbytes of values +0\nexpiring +0\nlargest +-\nwrite calls +2\n/,
    );
  });

  it.each(['null', '[]', 'x', '{"partitions":"1"}'])('says that %p is no record of a namespace', async (record) => {
    const admin = await connectAdmin(server.url);
    await admin.send('SET', `${namespace}#meta`, record);
    await admin.end();

    expect(await at('get', 'a')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${namespace}#meta is none`),
    });
  });

  it('shows no error that it does not know: it may quote a password', async () => {
    await using dict = await open();
    await dict.set('a', 1);
    const stderr: string[] = [];
    const code = await main(['set', 'a', '--namespace', namespace], {
      env: { REDIS_URL: url },
      stdin: new Readable({
        read() {
          this.destroy(new Error('no secret'));
        },
      }),
      stdout: new PassThrough(),
      stderr: { write: (text) => stderr.push(text) },
    });

    expect([code, stderr]).toEqual([1, ['It failed for a reason that is not known.\n']]);
    expect(await dict.get('a', { fresh: true })).toBe(1);
  });

  it.each([true, false])('serves the inspector until it is told to end (of one namespace: %p)', async (isOfOne) => {
    await using dict = await open();
    await dict.set('a', 1);
    const stdout = new PassThrough();
    const ended = main(['inspect', ...(isOfOne ? ['--namespace', namespace] : [])], {
      ...{ env: { REDIS_URL: url }, stdin: Readable.from([]), stdout },
      stderr: { write: () => true },
    });

    const [line] = (await once(stdout, 'data')) as [Buffer];
    const [address = '', shown] = String(line).trim().split('#');
    const taken = await at('inspect', '--port', new URL(address).port);
    const { status } = await fetch(`${address}keys?namespace=${namespace}`);
    process.emit('SIGTERM');

    expect([status, shown, await ended]).toEqual([200, isOfOne ? namespace : undefined, 0]);
    expect(taken).toMatchObject({ code: 1, stderr: 'It failed: listen EADDRINUSE.\n' });
    await expect(fetch(address)).rejects.toThrow('fetch failed');
    expect(await at('inspect', '--port', 'x')).toMatchObject({ code: 2 });
    expect(await run('inspect', '-n', 'nobody')).toMatchObject({ code: 3, stdout: '' });
  });

  /** Runs the program in a process of its own, and stops to read after the first piece of its output. */
  async function start(program: string, args: readonly string[]): Promise<CliEnd> {
    const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, REDIS_URL: url } });
    let [stdout, stderr] = ['', ''];
    child.stdout.once('data', (chunk: Buffer) => {
      stdout = chunk.toString();
      child.stdout.destroy();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, stdout, stderr };
  }

  it('ends quietly when nobody reads its output any more', async () => {
    await using dict = await open();
    await dict.setMany(Array.from({ length: 3000 }, (_, index) => [`key ${index}`, 'x'.repeat(100)] as const));
    const { code, stdout, stderr } = await start(PROGRAM, ['export', '-n', namespace]);

    expect(stdout).toMatch(/^\{"key":"key \d+"/);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('shows values of a codec that it does not have as bytes, and writes none', async () => {
    const codec = { name: 'own', encode: () => new Uint8Array([111, 107]), decode: () => 'decoded' };
    await using dict = await open({ codec });
    await dict.set('a', 1);

    expect((await at('get', 'a')).stdout).toBe('ok');
    expect(JSON.parse((await at('export')).stdout)).toMatchObject({ key: 'a', codec: 'own', bytes: 'b2s=' });
    expect(await at('set', 'a', '1')).toMatchObject({ code: 1, stderr: expect.stringContaining("codec 'own'") });
  });

  it('says that it can not find the keys of partitionBy', async () => {
    await using dict = await open({ partitions: 2, partitionBy: (key) => key });
    await dict.set('a', 1);

    expect(await at('get', 'a')).toMatchObject({ code: 1, stderr: expect.stringContaining('partitionBy') });
  });

  it('has help for every command, refuses what it does not know, and never shows a password', async () => {
    const overview = await run('--help');
    const names = [...overview.stdout.matchAll(/^neardict (\w+)/gm)].map(([, name = '']) => name);
    const helps = await Promise.all(names.map((name) => run(name, '--help')));
    const wrong = await Promise.all([
      run(),
      run('toString'),
      at('ls', '--nothing'),
      at('get'),
      at('get', 'a', 'b'),
      run('get', 'a'),
      run('get', 'a', '-n', 'not a name'),
      at('watch', '--count', 'x'),
      at('set', 'a', '1', '--if-absent', '--if-version', 'x'),
      at('set', 'a', '1', '--create', '--codec', 'own'),
      at('set', 'a', '1', '--codec', 'json'),
      at('set', 'a', '1', '--ttl', '5000'),
      at('watch', '--initial'),
      at('watch', 'a', '--prefix', 'a'),
      run('ls', '--long'),
      at('get', ''),
      runCli('', ['ls']),
    ]);
    const [version, help] = await Promise.all([run('--version'), run('help', 'get')]);
    const failed = await Promise.all([
      at('get', 'a', '--url', 'http://ada:secret@x'),
      at('get', 'a', '--url', server.url.replace('://', '://ada:secret2@')),
      at('get', 'a', '--json', '--url', 'redis://ada:secret@x/y'),
    ]);

    expect(names.length).toBeGreaterThan(7);
    expect(helps.map(({ code }, index) => [names[index], code])).toEqual(names.map((name) => [name, 0]));
    for (const [index, { stdout }] of helps.entries()) expect(stdout).toContain(`neardict ${names[index]}`);
    expect(wrong.map(({ code }) => code)).toEqual(wrong.map(() => 2));
    expect(version).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
    expect(help).toEqual(helps[names.indexOf('get')]);
    expect(failed.map(({ code }) => code)).toEqual([1, 1, 1]);
    expect(failed[1]?.stderr).toContain('refused the credentials');
    expect(JSON.parse(failed[2]?.stderr ?? '')).toMatchObject({ error: { code: 'ERR_NEARDICT_CONFIG' } });
    expect(JSON.stringify([overview, helps, wrong, failed])).not.toContain('secret');
  });

  it.each([
    [['lst'], "There is no command 'lst'. See `neardict --help`.\n"],
    [['redis://ada:secret@x'], 'There is no such command. See `neardict --help`.\n'],
    [
      ['--url', 'redis://ada:secret@x', 'ls'],
      'The command comes first, its options behind it. See `neardict --help`.\n',
    ],
  ])('says what is wrong with %p', async (args, stderr) => {
    expect(await run(...args)).toEqual({ code: 2, stdout: '', stderr });
  });

  it('says what to install where the package redis is missing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'neardict-cli-'));
    const [root, modules] = [join(import.meta.dirname, '../..'), join(folder, 'node_modules')];
    await cp(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
    await cp(join(root, 'package.json'), join(folder, 'package.json'));
    await mkdir(modules);
    for (const name of ['msgpackr', 'quick-lru'])
      await symlink(join(root, 'node_modules', name), join(modules, name), 'junction');

    const { code, stderr } = await start(join(folder, 'dist/bin/neardict.js'), ['ls']);

    expect([code, stderr]).toEqual([1, expect.stringContaining('npm install redis')]);
    await rm(folder, { recursive: true });
  });
});
