import { openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { createClient } from 'redis';
import { createClient as createClient5, RESP_TYPES } from 'redis-v5';
import { createClient as createClient6 } from 'redis-v6';

// A client of each major is taken as createClient() and connect() return it.
redisStore(createClient());
redisStore(createClient5());
redisStore(createClient6());
redisStore(createClient5({ RESP: 3 }));
redisStore(createClient5().withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }));
export async function open(): Promise<void> {
  await openDict({ namespace: 'n', store: redisStore(await createClient({ url: 'redis://localhost' }).connect()) });
  await openDict({ namespace: 'n', store: redisStore(await createClient5().connect()) });
  await openDict({ namespace: 'n', store: redisStore(await createClient6().connect()) });
}

redisStore({ url: 'redis://localhost' });
redisStore({ url: 'rediss://localhost', username: 'ada', password: 'secret', socket: { tls: true } });
// @ts-expect-error -- a URL has a name
redisStore('redis://localhost');
// @ts-expect-error -- neither a client nor a URL
redisStore({ host: 'localhost' });
// @ts-expect-error -- a promise of a client is no client
redisStore(createClient().connect());
// @ts-expect-error -- a store is made from a client
void openDict({ namespace: 'n', store: createClient() });
