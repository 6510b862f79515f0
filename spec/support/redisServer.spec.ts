import { expect, it } from '@jest/globals';
import { freePort } from './redisServer.ts';
import { until } from './until.ts';

it('gives servers that start side by side different ports', async () => {
  const ports = await Promise.all(Array.from({ length: 100 }, () => freePort()));

  expect(new Set(ports).size).toBe(ports.length);
  await until('nothing listens there', () => !process.getActiveResourcesInfo().includes('TCPServerWrap'));
});
