// Runs a script in a Node process of its own.

import { spawn } from 'node:child_process';
import { built } from './sdk.ts';

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface ChildOptions {
  /** Flags of Node itself. */
  flags?: string[];
  env?: Record<string, string | undefined>;
  /** Guard against a process that hangs; it is killed then, and the result shows the signal. Default 25,000. */
  hangAfterMs?: number;
}

/**
 * Runs CommonJS source text. `sdk` is the package, `url` the server's base URL when there is one, and `done(value)`
 * writes a value that the parent reads from `stdout` as JSON.
 */
export function runScript(
  source: string,
  url = '',
  { flags = [], env = {}, hangAfterMs = 25_000 }: ChildOptions = {},
): Promise<Finished> {
  const prelude = [
    `const sdk = require(${JSON.stringify(built())});`,
    `const url = ${JSON.stringify(url)};`,
    'const done = (value) => process.stdout.write(JSON.stringify(value));',
  ].join('\n');
  return runNode([...flags, '-e', `${prelude}\n${source}`], { env, hangAfterMs });
}

/** Runs Node with arguments. */
export function runNode(
  args: string[],
  { env = {}, hangAfterMs = 25_000, cwd }: Omit<ChildOptions, 'flags'> & { cwd?: string } = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      env: { ...process.env, NODE_OPTIONS: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: hangAfterMs,
      ...(cwd !== undefined && { cwd }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** The value that a script handed to `done`; fails with what it wrote instead. */
export function answerOf({ code, signal, stdout, stderr }: Finished): unknown {
  if (code !== 0) {
    throw new Error(`the script ended with ${code ?? signal}:\n${stdout}\n${stderr}`);
  }
  return JSON.parse(stdout);
}
