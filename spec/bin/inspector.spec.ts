import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type NearDict, openDict } from 'neardict';
import { redisStore } from 'neardict/redis';
import { type Inspector, startInspector } from '../../lib/bin/inspector/server.ts';
import { type Browser, type Page, startBrowser } from '../support/browser.ts';
import { type RedisServer, startRedis } from '../support/redisServer.ts';
import { until } from '../support/until.ts';

/** Whether pictures for the docs are wanted: SCREENSHOTS=1. */
const { SCREENSHOTS } = process.env;

describe('neardict inspect', () => {
  let server: RedisServer;
  let settings: NearDict;
  let other: NearDict;
  let inspector: Inspector;
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    server = await startRedis();
    const open = (namespace: string): Promise<NearDict> =>
      openDict({ namespace, store: redisStore({ url: server.url }), connectTimeout: 60_000, timeout: 60_000 });
    [settings, other] = await Promise.all([open('settings'), open('other')]);
    await settings.setMany({
      ...{ theme: 'dark', 'limits.perMinute': 100, 'limits.burst': { size: 20, strict: true } },
      ...{ greeting: '<b>hello</b>', since: new Date(0), 'feature:search': true, 'feature:export': false },
    });
    await settings.set('session', 'x', { ttl: '1h' });
    await other.setMany(Array.from({ length: 120 }, (_, index) => [`key ${1000 + index}`, index] as const));
    inspector = await startInspector(server.url);
    browser = await startBrowser();
    page = await browser.open(`${inspector.url}#settings`);
    await page.resize(1180, 620);
  }, 600_000);
  afterAll(async () => {
    await browser.close();
    await inspector.close();
    await Promise.all([settings.close(), other.close()]);
    await server.stop();
  });

  /** Empty while the field can't be seen: it may hold what was edited before. */
  const valueOf = (selector: string): Promise<string> =>
    page.evaluate(`document.querySelector(${JSON.stringify(selector)} + ':is(dialog[open] *)')?.value ?? ''`);
  const focused = (): Promise<string> => page.evaluate('document.activeElement.textContent');
  const row = (key: string): string => `[data-key=${JSON.stringify(key)}]`;
  /** As a person does: all of the text is replaced. */
  async function fill(selector: string, text: string): Promise<void> {
    await page.evaluate(`document.querySelector(${JSON.stringify(selector)}).select()`);
    await page.type(selector, text);
  }

  it('shows entries with value, version and what they have left to live, and their text as text', async () => {
    await page.untilText('#range', /^1 to 8 of 8$/);
    await page.untilText('#live', /^live$/);

    const { version = '' } = (await settings.getEntry('theme')) ?? {};
    await page.untilText(row('theme'), new RegExp(`^theme"dark"${version.slice(0, 8)}$`));
    await page.untilText(row('greeting'), /<b>hello<\/b>/);
    await page.untilText(row('since'), /bytes of msgpack/);
    await page.untilText(row('session'), /(60 min|1 h)$/);
    expect(await page.evaluate('document.querySelectorAll("td b").length')).toBe(0);
  });

  it('is used by keyboard: finds a key, edits it, and shows a change of it by others at once', async () => {
    await page.press('/');
    await page.type('#search', 'limits');
    await page.untilText('#range', /^1 to 2 of 2$/);
    await page.press('ArrowDown');
    await page.press('ArrowDown');
    expect(await focused()).toBe('limits.perMinute');
    await page.press('Enter');
    await page.untilText('#edited', /^limits\.perMinute$/);
    await until('the value is there', async () => (await valueOf('#value')) === '100');

    await fill('#value', '120');
    await page.press('Enter', 'Control');

    await page.untilText(row('limits.perMinute'), /^limits\.perMinute120/);
    await until('it is told', async () => (await settings.get('limits.perMinute')) === 120);
    expect(await page.evaluate('document.querySelector("#editor").open')).toBe(false);
    await settings.set('limits.perMinute', 130);
    await page.untilText(row('limits.perMinute'), /^limits\.perMinute130/);
    await page.untilText('#changes', /set limits\.perMinute/);
  });

  it('does not overwrite what others have changed meanwhile: it shows it, and writes over it when told to', async () => {
    await page.click(`${row('limits.burst')} button`);
    await until('the value is there', async () => (await valueOf('#value')).includes('strict'));
    await settings.set('limits.burst', 'theirs');
    await fill('#value', '"mine"');
    await page.click('#save');

    await page.untilText('#conflict', /changed it meanwhile.*"theirs"$/s);
    expect(await settings.get('limits.burst', { fresh: true })).toBe('theirs');
    await page.untilText('#save', /^Write mine over it$/);
    await page.click('#save');

    await until('it is written', async () => (await settings.get('limits.burst')) === 'mine');
  });

  it('takes theirs, refuses what is no JSON, and is left by Escape', async () => {
    await page.untilText(row('limits.burst'), /"mine"/);
    await page.click(`${row('limits.burst')} button`);
    await until('the value is there', async () => (await valueOf('#value')) === '"mine"');
    await fill('#value', 'no JSON');
    await page.click('#save');
    await page.untilText('#conflict', /^This is no JSON/);
    await settings.set('limits.burst', 'again');
    await fill('#value', '1');
    await page.click('#save');
    await page.untilText('#conflict', /"again"$/);
    await page.click('#theirs');
    expect(await valueOf('#value')).toBe('"again"');

    await page.press('Escape');

    await until('it is closed', async () => !(await page.evaluate('document.querySelector("#editor").open')));
    expect(await settings.get('limits.burst', { fresh: true })).toBe('again');
  });

  it('goes back to the row that was edited, also when it was drawn anew meanwhile', async () => {
    await page.click(`${row('limits.burst')} button`);
    await page.untilText('#edited', /^limits\.burst$/);
    await settings.set('limits.perMinute', 140);
    await page.untilText(row('limits.perMinute'), /140/);

    await page.press('Escape');

    await until('it has the focus', async () => (await focused()) === 'limits.burst');
    expect(await page.evaluate('document.querySelector("#editor").open')).toBe(false);
  });

  it('keeps what an entry has left to live when it is edited', async () => {
    await fill('#search', 'session');
    await page.untilText('#range', /^1 to 1 of 1$/);
    await page.click(`${row('session')} button`);
    await until('the value is there', async () => (await valueOf('#value')) === '"x"');
    await fill('#value', '"y"');
    await page.press('Enter', 'Control');

    await until('it is written', async () => (await settings.get('session')) === 'y');
    expect((await settings.getEntry('session'))?.expiresAt).toBeGreaterThan(Date.now() + 3_000_000);
  });

  it('shows peers, with charts of hit rate and lag', async () => {
    await settings.getMany(['theme', 'greeting', 'theme']);
    await settings.getMany(['theme', 'greeting', 'theme']);

    await page.untilText('#peers tbody', /coherent.*%.*s/s);
    expect(await page.evaluate('document.querySelectorAll("#peers polyline").length')).toBeGreaterThanOrEqual(4);
  });

  it('is light or dark, as its reader likes it', async () => {
    const background = (): Promise<string> =>
      page.evaluate(
        'getComputedStyle(document.documentElement).colorScheme + getComputedStyle(document.querySelector("h1")).color',
      );
    await page.evaluate(
      '(document.querySelector("#search").value = "", document.querySelector("#search").oninput(), 1)',
    );
    await page.untilText('#range', /^1 to 8 of 8$/);
    const shades: string[] = [];
    for (const scheme of ['light', 'dark'] as const) {
      await page.prefer(scheme);
      shades.push(await background());
      const file = join(import.meta.dirname, `../../docs/inspector-${scheme}.png`);
      if (SCREENSHOTS !== undefined) await writeFile(file, await page.screenshot());
    }

    expect(new Set(shades).size).toBe(2);
  });

  it('turns the pages of another namespace', async () => {
    await page.evaluate(
      '(document.querySelector("#namespace").value = "other", document.querySelector("#namespace").onchange(), 1)',
    );
    await page.untilText('#range', /^1 to 50 of 120$/);
    await page.click('#more');
    await page.untilText('#range', /^51 to 100 of 120$/);
    await page.click('#more');
    await page.untilText('#range', /^101 to 120 of 120$/);
    await page.untilText(row('key 1119'), /119/);
    await page.click('#back');
    await page.untilText('#range', /^51 to 100 of 120$/);
    expect(await page.evaluate('document.querySelectorAll("#keys tbody tr").length')).toBe(50);
  });

  it('shows no other namespace in the place of one that is not there', async () => {
    const wrong = await browser.open(`${inspector.url}#nobody`);

    await wrong.untilText('#error', /no namespace 'nobody'/);

    expect(await wrong.evaluate('document.querySelectorAll("#keys tbody tr").length')).toBe(0);
    expect(await wrong.evaluate('document.querySelector("#namespace").value')).toBe('');
  });

  it('fits a phone', async () => {
    const phone = await browser.open(`${inspector.url}#settings`);
    await phone.resize(390, 800);
    await phone.untilText('#peers tbody', /coherent/);

    expect(await phone.evaluate('document.documentElement.scrollWidth')).toBe(390);
  });

  it('lets in only who knows the address, under no other name, on every path', async () => {
    const { origin, host, port, pathname } = new URL(inspector.url);
    const ask = (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port, path, method, headers: { host, ...headers } }, (response) => {
          response.destroy();
          resolve(response.statusCode);
        });
        sent.once('error', reject);
        sent.end();
      });
    const paths = ['', 'page.js', 'namespaces', 'keys?namespace=settings', 'events?namespace=settings'];
    const foreign = { origin: 'http://evil.example' };

    for (const path of paths) {
      expect([path, await ask(pathname + path)]).toEqual([path, 200]);
      expect([path, await ask(pathname + path, { host: `evil.example:${port}` })]).toEqual([path, 403]);
      expect([path, await ask(pathname + path, foreign)]).toEqual([path, 403]);
      expect([path, await ask(`/${path}`)]).toEqual([path, 403]);
      expect([path, await ask(`/${'x'.repeat(32)}/${path}`)]).toEqual([path, 403]);
    }
    expect(await ask(`${pathname}entry`, { origin, 'content-type': 'text/plain' }, 'POST')).toBe(415);
    expect(await ask(`${pathname}entry`, { ...foreign, 'content-type': 'application/json' }, 'POST')).toBe(403);
    expect(await ask(`${pathname}../../package.json`)).toBe(403);
    expect(await ask(`${pathname}nothing?namespace=settings`)).toBe(404);
    expect(await ask(`${pathname}keys?namespace=nobody`)).toBe(404);
    const response = await fetch(inspector.url);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await response.text()).not.toMatch(/https?:\/\//);
  });

  it('says so when Redis is away, and goes on when it is back', async () => {
    await server.kill();
    await page.evaluate('(document.querySelector("#search").oninput(), 1)');
    await page.untilText('#error', /Redis/);
    await server.restart();
    await settings.set('back', 1);
    await page.evaluate(
      '(document.querySelector("#namespace").value = "settings", document.querySelector("#namespace").onchange(), 1)',
    );

    await page.untilText(row('back'), /^back1/);
    await page.untilText('#error', /^$/);
    expect(await page.evaluate('document.querySelectorAll("#keys tbody tr").length')).toBe(1);
  });
});
