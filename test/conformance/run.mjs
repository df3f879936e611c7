import { parseArgs } from 'node:util';

import { compareLive } from './live/compare.mjs';
import { exchange } from './published/exchange.mjs';
import { compareRecorded } from './recorded.mjs';
import { waysNamed } from './ways.mjs';

const USAGE = `usage: node test/conformance/run.mjs                       recorded answers, then what FLIPT_BINARY allows
       node test/conformance/run.mjs --recorded [--ways NAME,NAME]  recorded answers alone, these ways
       node test/conformance/run.mjs --live [--v1] [--seed S] [--cases N] [--found FOLDER]`;

/** How many live cases an ordinary run asks about. */
const ROUND = 5_000;

const { values: options } = parseArgs({
  options: {
    recorded: { type: 'boolean', default: false },
    ways: { type: 'string' },
    live: { type: 'boolean', default: false },
    v1: { type: 'boolean', default: false },
    seed: { type: 'string' },
    cases: { type: 'string' },
    found: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

// Ending by a signal must end a server and remove its folder too.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

if (options.help) console.log(USAGE);
else verdict(await chosen());

function chosen() {
  if (options.recorded) return compareRecorded(waysNamed(options.ways?.split(',')));
  return options.live ? runLive() : runAll();
}

function verdict({ passed, failed }) {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

async function runLive() {
  const generation = options.v1 ? 'v1' : 'v2';
  const variable = options.v1 ? 'FLIPT_V1_BINARY' : 'FLIPT_BINARY';
  const binary = process.env[variable];
  if (!binary) {
    console.log(`${variable} has to name a Flipt server to compare with`);
    return { passed: 0, failed: 1 };
  }
  const cases = Number(options.cases ?? 100_000);
  if (!Number.isInteger(cases) || cases < 1)
    throw new RangeError('--cases has to be a whole number above 0');
  return compareLive({
    binary,
    generation,
    seed: options.seed ?? 'flipt',
    cases,
    folder: options.found,
  });
}

async function runAll() {
  const parts = [
    ['recorded answers', () => compareRecorded()],
    ['snapshots exchanged with the published package', exchange],
  ];
  for (const [variable, generation] of [
    ['FLIPT_BINARY', 'v2'],
    ['FLIPT_V1_BINARY', 'v1'],
  ]) {
    const binary = process.env[variable];
    if (binary)
      parts.push([
        `a running ${generation} server`,
        () => compareLive({ binary, generation, seed: 'ordinary', cases: ROUND }),
      ]);
    else
      console.log(
        `left out: comparing with a running ${generation} server; ${variable} names none`,
      );
  }
  const total = { passed: 0, failed: 0 };
  for (const [title, part] of parts) {
    console.log(`--- ${title}`);
    const { passed, failed } = await part();
    total.passed += passed;
    total.failed += failed;
  }
  return total;
}
