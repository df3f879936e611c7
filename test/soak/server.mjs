// The server of a soak, in a process of its own: plain and TLS on two ports that stay the same from life to life.
// Started with `{ port, tlsPort, tls, revision }`; told `{ revision, push? }`, `{ polls }`, `{ streams }`, `{ close }`.

import { stateOf } from '../chaos/state.mjs';
import { startServer } from '../support/server.mjs';

let servers = [];

process.on('message', async (message) => {
  if (message.start !== undefined) {
    await start(message.start);
    return;
  }
  for (const server of servers) obey(server, message);
  process.send({ done: true });
});
process.on('disconnect', () => process.exit());

async function start({ port, tlsPort, tls, revision }) {
  const snapshot = stateOf(revision);
  servers = await Promise.all([
    startServer({ snapshot, port }),
    startServer({ snapshot, port: tlsPort, tls }),
  ]);
  const [plain, secure] = servers;
  process.send({ port: plain.port, tlsPort: secure.port, urls: [plain.url, secure.url] });
}

function obey(server, { revision, push, polls, streams, close }) {
  if (revision !== undefined) server.setSnapshot(stateOf(revision), { push });
  if (polls !== undefined) server.setBehaviour(polls);
  if (streams !== undefined) server.setStreamBehaviour(streams);
  if (close !== undefined) server.closeStreams(close);
}
