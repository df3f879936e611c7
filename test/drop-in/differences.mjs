// What a user of either package meets where the two differ on purpose, one observation for each row of the table of
// differences that one process can observe.

import { FliptClient } from '@flipt-io/flipt-client-js';

const { states } = JSON.parse(process.env.STATES);
const observed = {};

const answer = (status, body, etag) =>
  new Response(body, { status, headers: etag === undefined ? {} : { etag } });
const state = (revision) => answer(200, JSON.stringify(states[revision]), states[revision].digest);

/** A fetcher that gives one answer after the other, the last one for ever. */
function answers(...makes) {
  let calls = 0;
  return async (options) => makes[Math.min(calls++, makes.length - 1)](options ?? {});
}

const open = (fetcher, options = {}) =>
  FliptClient.init({ fetcher, updateInterval: 3_600, ...options });
const banner = { flagKey: 'banner', entityId: 'ann', context: {} };
const isOn = (client) => client.evaluateBoolean(banner).enabled;

async function observe(name, attempt) {
  try {
    observed[name] = await attempt();
  } catch {
    observed[name] = 'an error';
  }
}

await observe('a failing refresh under the default strategy', async () => {
  const fetcher = answers(
    () => state(1),
    () => answer(403, ''),
  );
  const client = await open(fetcher);
  return client.refresh().then(
    () => 'resolves',
    () => 'rejects',
  );
});

await observe('after one truncated 200', async () => {
  const half = JSON.stringify(states[2]).slice(0, 400);
  const client = await open(
    answers(
      () => state(1),
      () => answer(200, half, states[2].digest),
      ({ etag }) => (etag === states[2].digest ? answer(304, null, etag) : state(2)),
    ),
  );
  await client.refresh().catch(() => {});
  await client.refresh().catch(() => {});
  return isOn(client) ? 'up to date' : 'frozen';
});

await observe('a 304 without an ETag', async () => {
  const client = await open(
    answers(
      () => state(1),
      () => answer(304, null),
    ),
    { errorStrategy: 'fail' },
  );
  return client.refresh().then(
    (changed) => changed,
    () => 'rejects',
  );
});

await observe('timers that keep the process alive', async () => {
  const count = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = count();
  await open(
    answers(() => state(1)),
    { updateInterval: 3_600 },
  );
  return count() - before;
});

await observe('evaluation after close', async () => {
  const client = await open(answers(() => state(2)));
  await client.close();
  return isOn(client);
});

await observe('a number in the context', async () => {
  const client = await open(answers(() => state(1)));
  return client.evaluateBoolean({ ...banner, context: { seats: 5 } }).enabled;
});

await observe('no context', async () => {
  const client = await open(answers(() => state(1)));
  return client.evaluateBoolean({ flagKey: 'banner', entityId: 'ann' }).enabled;
});

await observe('a hook.before that throws', async () => {
  const hook = {
    before() {
      throw new Error('no coffee');
    },
    after() {},
  };
  return isOn(
    await open(
      answers(() => state(2)),
      { hook },
    ),
  );
});

await observe('one bad item in a batch', async () => {
  const client = await open(answers(() => state(2)));
  const { responses } = client.evaluateBatch([banner, { ...banner, context: { plan: {} } }]);
  return responses.map(({ type }) => type.split('_')[0]);
});

await observe('an unknown option', async () => {
  await open(
    answers(() => state(1)),
    { colour: 'red' },
  );
  return 'ignored';
});

await observe('a flag without name', async () => {
  const flags = states[2].flags.map(({ name, ...flag }) =>
    flag.key === 'old' ? flag : { ...flag, name },
  );
  return isOn(await open(answers(() => answer(200, JSON.stringify({ ...states[2], flags }), 'x'))));
});

process.stdout.write(JSON.stringify(observed), () => process.exit(0));
