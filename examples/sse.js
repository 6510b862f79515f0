// @ts-check
// Server-sent events: a page hears of each change of a key, whichever process made it, for as long as it listens.
import { createServer } from 'node:http';
import { openDict } from 'neardict';
import { exampleStore } from './store.js';

/** @type {import('neardict').NearDict<{ price: number }>} */
const market = await openDict({ namespace: 'example-sse', store: exampleStore() });

const server = createServer((request, response) => {
  const gone = new AbortController();
  request.once('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  stream(response, gone.signal).catch((error) => response.destroy(error));
});

/**
 * A client that is slow gets the latest price, and none that was overtaken meanwhile.
 *
 * @param {import('node:http').ServerResponse} response
 * @param {AbortSignal} signal
 */
async function stream(response, signal) {
  for await (const { value } of market.watch('price', { initial: true, signal }))
    response.write(`data: ${JSON.stringify(value ?? null)}\n\n`);
}

await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

// What a browser does: new EventSource('/').onmessage = ({ data }) => ...
const page = await fetch(`http://127.0.0.1:${port}/`);
const lines = /** @type {ReadableStream<Uint8Array>} */ (page.body).pipeThrough(new TextDecoderStream()).getReader();
console.log('at first:', (await lines.read()).value?.trim());
await market.set('price', 42);
console.log('then:', (await lines.read()).value?.trim());

await lines.cancel();
server.close();
server.closeAllConnections();
await market.clear();
await market.close();
