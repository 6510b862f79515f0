import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..');

/** What users read, by its path. */
async function pages(): Promise<readonly string[]> {
  const docs = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md'));
  return ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...docs.map((name) => join('docs', name))];
}

const all = await pages();

/** The lines of code, whichever way they are indented. */
function linesOf(code: string): readonly string[] {
  return code
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

describe('the documentation', () => {
  let examples: readonly ReadonlySet<string>[];
  beforeAll(async () => {
    const names = (await readdir(join(root, 'examples'), { recursive: true })).filter((name) =>
      /\.(js|ts)$/.test(name),
    );
    const sources = await Promise.all(names.map((name) => readFile(join(root, 'examples', name), 'utf8')));
    examples = sources.map((source) => new Set(linesOf(source)));
  });

  it.each(all)('shows in %s only code of examples, which other specs run', async (page) => {
    const text = await readFile(join(root, page), 'utf8');
    const blocks = [...text.matchAll(/^```[jt]s\n(.*?)^```/gms)]
      .map(([, block = '']) => block.trim())
      // Whole programs are run by spec/scenarios/gettingStarted.spec.ts.
      .filter((block) => !/^\/\/ \w+\.[jt]s\n/.test(block));
    const isRun = (block: string): boolean =>
      examples.some((example) => linesOf(block).every((line) => example.has(line)));

    expect(blocks.filter((block) => !isRun(block))).toEqual([]);
  });

  it.each(all)('links in %s only to files that are there', async (page) => {
    const text = await readFile(join(root, page), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(([, path = '']) => path);
    const files = links.map((path) => readFile(join(root, dirname(page), path)));

    await expect(Promise.all(files)).resolves.toHaveLength(links.length);
  });
});
