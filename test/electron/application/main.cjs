// The main process: each step is tried, and what it came to is written to the file that RESULT names.

const { once } = require('node:events');
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { Worker } = require('node:worker_threads');
const { app, utilityProcess } = require('electron');
const { answers } = require('./evaluations.cjs');

const { FliptClient } = require('flipt-native');

const { RESULT, SERVER_URL } = process.env;
const expected = 'true,50,#06c,hello,4';
/** Enough for the garbage collector to run meanwhile. */
const evaluations = 100_000;

const steps = {
  evaluates: async () => equal(await answers(), expected),

  async 'fetches, and follows the stream'() {
    const client = await FliptClient.init({ url: SERVER_URL, namespace, fetchMode: 'streaming' });
    while (client.status.connection !== 'streaming') await heard(client, 'status');
    equal(client.evaluateBoolean(asked).enabled, true);
    equal(client.explain('new-checkout', { targetingKey: 'ada' }).flagKey, 'new-checkout');
    equal(client.getSnapshot().length > 0, true);
    await client.close();
  },

  async 'takes flags from a fetcher'() {
    const path = `internal/v1/evaluation/snapshot/namespace/${namespace}`;
    const fetcher = ({ etag } = {}) =>
      fetch(`${SERVER_URL}/${path}`, { headers: etag ? { 'if-none-match': etag } : {} });
    const client = await FliptClient.init({ fetcher, namespace, updateInterval: 0 });
    equal(client.evaluateBoolean(asked).enabled, true);
    await client.refresh();
    await client.close();
  },

  async 'evaluates often, in batches and with large contexts'() {
    const client = await FliptClient.init({ url: SERVER_URL, namespace, updateInterval: 0 });
    for (let index = 0; index < evaluations; index += 1) client.evaluateBoolean(asked);
    const large = { ...asked, context: { text: 'x'.repeat(200_000) } };
    equal(client.evaluateBatch([asked, large]).responses.length, 2);
    await client.close();
  },

  async 'evaluates in a process of its own'() {
    const child = utilityProcess.fork(join(__dirname, 'child.cjs'));
    const [message] = await once(child, 'message');
    equal(message, expected);
  },

  async 'evaluates in worker threads'() {
    for (let round = 0; round < 3; round += 1) {
      const worker = new Worker(join(__dirname, 'worker.cjs'));
      const [[message]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
      equal(message, expected);
    }
  },

  async 'rejects what cannot be'() {
    const error = await FliptClient.init({ url: 'no url' }).catch((thrown) => thrown);
    equal(error.code, 'FLIPT_OPTION_INVALID');
  },
};

const namespace = 'shop';
const asked = { flagKey: 'new-checkout', entityId: 'ada', context: { email: 'ada@shop.example' } };

const heard = (client, event) => new Promise((resolve) => client.once(event, resolve));

function equal(found, wanted) {
  if (found !== wanted)
    throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
}

async function main() {
  await app.whenReady();
  // A client that waits for its server keeps no program alive; in plain Node nothing else would.
  const alive = setInterval(() => {}, 1_000);
  const results = [];
  for (const [name, step] of Object.entries(steps)) {
    const error = await step().then(
      () => undefined,
      (thrown) => String(thrown?.stack ?? thrown),
    );
    results.push({ name, ...(error && { error }) });
  }
  clearInterval(alive);
  const addons = process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node'));
  const { node, electron, napi } = process.versions;
  writeFileSync(RESULT, JSON.stringify({ results, addons, versions: { node, electron, napi } }));
  app.exit(0);
}

main().catch((error) => {
  writeFileSync(
    RESULT,
    JSON.stringify({ results: [{ name: 'runs', error: String(error?.stack) }] }),
  );
  app.exit(1);
});
