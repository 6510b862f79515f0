import { spawnSync } from 'node:child_process';

/** The name of a package, by package manager. */
export type Packages = Readonly<Record<'apt-get' | 'dnf' | 'apk' | 'brew', string>>;

/** How each package manager installs, in the order in which they are tried. */
const INSTALLERS: readonly (readonly [keyof Packages, readonly (readonly string[])[]])[] = [
  ['apt-get', [['update'], ['install', '--yes', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=60']]],
  ['dnf', [['install', '--assumeyes']]],
  ['apk', [['add']]],
  ['brew', [['install']]],
];

const STEP_TIMEOUT_MS = 180_000;

/** Installs a package, where there is a manager of packages and it may. */
export function install(packages: Packages): boolean {
  for (const [manager, steps] of INSTALLERS) {
    if (spawnSync(manager, ['--version'], { stdio: 'ignore' }).error !== undefined) continue;
    const [program, prefix] = mayInstallAsIs(manager) ? [manager, []] : ['sudo', ['-n', manager]];
    console.log(`Installing ${packages[manager]} with ${manager}.`);
    const run = (args: readonly string[]): boolean =>
      spawnSync(program, [...prefix, ...args], { stdio: ['ignore', 'inherit', 'inherit'], timeout: STEP_TIMEOUT_MS })
        .status === 0;
    const whole = steps.map((step, index) => (index < steps.length - 1 ? step : [...step, packages[manager]]));
    if (whole.every(run)) return true;
  }
  return false;
}

function mayInstallAsIs(manager: string): boolean {
  return manager === 'brew' || process.getuid?.() === 0;
}
