import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type BuiltPackage, copyBuilt } from './support/builtPackage.ts';

interface Packed {
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

const root = join(import.meta.dirname, '..');

describe('what npm publishes', () => {
  let built: BuiltPackage;
  let packed: Packed;
  beforeAll(async () => {
    built = await copyBuilt();
    for (const file of ['README.md', 'CHANGELOG.md', 'LICENSE']) await built.add(file);
    const args = ['pack', '--dry-run', '--ignore-scripts', '--json'];
    const { stdout } = await promisify(execFile)('npm', args, { cwd: built.folder });
    [packed] = JSON.parse(stdout) as [Packed];
  });
  afterAll(() => built.remove());

  it('is code, its types, a page, and three texts', () => {
    const others = packed.files
      .map(({ path }) => path)
      .filter((path) => !/^dist\/.*(?<!\.map)\.(js|d\.ts)$/.test(path) && !/^dist\/bin\/page\//.test(path));

    expect(packed.files.map(({ path }) => path)).toContain('dist/bin/page/page.html');
    expect(others.toSorted()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
  });

  it('has every file that package.json names', async () => {
    const { default: manifest } = (await import(join(root, 'package.json'), { with: { type: 'json' } })) as {
      default: { readonly exports: Record<string, string>; readonly bin: Record<string, string> };
    };
    const named = [...Object.values(manifest.exports), ...Object.values(manifest.bin)].map((path) => path.slice(2));
    const paths = packed.files.map(({ path }) => path);

    expect(named.filter((path) => !paths.includes(path))).toEqual([]);
  });

  it('stays small', () => {
    expect(packed.size).toBeLessThan(175_000);
  });

  it('is loaded as one file, and one more for Redis, write-back and mirrors', () => {
    const ofEntries = ['index.js', 'otel.js', 'redis.js', 'testing.js', 'bin/neardict.js'];
    const shared = ['core.js', 'makeMirror.js', 'redis.js', 'writeBack.js'].map((name) => `shared/${name}`);
    const code = packed.files.map(({ path }) => path).filter((path) => /^dist\/(?!bin\/page\/).*\.js$/.test(path));

    expect(code.toSorted()).toEqual([...ofEntries, ...shared].map((name) => `dist/${name}`).toSorted());
  });
});
