import { describe, expect, it } from '@jest/globals';
import {
  ClosedError,
  CodecError,
  ConfigError,
  KeyError,
  type Mirror,
  type MirrorChange,
  memoryStore,
  openDict,
  openMirror,
} from 'neardict';
import { batch, soon } from '../../../lib/testing/contract/batches.ts';
import { freshNamespace, openInMemory, turn } from '../../support/openInMemory.ts';
import { openSpace } from '../../support/openSpace.ts';
import { until } from '../../support/until.ts';

interface Settings {
  port: number;
  host: string;
  db: { host: string; ports: number[] };
  at: Date;
}

/** Two processes, as far as the dictionary is concerned. */
async function openTwo(): Promise<{
  readonly here: Awaited<ReturnType<typeof openInMemory<Settings>>>;
  readonly there: Awaited<ReturnType<typeof openInMemory<Settings>>>;
  readonly mirror: Mirror<Settings>;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}> {
  const namespace = freshNamespace();
  const here = await openDict<Settings>({ namespace });
  const there = await openDict<Settings>({ namespace });
  await there.setMany({ port: 1, host: 'h' });
  const mirror = await here.mirror();
  return {
    here,
    there,
    mirror,
    async [Symbol.asyncDispose]() {
      await here.close();
      await there.close();
    },
  };
}

