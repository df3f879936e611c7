// Streams that go wrong. Polls stay healthy, so that the answers must become right even while no stream works.

import { must } from '../rig.mjs';
import { digestOf } from '../state.mjs';

const STREAMING = ['streaming'];
const STREAM = 'FLIPT_STREAM_FAILED';

/** A behaviour of the server's streams, and the error that is reported; undefined: whatever it is called. */
const faulty = [
  ['a stream that ends at once, cleanly', 'endAtOnce', STREAM, { short: true }],
  ['a stream that opens with an error line', 'errorLine', STREAM],
  ['half a line, then a reset', { name: 'halfLine', how: 'reset' }, undefined, { short: true }],
  ['half a line, then a clean end', { name: 'halfLine', how: 'end' }],
  ['a reset instead of a stream', 'reset', 'FLIPT_CONNECTION_FAILED'],
  ['a connection closed instead of a stream', 'hangUp', 'FLIPT_CONNECTION_FAILED'],
  ['a line that is no message', 'garbageLine', STREAM],
  ['a message without flags', { name: 'garbageLine', text: '{"result":{"flags":7}}' }],
  ['a stream refused with 400', { name: 'status', status: 400 }],
  ['a stream refused with 403', { name: 'status', status: 403 }, 'FLIPT_SERVER_FORBIDDEN'],
  ['a stream refused with 500', { name: 'status', status: 500 }, 'FLIPT_SERVER_FAILED'],
  ['a stream of an unknown environment', { name: 'status', status: 404 }],
  ['a stream answered with a page', { name: 'html', status: 200 }],
].map(([name, fault, code, { short } = {}]) => ({
  name,
  short: short && 'streaming',
  modes: STREAMING,
  async steps(rig) {
    rig.streams(fault);
    rig.server.closeStreams('reset');
    await rig.fails();
    if (code !== undefined) await rig.until(code, () => rig.journal.codes.includes(code));
    await rig.until('polling beside the stream', () => rig.status.pollingActive);
    rig.change({ push: false });
    await rig.current();
    rig.answers();
  },
}));

/** Streams that end after they have delivered: the changes arrive, and nothing has to stand in for them. */
const shortLived = [
  ['a stream that ends after its first message', 'endAfterFirst'],
  ['a stream cut in its body after a message', { name: 'endAfterFirst', how: 'cut' }],
  ['an error line after a message', { name: 'errorLine', after: 1 }, 'streaming'],
].map(([name, fault, short]) => ({
  name,
  short,
  modes: STREAMING,
  async steps(rig) {
    rig.streams(fault);
    rig.server.closeStreams('reset');
    await rig.fails();
    rig.change({ push: false });
    await rig.current();
    rig.answers();
    must(!rig.journal.wasPolling, 'polls stood in for a stream that delivers');
  },
}));

