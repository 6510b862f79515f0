#!/usr/bin/env node
import { migrate, usage } from './migrate.ts';

/** Each takes its arguments and how to print a line, and resolves the exit code. */
const commands: Readonly<Record<string, typeof migrate>> = { migrate };

const [name = '', ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (command === undefined) {
  console.error(usage);
  process.exitCode = 2;
} else process.exitCode = await command(args, console.error);
