import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Checks, must, until } from '../../live/checks.mjs';
import { closed, FliptClient, FliptError, isShown, patient } from './client.mjs';

// The life of a client on the machine of the addon: `node whole.mjs <url> <https url> <file of the authority>`.
const [url, secureUrl, caCertFile] = process.argv.slice(2);
const checks = new Checks();
const options = { ...patient, url, namespace: 'shop' };
const secure = { ...options, url: secureUrl };

await checks.check('init over HTTP, and an evaluation', () =>
  closed(options, (client) => {
    must(client.status.source === 'server', `source ${client.status.source}`);
    must(!isShown(client), 'the banner is shown before the change');
  }),
);

await checks.check('a change arrives over the stream', () =>
  closed({ ...options, fetchMode: 'streaming' }, async (client) => {
    must(!isShown(client), 'the banner is shown before the change');
    // Asks the server for the change; Node's own requests do not work in every emulation.
    await FliptClient.init({ ...options, namespace: 'change' }).catch(() => {});
    await until(client, 'the change', () => isShown(client));
    must(client.status.connection === 'streaming', `connection ${client.status.connection}`);
  }),
);

await checks.check('init over HTTPS with a private authority', () =>
  closed({ ...secure, tlsConfig: { caCertFile } }, (client) => {
    must(client.status.source === 'server', `source ${client.status.source}`);
    isShown(client);
  }),
);

await checks.check('an authority that nobody trusts is refused', async () => {
  const error = await FliptClient.init(secure).catch((refusal) => refusal);
  must(FliptError.is(error), `no error: ${error}`);
  must(/TLS|CERTIFICATE/.test(error.code), `${error.code}: ${error.message}`);
});

await checks.check('a client in a worker, beside one in the main thread', () =>
  closed(options, async (client) => {
    const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData: options });
    const [answer] = await once(worker, 'message');
    must(answer === isShown(client), `the worker answers ${answer}`);
    const [code] = await once(worker, 'exit');
    must(code === 0, `the worker ended with ${code}`);
  }),
);

await checks.check('a worker is terminated with its client open', () =>
  closed(options, async (client) => {
    const workerData = { ...options, stays: true };
    const worker = new Worker(new URL('worker.mjs', import.meta.url), { workerData });
    await once(worker, 'message');
    await worker.terminate();
    isShown(client);
    await client.refresh();
  }),
);

await checks.check('a closed client refuses, in its own words', async () => {
  const client = await FliptClient.init(options);
  await Promise.all([client.close(), client.close()]);
  let refusal;
  try {
    isShown(client);
  } catch (error) {
    refusal = error;
  }
  must(refusal?.code === 'FLIPT_CLIENT_CLOSED', `${refusal}`);
});

console.log(`${checks.passed} passed, ${checks.failed} failed`);
