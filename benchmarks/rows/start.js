// How long does a process wait until it has a dictionary, and what does it load and download for that?
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { figure } from '../bench/compare.js';

export const stores = ['memory'];

const run = promisify(execFile);
const OPENING = `const handle = await openDict({ namespace: 'start' });`;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export async function measure() {
  const { size } = JSON.parse(
    (await run('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], { cwd: ROOT })).stdout,
  )[0];
  return [
    await figure({
      id: 'import',
      what: 'cold start: `import`, in a process of its own',
      goal: 15,
      unit: 'ms',
      rounds: 15,
      measure: () => milliseconds(''),
    }),
    await figure({
      id: 'import and open',
      what: 'cold start: `import` and `openDict` on memory',
      unit: 'ms',
      rounds: 15,
      measure: () => milliseconds(OPENING),
    }),
    await figure({
      id: 'files',
      what: 'files loaded for it, the dependencies included',
      unit: 'files',
      rounds: 1,
      measure: () => filesLoaded(OPENING),
    }),
    await figure({
      id: 'package',
      what: 'package, packed',
      goal: 60,
      unit: 'kB',
      rounds: 1,
      measure: () => size / 1000,
    }),
  ];
}

/** Milliseconds in which a process imports the package and runs `code`. */
async function milliseconds(code) {
  const program = `
    const before = performance.now();
    ${programOf(code)}
    process.stdout.write(String(performance.now() - before));`;
  return Number(await outputOf(program));
}

/** How many files a process loads for that. */
async function filesLoaded(code) {
  const program = `
    import { Session } from 'node:inspector';
    const session = new Session();
    session.connect();
    const files = new Set();
    session.on('Debugger.scriptParsed', ({ params: { url } }) => files.add(url));
    session.post('Debugger.enable');
    ${programOf(code)}
    process.stdout.write(String([...files].filter((url) => url.includes('://') || url.startsWith('/')).length));`;
  return Number(await outputOf(program));
}

function programOf(code) {
  const url = new URL('../../dist/index.js', import.meta.url).href;
  return `const { openDict } = await import(${JSON.stringify(url)}); ${code}`;
}

async function outputOf(program) {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: ROOT });
  return stdout;
}
