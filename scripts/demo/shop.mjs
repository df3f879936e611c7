import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { startServer } from '../../test/support/server.mjs';
import { ask, isAlike, isSame, nanosecondsEach, outcome } from './answers.mjs';
import { cell, grouped, heading, row, say, short, styled, wrapped } from './print.mjs';
import { recording } from './recordings.mjs';

const arrivalMs = 10_000;
const pollSeconds = 0.2;

/** Shows a client at work on recorded flag state of a shop; resolves with the number of answers that differ. */
export async function shopDemo({ FliptClient }) {
  const before = recording('shop');
  const after = recording('shop-changed');
  const server = await startServer({ namespace: 'shop', snapshot: before.snapshot });
  const warnings = [];
  const client = await FliptClient.init({
    url: server.url,
    namespace: 'shop',
    updateInterval: pollSeconds,
    retry: { maxRetries: 0 },
    logger: silentBut((message) => warnings.push(message)),
  });
  heading(`The namespace "shop", ${client.listFlags().length} flags, from a local server`);
  let differences = showUsers(client, before.cases);
  showSpeed(client, before.cases);
  differences += await showChange(client, server, before, after);
  differences += await showOutage(client, server, after, warnings);
  await client.close();
  heading('Closed');
  say(
    differences === 0
      ? styled('green', '  Every answer was the one that the Flipt server recorded.')
      : styled('red', `  ${differences} answers differ from the recorded ones.`),
  );
  return differences;
}

function showUsers(client, cases) {
  let identical = 0;
  for (const user of new Set(cases.map(userOf))) {
    const own = cases.filter((one) => userOf(one) === user);
    say();
    say(
      `${styled('cyan', user)}  ${styled('dim', cell(contextText(own[0].request.context), 76 - user.length).trimEnd())}`,
    );
    for (const one of own) {
      const answer = ask(client, one);
      const same = isSame(answer, one.response);
      identical += same ? 1 : 0;
      row(
        [answer.flagKey, 19],
        [outcome(answer), 10, answerStyle(answer)],
        [short(answer.reason), 14, 'dim'],
        [answer.segmentKeys.join(', '), 22, 'dim'],
        same ? ['same', 8, 'green'] : ['DIFFERS', 8, 'red'],
      );
      if (!same)
        say(
          `    recorded: ${JSON.stringify(one.response)}\n    ours:     ${JSON.stringify(answer)}`,
        );
    }
  }
  say();
  return count(identical, cases.length);
}

function showSpeed(client, cases) {
  heading('Speed, one thread, all recorded questions in turn');
  const each = nanosecondsEach(client, cases);
  say(`  ${grouped(each)} ns per evaluation, ${grouped(1e9 / each)} evaluations per second`);
}

async function showChange(client, server, before, after) {
  heading('The server gets new flag state');
  const old = client.getSnapshot();
  const switched = performance.now();
  server.setSnapshot(after.snapshot, { namespace: 'shop' });
  await until(() => client.getSnapshot() !== old, 'the new flag state');
  const waited = performance.now() - switched;
  say(
    `  arrived after ${grouped(waited)} ms by itself (polling every ${pollSeconds} s here, 120 s by default)`,
  );
  for (const flag of changedFlags(old, client.getSnapshot())) {
    const own = after.cases.filter((one) => one.request.flagKey === flag);
    const moved = own.filter((one) => {
      const earlier = before.cases.find(({ id }) => id === one.id);
      return !isAlike(earlier.response, one.response);
    });
    const outcomes = moved.map((one) => `${userOf(one)} ${outcome(ask(client, one))}`);
    row([flag, 19, 'yellow'], [`${moved.length} of ${own.length} users get another answer:`, 40]);
    wrapped(outcomes.join(', '), 22, 'dim');
  }
  return recheck(client, after.cases);
}

async function showOutage(client, server, { cases }, warnings) {
  heading('The server stops');
  warnings.length = 0;
  await server.close();
  await until(() => warnings.length > 0, 'the warning that polling fails');
  wrapped(`logger, warn: ${warnings[0]}`, 2, 'dim');
  say('  evaluation goes on with the last good state');
  return recheck(client, cases);
}

function recheck(client, cases) {
  return count(cases.filter((one) => isSame(ask(client, one), one.response)).length, cases.length);
}

function count(identical, all) {
  const style = identical === all ? 'green' : 'red';
  say(styled(style, `  ${identical} of ${all} answers identical to the server's`));
  return all - identical;
}

/** Keys of flags whose definition differs between two portable snapshots. */
function changedFlags(one, other) {
  const [a, b] = [one, other].map(
    (text) => JSON.parse(Buffer.from(text, 'base64').toString('utf8')).namespace,
  );
  const definition = (state, key) => [
    state.flags[key],
    state.eval_rules?.[key],
    state.eval_rollouts?.[key],
  ];
  const keys = new Set([...Object.keys(a.flags), ...Object.keys(b.flags)]);
  return [...keys].filter((key) => !isDeepStrictEqual(definition(a, key), definition(b, key)));
}

async function until(condition, what) {
  const started = performance.now();
  while (!condition()) {
    if (performance.now() - started > arrivalMs) throw new Error(`${what} did not arrive`);
    await pause(5);
  }
}

const userOf = ({ request }) => request.entityId;

const contextText = (context) =>
  Object.entries(context)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ') || 'nothing known';

const answerStyle = (answer) =>
  outcome(answer) === 'off' || answer.match === false ? 'dim' : 'green';

function silentBut(warn) {
  const nothing = () => {};
  return { debug: nothing, info: nothing, warn, error: warn };
}
