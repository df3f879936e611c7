import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { quietEnvironment } from '../rounds.mjs';

const GUARD_MILLIS = 600_000;

/** Runs a file of this folder and resolves with the one message that it sends before it ends. */
export async function report(file, args = [], execArgv = []) {
  const child = start(file, args, execArgv);
  try {
    return await firstMessage(child, file);
  } finally {
    child.kill();
  }
}

/** Does `work` with the address of a server of `bytes` of snapshot in another process. */
export async function withServer(bytes, work) {
  const child = start('server.mjs', [bytes]);
  try {
    return await work(await firstMessage(child, 'server.mjs'));
  } finally {
    child.kill();
  }
}

function start(file, args, execArgv = []) {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const stdio = ['ignore', 'ignore', 'pipe', 'ipc'];
  return fork(path, args.map(String), { execArgv, stdio, env: quietEnvironment() });
}

function firstMessage(child, file) {
  return new Promise((resolve, reject) => {
    let complaints = '';
    const guard = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${file}: no answer`));
    }, GUARD_MILLIS);
    child.stderr.setEncoding('utf8').on('data', (text) => {
      complaints = (complaints + text).slice(-2000);
    });
    child.once('message', (message) => {
      clearTimeout(guard);
      resolve(message);
    });
    child.once('exit', (code) => {
      clearTimeout(guard);
      reject(new Error(`${file}: ended with code ${code}: ${complaints}`));
    });
  });
}
