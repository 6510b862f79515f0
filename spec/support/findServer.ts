import { execFileSync, spawnSync } from 'node:child_process';

/** Environment variable with the server program to test against. */
const VARIABLE = 'NEARDICT_REDIS_SERVER';

/** How each package manager installs a server, in the order in which they are tried. */
const INSTALLERS: readonly (readonly [string, readonly (readonly string[])[]])[] = [
  ['apt-get', [['update'], ['install', '--yes', '--no-install-recommends', 'redis-server']]],
  ['dnf', [['install', '--assumeyes', 'redis']]],
  ['apk', [['add', 'redis']]],
  ['brew', [['install', 'redis']]],
];

/** Finds the server program once for all workers, and installs one where there is none and it may. */
export default function findServer(): void {
  const program = find() ?? (install() ? find() : undefined);
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

function install(): boolean {
  for (const [manager, steps] of INSTALLERS) {
    if (spawnSync(manager, ['--version'], { stdio: 'ignore' }).error !== undefined) continue;
    const [program, prefix] = mayInstallAsIs(manager) ? [manager, []] : ['sudo', ['-n', manager]];
    console.log(`No redis-server or valkey-server found: installing one with ${manager}.`);
    if (steps.every((step) => spawnSync(program, [...prefix, ...step], { stdio: 'inherit' }).status === 0)) return true;
  }
  return false;
}

function mayInstallAsIs(manager: string): boolean {
  return manager === 'brew' || process.getuid?.() === 0;
}
