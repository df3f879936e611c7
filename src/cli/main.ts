#!/usr/bin/env node
import { command } from './command.js';
import { Output } from './output.js';

/** Ends the program when whoever reads its results has gone, as `head` does. */
function endWithReader(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? 0 : 3);
}

/** From the first call on, a signal that would end the process only aborts. */
function untilStopped(): AbortSignal {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  return stop.signal;
}

async function main(): Promise<void> {
  process.stdout.on('error', endWithReader);
  process.stderr.on('error', endWithReader);
  process.exitCode = await command(process.argv.slice(2), {
    output: new Output(process.stdout, process.stderr, process.env),
    environment: process.env,
    untilStopped,
  });
}

void main();
