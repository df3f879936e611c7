// npm run bench: every figure of the goals, in one run. Options:
//   --markdown[=FILE]  the tables as Markdown, to the terminal or into a file
//   --strict           exit code 1 when a goal is missed, too; a wrong answer always gives it
//   --quick            fewer rounds, to try things out
//   --size-and-start   only what an installation takes on disk, and a process until its first evaluation

import { readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform } from 'node:os';
import { parseArgs } from 'node:util';
import { compare } from './agreement.mjs';
import { engineAlone } from './engine.mjs';
import {
  churn,
  fleet,
  loopDelay,
  reconnects,
  snapshotMemory,
  streamDelay,
  visibility,
} from './lifecycle.mjs';
import { Contender, measure, minimumAndMedian } from './rounds.mjs';
import { Rows, ratio, units } from './rows.mjs';
import { sizeAndStart } from './size-and-start.mjs';
import { markdown, plain } from './table.mjs';
import { values } from './values.mjs';

const US = 'flipt-native';
const THEM = 'flipt-client-js';
const PEERS = {
  [US]: 'flipt-native',
  [THEM]: '@flipt-io/flipt-client-js',
  launchdarkly: '@launchdarkly/node-server-sdk',
  growthbook: '@growthbook/growthbook',
  unleash: 'unleash-client',
  'statsig-node': 'statsig-node',
  'statsig-core': '@statsig/statsig-node-core',
};

const { values: options } = parseArgs({
  args: process.argv.slice(2).map((arg) => (arg === '--markdown' ? '--markdown=-' : arg)),
  options: {
    markdown: { type: 'string' },
    strict: { type: 'boolean' },
    quick: { type: 'boolean' },
    'size-and-start': { type: 'boolean' },
  },
});
const ROUNDS = options.quick ? 9 : 41;
/** What a step of the allocator may add between the thirds of the churn; a leaked snapshot adds far more. */
const FLAT = 0.05;
const CHURNS = options.quick ? 90 : 500;
const CHANGES = options.quick ? 150 : 600;
const [FEW, MANY] = options.quick ? [20, 200] : [100, 1000];
const RECONNECTS = 50;

const rows = new Rows();
const wrong = [];
const checksums = {};
const contenders = [];
const peerTable = [];
const fleetTable = [];

if (!options['size-and-start']) await everythingElse();
await sizeAndStart({ rows, runs: options.quick ? 9 : 31, attempt });
report();
process.exitCode = wrong.length > 0 || (options.strict && rows.missed > 0) ? 1 : 0;

async function everythingElse() {
  contenders.push(...Object.keys(PEERS).map((peer) => new Contender(peer)));
  const [us, them] = contenders;
  peerTable.push(...(await booleans()));
  await otherEvaluations(us, them);
  await openFeature(us);
  await growth(us);
  wrong.push(...(await values({ rows, us, them, rounds: ROUNDS, progress })));
  for (const contender of contenders) await contender.end();
  await engine();
  await lifecycle();
  await changes();
  fleetTable.push(...(await fleets()));
  await reconnecting();
}

