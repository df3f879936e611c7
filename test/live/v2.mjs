// Against a real Flipt v2 server, which serves what is committed in a repository.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFlipt } from '../conformance/live/server.mjs';
import { createAuthority } from '../support/certificates.mjs';
import { ms, must, until } from './checks.mjs';
import { open, refusal, withClients } from './clients.mjs';
import { compareAnswers, documents, isAt, NAMESPACE } from './flags.mjs';

const BOTH = ['polling', 'streaming'];

export async function checkV2(checks, binary) {
  const server = await startFlipt({ binary, generation: 'v2' });
  const state = { server, revision: 1 };
  try {
    await server.serve(documents(1));
    await answers(checks, state);
    await changes(checks, state);
    await mistakes(checks, state);
    await deaths(checks, state);
  } finally {
    await server.stop();
  }
  await authentication(checks, binary);
  await encryption(checks, binary);
}

/** Commits the next revision; resolves once it is committed, which is before the server has noticed. */
function commit(state) {
  state.revision += 1;
  return state.server.serve(documents(state.revision));
}

async function answers(checks, { server }) {
  for (const mode of BOTH) {
    await checks.check(`v2, ${mode}: first load, answers as the server's`, () =>
      withClients(server, [mode], async (client) => {
        must(client.status.source === 'server', `source ${client.status.source}`);
        return `${await compareAnswers(client, server)} answers`;
      }),
    );
  }
  await checks.check('v2: an unknown namespace and an unknown environment are named', async () => {
    const codes = await Promise.all([
      refusal(server, 'polling', { namespace: 'nope' }),
      refusal(server, 'streaming', { namespace: 'nope' }),
      refusal(server, 'polling', { environment: 'nope' }),
    ]);
    must(
      codes.every((code) => code === 'FLIPT_NAMESPACE_NOT_FOUND'),
      codes.join(),
    );
  });
}

async function changes(checks, state) {
  for (const mode of BOTH) {
    await checks.check(`v2, ${mode}: committed changes arrive`, () =>
      withClients(
        state.server,
        [mode],
        async (client) => {
          const times = [];
          for (let round = 0; round < 3; round += 1) times.push(await arrival(client, state, mode));
          await compareAnswers(client, state.server);
          const status = client.status.connection;
          must(status === mode, `connection ${status}`);
          return `after the server has them: ${times.map(ms).join(', ')}`;
        },
        mode === 'streaming' ? { safetyPollIntervalMs: 600_000 } : {},
      ),
    );
  }
}

/** Commits a change; the milliseconds from the moment at which the server answers with it to the client's event. */
async function arrival(client, state, mode) {
  const before = await state.server.snapshot(NAMESPACE);
  const isStreaming = mode === 'streaming';
  const arrived = new Promise((resolve) => {
    client.once('change', () => resolve(performance.now()));
  });
  const committed = commit(state);
  let served = performance.now();
  while (before.equals(await state.server.snapshot(NAMESPACE))) served = performance.now();
  await committed;
  const at = await arrived;
  await until(client, 'the change', () => isAt(client, state.revision));
  if (isStreaming) await until(client, 'streaming', () => client.status.connection === 'streaming');
  return Math.max(0, at - served);
}

async function mistakes(checks, state) {
  const { server } = state;
  for (const mode of BOTH) {
    await checks.check(`v2, ${mode}: a syntax error in a commit, then a good one`, () =>
      withClients(server, [mode], async (client) => {
        const { revision } = state;
        server.put(`${NAMESPACE}/features.yaml`, 'flags: [ {');
        await server.refuses();
        must(isAt(client, revision), 'the flag state is gone');
        must(!(await client.refresh()), 'a refresh changed something');
        await commit(state);
        await until(client, 'the good commit', () => isAt(client, state.revision));
        await compareAnswers(client, server);
      }),
    );
  }
  await checks.check('v2: a deleted namespace keeps its state, stale, until it is back', () =>
    withClients(server, BOTH, async (polling, streaming) => {
      const { revision } = state;
      await server.serve(
        new Map([
          ['other', { ...documents(1).get(NAMESPACE), namespace: { key: 'other', name: 'x' } }],
        ]),
      );
      for (const client of [polling, streaming]) {
        await until(client, 'staleness', () => client.status.stale);
        const { code } = client.status.lastError;
        must(code === 'FLIPT_NAMESPACE_NOT_FOUND', `the error is ${code}`);
        must(isAt(client, revision), 'the flag state is gone');
      }
      await commit(state);
      for (const client of [polling, streaming]) {
        await until(
          client,
          'the return',
          () => isAt(client, state.revision) && !client.status.stale,
        );
      }
    }),
  );
}

