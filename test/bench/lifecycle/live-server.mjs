// A server that changes when it is told to: node live-server.mjs <flags> <kind> <tls>. Each message is a command.

import { setTimeout as pause } from 'node:timers/promises';
import { createAuthority } from '../../support/certificates.mjs';
import { startServer } from '../../support/server.mjs';
import { twoBodies } from '../workload.mjs';
import { now } from './clock.mjs';

const LOOK_MILLIS = 5;
const [, , count, kind, secure] = process.argv;
const authority = createAuthority();
const bodies = twoBodies(Number(count), kind);
const server = await startServer({
  namespace: 'bench',
  snapshot: bodies[0],
  ...(secure === 'true' && { tls: authority.issue() }),
});

let turn = 0;
let lastWrite;
server.setStreamBehaviour(({ response }) => {
  const write = response.write;
  response.write = function (...args) {
    lastWrite = now();
    return write.apply(this, args);
  };
  return 'serve';
});

const commands = {
  /** Puts the other flag state in force and sends it to every stream; resolves with when that began. */
  change() {
    const began = now();
    server.setSnapshot(bodies[++turn % 2]);
    return began;
  },
  /** Resolves with when the last bytes of all were handed to their connection. */
  lastWrite: () => lastWrite,
  /** Resolves as soon as so many streams were asked for since the start. */
  asked: async (streams) => (await server.waitForRequests(streams, 'stream')).length,
  /** Resolves as soon as so many streams wait for changes. */
  async listening(streams) {
    while (server.listeningStreams !== streams) await pause(LOOK_MILLIS);
  },
};

process.on('disconnect', () => process.exit());
process.on('message', async ({ id, command, parameter }) => {
  process.send({ id, answer: await commands[command](parameter) });
});
process.send({ url: server.url, authority: authority.cert });
