import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A server that changes on command, in a process of its own; see live-server.mjs. */
export async function liveServer({ flags, kind, tls = false }) {
  const path = fileURLToPath(new URL('live-server.mjs', import.meta.url));
  const child = fork(path, [flags, kind, tls].map(String), { execArgv: [] });
  const failed = (code) => {
    throw new Error(`the server ended with code ${code}`);
  };
  child.once('exit', failed);
  const waiting = new Map();
  const started = new Promise((resolve) => waiting.set(undefined, resolve));
  child.on('message', ({ id, ...message }) => {
    waiting.get(id)(message);
    waiting.delete(id);
  });
  const { url, authority } = await started;
  let last = 0;
  return {
    /** What its clients need to know. */
    options: { url, namespace: 'bench', ...(tls && { tlsConfig: { caCertData: authority } }) },
    ask(command, parameter) {
      const id = ++last;
      child.send({ id, command, parameter });
      return new Promise((resolve) => waiting.set(id, ({ answer }) => resolve(answer)));
    },
    stop() {
      child.off('exit', failed);
      child.disconnect();
    },
  };
}
