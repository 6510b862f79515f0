import { fork } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { startServer } from '../server.js';

const ROOT = new URL('../', import.meta.url);

/** Questions by name, and their files. */
export async function allQuestions() {
  const found = [];
  for (const folder of ['rows', 'other']) {
    const files = await readdir(new URL(`${folder}/`, ROOT));
    found.push(
      ...files.map((name) => ({
        name: name.replace(/\.js$/, ''),
        file: new URL(`${folder}/${name}`, ROOT).href,
      })),
    );
  }
  return found;
}

/** How long a question may take, in milliseconds. */
const PATIENCE_MS = 900_000;
const TRIES = 3;

/** What a question answers, measured on a store by a process of its own; asked again if that fails. */
export async function ask(file, store, isQuick) {
  for (let tries = 1; ; tries++) {
    try {
      return await askOnce(file, store, isQuick);
    } catch (error) {
      if (tries === TRIES) throw error;
      console.error(`${error.message} Once more.`);
    }
  }
}

async function askOnce(file, store, isQuick) {
  const server = store === 'memory' ? undefined : await startServer();
  const args = [file, store, server?.url ?? '', ...(isQuick ? ['--quick'] : [])];
  const child = fork(new URL('bench/child.js', ROOT), args, { execArgv: ['--expose-gc'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  try {
    return await new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', () => reject(new Error(`${file} on ${store} has failed.`)));
    });
  } finally {
    clearTimeout(timer);
    await server?.stop();
  }
}
