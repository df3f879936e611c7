import { join } from 'node:path';

import { openImported, openLive } from '../clients.mjs';
import { Report } from '../report.mjs';
import { writeGroup } from '../vectors.mjs';
import { take, WAYS } from '../ways.mjs';
import { ask } from './ask.mjs';
import { generateCases } from './cases.mjs';
import { generateNamespace } from './namespace.mjs';
import { Random } from './random.mjs';
import { startFlipt } from './server.mjs';

const NAMESPACES_PER_COMMIT = 5;
const CASES_PER_NAMESPACE = 2_000;
const CASES_PER_REQUEST = 200;
const FOUND = join(import.meta.dirname, '../found');

/**
 * Generates namespaces from a seed, serves them from a real server, and asks it and us the same questions.
 * The cases of a namespace whose answers differ are written to `folder` as a group of vectors.
 */
export async function compareLive({ binary, generation, seed, cases, folder = FOUND }) {
  const started = performance.now();
  const random = new Random(`${generation}-${seed}`);
  const columns = ['', 'imported '].flatMap((source) => WAYS.map((way) => `${source}${way.name}`));
  const report = new Report(columns);
  const server = await startFlipt({ binary, generation });
  const taken = new Map();
  let asked = 0;
  try {
    for (let commit = 0; asked < cases; commit++) {
      const documents = generateDocuments(random, generation, seed, commit, cases - asked);
      await server.serve(documents);
      for (const [namespace, document] of documents) {
        const count = Math.min(CASES_PER_NAMESPACE, cases - asked);
        const group = await record(server, namespace, generateCases(random, document, count));
        asked += group.cases.length;
        const differing = new Set();
        for (const [column, result] of await verify(server, group)) {
          report.add(`commit ${commit + 1}`, column, result);
          note(taken, column, result);
          for (const { recorded } of result.differences) differing.add(recorded);
        }
        if (differing.size > 0) keep(folder, { ...group, cases: [...differing] });
      }
    }
  } finally {
    await server.stop();
  }
  for (const [column, { fast, slow, known }] of taken) {
    const isSlow = column.includes('slow');
    report.check(
      `${column}: ${fast} fast, ${slow} slow evaluations`,
      isSlow ? fast === 0 && slow > 0 : fast > slow,
    );
    report.check(`${column}: ${known} cases that no snapshot gives`, known === 0);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  report.check(
    `${asked} cases answered by the ${generation} server in ${seconds} s, seed ${seed}`,
    asked >= cases,
  );
  return report.finish();
}

function note(taken, column, { taken: paths, known }) {
  const sum = taken.get(column) ?? { fast: 0, slow: 0, known: 0 };
  taken.set(column, {
    fast: sum.fast + paths.fast,
    slow: sum.slow + paths.slow,
    known: sum.known + known.size,
  });
}

function generateDocuments(random, generation, seed, commit, left) {
  const count = Math.min(NAMESPACES_PER_COMMIT, Math.ceil(left / CASES_PER_NAMESPACE));
  const prefix = generation === 'v1' ? 'v1' : 'p';
  return new Map(
    random.times(count, (index) => {
      const namespace = `${prefix}-live-${seed}-${commit}-${index}`.replace(/[^\w-]/g, '_');
      return [namespace, generateNamespace(random, namespace, generation)];
    }),
  );
}

/** Has the server answer the questions; the result is a group as the recorded ones. */
async function record(server, namespace, questions) {
  const body = await server.snapshot(namespace);
  const cases = [];
  for (let start = 0; start < questions.length; start += CASES_PER_REQUEST) {
    const some = questions.slice(start, start + CASES_PER_REQUEST);
    const requests = some.map(({ kind, ...request }) => ({ namespaceKey: namespace, ...request }));
    const { status, response } = await ask(server.url, 'batch', { requests });
    if (status !== 200)
      throw new Error(`the server refused a batch with ${status}: ${JSON.stringify(response)}`);
    for (const [index, { kind, ...request }] of some.entries()) {
      const id = `${namespace}-${String(cases.length).padStart(5, '0')}`;
      const item = response.responses[index];
      // A single call says more than an item of a batch where the kind is wrong or the flag unknown.
      const isPlain = item.type.startsWith(kind.toUpperCase());
      const answer = isPlain
        ? { status, response: item[`${kind}Response`] }
        : await ask(server.url, kind, { namespaceKey: namespace, ...request });
      cases.push({ id, namespace, kind, request, ...answer });
    }
  }
  return { name: namespace, namespace, body, cases };
}

async function verify(server, group) {
  const fetched = await openLive(group.namespace, server.url);
  const imported = await openImported(group.namespace, fetched.getSnapshot());
  try {
    return [
      ['', fetched],
      ['imported ', imported],
    ].flatMap(([source, client]) =>
      WAYS.map((way) => [`${source}${way.name}`, take(way, client, group)]),
    );
  } finally {
    await Promise.all([fetched.close(), imported.close()]);
  }
}

function keep(folder, group) {
  writeGroup(folder, group);
  console.log(`${group.name}: ${group.cases.length} cases that differ are kept in ${folder}`);
}