/** `evaluateBoolean` of everybody, hot and wide, and whether the answers agree. */
async function booleans() {
  progress('comparing answers');
  const agreement = await compare(contenders, THEM);
  for (const [peer, { different, split, on, onExpected }] of agreement) {
    if (different > 0) wrong.push(`${PEERS[peer]}: ${different} of its answers differ from ours`);
    if (Math.abs(on - onExpected) > 0.05 * split) wrong.push(`${PEERS[peer]}: its splits are off`);
  }
  const results = {};
  for (const [name, asked, goal] of [
    ['hot', 20, 250],
    ['wide', 1000, 400],
  ]) {
    progress(`evaluateBoolean, ${name}`);
    const measured = await measure(lanes(contenders, question('boolean', asked)), ROUNDS);
    results[name] = measured;
    sameChecksum(`evaluateBoolean, ${name}`, measured);
    const ours = measured.get(US);
    checksums[name] = ours.checksum;
    rows.atMost(`evaluateBoolean, ${name} (${asked} of 1,000 flags)`, 'nanos', ours, goal);
    rows.atLeast('  against flipt-client-js', 'times', ratio(measured.get(THEM), ours), 35);
    const [peer, best] = bestOf(measured);
    rows.atLeast(`  against the best other, ${PEERS[peer]}`, 'times', ratio(best, ours), 4);
  }
  return contenders.map(({ peer }) => {
    const times = ['hot', 'wide'].flatMap((name) => {
      const { median, minimum } = results[name].get(peer);
      return [units.nanos(median), units.nanos(minimum)];
    });
    const { compared, different } = agreement.get(peer);
    const same =
      peer === US
        ? ''
        : `${(compared - different).toLocaleString('en')}/${compared.toLocaleString('en')}`;
    return [`${PEERS[peer]} ${versionOf(PEERS[peer])}`, ...times, same];
  });
}

async function otherEvaluations(us, them) {
  progress('evaluateBoolean without rollouts');
  const without = await measure(lanes([us], question('boolean', 20, 'plain')), ROUNDS);
  rows.atMost('evaluateBoolean of a flag without rollouts', 'nanos', without.get(US), 160);

  progress('evaluateVariant');
  const variants = await measure(lanes([us, them], question('variant', 20, 'variant')), ROUNDS);
  sameChecksum('evaluateVariant', variants);
  rows.atMost('evaluateVariant, hot', 'nanos', variants.get(US), 300);
  rows.atLeast(
    '  against flipt-client-js',
    'times',
    ratio(variants.get(THEM), variants.get(US)),
    35,
  );

  progress('evaluateBatch');
  const batches = await measure(lanes([us, them], question('batch', 20, 'mixed')), ROUNDS);
  sameChecksum('evaluateBatch', batches);
  rows.atMost('evaluateBatch of 10', 'nanos', batches.get(US));
  rows.atLeast('  against flipt-client-js', 'times', ratio(batches.get(THEM), batches.get(US)), 40);
}

/** What the provider for OpenFeature adds to a value, in the middle of all rounds. */
async function openFeature(us) {
  progress('OpenFeature');
  const lane = (method) => ({ contender: us, question: question(method, 20) });
  const measured = await measure(
    { value: lane('value'), resolved: lane('resolved'), awaited: lane('awaited') },
    ROUNDS,
  );
  const [value, resolved, awaited] = ['value', 'resolved', 'awaited'].map((name) =>
    measured.get(name),
  );
  const over = ({ nanos }) =>
    minimumAndMedian(nanos.map((time, round) => time - value.nanos[round]));
  rows.atMost('OpenFeature: the provider, over getBooleanValue', 'nanos', over(resolved), 150);
  rows.atMost('  and with its promise awaited', 'nanos', over(awaited));
  if (awaited.checksum !== value.checksum) wrong.push('the provider answers differently');
}

/** The same ten flags asked of a small and of a large namespace; asking all of the large one is for information. */
async function growth(us) {
  progress('growth with the number of flags');
  const lane = (asked, count) => ({
    contender: us,
    question: question('boolean', asked, 'boolean', count),
  });
  const measured = await measure(
    { few: lane(10, 10), many: lane(10, 10_000), all: lane(10_000, 10_000) },
    ROUNDS,
  );
  const [few, many, all] = ['few', 'many', 'all'].map((name) => measured.get(name));
  if (few.checksum !== many.checksum) wrong.push('the answers change with the number of flags');
  rows.atMost('growth from 10 to 10,000 flags, a call (10 asked)', 'times', ratio(many, few), 1.5);
  rows.atMost('  all 10,000 asked in turn', 'nanos', all);
}

