// @ts-check
// A page that shows a shared config, live. Run it with REDIS_URL in two terminals and open both addresses: a change made
// in one page, or by any other process, shows in both. Without REDIS_URL it lives in the memory of this process.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { openMirror } from 'neardict';
import { exampleStore } from '../store.js';

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @typedef {{ title: string, theme: string, limit: number, writtenAt: number }} Config */

const page = await readFile(new URL('page.html', import.meta.url));

/** @type {import('neardict').OpenMirrorOptions<Config>} */
const options = {
  namespace: 'live-config',
  store: exampleStore(),
  maxStaleness: '2s',
  defaults: { title: 'A shared config', theme: 'light', limit: 10 },
};
const mirror = await openMirror(options);
const { config } = mirror;

/**
 * Milliseconds from the last write, in whichever process, to the event here; the clocks are those of one machine.
 *
 * @type {number | null}
 */
let delayMs = null;
mirror.on('change', (changes) => {
  if (changes.some(({ key }) => key === 'writtenAt')) delayMs = Date.now() - (config.writtenAt ?? 0);
});

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    response.writeHead(400, { 'content-type': 'text/plain' }).end(String(error));
  });
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`http://127.0.0.1:${address.port}/`);
});

/**
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 */
async function answer(request, response) {
  if (request.method === 'POST') await change(request, response);
  else if (request.url === '/events') stream(response);
  else response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
}

/**
 * Writes one value, and when, in one step: whoever sees one sees the other.
 *
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 */
async function change(request, response) {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  await mirror.handle.setMany({ ...JSON.parse(body), writtenAt: Date.now() });
  response.writeHead(204).end();
}

/**
 * Sends what the page shows, now and after each change.
 *
 * @param {ServerResponse} response
 */
function stream(response) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const send = () => {
    const { writtenAt: _, ...shown } = config;
    response.write(`data: ${JSON.stringify({ config: shown, state: mirror.state, delayMs })}\n\n`);
  };
  mirror.on('change', send).on('state', send);
  response.on('close', () => mirror.off('change', send).off('state', send));
  send();
}
