// @ts-check
// Five requests per user and second, counted over all processes: a token bucket in one update().
import { openDict } from 'neardict';
import { exampleStore } from './store.js';

/** @typedef {{ tokens: number, at: number }} Bucket */

const SIZE = 5;
const PER_MS = SIZE / 1000;

/** @type {import('neardict').NearDict<Record<string, Bucket>>} */
const buckets = await openDict({ namespace: 'example-limits', store: exampleStore(), ttl: '1m' });

/** @param {string} user */
async function isAllowed(user) {
  let allowed = false;
  await buckets.update(user, (bucket = { tokens: SIZE, at: Date.now() }) => {
    const now = Date.now();
    const tokens = Math.min(SIZE, bucket.tokens + (now - bucket.at) * PER_MS);
    allowed = tokens >= 1;
    return { tokens: allowed ? tokens - 1 : tokens, at: now };
  });
  return allowed;
}

const answers = await Promise.all(Array.from({ length: 20 }, () => isAllowed('ada')));
console.log(`ada: ${answers.filter(Boolean).length < 20 ? 'some' : 'no'} of 20 requests were refused`);
console.log(`bob: ${(await isAllowed('bob')) ? 'allowed' : 'refused'}`);

await buckets.clear();
await buckets.close();
