import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  BackupError,
  ConfigError,
  ConnectTimeoutError,
  memoryStore,
  openDict,
  openMirror,
  type OpenedMirror,
  type OpenMirrorOptions,
  SchemaError,
  type Store,
  UnavailableError,
} from 'neardict';
import { testStore } from 'neardict/testing';
import { z } from 'zod';
import { freshNamespace, turn } from '../../support/openInMemory.ts';
import { until } from '../../support/until.ts';
import { gate, wrapStore } from '../../support/wrapStore.ts';

/** A store that is away until it is plugged in. */
function unplugged(): { readonly store: Store; isIn: boolean } {
  const inner = wrapStore(() => ({}), memoryStore());
  const plug = {
    isIn: false,
    store: {
      ...inner,
      async open(...args: Parameters<Store['open']>) {
        if (!plug.isIn) throw new ConnectTimeoutError('The plug is out.');
        return inner.open(...args);
      },
    },
  };
  return plug;
}

let folder: string;
let backup: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neardict-backup-'));
  backup = join(folder, 'settings.json');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Opens a mirror, writes, and closes it: what it leaves is its backup. */
async function leaveBackup(namespace: string, entries: Record<string, unknown>, options: object = {}): Promise<void> {
  const mirror = await openMirror({ namespace, backup, ...options });
  await mirror.handle.setMany(entries);
  await turn();
  await mirror.close();
}

const open = (options: OpenMirrorOptions): Promise<OpenedMirror<Record<string, unknown>>> => openMirror(options);

describe('a mirror that starts without its store', () => {
  it('shows its bootstrap, refuses writes, and follows the store as soon as that is there', async () => {
    const namespace = freshNamespace();
    const plug = unplugged();
    await using there = await openDict({ namespace });
    await there.setMany({ port: 2, stored: true });

    await using mirror = await open({ namespace, store: plug.store, bootstrap: { port: 1, list: [1] } });
    const states: string[] = [];
    mirror.on('state', (now) => states.push(now));
    const { config } = mirror;

    expect(config).toEqual({ port: 1, list: [1] });
    expect(Object.isFrozen(config['list'])).toBe(true);
    expect([mirror.state, mirror.age]).toEqual(['offline', Infinity]);
    expect(() => (config['port'] = 3)).toThrow(UnavailableError);
    expect(() => mirror.handle).toThrow(/not reached yet/);
    const changes = mirror.watch();
    plug.isIn = true;

    expect((await changes.next()).value).toEqual(
      expect.arrayContaining([
        { key: 'port', before: 1, now: 2 },
        { key: 'list', before: [1], now: undefined },
      ]),
    );
    expect(config).toEqual({ port: 2, stored: true });
    await until('it is coherent', () => mirror.state === 'coherent');
    config['port'] = 3;
    await mirror.handle.flush();
    expect(await there.get('port', { fresh: true })).toBe(3);
    expect(states.at(-1)).toBe('coherent');
  });

  it('lets the dictionary go that opens when the mirror is closed already', async () => {
    const inner = memoryStore();
    const opening = gate();
    let [attempts, closed] = [0, 0];
    const store = wrapStore(
      (space) => ({
        async close() {
          await space.close();
          closed++;
        },
      }),
      {
        ...inner,
        async open(...args) {
          if (++attempts === 1) throw new ConnectTimeoutError('The plug is out.');
          await opening.pass();
          return inner.open(...args);
        },
      },
    );
    const mirror = await open({ namespace: freshNamespace(), store, bootstrap: { port: 1 } });
    await opening.reached;

    await mirror.close();
    opening.open();
    await until('it is closed', () => closed === 1);

    expect(() => mirror.handle).toThrow(/not reached yet/);
    expect([attempts, mirror.config]).toEqual([2, { port: 1 }]);
  });

  it('takes its bootstrap from a file with a JSON object', async () => {
    const file = join(folder, 'bootstrap.json');
    await writeFile(file, '{ "port": 1, "db": { "host": "h" } }');

    for (const bootstrap of [file, pathToFileURL(file)]) {
      await using mirror = await open({ namespace: freshNamespace(), store: unplugged().store, bootstrap });
      expect(mirror.config).toEqual({ port: 1, db: { host: 'h' } });
    }
  });

  it.each([
    ['does not exist', undefined],
    ['does not hold a JSON object', '["secret"]'],
    ['does not hold a JSON object', 'null'],
    ['does not hold a JSON object', '{ "port": secret }'],
  ])('says in a warning that the file of its bootstrap %s, and quotes nothing of it: %j', async (reason, text) => {
    const warn = jest.spyOn(process, 'emitWarning').mockReturnValue();
    const bootstrap = join(folder, 'bootstrap.json');
    if (text !== undefined) await writeFile(bootstrap, text);

    await expect(open({ namespace: freshNamespace(), store: unplugged().store, bootstrap })).rejects.toThrow('plug');
    const [warning] = warn.mock.calls.map(([message]) => String(message));
    warn.mockRestore();

    expect(warning).toContain(`The file '${bootstrap}' of the option 'bootstrap' ${reason}.`);
    expect(warning).not.toContain('secret');
  });

  it('says in a warning that its bootstrap can not be read', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockReturnValue();

    const opening = open({ namespace: freshNamespace(), store: unplugged().store, bootstrap: folder });
    await expect(opening).rejects.toThrow('plug');
    const [warning] = warn.mock.calls.map(([message]) => String(message));
    warn.mockRestore();

    expect(warning).toContain(`The file '${folder}' could not be read.`);
  });

  it('shows its last backup before its bootstrap', async () => {
    const namespace = freshNamespace();
    const entries = { port: 5, at: new Date(0), big: 5n, db: { hosts: ['a'] } };
    await leaveBackup(namespace, entries);

    await using mirror = await open({ namespace, store: unplugged().store, backup, bootstrap: { port: 1 } });

    expect(mirror.config).toEqual(entries);
    expect(() => (mirror.config['at'] as Date).setTime(1)).toThrow(TypeError);
  });

  it('rejects with the reason if there is nothing to show', async () => {
    const namespace = freshNamespace();
    const { store } = unplugged();

    await expect(open({ namespace, store })).rejects.toThrow('The plug is out.');
    await expect(open({ namespace, store, backup })).rejects.toThrow('The plug is out.');
  });

  it('checks what it shows by the schema', async () => {
    const namespace = freshNamespace();
    const { store } = unplugged();
    const schema = z.object({ port: z.number(), host: z.string().default('h') });

    await using mirror = await openMirror({ namespace, store, schema, bootstrap: { port: 1 } });
    expect(mirror.config).toEqual({ port: 1, host: 'h' });
    await expect(openMirror({ namespace, store, schema, bootstrap: {} })).rejects.toThrow(SchemaError);
    await expect(openMirror({ namespace, store, schema: schema.shape, bootstrap: {} })).rejects.toThrow(SchemaError);
  });

  it.each([
    ['damaged', async (): Promise<void> => writeFile(backup, (await readFile(backup, 'utf8')).replace(/.{9}$/, '}'))],
    ['changed', async (): Promise<void> => writeFile(backup, (await readFile(backup, 'utf8')).replace('BQ', 'Bg'))],
    ['of another kind', (): Promise<void> => writeFile(backup, '{"port":1}')],
    ['empty', (): Promise<void> => writeFile(backup, '')],
  ])('ignores a backup that is %s, and says so', async (_how, spoil) => {
    const namespace = freshNamespace();
    await leaveBackup(namespace, { port: 5 });
    await spoil();

    await using mirror = await open({ namespace, store: unplugged().store, backup, bootstrap: { port: 1 } });
    const error = await new Promise((resolve) => mirror.on('error', resolve));

    expect(error).toBeInstanceOf(BackupError);
    expect(mirror.config).toEqual({ port: 1 });
  });

  it('ignores the backup of another dictionary', async () => {
    await leaveBackup(freshNamespace(), { port: 5 });

    await expect(open({ namespace: freshNamespace(), store: unplugged().store, backup })).rejects.toThrow('plug');
  });

  it('does not fall back when the store refuses for good', async () => {
    const namespace = freshNamespace();
    await leaveBackup(namespace, { port: 5 });

    await expect(open({ namespace, codec: 'json', backup, bootstrap: {} })).rejects.toThrow(/codec/);
  });
});

