// @ts-check
// Builds the library. build/lib has its modules one by one, for benchmarks of single parts.
//
// dist is what is published: a process pays for each file that it loads, so what `neardict` needs is one file, each other
// entry point loads that one and its own, and what not everybody uses is imported when it is first used. Names and lines
// stay as they are, for those who read a stack trace.
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rollup } from 'rollup';

const root = import.meta.dirname;
const modules = join(root, 'build/lib');
const dist = join(root, 'dist');
const entries = ['index', 'redis', 'otel', 'testing'];

for (const folder of [modules, dist]) rmSync(folder, { recursive: true, force: true });
compile('--emitDeclarationOnly');
compile('--declaration', 'false', '--isolatedDeclarations', 'false', '--removeComments');
await bundle([...entries, 'bin/neardict']);
for (const file of declarationsOf(entries)) cpSync(join(modules, file), join(dist, file));
cpSync(join(root, 'lib/bin/inspector/page'), join(dist, 'bin/page'), { recursive: true });

/** @param {string[]} options */
function compile(...options) {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', ...options], { cwd: root, stdio: 'inherit' });
}

/** @param {string[]} names */
async function bundle(names) {
  const built = await rollup({
    input: Object.fromEntries(names.map((name) => [name, join(modules, `${name}.js`)])),
    external: /^[^./]/,
    // What the compiler adds looks there for helpers.
    context: 'globalThis',
    treeshake: { moduleSideEffects: false },
  });
  await built.write({
    dir: dist,
    chunkFileNames: 'shared/[name].js',
    hoistTransitiveImports: false,
    manualChunks: chunkOf,
    minifyInternalExports: false,
  });
  await built.close();
}

/** What the main entry point needs at once is the common file. @type {import('rollup').GetManualChunk} */
function chunkOf(id, { getModuleInfo }) {
  const needed = new Set([join(modules, 'index.js')]);
  for (const module of needed) for (const imported of getModuleInfo(module)?.importedIds ?? []) needed.add(imported);
  return needed.has(id) ? 'core' : undefined;
}

/** The declarations that entry points show, and no others. @param {string[]} names */
function declarationsOf(names) {
  const files = new Set(names.map((name) => `${name}.d.ts`));
  for (const file of files) {
    const source = readFileSync(join(modules, file), 'utf8');
    for (const [, path = ''] of source.matchAll(/(?:from |import\()'(\.[^']+)\.ts'/g)) {
      files.add(join(file, '..', `${path}.d.ts`));
    }
  }
  return files;
}
