import { openDict } from 'neardict';
import neardict = require('neardict');
import { redisStore } from 'neardict/redis';

export async function use(): Promise<string | undefined> {
  await using handle = await openDict<{ hello: string }>({ namespace: 'n', store: redisStore({ url: 'redis://h' }) });
  handle.dict.hello = 'world';
  return neardict.handleOf(handle.dict)?.get('hello');
}
