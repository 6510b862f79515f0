import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, type Page, startBrowser } from '../support/browser.ts';
import { type BuiltPackage, copyBuilt } from '../support/builtPackage.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';

/** Where a picture for the README is wanted: SCREENSHOT=docs/live-config.png. */
const { SCREENSHOT } = process.env;

describe('the page of examples/live-config', () => {
  let redis: RedisServer;
  let built: BuiltPackage;
  let browser: Browser;
  const servers: ChildProcess[] = [];
  const pages: Page[] = [];
  beforeAll(async () => {
    [redis, built, browser] = await Promise.all([startRedis(), copyBuilt(), startBrowser()]);
    await built.add('examples');
    for (let count = 0; count < 2; count++) pages.push(await browser.open(await startServer()));
  }, 600_000);
  afterAll(async () => {
    await browser.close();
    await Promise.all(servers.map(end));
    await redis.stop();
    await built.remove();
  });

  /** Starts a server of its own process, and resolves its address. */
  async function startServer(): Promise<string> {
    const child = spawn(process.execPath, ['examples/live-config/server.js'], {
      cwd: built.folder,
      env: { ...process.env, REDIS_URL: redis.url, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    servers.push(child);
    for await (const line of createInterface({ input: child.stdout })) return line;
    throw new Error('The server has ended.');
  }

  it('shows a change made in one page in the other one, of another process, too, and how long it took', async () => {
    const [one, other] = pages as [Page, Page];
    await one.untilText('#state', /^coherent$/);
    await other.untilText('[data-key=title]', /A shared config/);

    await one.type('[name=value]', 'Changed in one page');
    await one.click('button');

    for (const page of pages) {
      await page.untilText('[data-key=title]', /^"Changed in one page"$/);
      await page.untilText('#delay', /^last change here \d+ ms after it was written$/);
    }
    expect(await one.evaluate('document.querySelector("[name=value]").value')).toBe('');
    if (SCREENSHOT !== undefined) await writeFile(SCREENSHOT, await other.screenshot());
  });

  it('says stale and keeps its values while Redis is stopped, and coherent when it is back', async () => {
    await redis.kill();
    for (const page of pages) {
      await page.untilText('#state', /^stale \(/);
      await page.untilText('[data-key=limit]', /^10$/);
    }

    await redis.restart();
    for (const page of pages) {
      await page.untilText('#state', /^coherent$/);
      // The server came back empty: the default shows again.
      await page.untilText('[data-key=title]', /A shared config/);
    }
    expect(await pages[0]?.evaluate('document.querySelectorAll("tr").length')).toBe(3);
  });
});

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await ended;
}
