import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NearDictError } from '../../errors.ts';
import { CommandError, NOT_THERE } from '../command.ts';
import { Api, Refusal } from './api.ts';

/** A page that is served. */
export interface Inspector {
  /** With the token that lets in. */
  readonly url: string;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '': ['page.html', 'text/html'],
  'page.js': ['page.js', 'text/javascript'],
  'page.css': ['page.css', 'text/css'],
};
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};
/** Largest body of a request. */
const MAX_BODY = 4 * 1024 * 1024;

/**
 * Serves the page on loopback, for a server at `redisUrl`.
 *
 * Every request has to name this address as its host, so that no name of an attacker leads here, and to carry the token
 * in its path.
 */
export async function startInspector(redisUrl: string, port: number = 0): Promise<Inspector> {
  const token = randomBytes(24).toString('base64url');
  const api = new Api(redisUrl);
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      fail(response, error);
    });
  });
  server.listen(port, HOST);
  await once(server, 'listening');
  const host = `${HOST}:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', `http://${host}`);
    const [, given = '', ...path] = pathname.split('/');
    const isOurs = request.headers.host === host && [undefined, `http://${host}`].includes(request.headers.origin);
    if (!isOurs || !isSame(given, token)) throw new Refusal(403, 'The address is not the one that was printed.');
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const name = path.join('/');
    const file = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
    if (file !== undefined && path.length > 0) await send(response, file);
    else if (name === 'events') await api.stream(searchParams, response);
    else if (request.method === 'POST') json(response, 200, await api.post(name, await bodyOf(request)));
    else json(response, 200, await api.get(name, searchParams));
  }

  return {
    url: `http://${host}/${token}/`,
    async close() {
      server.close();
      server.closeAllConnections();
      await api.close();
    },
  };
}

function isSame(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

async function send(response: ServerResponse, [file, type]: readonly [string, string]): Promise<void> {
  const content = await readFile(new URL(`page/${file}`, import.meta.url));
  response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(content);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  if (request.headers['content-type'] !== 'application/json') throw new Refusal(415, 'Send JSON.');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY) chunks.push(chunk);
  }
  // Only now: whoever ends such a loop early destroys the connection, and the answer may not arrive.
  if (size > MAX_BODY) throw new Refusal(413, 'That is too much.');
  try {
    return JSON.parse(String(Buffer.concat(chunks)));
  } catch {
    throw new Refusal(400, 'That is no JSON.');
  }
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** Only errors that are known to hold no secret are shown. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const isShown = error instanceof NearDictError || error instanceof CommandError || error instanceof Refusal;
  json(response, statusOf(error), { message: isShown ? error.message : 'It failed for a reason that is not known.' });
}

function statusOf(error: unknown): number {
  if (error instanceof Refusal) return error.status;
  if (error instanceof CommandError) return error.exitCode === NOT_THERE ? 404 : 400;
  return error instanceof NearDictError ? 502 : 500;
}
