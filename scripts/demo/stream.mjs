import { startServer } from '../../test/support/server.mjs';
import { ask, isSame } from './answers.mjs';
import { grouped, heading, row, say, styled } from './print.mjs';
import { recording } from './recordings.mjs';

const arrivalMs = 20_000;
const namespace = 'shop';

/** Shows a stream at work: a change, the server's death, polling beside the stream, and the recovery. */
export async function streamDemo({ FliptClient }) {
  const states = { before: recording('shop'), after: recording('shop-changed') };
  const server = await startServer({ namespace, snapshot: states.before.snapshot });
  const client = await FliptClient.init({
    url: server.url,
    namespace,
    fetchMode: 'streaming',
    updateInterval: 0.5,
    maxStreamRetries: 3,
    retry: { maxRetries: 0, baseDelayMs: 100, maxDelayMs: 1_000 },
  });
  const told = new Told(client);
  const show = { client, server, told, states, differences: 0 };
  heading(`The namespace "${namespace}", streamed from a local server`);
  await server.waitForStreams(1);
  await change(show, 'after', 'by the stream');
  check(show, 'after');
  await death(show);
  check(show, 'after');
  await pollingBeside(show);
  await recovery(show);
  await client.close();
  await server.close();
  heading('Closed');
  say(
    show.differences === 0
      ? styled('green', '  Every answer was the one that the Flipt server recorded.')
      : styled('red', `  ${show.differences} answers differ from the recorded ones.`),
  );
  return show.differences;
}

async function change({ client, server, told, states }, name, how) {
  const changed = told.next('change');
  const sent = performance.now();
  server.setSnapshot(states[name].snapshot, { namespace });
  const { flagKeys } = await changed;
  const took = performance.now() - sent;
  row(
    ['change', 8, 'yellow'],
    [`${flagKeys.length} flags, ${how}, ${took.toFixed(1)} ms after the server has them`, 66],
  );
  row(['', 8], [flagKeys.join(', '), 66, 'dim']);
  showStatus(client.status);
}

async function death({ client, server, told }) {
  heading('The server is killed');
  const joined = told.until(({ pollingActive }) => pollingActive);
  await server.kill();
  await joined;
  say(`  polling has joined in after ${client.status.attempt} failed attempts; both go on trying`);
  row(['error', 8, 'yellow'], [client.status.lastError.message, 66, 'dim']);
  showStatus(client.status);
}

async function pollingBeside(show) {
  const { server, told } = show;
  heading('The server is back, and refuses streams');
  const polls = told.until(({ connection }) => connection === 'polling');
  server.setStreamBehaviour({ name: 'status', status: 503 });
  await server.restart();
  await polls;
  await change(show, 'before', 'by a poll');
  check(show, 'before');
}

async function recovery(show) {
  heading('Streams are back');
  const streams = show.told.until(({ connection }) => connection === 'streaming');
  show.server.setStreamBehaviour('serve');
  const waited = performance.now();
  // A stream with the current digest stays silent, so the change itself shows that it is there.
  await show.server.waitForStreams(1);
  say(`  a stream is open again after ${grouped(performance.now() - waited)} ms`);
  await change(show, 'after', 'by the stream');
  await streams;
  check(show, 'after');
}

function showStatus({ connection, pollingActive, stale }) {
  row(
    ['status', 8, 'yellow'],
    [`${connection}, polling ${pollingActive ? 'on' : 'off'}, stale ${stale ? 'yes' : 'no'}`, 66],
  );
}

function check(show, name) {
  const { cases } = show.states[name];
  const identical = cases.filter((one) => isSame(ask(show.client, one), one.response)).length;
  show.differences += cases.length - identical;
  const style = identical === cases.length ? 'green' : 'red';
  say(styled(style, `  ${identical} of ${cases.length} answers identical to the server's`));
}

/** Waits for what the client tells, and not for ever. */
class Told {
  #client;

  constructor(client) {
    this.#client = client;
  }

  next(event) {
    return within(event, (signal, resolve) => this.#client.once(event, resolve, { signal }));
  }

  until(wanted) {
    return within('the expected status', (signal, resolve) => {
      const look = () => wanted(this.#client.status) && resolve();
      this.#client.on('status', look, { signal });
      look();
    });
  }
}

async function within(what, begin) {
  const ended = new AbortController();
  let late;
  try {
    return await new Promise((resolve, reject) => {
      late = setTimeout(() => reject(new Error(`${what} did not come`)), arrivalMs);
      begin(ended.signal, resolve);
    });
  } finally {
    clearTimeout(late);
    ended.abort();
  }
}
