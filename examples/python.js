// @ts-check
// A Python program (python/shared_dict.py, standard library only) shares a dictionary: it reads what is written here, and what it
// writes arrives here at once, because it says so on the namespace's channel.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openDict } from 'neardict';
import { exampleStore } from './store.js';

if (!process.env.REDIS_URL) {
  console.log('This example needs a server: set REDIS_URL, for instance to redis://localhost:6379.');
  process.exit();
}

const namespace = 'example-python';
/** @type {import('neardict').NearDict<{ greeting: string, theme: string }>} */
const shared = await openDict({ namespace, store: exampleStore() });

/** @param {string[]} args */
async function python(...args) {
  const program = fileURLToPath(new URL('python/shared_dict.py', import.meta.url));
  const { stdout } = await promisify(execFile)('python3', [program, namespace, ...args]);
  return stdout.trim();
}

await shared.set('greeting', 'hello from JavaScript');
console.log('Python reads:', await python('get', 'greeting'));

console.log('cached here:', await shared.get('theme'));
const changed = new Promise((resolve) => shared.on('change', resolve));
await python('set', 'theme', 'dark');
await changed;
console.log('Python has written:', await shared.get('theme'));

await shared.clear();
await shared.close();
