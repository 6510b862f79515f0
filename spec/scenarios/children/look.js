// Looks at a dictionary in every way that is no read, while its server is gone. Prints what it saw, and every rejection.
import { format, inspect } from 'node:util';
import { openDictOn } from './openDictOn.js';

process.on('unhandledRejection', (reason) => console.log('unhandled rejection', reason));
process.on('uncaughtException', (error) => console.log('uncaught exception', error));

const [namespace, source] = process.argv.slice(2);
const handle = await openDictOn(namespace, source, { timeout: 200 });
const { dict } = handle;
process.send('open');
await new Promise((resolve) => process.once('message', resolve));

const returned = await (async () => dict)();
const seen = [
  returned === dict,
  JSON.stringify({ dict }),
  format('%s', dict),
  format('%o %j', dict, dict).length > 0,
  inspect(dict).startsWith('NearDict'),
  Object.keys(dict).length,
  typeof dict.never,
  (() => {
    try {
      structuredClone(dict);
      return 'cloned';
    } catch (error) {
      return error.name;
    }
  })(),
];
// Fails after everything that a look had started would have.
const failed = await handle.get('asked').catch((error) => error.code);
await new Promise((resolve) => setImmediate(resolve));
console.log(JSON.stringify({ seen, failed, misses: handle.stats().misses }));
process.disconnect();
handle.destroy();
