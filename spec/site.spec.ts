import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startBrowser } from './support/browser.ts';
import { until } from './support/until.ts';

const root = join(import.meta.dirname, '..');

/** What newcomers look for, and the page that tells it. */
const questions = {
  'how do I install it': 'getting-started',
  'redis cluster': 'index',
  'what happens when redis is down': 'outages',
  'expire a key': 'migrating',
  'time to live': 'atomic-writes',
  'zod schema': 'types',
  'how to test with jest': 'testing',
  'config without await': 'getting-started',
  tls: 'security',
  cli: 'cli',
  conflict: 'write-back',
  'rate limit': 'examples',
  openDict: 'api',
};

describe('the site of the documentation', () => {
  let folder: string;
  let pages: ReadonlyMap<string, string>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neardict-site-'));
    await promisify(execFile)(process.execPath, ['site/build.js', folder], { cwd: root });
    const files = await readdir(folder);
    const texts = files
      .filter((file) => file.endsWith('.html'))
      .map((file) => [file, readFile(join(folder, file), 'utf8')] as const);
    pages = new Map(await Promise.all(texts.map(async ([file, text]) => [file, await text] as const)));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('links only to pages, headings and files that are there', async () => {
    const files = new Set(await readdir(folder));
    const wrong = [...pages].flatMap(([from, text]) =>
      [...text.matchAll(/(?:href|src)="(?!https?:)([^"#]*)(?:#([^"]+))?"/g)]
        .filter(([, path = '', hash]) => !files.has(path || from) || !hasHeading(pages.get(path || from), hash))
        .map(([link]) => `${from}: ${link}`),
    );

    expect(pages.size).toBeGreaterThan(15);
    expect(wrong).toEqual([]);
  });

  it('has the API of every entry point', () => {
    const api = ['api.html', 'api-redis.html', 'api-otel.html'].map((page) => pages.get(page) ?? '');

    expect(api[0]).toContain('id="opendict"');
    expect(api[1]).toContain('id="redisstore"');
    expect(api[2]).toContain('id="instrument"');
  });

  it('is searched without a server, and finds what newcomers ask', async () => {
    const browser = await startBrowser();
    try {
      const page = await browser.open(pathToFileURL(join(folder, 'index.html')).href);
      await page.untilText('h1', /neardict/);
      await until('the page is there', () => page.evaluate<boolean>("document.readyState === 'complete'"));
      const found = await page.evaluate<Record<string, string>>(
        `Object.fromEntries(${JSON.stringify(Object.keys(questions))}.map((words) => [words, find(words)[0].page]))`,
      );
      await page.type('#query', 'how old may a value be staleIfErr');
      await page.untilText('#found', /./);
      await page.click('#found a');
      await page.untilText('main', /staleIfError/);

      expect(found).toEqual(questions);
      expect(await page.evaluate<string>('location.protocol')).toBe('file:');
    } finally {
      await browser.close();
    }
  });
});

function hasHeading(page: string | undefined, hash: string | undefined): boolean {
  return hash === undefined || page === undefined || page.includes(`id="${decodeURIComponent(hash)}"`);
}
