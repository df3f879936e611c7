// Runs one program to its end.

import { spawn } from 'node:child_process';

const hangMs = 30_000;

/** Resolves to `{ code, stdout, stderr }`; a program that hangs is killed, and its code says so. */
export function runChild(command, args, { cwd, env = {} }) {
  return new Promise((settle, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', FORCE_COLOR: undefined, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: hangMs,
    });
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (piece) => {
        text[name] += piece;
      });
    }
    child.once('error', reject);
    child.once('close', (code, signal) => settle({ ...text, code: code ?? signal }));
  });
}
