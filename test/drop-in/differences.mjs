// What a user of either package meets where the two differ on purpose, one observation for each row of the table of
// differences that one process can observe.

import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
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

/** A server on loopback that lives as long as the process. */
async function serve(onRequest) {
  const server = createServer(onRequest);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

const serveState = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', etag: states[1].digest });
  response.end(JSON.stringify(states[1]));
};

/** A boolean flag that is on where a constraint matches. */
const flagWhere = (key, type, operator, value) => ({
  ...states[1].flags.find((flag) => flag.key === 'checkout'),
  key,
  rollouts: [
    {
      type: 'SEGMENT_ROLLOUT_TYPE',
      rank: 1,
      segment: {
        value: true,
        segmentOperator: 'OR_SEGMENT_OPERATOR',
        segments: [
          {
            key: 'where',
            name: '',
            description: '',
            matchType: 'ALL_SEGMENT_MATCH_TYPE',
            constraints: [
              { type: `${type}_CONSTRAINT_COMPARISON_TYPE`, property: 'x', operator, value },
            ],
          },
        ],
      },
    },
  ],
});

// Begun first, for it takes longest.
const silent = await serve(() => {});
const unanswered = Promise.race([
  FliptClient.init({ url: silent }).then(
    () => 'ready',
    () => 'rejects',
  ),
  pause(13_000, 'hangs'),
]);

await observe('polling with options that say nothing of it', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const client = await FliptClient.init({ fetcher: answers(() => state(1)) });
  return timers() > before || client.status?.nextAttemptAt !== undefined;
});

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

await observe('polls while one is not answered', async () => {
  let calls = 0;
  const fetcher = () => (calls++ === 0 ? Promise.resolve(state(1)) : new Promise(() => {}));
  await open(fetcher, { updateInterval: 0.05 });
  await pause(600);
  return calls - 1 === 1 ? 'one' : 'many';
});

await observe('fetches of two refreshes at the same time', async () => {
  let calls = 0;
  const fetcher = async () => {
    calls += 1;
    await pause(20);
    return state(1);
  };
  const client = await open(fetcher);
  await Promise.all([client.refresh(), client.refresh()]);
  return calls - 1;
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

await observe('the event loop during a large update', async () => {
  const flags = (text) =>
    Array.from({ length: 6_000 }, (_, index) => ({
      ...flagWhere(`flag-${index}`, 'STRING', 'eq', text),
      description: 'x'.repeat(1_000),
    }));
  const texts = ['a', 'b', 'c', 'd'].map((text) =>
    JSON.stringify({ ...states[1], digest: text.repeat(40), flags: flags(text) }),
  );
  const client = await open(answers(...texts.map((text) => () => answer(200, text, text.at(-5)))));
  const shares = [];
  for (let round = 0; round < 3; round += 1) {
    shares.push(await longestStandstill(() => client.refresh()));
  }
  return Math.min(...shares) > 0.8 ? 'stands still' : 'turns';
});

/** The longest time for which the event loop stood still, as a share of the whole. */
async function longestStandstill(work) {
  const began = performance.now();
  let last = began;
  let longest = 0;
  const look = () => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  };
  const timer = setInterval(look, 1);
  await work();
  clearInterval(timer);
  look();
  return longest / (performance.now() - began);
}

await observe('HTTP_PROXY', async () => {
  const url = await serve((_request, response) => serveState(response));
  let proxied = 0;
  process.env.HTTP_PROXY = await serve((_request, response) => {
    proxied += 1;
    serveState(response);
  });
  await FliptClient.init({ url, updateInterval: 3_600 });
  delete process.env.HTTP_PROXY;
  return proxied === 1 ? 'honoured' : 'ignored';
});

await observe('a namespace, a reference and a base path that need care', async () => {
  let path;
  const url = await serve((request, response) => {
    path = request.url;
    serveState(response);
  });
  const options = { url: `${url}/base//`, namespace: 'a b/c', reference: 'x&y=z' };
  await FliptClient.init({ ...options, updateInterval: 3_600 }).catch(() => {});
  const rest = '/internal/v1/evaluation/snapshot/namespace/a%20b%2Fc?reference=x%26y%3Dz';
  return path === `/base${rest}` ? 'encoded' : 'as they are';
});

for (const [name, ...where] of [
  ['a number beyond 32 bits', 'NUMBER', 'gt', '3000000000', '4000000000'],
  ['a number with a fraction', 'NUMBER', 'eq', '1.5', '1.5'],
  ['a date', 'DATETIME', 'eq', '2024-02-29', '2024-02-29T00:00:00Z'],
]) {
  const x = where.pop();
  await observe(`${name} in a constraint`, async () => {
    const flags = [flagWhere('where', ...where)];
    const client = await open(answers(() => answer(200, JSON.stringify({ ...states[1], flags }))));
    return client.evaluateBoolean({ flagKey: 'where', entityId: 'ann', context: { x } }).enabled;
  });
}

await observe('a server that never answers', () => unanswered);

process.stdout.write(JSON.stringify(observed), () => process.exit(0));
