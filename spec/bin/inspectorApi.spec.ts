import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type NearDict, openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { type Inspector, startInspector } from '../../lib/bin/inspector/server.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

describe('the server of neardict inspect', () => {
  let server: RedisServer;
  let dict: NearDict;
  let inspector: Inspector;
  beforeAll(async () => {
    server = await startRedis();
    dict = await open('n');
    inspector = await startInspector(server.url);
  });
  afterAll(async () => {
    await inspector.close();
    await dict.close();
    await server.stop();
  });

  const open = (namespace: string, options: object = {}): Promise<NearDict> =>
    openDict({ namespace, store: redisStore({ url: server.url }), timeout: 30_000, ...options });
  const answered = async (response: Response): Promise<Answer> => ({
    status: response.status,
    body: await response.json(),
  });
  const get = async (path: string): Promise<Answer> => answered(await fetch(inspector.url + path));
  const send = async (path: string, body: string): Promise<Answer> =>
    answered(
      await fetch(inspector.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
    );
  const edit = (fields: object): Promise<Answer> => send('entry', JSON.stringify({ namespace: 'n', ...fields }));

  it.each([
    ['another path', 'keys', '{}', 404, /no such thing/],
    ['no object', 'entry', 'null', 404, /no such thing/],
    ['no JSON', 'entry', '{"key": "a"', 400, /no JSON/],
    ['no version', 'entry', '{"namespace": "n", "key": "a", "value": 1}', 400, /a key and a version/],
    ['no key', 'entry', '{"namespace": "n", "value": 1, "version": "x"}', 400, /a key and a version/],
  ])('answers an edit with %s by what is wrong', async (_name, path, body, status, message) => {
    expect(await send(path, body)).toEqual({ status, body: { message: expect.stringMatching(message) } });
  });

  it('answers an edit that is too large, and goes on over the same connection', async () => {
    const large = JSON.stringify('x'.repeat(5 * 1024 * 1024));

    for (let count = 0; count < 3; count++)
      expect(await send('entry', large)).toEqual({ status: 413, body: { message: 'That is too much.' } });
  });

  it('says why the dictionary refuses an edit, and changes nothing', async () => {
    const version = await dict.set('kept', 1);

    const [nameless, empty] = [await edit({ key: '', value: 2, version }), await edit({ key: 'kept', version })];

    expect(nameless).toEqual({
      status: 502,
      body: { message: expect.stringContaining('The empty string is not a key') },
    });
    expect(empty).toEqual({ status: 502, body: { message: expect.stringContaining('undefined') } });
    expect(await dict.get('kept', { fresh: true })).toBe(1);
  });

  it('tells of a key that somebody has deleted before it was edited', async () => {
    const version = await dict.set('gone', 1);
    await dict.delete('gone');

    expect(await edit({ key: 'gone', value: 2, version })).toEqual({ status: 200, body: { conflict: null } });
    expect(await get('entry?namespace=n&key=gone')).toEqual({ status: 200, body: null });
    expect(await dict.get('gone', { fresh: true })).toBeUndefined();
  });

  it('asks for a namespace and a key where a request names none, and goes on', async () => {
    const [keys, entry, events] = [await get('keys'), await get('entry?namespace=n'), await get('events')];

    expect([keys.status, entry.status, events.status]).toEqual([404, 502, 404]);
    expect(entry.body).toEqual({ message: expect.stringContaining('The empty string is not a key') });
    expect((await get('keys?namespace=n')).status).toBe(200);
  });

  it('does not guess where the keys of a namespace are that only a program knows', async () => {
    await using own = await open('own', { partitions: 2, partitionBy: (key: string) => key });
    await own.set('a', 1);

    expect(await get('keys?namespace=own')).toEqual({
      status: 400,
      body: { message: expect.stringContaining('partitionBy') },
    });
  });

  it('looks through so many keys at most, and says that there are more', async () => {
    await using many = await open('many');
    await many.setMany(Array.from({ length: 12_000 }, (_, index) => [`key ${index}`, index] as const));

    expect((await get('keys?namespace=many')).body).toMatchObject({ from: 0, to: 50, total: 10_000, isCut: true });
    expect((await get('keys?namespace=many&prefix=key%20119')).body).toMatchObject({ total: 111, isCut: false });
  });

  it('shows no reason that it does not know, and stays', async () => {
    const { host, hostname, port } = new URL(inspector.url);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = request({ hostname, port, path: '//', headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.once('error', reject);
      sent.end();
    });

    expect(status).toBe(500);
    expect((await get('keys?namespace=n')).status).toBe(200);
  });
});
