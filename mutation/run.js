import { spawnSync } from 'node:child_process';

// One run for each folder: its mutants meet its own specs alone. Of random histories, those of seconds.
const folders = process.argv.length > 2 ? process.argv.slice(2) : ['cache', 'coherence', 'write'];
const stryker = `${import.meta.dirname}/node_modules/@stryker-mutator/core/bin/stryker.js`;
const runs = folders.map((FOLDER) =>
  spawnSync(process.execPath, [stryker, 'run', 'mutation/stryker.config.js'], {
    stdio: 'inherit',
    env: { ...process.env, FOLDER, SCHEDULES: '100', SEEDS: '50' },
  }),
);
process.exitCode = runs.every(({ status }) => status === 0) ? 0 : 1;