describe('a mirror', () => {
  it('shows everything that is in the store, at once', async () => {
    await using two = await openTwo();

    expect(two.mirror.config).toEqual({ port: 1, host: 'h' });
    expect(two.mirror.current).toEqual({ port: 1, host: 'h' });
    expect(two.mirror.state).toBe('coherent');
  });

  it('follows what other processes write and delete', async () => {
    await using two = await openTwo();
    const { config } = two.mirror;

    await two.there.setMany({ port: 2, db: { host: 'd', ports: [1] } });
    await two.there.delete('host');
    await turn();

    expect(config).toEqual({ port: 2, db: { host: 'd', ports: [1] } });
  });

  it('follows a clear', async () => {
    await using two = await openTwo();

    await two.there.clear();
    await turn();

    expect(two.mirror.config).toEqual({});
  });

  it('shows own assignments and deletes at once, and so does the handle', async () => {
    await using two = await openTwo();
    const { config } = two.mirror;

    config.port = 2;
    config.port++;
    delete config.host;

    expect(config).toEqual({ port: 3 });
    expect(await two.here.dict.port).toBe(3);
    await two.here.flush();
    expect(await two.there.get('port', { fresh: true })).toBe(3);
    expect(await two.there.has('host')).toBe(false);
    expect(config).toEqual({ port: 3 });
  });

  it('shows what the handle and its dict write at once', async () => {
    await using two = await openTwo();
    const { config } = two.mirror;

    two.here.dict.port = 5;
    expect(config.port).toBe(5);
    const writing = two.here.set('port', 6);
    expect(config.port).toBe(6);
    await writing;
    expect(config.port).toBe(6);
    await two.here.clear();
    expect(config).toEqual({});
  });

  it('refuses bad input at the statement, and shows nothing of it', async () => {
    await using two = await openTwo();
    const config = two.mirror.config as Record<string, unknown>;

    expect(() => (config['port'] = () => {})).toThrow(CodecError);
    expect(() => (config['port'] = undefined)).toThrow(/delete/);
    expect(() => (config['port'] = Promise.resolve(1))).toThrow(/await/);
    expect(() => (config[''] = 1)).toThrow(KeyError);
    expect(() => (config['__proto__'] = {})).toThrow(KeyError);
    expect(config).toEqual({ port: 1, host: 'h' });
  });

  it('hands out values that nobody can change', async () => {
    await using two = await openTwo();
    await two.there.setMany({ db: { host: 'd', ports: [1] }, at: new Date(0) });
    await turn();
    const { config } = two.mirror;

    expect(() => (config.db!.host = 'x')).toThrow(TypeError);
    expect(() => config.db!.ports.push(2)).toThrow(TypeError);
    expect(() => config.at!.setTime(1)).toThrow(/copy/);
    expect(config).toEqual({ port: 1, host: 'h', db: { host: 'd', ports: [1] }, at: new Date(0) });
  });

  it('takes back what it handed out, dates included', async () => {
    await using handle = await openInMemory<{ at: Date; db: { at: Date; host?: string }; copy: Date }>();
    await handle.setMany({ at: new Date(5), db: { at: new Date(6) } });
    const { config } = await handle.mirror();

    config.copy = config.at as Date;
    config.db = { ...(config.db as { at: Date }), host: 'h' };

    await handle.flush();
    expect(await handle.snapshot()).toEqual({ at: new Date(5), copy: new Date(5), db: { at: new Date(6), host: 'h' } });
  });

  it('tells of all changes of one call in one event, with old and new values', async () => {
    await using two = await openTwo();
    const events: unknown[] = [];
    two.mirror.on('change', (changes) => events.push(changes));

    await two.there.setMany({ port: 2, host: 'i' });
    await turn();
    two.mirror.config.port = 3;
    delete two.mirror.config.host;
    await turn();

    expect(events).toEqual([
      [
        { key: 'port', before: 1, now: 2 },
        { key: 'host', before: 'h', now: 'i' },
      ],
      [
        { key: 'port', before: 2, now: 3 },
        { key: 'host', before: 'i', now: undefined },
      ],
    ]);
  });

  it('keeps the same object for a value that was written again unchanged', async () => {
    await using two = await openTwo();
    await two.there.set('db', { host: 'd', ports: [] });
    await turn();
    const { db } = two.mirror.config;
    const { current } = two.mirror;
    two.mirror.on('change', () => {
      throw new Error('Nothing has changed.');
    });

    await two.there.set('db', { host: 'd', ports: [] });
    await turn();

    expect(two.mirror.config.db).toBe(db);
    expect(two.mirror.current).toBe(current);
  });

  it('makes another frozen object for each change', async () => {
    await using two = await openTwo();
    const { current } = two.mirror;

    two.mirror.config.port = 2;

    expect(current).toEqual({ port: 1, host: 'h' });
    expect(two.mirror.current).toEqual({ port: 2, host: 'h' });
    expect(Object.isFrozen(two.mirror.current)).toBe(true);
  });

  it('can be watched: a slow consumer gets what has changed since, in one', async () => {
    await using two = await openTwo();
    const changes = two.mirror.watch();

    await two.there.set('port', 2);
    await two.there.set('port', 3);
    await turn();

    expect((await changes.next()).value).toEqual([{ key: 'port', before: 1, now: 3 }]);
    const next = changes.next();
    await two.there.set('port', 4);
    expect((await next).value).toEqual([{ key: 'port', before: 3, now: 4 }]);
  });

  it('ends watching when it is closed, and throws when it is aborted', async () => {
    await using two = await openTwo();
    const ending = new AbortController();
    const watched = two.mirror.watch({ signal: ending.signal }).next();
    const other = two.mirror.watch().next();

    ending.abort(new Error('enough'));
    await expect(watched).rejects.toThrow('enough');
    await two.mirror.close();

    expect(await other).toEqual({ done: true, value: undefined });
    expect(() => two.mirror.watch()).toThrow(ClosedError);
  });

  it('watches nothing for one who has been aborted before', async () => {
    await using two = await openTwo();

    const changes = two.mirror.watch({ signal: AbortSignal.abort(new Error('enough')) });
    await two.there.set('port', 2);
    await turn();

    await expect(changes.next()).rejects.toThrow('enough');
  });

  it('waits until a value is as wanted', async () => {
    await using two = await openTwo();

    expect(await two.mirror.when('port', (port) => port === 1)).toBe(1);
    const ready = two.mirror.when('port', (port) => (port ?? 0) > 2);
    await two.there.set('port', 2);
    await two.there.set('port', 3);
    expect(await ready).toBe(3);
    const gone = two.mirror.when('port', (port) => port === undefined);
    await two.there.delete('port');
    expect(await gone).toBeUndefined();
  });

  it('gives up waiting when it is aborted or closed, or the predicate throws', async () => {
    await using two = await openTwo();
    const never = (): boolean => false;

    await expect(two.mirror.when('port', never, { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
    const ending = new AbortController();
    const aborted = two.mirror.when('port', never, { signal: ending.signal });
    ending.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    const failing = two.mirror.when('port', (port) => {
      if (port !== 1) throw new Error('odd');
    });
    await two.there.set('port', 2);
    await expect(failing).rejects.toThrow('odd');
    const closed = two.mirror.when('port', never);
    await two.mirror.close();
    await expect(closed).rejects.toThrow(ClosedError);
  });

  it('keeps its last values when it is closed, and takes no more writes', async () => {
    await using two = await openTwo();
    const { config } = two.mirror;

    await two.mirror.close();
    await two.there.set('port', 9);
    await turn();

    expect(config).toEqual({ port: 1, host: 'h' });
    expect(two.mirror.state).toBe('offline');
    expect(() => (config.port = 2)).toThrow(ClosedError);
    expect(() => delete config.port).toThrow(ClosedError);
    expect(await two.here.get('port')).toBe(9);
  });

  it('is not opened any more when its dictionary is destroyed meanwhile', async () => {
    const handle = await openDict({ namespace: 'n' });

    const opening = handle.mirror();
    handle.destroy();

    await expect(opening).rejects.toThrow(ClosedError);
  });

  it('is closed by closing its dictionary', async () => {
    await using two = await openTwo();
    let isClosed = false;
    two.mirror.on('close', () => (isClosed = true));

    await two.here.close();

    expect(isClosed).toBe(true);
    expect(two.mirror.config).toEqual({ port: 1, host: 'h' });
    await expect(two.here.mirror()).rejects.toThrow(ClosedError);
  });

  it('shows any key but __proto__, which only the handle knows', async () => {
    await using handle = await openInMemory();
    await handle.setMany([
      ['then', 1],
      ['toJSON', 2],
      ['constructor', 3],
      ['__proto__', 4],
    ]);

    const { config, current } = await handle.mirror();

    expect(Object.entries(config)).toEqual([
      ['then', 1],
      ['toJSON', 2],
      ['constructor', 3],
    ]);
    expect(Object.keys(current)).toEqual(['then', 'toJSON', 'constructor']);
    expect(await (async () => config)()).toBe(config);
    expect(await handle.get('__proto__')).toBe(4);
    await handle.set('__proto__', 5);
    expect(Object.getPrototypeOf(config)).toBe(Object.prototype);
  });

  it('leaves a value out that it can not read, says so, and keeps the last good one', async () => {
    const namespace = freshNamespace();
    const codec = {
      name: 'text',
      encode: (value: unknown) => Buffer.from(String(value)),
      decode: (bytes: Uint8Array): unknown => {
        const text = Buffer.from(bytes).toString();
        if (text === 'bad') throw new Error('bad');
        return text;
      },
    };
    await using there = await openDict({ namespace, codec });
    await there.setMany({ good: 'a', poor: 'bad' });
    await using here = await openDict({ namespace, codec });
    const mirror = await here.mirror();
    const invalid: string[] = [];
    mirror.on('invalid', (key) => invalid.push(key));

    expect(mirror.config).toEqual({ good: 'a' });
    expect([...mirror.invalid.keys()]).toEqual(['poor']);
    await there.setMany({ good: 'bad', poor: 'b' });
    await turn();

    expect(mirror.config).toEqual({ good: 'a', poor: 'b' });
    expect(invalid).toEqual(['good']);
    expect(mirror.invalid.get('good')).toBeInstanceOf(CodecError);
    await there.clear();
    await turn();
    expect(mirror.config).toEqual({});
    expect(mirror.invalid.size).toBe(0);
  });

  it('serves readers that share values with a dictionary of clones', async () => {
    await using handle = await openInMemory<{ list: number[] }>({ values: 'clone' });
    const { config } = await handle.mirror();

    config.list = [1];
    (await handle.get('list'))!.push(2);

    expect(config.list).toEqual([1]);
    expect(Object.isFrozen(config.list)).toBe(true);
  });

  it('drops a key whose time to live is over, loaded or announced, with no message', async () => {
    const namespace = freshNamespace();
    await using handle = await openInMemory({ namespace });
    const space = await openSpace(memoryStore(), { namespace });
    const write = (key: string, ttlMs?: number): Promise<unknown> =>
      space.write(0, batch({ sets: [[key, Uint8Array.of(5), ttlMs]] }), soon());
    await write('loaded', 1500);
    await write('prolonged', 1500);
    const mirror = await handle.mirror();
    await write('announced', 1000);
    await write('long', 60_000);
    await write('prolonged');
    await turn();
    expect(mirror.config).toEqual({ loaded: 5, prolonged: 5, announced: 5, long: 5 });

    await mirror.when('loaded', (value) => value === undefined);
    await mirror.when('announced', (value) => value === undefined);

    expect(mirror.config).toEqual({ prolonged: 5, long: 5 });
    await space.close();
  });

  it('tells how far a load has come', async () => {
    await using handle = await openInMemory();
    await handle.setMany(Array.from({ length: 1200 }, (_, index) => [`key${index}`, index] as const));
    const progress: number[] = [];

    const mirror = await handle.mirror({ onProgress: ({ loaded }) => progress.push(loaded) });

    expect(Object.keys(mirror.config)).toHaveLength(1200);
    expect(progress).toEqual([500, 1000, 1200]);
  });

  it('refuses options that do not exist', async () => {
    await using handle = await openInMemory();

    await expect(handle.mirror({ porgress: 1 } as object)).rejects.toThrow(ConfigError);
    await expect(handle.mirror({ onProgress: 1 } as object)).rejects.toThrow(ConfigError);
    await expect(handle.mirror(null as unknown as object)).rejects.toThrow(ConfigError);
    await expect(handle.mirror({ signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
  });

  it('is proven as of a moment after its load, again and again', async () => {
    await using handle = await openInMemory({ maxStaleness: 200, verifyInterval: 20 });
    const mirror = await handle.mirror();

    expect(mirror.age).toBeLessThan(10_000);
    const opened = performance.now();
    await until('the mirror is proven again', () => performance.now() - mirror.age > opened);
  });

  it('goes on while a listener throws', async () => {
    await using two = await openTwo();
    const errors: unknown[] = [];
    two.mirror.on('error', (error) => errors.push(error));
    two.mirror.on('change', () => {
      throw new Error('careless');
    });

    await two.there.set('port', 2);
    await turn();

    expect(two.mirror.config.port).toBe(2);
    expect(errors).toEqual([new Error('careless')]);
  });

  it('types its changes by key', () => {
    const now = (change: MirrorChange<Settings>): number | undefined =>
      change.key === 'port' ? change.now : undefined;

    expect(now({ key: 'port', before: undefined, now: 1 })).toBe(1);
  });
});

describe('openMirror', () => {
  it('opens a dictionary and its mirror in one step, and closes both', async () => {
    const namespace = freshNamespace();
    await using there = await openDict<Settings>({ namespace });
    await there.set('port', 1);

    const mirror = await openMirror<Settings>({ namespace, onProgress: () => {} });
    mirror.config.host = 'x';
    await mirror.close();

    expect(mirror.config).toEqual({ port: 1, host: 'x' });
    expect(await there.get('host', { fresh: true })).toBe('x');
    await expect(mirror.handle.get('port')).rejects.toThrow(ClosedError);
  });

  it('leaves nothing open when an option is wrong', async () => {
    await expect(openMirror({ namespace: freshNamespace(), onProgress: 1 } as never)).rejects.toThrow(ConfigError);
    await expect(openMirror({ namespace: '' })).rejects.toThrow(ConfigError);
  });
});
