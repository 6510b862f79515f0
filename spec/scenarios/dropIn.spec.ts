import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Mirror, type NearDict, openDict } from 'neardict';
import { freshNamespace } from '../support/openInMemory.ts';
import { until } from '../support/until.ts';

type Config = Record<string, unknown>;

/** A published web server that reads a plain config object at every request, and knows nothing of this library. */
const require = createRequire(import.meta.url);
const serve = require('serve-handler') as (
  request: IncomingMessage,
  response: ServerResponse,
  config: Config,
) => Promise<void>;

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly location: string | null;
  readonly cache: string | null;
  readonly body: string;
}

interface Case {
  /** What its documentation says the property does. */
  readonly it: string;
  readonly config: Config;
  readonly path: string;
  readonly answer: Partial<Answer>;
  readonly shows?: RegExp;
}

const cases: readonly Case[] = [
  {
    it: 'lists a directory',
    config: {},
    path: '/',
    answer: { status: 200 },
    shows: /notes[.]md/,
  },
  {
    it: 'forbids to list by directoryListing',
    config: { directoryListing: false },
    path: '/',
    answer: { status: 404, body: 'nothing here' },
  },
  {
    it: 'leaves out of the list what is unlisted',
    config: { unlisted: ['notes.md'] },
    path: '/',
    answer: { status: 200 },
    shows: /^(?!.*notes[.]md).*page[.]html/s,
  },
  {
    it: 'strips .html by cleanUrls',
    config: { cleanUrls: true },
    path: '/page.html',
    answer: { status: 301, location: '/page' },
  },
  { it: 'serves what cleanUrls has stripped', config: { cleanUrls: true }, path: '/page', answer: { body: 'a page' } },
  {
    it: 'strips only where cleanUrls says',
    config: { cleanUrls: ['/other/**'] },
    path: '/page.html',
    answer: { status: 200, body: 'a page' },
  },
  {
    it: 'rewrites by wildcards',
    config: { rewrites: [{ source: 'app/**', destination: '/page.html' }] },
    path: '/app/deep/down',
    answer: { status: 200, body: 'a page' },
  },
  {
    it: 'rewrites by segments',
    config: { rewrites: [{ source: '/data/:name', destination: '/:name.json' }] },
    path: '/data/object',
    answer: { type: 'application/json; charset=utf-8', body: '{"a":1}' },
  },
  {
    it: 'redirects with a status of its own',
    config: { redirects: [{ source: '/old/:id', destination: '/new/:id', type: 302 }] },
    path: '/old/7',
    answer: { status: 302, location: '/new/7' },
  },
  {
    it: 'adds headers',
    config: { headers: [{ source: '*.md', headers: [{ key: 'Cache-Control', value: 'max-age=7200' }] }] },
    path: '/notes.md',
    answer: { status: 200, cache: 'max-age=7200' },
  },
  {
    it: 'adds slashes by trailingSlash',
    config: { trailingSlash: true },
    path: '/sub',
    answer: { status: 301, location: '/sub/' },
  },
  {
    it: 'removes slashes by trailingSlash',
    config: { trailingSlash: false },
    path: '/sub/',
    answer: { status: 301, location: '/sub' },
  },
  {
    it: 'shows the only file of a directory by renderSingle',
    config: { renderSingle: true },
    path: '/sub',
    answer: { status: 200, body: 'the only one' },
  },
];

describe('serve-handler, given the config of a mirror once and for good', () => {
  let folder: string;
  let there: NearDict;
  let here: NearDict;
  let mirror: Mirror;
  let literal: Config;
  const servers: Server[] = [];
  let ofMirror: string;
  let ofLiteral: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neardict-site-'));
    await mkdir(join(folder, 'sub'));
    const files = { 'page.html': 'a page', 'notes.md': 'notes', 'object.json': '{"a":1}', '404.html': 'nothing here' };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    await writeFile(join(folder, 'sub', 'only.txt'), 'the only one');
    const namespace = freshNamespace();
    there = await openDict({ namespace });
    here = await openDict({ namespace });
    mirror = await here.mirror({ overrides: { public: folder } });
    const { config } = mirror;
    ofMirror = await listen((request, response) => serve(request, response, config));
    ofLiteral = await listen((request, response) => serve(request, response, literal));
  });
  afterAll(async () => {
    for (const server of servers) await new Promise((resolve) => server.close(resolve));
    await there.close();
    await here.close();
    await rm(folder, { recursive: true });
  });

  async function listen(
    answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  ): Promise<string> {
    const server = createServer({ keepAlive: false }, (request, response) => {
      answer(request, response).catch((error: unknown) => response.writeHead(599).end(String(error)));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** As another process changes the settings. */
  async function write(config: Config): Promise<void> {
    const old = await there.snapshot();
    await there.deleteMany(Object.keys(old).filter((key) => !(key in config)));
    await there.setMany(config);
    await until('it is shown', () => isDeepStrictEqual(mirror.current, { public: folder, ...config }));
  }

  async function ask(origin: string, path: string): Promise<Answer> {
    const response = await fetch(origin + path, { redirect: 'manual', headers: { connection: 'close' } });
    const { status, headers } = response;
    return {
      status,
      type: headers.get('content-type'),
      location: headers.get('location'),
      cache: headers.get('cache-control'),
      body: await response.text(),
    };
  }

  it.each(cases)('$it', async ({ config, path, answer, shows = /^/ }) => {
    await write(config);
    literal = { public: folder, ...config };

    const answered = await ask(ofMirror, path);

    expect(answered).toMatchObject(answer);
    expect(answered.body).toMatch(shows);
    expect(answered).toEqual(await ask(ofLiteral, path));
  });
});
