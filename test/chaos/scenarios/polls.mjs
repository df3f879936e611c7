// Polls that go wrong: alone, through a fetcher, and as the safety poll beside a healthy stream.

import { startServer } from '../../support/server.mjs';
import { must } from '../rig.mjs';
import { digestOf } from '../state.mjs';

const EVERY_MODE = ['polling', 'streaming', 'fetcher'];
const CONNECTION = 'FLIPT_CONNECTION_FAILED';
const FETCHER = 'FLIPT_FETCHER_FAILED';
const INVALID = 'FLIPT_RESPONSE_INVALID';
const SERVER = 'FLIPT_SERVER_FAILED';

/** Options under which a poll that gets no answer ends soon, and a stream has polls beside it. */
const HURRIED = { requestTimeout: 0.4, safetyPollIntervalMs: 150 };

/** A behaviour of the server, and the error that a client reports that makes its own requests. */
const faulty = [
  ['a body cut short of its announced length', 'truncated', CONNECTION, { short: 'polling' }],
  ['a complete response with half a body', 'shortened', INVALID],
  ['a reset in the middle of a body', 'resetInBody', CONNECTION],
  ['a reset instead of an answer', 'reset', CONNECTION],
  ['a connection closed instead of an answer', 'hangUp', CONNECTION],
  ['a poll that is never answered', 'neverAnswers', 'FLIPT_REQUEST_TIMEOUT', { short: 'fetcher' }],
  ['an answer that stops in its head', 'stallInHeaders', 'FLIPT_REQUEST_TIMEOUT'],
  ['an answer that stops in its body', 'stallInBody', 'FLIPT_REQUEST_TIMEOUT'],
  ['a body that drips for ever', 'drip', 'FLIPT_REQUEST_TIMEOUT'],
  ['a login page in place of flags', 'html', INVALID],
  ['a body that is no JSON', 'notJson', INVALID],
  ['JSON of another shape', 'wrongShape', INVALID],
  ['status 500', { name: 'status', status: 500 }, SERVER],
  ['status 502', { name: 'status', status: 502 }, SERVER],
  ['status 503 that asks for a second', { name: 'status', status: 503, retryAfter: 1 }, SERVER],
  [
    'status 429 that asks for patience until a date',
    () => ({
      name: 'status',
      status: 429,
      retryAfter: new Date(Date.now() + 2_000).toUTCString(),
    }),
    'FLIPT_SERVER_RATE_LIMITED',
  ],
  ['status 403', { name: 'status', status: 403 }, 'FLIPT_SERVER_FORBIDDEN'],
  ['status 418', { name: 'status', status: 418 }, 'FLIPT_RESPONSE_UNEXPECTED'],
].map(([name, fault, code, { short } = {}]) => ({
  name,
  short,
  modes: EVERY_MODE,
  options: HURRIED,
  async steps(rig) {
    const seen = rig.revision;
    rig.polls(fault);
    rig.change();
    await rig.fails(rig.mode === 'fetcher' && code === CONNECTION ? FETCHER : code);
    rig.streaming ? await rig.current() : rig.answers(seen);
  },
}));

