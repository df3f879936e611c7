// Where the client differs on purpose from the published one, as far as the other scenarios do not show it already.

import { setTimeout as pause } from 'node:timers/promises';
import { must, sdk } from '../rig.mjs';

const EVERY_MODE = ['polling', 'streaming', 'fetcher'];
const OWN = ['polling', 'streaming'];

const codeOf = (promise) =>
  promise.then(
    (value) => value,
    (error) => error.code,
  );

export const differences = [
  {
    name: 'updateInterval 0 turns polling off',
    modes: EVERY_MODE,
    options: { updateInterval: 0 },
    async steps(rig) {
      const polls = () => rig.server.requests.filter(({ channel }) => channel === 'poll').length;
      const before = polls();
      rig.change({ push: false });
      await pause(600);
      must(polls() === before, `${polls() - before} polls`);
      await rig.refresh();
      rig.answers();
    },
    recover: (rig) => (rig.streaming ? undefined : rig.refresh()),
  },
  {
    name: 'waits between polls vary, around their interval',
    modes: ['polling', 'fetcher'],
    options: { updateInterval: 0.1 },
    async steps(rig) {
      const requests = (await rig.requests(8, 'poll')).slice(-8);
      const waits = requests.slice(1).map(({ at }, index) => at - requests[index].at);
      must(Math.min(...waits) > 80, `the shortest wait was ${Math.min(...waits)} ms`);
      must(new Set(waits.map(Math.round)).size > 1, 'all waits are alike');
    },
  },
  {
    name: 'fail rejects and fallback resolves, both keep the flag state',
    short: 'polling',
    modes: EVERY_MODE,
    clients: 2,
    async steps(rig) {
      const lenient = await rig.another({ errorStrategy: 'fallback' });
      rig.polls({ name: 'status', status: 403 });
      const strict = await codeOf(rig.refresh());
      must(strict === 'FLIPT_SERVER_FORBIDDEN', `fail: refresh gives ${strict}`);
      must((await codeOf(lenient.refresh())) === false, 'fallback: refresh does not give false');
      rig.answers();
      must(lenient.listFlags().length > 0, 'fallback lost its flags');
      await lenient.close();
    },
  },
  {
    name: 'a megabyte of flags installed while the event loop turns',
    modes: EVERY_MODE,
    state: { padding: 4_000_000 },
    async steps(rig) {
      let longest = 0;
      let last = performance.now();
      const timer = setInterval(() => {
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
      }, 1);
      rig.change();
      await rig.current();
      clearInterval(timer);
      rig.answers();
    },
  },
  {
    name: 'names that need encoding, below a base path',
    modes: OWN,
    state: { namespace: 'a b/ü&c' },
    server: { namespace: 'a b/ü&c', basePath: '/flipt' },
    options: (rig) => ({ namespace: 'a b/ü&c', reference: 'x/y z', url: `${rig.server.url}//` }),
    async steps(rig) {
      rig.change();
      await rig.current();
      const { path } = rig.server.requests.find(({ channel }) => channel === 'poll');
      must(
        path.endsWith('/namespace/a%20b%2F%C3%BC%26c?reference=x%2Fy%20z') ||
          /reference=x%2Fy(%20|\+)z$/.test(path),
        path,
      );
    },
  },
  {
    name: 'hooks and a logger that throw',
    modes: EVERY_MODE,
    options: () => {
      const throws = () => {
        throw new Error('no coffee');
      };
      const logger = { debug: throws, info: throws, warn: throws, error: throws };
      return { hook: { before: throws, after: throws }, logger };
    },
    async steps(rig) {
      rig.answers();
      rig.polls({ name: 'status', status: 500 });
      rig.streams('reset');
      rig.server.closeStreams('reset');
      await rig.fails();
      rig.answers();
    },
  },
  {
    name: 'a batch with one bad item',
    modes: EVERY_MODE,
    async steps(rig) {
      const good = { flagKey: 'banner', entityId: 'ann' };
      const bad = { ...good, context: { plan: {} } };
      const { responses } = rig.client.evaluateBatch([
        good,
        bad,
        { flagKey: 'nope', entityId: 'a' },
      ]);
      const types = responses.map(({ type }) => type.split('_')[0]);
      must(types.join() === 'BOOLEAN,ERROR,ERROR', types.join());
    },
  },
  {
    name: 'options that do not exist, or contradict each other',
    modes: ['streaming'],
    noClient: true,
    begin: (rig) => rig.serve(),
    async steps(rig) {
      const options = { ...rig.options(), colour: 'red', updateInterval: -1, fetcher: () => {} };
      const error = await sdk.FliptClient.init(options).catch((reason) => reason);
      const fields = error.details.problems.map(({ field }) => field).sort();
      must(error.code === 'FLIPT_OPTION_INVALID', `init ended with ${error.code}`);
      for (const field of ['colour', 'updateInterval']) must(fields.includes(field), `${fields}`);
      must(
        fields.some((field) => /fetch/.test(field)),
        `fetcher with streaming: ${fields}`,
      );
      must(rig.server.requests.length === 0, 'a request was sent');
    },
  },
  {
    name: 'a fetcher that throws, answers nonsense, or never settles',
    short: 'fetcher',
    modes: ['fetcher'],
    options: { requestTimeout: 0.3 },
    async begin(rig) {
      rig.serveFetch = () => undefined;
      await rig.serve();
      await rig.open({ fetcher: (asked) => rig.serveFetch(asked) ?? rig.fetch(asked) });
    },
    async steps(rig) {
      const ways = [
        () => {
          throw new Error('no network');
        },
        () => Promise.reject(new Error('no network')),
        () => Promise.resolve('nonsense'),
        () => Promise.resolve({ ok: true, status: 200, json: () => Promise.resolve([]) }),
        () => new Promise(() => {}),
      ];
      for (const way of ways) {
        rig.journal.skipErrors();
        rig.serveFetch = way;
        await rig.fails();
        rig.answers();
      }
      rig.serveFetch = () => undefined;
    },
  },
];
