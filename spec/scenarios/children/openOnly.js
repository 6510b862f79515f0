// Opens, and prints why that failed: nothing but the opening keeps the process alive.
import { openDictOn } from './openDictOn.js';

const [namespace, source, connectTimeout] = process.argv.slice(2);
const opening = openDictOn(namespace, source, { connectTimeout: Number(connectTimeout) });
console.log(
  await opening.then(
    () => 'open',
    ({ code }) => code,
  ),
);
