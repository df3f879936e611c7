import { openChanging, openFetched, openImported } from './clients.mjs';
import { Report } from './report.mjs';
import { readDemo, readGroups } from './vectors.mjs';
import { take, WAYS } from './ways.mjs';

/**
 * Recorded cases of v1 whose rule is not in the snapshot, all of them in `v1-misc`: 17, of which 5 are batches and 2 have
 * a blank id, which single calls refuse and typed ones do not need.
 */
const NOT_IN_V1_SNAPSHOTS = { single: 10, typed: 12, batch: 17 };

const SOURCES = ['', 'imported '];

/** Takes every recorded case each of the ways, before and after a round through the portable snapshot. */
export async function compareRecorded(ways = WAYS) {
  const columns = SOURCES.flatMap((source) => ways.map((way) => `${source}${way.name}`));
  const report = new Report(columns);
  const results = new Map(columns.map((column) => [column, []]));
  const groups = [...readGroups(), ...readDemo()];
  for (const group of groups) {
    await withBothClients(group, (source, client) => {
      for (const way of ways) {
        const column = `${source}${way.name}`;
        const result = take(way, client, group);
        report.add(group.name, column, result);
        results.get(column).push({ group, way, ...result });
      }
    });
  }
  for (const [column, taken] of results) checkColumn(report, column, taken);
  checkCounts(report, groups);
  await compareAfterChange(report, ways);
  return report.finish();
}

async function withBothClients({ namespace, body }, use) {
  const fetched = await openFetched(namespace, body);
  const imported = await openImported(namespace, fetched.getSnapshot());
  try {
    for (const [index, client] of [fetched, imported].entries()) use(SOURCES[index], client);
  } finally {
    await Promise.all([fetched.close(), imported.close()]);
  }
}

/** A client that has answered from one state of the shop answers from the next one: what it had prepared is stale. */
async function compareAfterChange(report, ways) {
  const [before, after] = readDemo();
  for (const way of ways) {
    const client = await openChanging(before.namespace, [before.body, after.body]);
    const first = take(way, client, before);
    const isChanged = await client.refresh();
    const second = take(way, client, after);
    await client.close();
    const differences = [...first.differences, ...second.differences];
    const compared = first.compared + second.compared;
    report.add('shop, then changed', way.name, { compared, differences });
    const { stale } = second.taken;
    report.check(
      `${way.name}: ${stale} prepared questions were stale after the change`,
      isChanged && first.taken.stale === 0 && (way.path === 'fast' ? stale > 0 : stale === 0),
    );
  }
}

function checkColumn(report, column, taken) {
  const sum = (count) => taken.reduce((total, one) => total + count(one), 0);
  const known = new Set(taken.flatMap((one) => [...one.known]));
  const isBatch = column.endsWith('batch');
  const isTyped = /details$|all$/.test(column);
  const refused = sum((one) => one.refused);
  const fast = sum((one) => one.taken.fast);
  const slow = sum((one) => one.taken.slow);
  if (column.includes('slow'))
    report.check(`${column}: ${slow} slow, ${fast} fast evaluations`, fast === 0 && slow > 0);
  else report.check(`${column}: ${fast} fast, ${slow} slow evaluations`, fast > 50 * slow);
  if (!isBatch) report.check(`${column}: ${refused} calls with a blank id refused`, refused > 1200);
  const ids = [...known].filter((id) => id.startsWith('v1-misc-'));
  report.check(
    `${column}: ${known.size} cases whose rule a v1 snapshot leaves out`,
    known.size === NOT_IN_V1_SNAPSHOTS[isBatch ? 'batch' : isTyped ? 'typed' : 'single'] &&
      ids.length === known.size,
  );
}

function checkCounts(report, groups) {
  const count = (prefix) =>
    groups
      .filter(({ name }) => name.startsWith(prefix))
      .reduce((total, { cases }) => total + cases.length, 0);
  const [v2, v1] = [count('p-'), count('v1-')];
  report.check(`${v2} recorded cases of v2, ${v1} of v1`, v2 >= 19_331 && v1 >= 7_786);
}
