// Uses the packed library as an application does: a dictionary on a server, read by another one, and a mirror.
import { openDict, openMirror } from 'neardict';
import { redisStore } from 'neardict/redis';

const store = () => redisStore({ url: process.env.REDIS_URL });
const writer = await openDict({ namespace: 'runtime', store: store() });
const reader = await openDict({ namespace: 'runtime', store: store() });
const mirror = await openMirror({ namespace: 'runtime', store: store(), defaults: { port: 80 } });

console.log('at first:', await reader.get('greeting'), mirror.config.port);
await writer.setMany({ greeting: 'hello', port: 8080 });
await mirror.when('port', (port) => port === 8080);
for await (const { value } of reader.watch('greeting', { initial: true })) if (value === 'hello') break;
console.log('then:', await reader.dict.greeting, mirror.config.port);
console.log('counted:', await writer.update('visits', (n = 0) => n + 1));

await writer.clear();
await Promise.all([writer.close(), reader.close(), mirror.close()]);
// It has to end by itself: nothing is open any more.
console.log('closed');
