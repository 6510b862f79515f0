// A client of node-redis as it comes.
import { createClient } from 'redis';

export async function open(url) {
  const client = await createClient({ url })
    .on('error', () => {})
    .connect();
  return {
    read: (key) => client.get(key),
    write: (key, value) => client.set(key, value),
  };
}
