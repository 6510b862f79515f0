import { afterAll, expect } from '@jest/globals';

afterAll(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  const left = process.getActiveResourcesInfo().filter((name) => /^(TCP|Process)/.test(name));
  expect(left).toEqual([]);
});
