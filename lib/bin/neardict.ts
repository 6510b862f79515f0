#!/usr/bin/env node
import { main } from './main.ts';

// As `head` does it: whoever has read enough closes the pipe, and that is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
}
process.exitCode = await main(process.argv.slice(2), process);
