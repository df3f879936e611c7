// Against a real Flipt v1 server: polling only, and its own arithmetic.

import { compareLive } from '../conformance/live/compare.mjs';
import { startFlipt } from '../conformance/live/server.mjs';
import { must, until } from './checks.mjs';
import { withClients } from './clients.mjs';
import { compareAnswers, documents, isAt } from './flags.mjs';

const ARITHMETIC_CASES = 400;

export async function checkV1(checks, binary) {
  const server = await startFlipt({ binary, generation: 'v1' });
  try {
    await server.serve(documents(1));
    await checks.check("v1, polling: first load, answers as the server's", () =>
      withClients(server, ['polling'], async (client) => {
        return `${await compareAnswers(client, server)} answers`;
      }),
    );
    await checks.check('v1, streaming: there are no streams, polls do the work', () =>
      withClients(server, ['streaming'], async (client) => {
        await until(client, 'the verdict', () => client.status.streamSupported === false);
        must(client.status.pollingActive, 'nobody polls');
        await server.serve(documents(2));
        await until(client, 'the change', () => isAt(client, 2));
        await compareAnswers(client, server);
      }),
    );
    await checks.check('v1, polling: the server is killed and comes back changed', () =>
      withClients(server, ['polling'], async (client) => {
        await server.end();
        await until(client, 'the loss', () => client.status.connection === 'reconnecting');
        must(isAt(client, 2), 'the flag state is gone');
        await server.serve(documents(3));
        await until(client, 'the change', () => isAt(client, 3));
        await compareAnswers(client, server);
      }),
    );
  } finally {
    await server.stop();
  }
  await checks.check(
    `v1: the arithmetic of generated flags, ${ARITHMETIC_CASES} cases`,
    async () => {
      const { passed, failed } = await silently(() =>
        compareLive({ binary, generation: 'v1', seed: 'live', cases: ARITHMETIC_CASES }),
      );
      must(failed === 0 && passed > 0, `${passed} passed, ${failed} failed`);
      return `${passed} comparisons`;
    },
  );
}

/** The comparison reports line by line what is one check here. */
async function silently(work) {
  const { log } = console;
  console.log = () => {};
  try {
    return await work();
  } finally {
    console.log = log;
  }
}
