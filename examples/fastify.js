// @ts-check
// Feature flags in Fastify: a route reads them without await, and a flag that is switched in one process is switched in all.
import Fastify from 'fastify';
import { openMirror } from 'neardict';
import { exampleStore } from './store.js';

const flags = await openMirror({
  namespace: 'example-flags',
  store: exampleStore(),
  defaults: { newCheckout: false, banner: '' },
});

const app = Fastify();
app.addHook('onClose', () => flags.close());

app.get('/checkout', () => ({ version: flags.config.newCheckout ? 2 : 1 }));
app.put('/flags/newCheckout', async (request) => {
  await flags.handle.set('newCheckout', request.body === true);
  return 'switched';
});
app.get('/healthz', (_request, reply) => reply.code(flags.state === 'offline' ? 503 : 200).send(flags.state));

// What clients do; a service calls app.listen().
console.log('before:', (await app.inject('/checkout')).body);
await app.inject({
  method: 'PUT',
  url: '/flags/newCheckout',
  payload: 'true',
  headers: { 'content-type': 'application/json' },
});
await flags.when('newCheckout', (isOn) => isOn);
console.log('after:', (await app.inject('/checkout')).body);

await flags.handle.clear();
await app.close();