describe('a backup', () => {
  it('is written soon after a change, whole or not at all, for its owner only', async () => {
    const namespace = freshNamespace();
    await using mirror = await openMirror({ namespace, backup });
    await until('the first one is written', () => readFile(backup, 'utf8').catch(() => undefined));
    await chmod(backup, 0o644);

    mirror.config['port'] = 5;
    await until('the change is in it', async () => (await readFile(backup, 'utf8')).includes('port'));

    expect((await stat(backup)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['settings.json']);
    expect(await readFile(backup, 'utf8')).not.toContain('tmp');
  });

  it('holds what is stored, and neither defaults nor overrides', async () => {
    const namespace = freshNamespace();
    await leaveBackup(namespace, { port: 5 }, { defaults: { host: 'h' }, overrides: { debug: true } });

    await using mirror = await open({ namespace, store: unplugged().store, backup });
    expect(mirror.config).toEqual({ port: 5 });
  });

  it('holds what this process has deleted no more, though the store does not know yet', async () => {
    const store = testStore();
    const mirror = await open({ namespace: freshNamespace(), store, backup });
    await mirror.handle.setMany({ passing: 1, lasting: 2 });
    const holds = async (name: string): Promise<boolean> =>
      (await readFile(backup, 'utf8').catch(() => '')).includes(name);
    await until('both are in it', async () => (await holds('passing')) && (await holds('lasting')));

    store.lose();
    store.hold('write');
    delete mirror.config['passing'];
    await until('one is gone', async () => !(await holds('passing')));

    expect(await holds('lasting')).toBe(true);
    store.heal();
    await mirror.close();
  });

  it('that can not be written is an error event, and tried again at the next change', async () => {
    const namespace = freshNamespace();
    await using mirror = await openMirror({ namespace, backup: join(folder, 'missing', 'settings.json') });
    const errors: unknown[] = [];
    mirror.on('error', (error) => errors.push(error));

    await until('it has failed', () => errors.length > 0);
    mirror.config['port'] = 5;
    await until('it has failed again', () => errors.length > 1);

    expect(errors[0]).toBeInstanceOf(BackupError);
    expect(mirror.config).toEqual({ port: 5 });
  });

  it('wants the path of a file', async () => {
    const namespace = freshNamespace();

    await expect(openMirror({ namespace, backup: '' })).rejects.toThrow(ConfigError);
    await expect(openMirror({ namespace, backup: new URL('http://localhost/x') })).rejects.toThrow(ConfigError);
    await expect(openMirror({ namespace, bootstrap: 5 as never })).rejects.toThrow(ConfigError);
  });
});
