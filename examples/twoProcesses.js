// @ts-check
// Two processes share one dictionary: this one starts a second one, which writes, and sees what arrives. The memory of a
// process is its own, so without REDIS_URL both sides live in this process.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { openDict } from 'neardict';
import { exampleStore } from './store.js';

const namespace = 'example-two-processes';

if (process.argv[2] === 'write') await write();
else await read();

async function write() {
  const shared = await openDict({ namespace, store: exampleStore() });
  await shared.set('greeting', `hello from the ${process.send ? 'other process' : 'same process'}`);
  await shared.close();
}

async function read() {
  const shared = await openDict({ namespace, store: exampleStore() });
  const writing = process.env.REDIS_URL ? once(fork(fileURLToPath(import.meta.url), ['write']), 'exit') : write();
  for await (const { value } of shared.watch('greeting', { initial: true })) {
    if (value === undefined) continue;
    console.log('read:', value);
    break;
  }
  await writing;
  await shared.clear();
  await shared.close();
}
