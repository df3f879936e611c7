import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packMain, packPlatform } from '../../npm/pack.mjs';
import { hostTarget } from '../../npm/targets.mjs';
import { report, withServer } from './lifecycle/children.mjs';
import { minimumAndMedian } from './rounds.mjs';
import { flags, fliptBody } from './workload.mjs';

const US = 'flipt-native';
const THEM = 'flipt-client-js';
const modules = fileURLToPath(new URL('./node_modules/', import.meta.url));

/** What an installation takes on disk, and a process until its first evaluation; both packages in turn. */
export async function sizeAndStart({ rows, runs, attempt }) {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-bench-'));
  try {
    await attempt('main package, unpacked', 'sizes', (row) => sizes(rows, row, folder));
    await attempt('require of the package', `${runs} starts`, (row) =>
      starts(rows, row, folder, runs),
    );
    await attempt('threads added to the process, idle', 'threads', (row) => threads(rows, row));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function sizes(rows, row, folder) {
  const main = await packMain(folder);
  const platform = await packPlatform(hostTarget(), folder);
  const binary = platform.files.find(({ path }) => path.endsWith('.node'));
  const size = (name, unit, median, goal) => rows.atMost(name, unit, { median }, goal);
  size(row, 'kilobytes', main.unpackedSize, 400e3);
  size('  packed', 'kilobytes', main.size);
  size(
    `platform package (${hostTarget().suffix}), unpacked`,
    'megabytes',
    platform.unpackedSize,
    6e6,
  );
  size('  packed', 'megabytes', platform.size, 2.5e6);
  size('  its stripped .node', 'megabytes', binary.size, 6e6);
  size('installed, both together', 'megabytes', main.unpackedSize + platform.unpackedSize);
  size(
    '  flipt-client-js with its dependencies',
    'megabytes',
    installedSize('@flipt-io/flipt-client-js'),
  );
}

/** Bytes of the files of an installed package and of all that it needs. */
function installedSize(name, seen = new Set()) {
  if (seen.has(name)) return 0;
  seen.add(name);
  const folder = join(modules, name);
  const own = readdirSync(folder, { recursive: true })
    .map((path) => statSync(join(folder, path)))
    .filter((found) => found.isFile())
    .reduce((sum, { size }) => sum + size, 0);
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return Object.keys(dependencies).reduce((sum, one) => sum + installedSize(one, seen), own);
}

async function starts(rows, row, folder, runs) {
  const file = join(folder, 'snapshot');
  writeFileSync(file, await portableSnapshot());
  const samples = { [US]: [], [THEM]: [] };
  for (let run = 0; run < runs; run++) {
    for (const name of [US, THEM]) samples[name].push(await report('start.cjs', [name, file]));
  }
  const of = (name, part) => minimumAndMedian(samples[name].map((sample) => sample[part]));
  const both = (name, part, goal) => {
    rows.atMost(name, 'millis', of(US, part), goal);
    rows.atMost('  flipt-client-js', 'millis', of(THEM, part));
  };
  both(row, 'load', 15);
  both('init from a snapshot of 1,000 flags', 'init', 30);
  // Node's own start alone may take longer than the goal, so that it is a row by itself.
  both("first evaluation with a snapshot, after Node's own start", 'firstOverNode', 40);
  both('from the start of the process', 'first');
  rows.atMost("  Node's own start", 'millis', of(US, 'node'));
}

async function threads(rows, row) {
  const [ours, theirs] = await withServer(1000, ({ url }) =>
    Promise.all([US, THEM].map((name) => report('idle-threads.mjs', [name, url]))),
  );
  rows.atMost(row, 'count', { median: ours.idle }, 3);
  rows.atMost('  just after the first load', 'count', { median: ours.loaded });
  rows.atMost('  flipt-client-js', 'count', { median: theirs.idle });
}

/** Portable text as the published client writes it. */
async function portableSnapshot() {
  const { FliptClient } = await import('@flipt-io/flipt-client-js');
  const body = JSON.stringify(fliptBody(flags(1000, 'boolean')));
  const fetcher = async () =>
    new Response(body, { headers: { 'content-type': 'application/json' } });
  const client = await FliptClient.init({ namespace: 'bench', updateInterval: 0, fetcher });
  const text = client.getSnapshot();
  await client.close?.();
  return text;
}