export const streams = [
  ...faulty,
  ...shortLived,
  {
    name: 'a stream broken while it is healthy, in four ways',
    short: 'streaming',
    modes: STREAMING,
    connects: 16,
    async steps(rig) {
      for (const how of ['end', 'cut', 'reset', 'hangUp']) {
        rig.server.closeStreams(how);
        await rig.fails();
        await rig.streamWorks();
      }
    },
  },
  {
    name: 'a stream without a word, not even a head',
    short: 'streaming',
    modes: STREAMING,
    options: { streamIdleTimeoutMs: 1_500, safetyPollIntervalMs: 300 },
    async steps(rig) {
      rig.streams('silence');
      rig.server.closeStreams('reset');
      await rig.requests(1);
      rig.change();
      // The safety poll brings what the stream keeps to itself.
      await rig.current();
    },
  },
  {
    name: 'a head and then nothing',
    modes: STREAMING,
    options: { streamIdleTimeoutMs: 1_500, safetyPollIntervalMs: 300 },
    async steps(rig) {
      rig.streams('headersOnly');
      rig.server.closeStreams('reset');
      await rig.requests(1);
      rig.change();
      await rig.current();
    },
  },
  {
    name: 'half a line and then nothing',
    modes: STREAMING,
    options: { streamIdleTimeoutMs: 1_500, safetyPollIntervalMs: 300 },
    async steps(rig) {
      rig.streams('halfLine');
      rig.server.closeStreams('reset');
      await rig.requests(1);
      rig.change();
      await rig.current();
    },
  },
  {
    name: 'hours of silence on a healthy stream, in short',
    modes: STREAMING,
    options: { streamIdleTimeoutMs: 1_600 },
    async steps(rig) {
      const idle = await rig.requests(3);
      const [first, second, third] = idle.slice(-3).map(({ at }) => at);
      must(second - first > 1_300 && third - second > 1_300, 'the stream was opened anew too soon');
      must(rig.journal.codes.length === 0, `errors: ${rig.journal.codes}`);
      must(!rig.journal.wasPolling, 'polls stood in for the stream');
      must(rig.status.attempt === 0, 'a planned reconnect counted as a failure');
      await rig.streamWorks();
    },
  },
  {
    name: 'messages byte by byte, characters split',
    short: 'streaming',
    modes: STREAMING,
    async steps(rig) {
      rig.streams('pieces');
      rig.server.closeStreams('end');
      await rig.streamWorks();
      rig.answers();
      rig.streams({ name: 'pieces', bytes: 7, everyMs: 1 });
      rig.server.closeStreams('end');
      await rig.streamWorks();
      rig.answers();
    },
  },
  {
    name: 'a message of three megabytes',
    modes: STREAMING,
    async steps(rig) {
      rig.streams({ name: 'hugeLine', bytes: 3_000_000 });
      rig.change({ push: false });
      rig.server.closeStreams('end');
      await rig.current();
      rig.answers();
      await rig.until('the size', () => rig.status.snapshotBytes > 3_000_000);
    },
  },
  {
    name: 'a message larger than the limit',
    modes: STREAMING,
    options: { maxSnapshotBytes: 500_000 },
    async steps(rig) {
      rig.streams({ name: 'hugeLine', bytes: 800_000 });
      rig.server.closeStreams('end');
      await rig.fails('FLIPT_RESPONSE_TOO_LARGE');
      rig.answers();
    },
  },
  {
    name: 'a line without an end',
    modes: STREAMING,
    options: { maxSnapshotBytes: 500_000 },
    async steps(rig) {
      rig.streams('endlessLine');
      rig.server.closeStreams('end');
      await rig.fails('FLIPT_RESPONSE_TOO_LARGE');
      rig.answers();
    },
  },
  {
    name: 'a server without streams (v1)',
    short: 'streaming',
    modes: STREAMING,
    server: { generation: 'v1' },
    noStream: true,
    startsWithoutStream: true,
    async steps(rig) {
      await rig.until('the verdict', () => rig.status.streamSupported === false);
      await rig.connection('polling');
      const asked = rig.server.requests.filter(({ channel }) => channel === 'stream').length;
      must(asked <= 3, `asked for a stream ${asked} times`);
      rig.change();
      await rig.current();
    },
    holds(rig) {
      const asked = rig.server.requests.filter(({ channel }) => channel === 'stream').length;
      must(asked <= 3, `asked for a stream ${asked} times`);
    },
  },
  {
    name: 'a server that does not implement streams (501)',
    modes: STREAMING,
    noStream: true,
    async steps(rig) {
      rig.streams({ name: 'status', status: 501 });
      rig.server.closeStreams('end');
      await rig.until('the verdict', () => rig.status.streamSupported === false);
      rig.change();
      await rig.current();
      must(rig.status.pollingActive, 'nobody polls');
    },
    async holds(rig) {
      rig.reconnect();
      await rig.until('a stream on demand', () => rig.server.listeningStreams === 1);
      await rig.streamWorks();
      must(rig.status.streamSupported === true, 'streams are still taken for unsupported');
    },
  },
  {
    name: 'a deployment that answers two streams with a page',
    modes: STREAMING,
    async steps(rig) {
      rig.streams(['html', 'html', 'serve']);
      rig.server.closeStreams('hangUp');
      await rig.requests(3);
      await rig.streamWorks();
      must(rig.status.streamSupported !== false, 'streams are taken for unsupported');
    },
  },
  {
    name: 'a JSON 404 for streams is no verdict',
    modes: STREAMING,
    async steps(rig) {
      rig.streams({ name: 'status', status: 404, message: 'failed to get environment "default"' });
      rig.server.closeStreams('end');
      await rig.requests(4);
      must(rig.status.streamSupported !== false, 'streams are taken for unsupported');
    },
  },
  {
    name: 'a stream told to retry after a second',
    modes: STREAMING,
    async steps(rig) {
      rig.streams([{ name: 'status', status: 503, retryAfter: 1 }, 'serve']);
      rig.server.closeStreams('end');
      const [first, second] = (await rig.requests(2)).slice(-2);
      must(second.at - first.at > 900, `came back after ${Math.round(second.at - first.at)} ms`);
    },
  },
  {
    name: 'a stream told to slow down (429, by date)',
    modes: STREAMING,
    async steps(rig) {
      const soon = () => new Date(Date.now() + 2_000).toUTCString();
      rig.streams([() => ({ name: 'status', status: 429, retryAfter: soon() }), 'serve']);
      rig.server.closeStreams('end');
      const [first, second] = (await rig.requests(2)).slice(-2);
      must(second.at - first.at > 500, `came back after ${Math.round(second.at - first.at)} ms`);
    },
  },
  {
    name: 'redirected streams: same origin, other origin',
    modes: STREAMING,
    async steps(rig) {
      rig.streams(({ request }) =>
        request.url.includes('moved')
          ? 'serve'
          : {
              name: 'redirect',
              location: `${request.url}${request.url.includes('?') ? '&' : '?'}moved`,
            },
      );
      rig.server.closeStreams('end');
      await rig.streamWorks();
      rig.streams({ name: 'redirect', location: 'http://127.0.0.1:9/elsewhere' });
      rig.server.closeStreams('end');
      await rig.fails('FLIPT_REDIRECT_REFUSED');
    },
  },
  {
    name: 'five failed attempts, then polls, then a stream that retires them',
    modes: STREAMING,
    options: { maxStreamRetries: 5, retry: { maxRetries: 0, baseDelayMs: 1, maxDelayMs: 20 } },
    async steps(rig) {
      const polls = () => rig.server.requests.filter(({ channel }) => channel === 'poll').length;
      const before = { polls: polls(), streams: rig.server.requests.length - polls() };
      rig.streams('reset');
      rig.server.closeStreams('reset');
      await rig.until('polling', () => rig.status.pollingActive);
      const tried = rig.server.requests.length - polls() - before.streams;
      // The break itself is the first of the five.
      must(tried >= 4, `polling joined in after ${tried} attempts`);
      rig.change();
      await rig.current();
      must(polls() > before.polls, 'nobody polled');
      await rig.heal();
      await rig.streamWorks();
      await rig.until('the end of polling', () => !rig.status.pollingActive);
    },
  },
  {
    name: 'a stream that ends at once for ever: never ten connects in ten seconds',
    modes: STREAMING,
    long: true,
    options: { retry: { maxRetries: 0, baseDelayMs: 1, maxDelayMs: 2 } },
    async steps(rig) {
      rig.streams('endAtOnce');
      rig.server.closeStreams('end');
      await rig.requests(11);
    },
    holds(rig) {
      const times = rig.server.requests
        .filter(({ channel }) => channel === 'stream')
        .map(({ at }) => at);
      for (const from of times) {
        const most = times.filter((at) => at >= from && at < from + 9_900).length;
        must(most <= 11, `${most} attempts within ten seconds`);
      }
    },
  },
  {
    name: 'a digest of 32 characters is never sent',
    modes: STREAMING,
    async steps(rig) {
      const short = { ...rig.state(), digest: 'ab'.repeat(16) };
      rig.server.setSnapshot(short);
      await rig.until('the short digest', () => rig.status.digest === short.digest);
      rig.server.closeStreams('end');
      const last = (await rig.requests(1)).at(-1);
      must(!last.path.includes('digest'), `asked for ${last.path}`);
      rig.revision += 1;
      rig.server.setSnapshot(rig.state());
      await rig.current();
      rig.server.closeStreams('end');
      const next = (await rig.requests(1)).at(-1);
      must(next.path.endsWith(`digest=${digestOf(rig.revision)}`), `asked for ${next.path}`);
    },
  },
];
