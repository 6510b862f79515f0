import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { openDict } from 'neardict';
import { leakCheck, testStore } from 'neardict/testing';

describe('leakCheck', () => {
  it('resolves when everything is closed, also if that takes a moment', async () => {
    const check = leakCheck();
    const handle = await openDict({ namespace: 'x', store: testStore() });
    setTimeout(() => {
      void handle.close();
    }, 50);

    await expect(check()).resolves.toBeUndefined();
  });

  it('refuses what is no duration', () => {
    expect(() => leakCheck({ within: -1 })).toThrow('within');
  });

  it('names what is still open', async () => {
    const [check, hastyCheck] = [leakCheck(), leakCheck({ within: 50 })];
    const server = createServer().listen(0, '127.0.0.1');
    // More than the test runner may end meanwhile.
    const timers = Array.from({ length: 50 }, () => setInterval(() => {}, 1000));
    const listener = (): void => {};
    process.on('SIGUSR2', listener);

    const message = await hastyCheck().catch(String);
    server.close();
    for (const timer of timers) clearInterval(timer);
    process.off('SIGUSR2', listener);

    expect(message).toMatch(/^Error: Left open: .*\b1 TCPServerWrap\b/);
    expect(message).toMatch(/\d\d Timeout\b/);
    expect(message).toContain("1 listener of process 'SIGUSR2'");
    await check();
  });
});
