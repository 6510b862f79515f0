/** Checked by the compiler alone: what redisStore() takes, and what it does not. */
import { expectTypeOf } from 'expect-type';
import * as v4 from 'redis';
import * as v5 from 'redis-v5';
import * as v6 from 'redis-v6';
import type { redisStore, RedisLike } from 'neardict/redis';

const script4 = v4.defineScript({
  NUMBER_OF_KEYS: 1,
  SCRIPT: 'return 1',
  transformArguments: (key: string) => [key],
  transformReply: (reply: number) => reply,
});
const script5 = v5.defineScript({
  NUMBER_OF_KEYS: 1,
  SCRIPT: 'return 1',
  parseCommand(parser, key: string) {
    parser.pushKey(key);
  },
  transformReply: (reply: unknown) => reply as number,
});
const script6 = v6.defineScript({
  NUMBER_OF_KEYS: 1,
  SCRIPT: 'return 1',
  parseCommand(parser, key: string) {
    parser.pushKey(key);
  },
  transformReply: (reply: unknown) => reply as number,
});

/** Never called: the clients are made for their types. */
export async function check(): Promise<void> {
  expectTypeOf(v4.createClient()).toExtend<RedisLike>();
  expectTypeOf(await v4.createClient().connect()).toExtend<RedisLike>();
  expectTypeOf(v4.createClient({ scripts: { one: script4 } })).toExtend<RedisLike>();
  expectTypeOf(v4.createClient({ url: 'redis://localhost', database: 1, socket: { tls: true } })).toExtend<RedisLike>();

  expectTypeOf(v5.createClient()).toExtend<RedisLike>();
  expectTypeOf(await v5.createClient().connect()).toExtend<RedisLike>();
  expectTypeOf(v5.createClient({ RESP: 2 })).toExtend<RedisLike>();
  expectTypeOf(v5.createClient({ RESP: 3 })).toExtend<RedisLike>();
  expectTypeOf(v5.createClient({ RESP: 3, scripts: { one: script5 } })).toExtend<RedisLike>();
  expectTypeOf(v5.createClient().withTypeMapping({ 36: Buffer })).toExtend<RedisLike>();

  expectTypeOf(v6.createClient()).toExtend<RedisLike>();
  expectTypeOf(await v6.createClient().connect()).toExtend<RedisLike>();
  expectTypeOf(v6.createClient({ RESP: 2 })).toExtend<RedisLike>();
  expectTypeOf(v6.createClient({ RESP: 3 })).toExtend<RedisLike>();
  expectTypeOf(v6.createClient({ RESP: 3, scripts: { one: script6 } })).toExtend<RedisLike>();
  expectTypeOf(v6.createClient().withTypeMapping({ 36: Buffer })).toExtend<RedisLike>();

  type Source = Parameters<typeof redisStore>[0];
  expectTypeOf<{ url: string }>().toExtend<Source>();
  expectTypeOf<{ url: string; socket: { tls: true }; RESP: 3 }>().toExtend<Source>();
  expectTypeOf<{ host: string }>().not.toExtend<Source>();
  expectTypeOf<{ url: number }>().not.toExtend<Source>();
  expectTypeOf<string>().not.toExtend<Source>();
  expectTypeOf<undefined>().not.toExtend<Source>();
  expectTypeOf<Map<string, string>>().not.toExtend<Source>();
  expectTypeOf(v5.createClientPool()).not.toExtend<RedisLike>();
  expectTypeOf(v6.createClientPool()).not.toExtend<RedisLike>();
}