export const polls = [
  ...faulty,
  {
    name: 'silence for longer than staleAfterMs',
    short: 'polling',
    modes: EVERY_MODE,
    options: {
      ...HURRIED,
      updateInterval: 0.2,
      staleAfterMs: 600,
      // Few attempts, so that the limiter has room for the recovery.
      retry: { maxRetries: 0, baseDelayMs: 400, maxDelayMs: 800 },
    },
    async steps(rig) {
      await rig.kill();
      await rig.event('stale');
      must(rig.status.stale, 'the status does not say so');
      rig.answers();
    },
    async holds(rig) {
      await rig.event('recovered');
    },
  },
  {
    name: 'a body that is not the gzip it says',
    modes: ['polling', 'streaming'],
    options: HURRIED,
    async steps(rig) {
      rig.polls('brokenGzip');
      await rig.fails(INVALID);
    },
  },
  {
    name: 'kilobytes that inflate beyond the limit',
    modes: ['polling', 'streaming'],
    options: { ...HURRIED, requestTimeout: 5, maxSnapshotBytes: 1_000_000 },
    async steps(rig) {
      rig.polls('gzipBomb');
      await rig.fails('FLIPT_RESPONSE_TOO_LARGE');
    },
  },
  {
    name: 'flag state larger than the limit, then small again',
    modes: EVERY_MODE,
    options: { ...HURRIED, maxSnapshotBytes: 200_000 },
    async steps(rig) {
      const seen = rig.revision;
      rig.server.setSnapshot({ ...rig.state(seen + 1), padding: 'x'.repeat(300_000) });
      await rig.fails('FLIPT_RESPONSE_TOO_LARGE');
      rig.answers(seen);
    },
  },
  {
    name: '304 without an ETag',
    short: 'polling',
    modes: EVERY_MODE,
    options: HURRIED,
    async steps(rig) {
      rig.polls('bareNotModified');
      await rig.requests(3, 'poll');
      must(rig.journal.codes.length === 0, `errors: ${rig.journal.codes}`);
      rig.polls('serve');
      rig.change();
      await rig.current();
    },
  },
  {
    name: 'ETags that a proxy weakens or strips',
    modes: EVERY_MODE,
    options: HURRIED,
    async steps(rig) {
      for (const etag of [`W/"${digestOf(rig.revision)}"`, null]) {
        rig.polls({ name: 'etag', etag });
        rig.change();
        await rig.current();
        await rig.requests(2, 'poll');
        rig.answers();
      }
      must(rig.journal.codes.length === 0, `errors: ${rig.journal.codes}`);
    },
  },
  {
    name: 'new ids, names and times that change no answer',
    modes: EVERY_MODE,
    options: HURRIED,
    async steps(rig) {
      const touched = rig.state();
      touched.digest = 'f'.repeat(40);
      for (const flag of touched.flags) {
        Object.assign(flag, { description: 'renamed', updatedAt: '2031-01-01T00:00:00Z' });
      }
      rig.server.setSnapshot(touched);
      await rig.requests(3, 'poll');
      rig.answers();
      const digests = rig.journal.of('change').map(({ details: [{ digest }] }) => digest);
      must(!digests.includes(touched.digest), 'a change was announced');
    },
  },
  {
    name: 'a redirect on the same origin',
    modes: ['polling', 'streaming'],
    options: HURRIED,
    async steps(rig) {
      rig.polls(({ request }) =>
        request.url.includes('moved')
          ? 'serve'
          : { name: 'redirect', location: `${request.url}?moved` },
      );
      rig.change();
      await rig.requests(4, 'poll');
      await rig.current();
      must(rig.journal.codes.length === 0, `errors: ${rig.journal.codes}`);
    },
  },
  {
    name: 'a redirect to another origin, and one that never ends',
    modes: ['polling', 'streaming'],
    options: { ...HURRIED, authentication: { clientToken: 'stays-here' } },
    async steps(rig) {
      const other = await startServer({ snapshot: rig.state(99) });
      rig.defer(() => other.close());
      rig.polls({ name: 'redirect', location: `${other.url}/elsewhere` });
      await rig.fails('FLIPT_REDIRECT_REFUSED');
      must(other.requests.length === 0, 'the other origin was asked');
      rig.journal.skipErrors();
      rig.polls({ name: 'redirect', location: '/again' });
      await rig.fails('FLIPT_REDIRECT_REFUSED');
    },
  },
  {
    name: 'a namespace that is deleted and comes back',
    short: 'streaming',
    modes: EVERY_MODE,
    options: HURRIED,
    async steps(rig) {
      rig.server.removeNamespace();
      await rig.fails('FLIPT_NAMESPACE_NOT_FOUND');
      await rig.until('staleness', () => rig.status.stale);
      await rig.event('stale');
      rig.answers();
    },
    async holds(rig) {
      await rig.event('recovered');
    },
  },
  {
    name: 'an environment that is not there for a while',
    modes: ['polling', 'streaming'],
    options: HURRIED,
    async steps(rig) {
      const message = 'failed to get environment "default" from context: not found';
      rig.polls({ name: 'status', status: 404, message });
      await rig.fails('FLIPT_NAMESPACE_NOT_FOUND');
      rig.answers();
    },
  },
  {
    name: 'polls slower than their interval never pile up',
    modes: EVERY_MODE,
    options: { updateInterval: 0.02, safetyPollIntervalMs: 20 },
    async steps(rig) {
      let most = 0;
      rig.polls(async (exchange) => {
        most = Math.max(most, rig.server.openPolls);
        await new Promise((resolve) => setTimeout(resolve, 150));
        exchange.serve();
      });
      await rig.requests(5, 'poll');
      must(most === 1, `${most} polls at the same time`);
    },
  },
  {
    name: 'one malformed flag among good ones',
    short: 'polling',
    modes: EVERY_MODE,
    options: HURRIED,
    async steps(rig) {
      const state = rig.state(rig.revision + 1);
      state.flags.push({ key: 'broken', type: 'BOOLEAN_FLAG_TYPE', enabled: 'maybe', rollouts: 7 });
      rig.revision += 1;
      rig.server.setSnapshot(state);
      await rig.current();
      rig.answers();
    },
  },
];
