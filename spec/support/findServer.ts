import { execFileSync } from 'node:child_process';
import { install, type Packages } from './packageManager.ts';

/** Environment variable with the server program to test against. */
const VARIABLE = 'NEARDICT_REDIS_SERVER';

const PACKAGES: Packages = { 'apt-get': 'redis-server', dnf: 'redis', apk: 'redis', brew: 'redis' };

/** Finds the server program once for all workers, and installs one where there is none and it may. */
export default function findServer(): void {
  const program = find() ?? (install(PACKAGES) ? find() : undefined);
  if (program === undefined) {
    throw new Error(
      `The tests need a Redis or Valkey server and found none. Install one (apt-get install redis-server, dnf install redis, apk add redis, brew install redis) or set ${VARIABLE} to the path of a redis-server or valkey-server program.`,
    );
  }
  process.env[VARIABLE] = program;
}

function find(): string | undefined {
  return [process.env[VARIABLE], 'redis-server', 'valkey-server'].find(
    (program) => program !== undefined && isServer(program),
  );
}

function isServer(program: string): boolean {
  try {
    return /v=\d/.test(execFileSync(program, ['--version'], { encoding: 'utf8' }));
  } catch {
    return false;
  }
}
