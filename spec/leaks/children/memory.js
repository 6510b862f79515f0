import { setTimeout as sleep } from 'node:timers/promises';

/** Bytes in use after thorough collections: the least of several looks, because something may just be under way. */
export async function bytesInUse() {
  let least = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 5; look++) {
    await sleep(20);
    globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    least = Math.min(least, heapUsed + external);
  }
  return least;
}