async function engine() {
  await attempt('engine alone, boolean (Rust), hot', 'the engine alone (cargo bench)', (row) => {
    const { 'boolean hot': hot, 'boolean wide': wide, 'frame hot': frame } = engineAlone();
    rows.atMost(row, 'nanos', hot, 100);
    rows.atMost('  wide', 'nanos', wide);
    rows.atMost('  filling and answering a frame, with its clock', 'nanos', frame);
    if (hot.checksum !== checksums.hot || wide.checksum !== checksums.wide) {
      wrong.push('the engine alone answers differently');
    }
  });
}

async function lifecycle() {
  const over = ({ busy, idle }) => ({ median: Math.max(0, busy - idle) });
  await attempt(
    'event loop delay of a 10 MB update, over idle',
    'event loop delay',
    async (row) => {
      rows.atMost(row, 'millis', over(await loopDelay(US)), 10);
      const streamed = await streamDelay();
      rows.atMost('  in one line of a stream', 'millis', over(streamed), 10);
      rows.atMost("  the same by Node's monitor", 'millis', over(streamed.monitored));
      rows.atMost(
        '  flipt-client-js, which does not stream',
        'millis',
        over(await loopDelay(THEM)),
      );
    },
  );
  await attempt('memory of a loaded snapshot, of its JSON', 'memory of a snapshot', async (row) => {
    rows.atMost(row, 'times', { median: await snapshotMemory(US) }, 3);
  });
  await attempt(`${CHURNS} init/close of 1.6 MB`, `${CHURNS} init/close`, async (row) => {
    const { middle, last } = await churn(US, CHURNS);
    const memory = `, last third (${units.megabytes(last)}) on middle`;
    rows.atMost(row + memory, 'percent', { median: last / middle - 1 }, FLAT);
  });
}

/** How soon a change on the server is in force. */
async function changes() {
  await attempt("a change, from a stream's last byte to force", 'changes', async (row) => {
    const { evaluated, told } = await visibility(CHANGES);
    rows.atMost(`${row} (1,000 flags)`, 'millis', evaluated);
    rows.atMost('  99 % of changes', 'millis', { median: evaluated.p99 }, 10);
    rows.atMost('  to the event that tells of it', 'millis', told);
    rows.atMost('  99 % of events', 'millis', { median: told.p99 });
  });
}

/** Many clients in one process: the worst of all ways in the rows, each by itself in a table. */
async function fleets() {
  const table = [];
  const results = [];
  const run = async (peer, mode, tls) => {
    const result = await fleet(peer, mode, { tls, few: FEW, many: MANY });
    const { first, all, bytes } = result;
    table.push([
      `${peer}, ${mode}, ${tls ? 'TLS' : 'plain HTTP'}`,
      units.millis(all.start),
      units.millis(all.reached.median),
      units.millis(all.reached.minimum),
      units.kilobytes(bytes),
      `${first.threads}, ${all.threads}`,
      `${first.descriptors}, ${all.descriptors}`,
    ]);
    return result;
  };
  const many = MANY.toLocaleString('en');
  await attempt(`${many} clients, memory of an idle one`, `${many} clients`, async (row) => {
    for (const mode of ['polling', 'streaming']) {
      for (const tls of [false, true]) results.push(await run(US, mode, tls));
    }
    const most = (of) => ({ median: Math.max(...results.map(of)) });
    rows.atMost(
      row,
      'kilobytes',
      most(({ bytes }) => bytes),
      200e3,
    );
    const threads = most(({ first, all }) => all.threads / first.threads);
    rows.atMost(`  threads, against ${FEW} clients`, 'times', threads, 1);
    await run(THEM, 'polling', false);
  });
  return table;
}

/** Whether anything grows with forced reconnects. */
async function reconnecting() {
  for (const tls of [false, true]) {
    const how = tls ? 'TLS' : 'plain HTTP';
    await attempt(`${RECONNECTS} forced reconnects, ${how}`, `reconnects, ${how}`, async (row) => {
      const { middle, last } = await reconnects(RECONNECTS, tls);
      const growth = (of) => ({ median: last[of] / middle[of] - 1 });
      const memory = `, last third (${units.megabytes(last.bytes)}) on middle`;
      rows.atMost(row + memory, 'percent', growth('bytes'), FLAT);
      rows.atMost(`  descriptors (${last.descriptors})`, 'percent', growth('descriptors'), 0);
      rows.atMost(`  threads (${last.threads})`, 'percent', growth('threads'), 0);
    });
  }
}

