import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..');

describe('the README', () => {
  it('shows only code of examples, which other specs run', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const blocks = [...readme.matchAll(/^```js\n(.*?)^```/gms)].map(([, block = '']) => block.trim());
    const names = (await readdir(join(root, 'examples'))).filter((name) => name.endsWith('.js'));
    const sources = await Promise.all(names.map((name) => readFile(join(root, 'examples', name), 'utf8')));

    expect(blocks.length).toBeGreaterThan(0);
    expect(blocks.filter((block) => !sources.some((source) => source.includes(block)))).toEqual([]);
  });

  it('links only to files that are there', async () => {
    const readme = await readFile(join(root, 'README.md'), 'utf8');
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = '']) => path);

    await expect(Promise.all(links.map((path) => readFile(join(root, path))))).resolves.toHaveLength(links.length);
  });
});