async function deaths(checks, state) {
  const { server } = state;
  await checks.check('v2: kill -9 and a start on the same port', () =>
    withClients(server, BOTH, async (...clients) => {
      await server.end();
      for (const client of clients) {
        await until(client, 'the loss', () => client.status.connection === 'reconnecting');
        must(isAt(client, state.revision), 'the flag state is gone');
      }
      const began = performance.now();
      await server.restart();
      const up = performance.now();
      await commit(state);
      const back = clients.map(async (client) => {
        await until(client, 'the change', () => isAt(client, state.revision));
        return performance.now() - up;
      });
      const [polling, streaming] = await Promise.all(back);
      return `server up after ${ms(up - began)}, then polling ${ms(polling)}, streaming ${ms(streaming)}`;
    }),
  );
  await checks.check('v2, streaming: the stream is back, and delivers', () =>
    withClients(server, ['streaming'], async (client) => {
      const time = await arrival(client, state, 'streaming');
      return `after the server has it: ${ms(time)}`;
    }),
  );
}

async function authentication(checks, binary) {
  const token = 'a-static-token';
  const tokens = { client: { credential: token }, second: { credential: 'the-second' } };
  const methods = { token: { enabled: true, storage: { type: 'static', tokens } } };
  const settings = { authentication: { required: true, methods } };
  const server = await startFlipt({ binary, generation: 'v2', settings, token });
  try {
    await server.serve(documents(1));
    for (const mode of BOTH) {
      await checks.check(`v2, ${mode}: a static token is let in, others are not`, async () => {
        const wrong = { authentication: { clientToken: 'wrong' } };
        const codes = [await refusal(server, mode, {}), await refusal(server, mode, wrong)];
        must(
          codes.every((code) => code === 'FLIPT_SERVER_UNAUTHENTICATED'),
          codes.join(),
        );
        const state = { server, revision: mode === 'polling' ? 1 : 2 };
        const options = { authentication: { clientToken: token } };
        await withClients(server, [mode], (client) => arrival(client, state, mode), options);
      });
    }
    await checks.check('v2, streaming: a token is replaced at run time', async () => {
      const state = { server, revision: 10 };
      const client = await open(server, 'streaming', { authentication: { clientToken: token } });
      try {
        client.updateAuthentication({ clientToken: 'the-second' });
        const time = await arrival(client, state, 'streaming');
        must(client.status.lastError === undefined, client.status.lastError?.message);
        return `the next change after ${ms(time)}`;
      } finally {
        await client.close();
      }
    });
  } finally {
    await server.stop();
  }
}

async function encryption(checks, binary) {
  const authority = createAuthority();
  const { cert, key } = authority.issue();
  const folder = mkdtempSync(join(tmpdir(), 'flipt-live-tls-'));
  const [cert_file, cert_key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(cert_file, cert);
  writeFileSync(cert_key, key);
  try {
    const settings = { server: { protocol: 'https', cert_file, cert_key } };
    const server = await startFlipt({ binary, generation: 'v2', settings });
    try {
      await server.serve(documents(1));
      for (const mode of BOTH) {
        await checks.check(`v2, ${mode}: TLS by an authority of our own`, async () => {
          must((await refusal(server, mode, {})) === 'FLIPT_TLS_FAILED', 'a stranger is trusted');
          const state = { server, revision: mode === 'polling' ? 1 : 2 };
          const options = { tlsConfig: { caCertData: authority.cert } };
          await withClients(server, [mode], (client) => arrival(client, state, mode), options);
        });
      }
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
