import { createRequire } from 'node:module';
import { join } from 'node:path';
import { NAMESPACE } from './flags.mjs';

const require = createRequire(import.meta.url);
const { FliptClient } = require(join(import.meta.dirname, '../../dist'));

const TIMES = {
  requestTimeout: 5,
  retry: { maxRetries: 2, baseDelayMs: 50, maxDelayMs: 500 },
};

export const MODES = {
  polling: { updateInterval: 0.2 },
  streaming: {
    fetchMode: 'streaming',
    updateInterval: 0.2,
    safetyPollIntervalMs: 1_000,
    maxStreamRetries: 2,
  },
};

/** A client of a server, in a mode. */
export function open(server, mode, options = {}) {
  return FliptClient.init({
    url: server.url,
    namespace: NAMESPACE,
    ...TIMES,
    ...MODES[mode],
    ...options,
  });
}

/** Runs `work` with clients that end with it, whatever happens. */
export async function withClients(server, modes, work, options = {}) {
  const clients = [];
  try {
    for (const mode of modes) clients.push(await open(server, mode, options));
    return await work(...clients);
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

/** The code of the error that a client cannot be opened for. */
export async function refusal(server, mode, options) {
  try {
    await (await open(server, mode, options)).close();
    return 'none';
  } catch (error) {
    return error.code;
  }
}