/** Measures a row; when that fails, the row says so and the others go on. */
async function attempt(row, what, work) {
  progress(what);
  try {
    await work(row);
  } catch (error) {
    rows.unmeasured(row, error.message.split('\n').slice(0, 3).join(' '));
  }
}

/** One question to several contenders. */
function lanes(those, question) {
  return Object.fromEntries(those.map((contender) => [contender.peer, { contender, question }]));
}

function question(method, asked, kind = 'boolean', count = 1000) {
  return { namespace: { kind, count }, asked, method };
}

function sameChecksum(row, measured) {
  const [ours, theirs] = [US, THEM].map((peer) => measured.get(peer).checksum);
  if (ours !== theirs) wrong.push(`${row}: checksum ${ours}, flipt-client-js has ${theirs}`);
}

/** The fastest of those that are not Flipt's. */
function bestOf(measured) {
  const others = [...measured].filter(([peer]) => peer !== US && peer !== THEM);
  return others.reduce((best, other) => (other[1].median < best[1].median ? other : best));
}

function report() {
  const right = (name) => ({ name, right: true });
  const tables = [
    {
      title: `flipt-native ${versionOf(US)} against its goals`,
      columns: [
        { name: 'row' },
        right('median'),
        right('minimum'),
        right('goal'),
        { name: 'verdict' },
      ],
      rows: rows.list,
    },
    {
      title: 'evaluateBoolean and its like, one call on the same targeting',
      columns: [
        { name: 'package' },
        right('hot'),
        right('min'),
        right('wide'),
        right('min'),
        right('same answers'),
      ],
      rows: peerTable,
    },
    {
      title: `${MANY.toLocaleString('en')} clients in one process, on one server`,
      columns: [
        { name: 'clients' },
        right('start'),
        right('a change reaches all'),
        right('min'),
        right('memory of one'),
        right(`threads with ${FEW}, all`),
        right('descriptors'),
      ],
      rows: fleetTable,
    },
  ];
  const machine = `Node ${process.version}, ${platform()} ${arch()}, ${cpus().length} x ${cpus()[0].model.trim()}.`;
  const notes = [...rows.notes, ...wrong.map((text) => `Wrong: ${text}`)];
  if (peerTable.length > 0) {
    notes.push(
      'Every package answers by its cheapest call, without network, events or metrics; that of',
      'LaunchDarkly is asynchronous and is awaited. "Same answers" counts the cases in which no hash',
      'decides; of flipt-client-js, all.',
    );
    if (wrong.length === 0) notes.push('All checksums agree.');
  }
  if (fleetTable.length > 0) {
    notes.push(
      'A change reaches polling clients by `refresh` of all at once, streaming ones from the moment in which',
      'the server begins to send it. The memory of one client is what the others add to the first ones.',
    );
  }
  notes.push(
    'Each start is a process of its own, of the two packages in turn: ours by `require`, the published one by',
    '`import`. Threads are counted twelve seconds after the first load.',
  );
  const text = (format) =>
    `${[...tables.filter((table) => table.rows.length > 0).map(format), machine, ...notes].join('\n')}\n`;
  const toFile = options.markdown && options.markdown !== '-';
  process.stdout.write(text(options.markdown === '-' ? markdown : plain));
  if (toFile) writeFileSync(options.markdown, text(markdown));
}

function versionOf(name) {
  const file = name === US ? '../../package.json' : `node_modules/${name}/package.json`;
  return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')).version;
}

function progress(text) {
  process.stderr.write(`bench: ${text}\n`);
}
