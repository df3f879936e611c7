// The snapshot server in a process of its own, so that only the client's work shows: node server.mjs <bytes>
// It alternates between two snapshots of that size, so that every conditional request brings a whole one.

import { startServer } from '../../support/server.mjs';
import { flagsOfSize, twoBodies } from '../workload.mjs';

const bodies = twoBodies(flagsOfSize(Number(process.argv[2])), 'mixed');
const server = await startServer({ namespace: 'bench', snapshot: bodies[0] });
let turn = 0;
server.setBehaviour(() => {
  server.setSnapshot(bodies[turn++ % 2]);
  return 'serve';
});
process.on('disconnect', () => process.exit());
process.send({ url: server.url, bytes: bodies[0].length });
