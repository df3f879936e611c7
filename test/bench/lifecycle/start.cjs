// One start of a process: node start.cjs <client> <file of a snapshot>. Milliseconds of Node's own start, of loading the
// package, of a client from the snapshot, and of the whole from the start of the process to the first evaluation.

const { readFileSync } = require('node:fs');

const [, , name, file] = process.argv;
const snapshot = readFileSync(file, 'utf8');

/** Each as its users load it; the published package needs a module of Node's that CommonJS cannot load. */
const load = {
  'flipt-native': () => require('../../../dist/index.js'),
  'flipt-client-js': () => import('@flipt-io/flipt-client-js'),
};

async function main() {
  const began = performance.now();
  const { FliptClient } = await load[name]();
  const loaded = performance.now();
  // The snapshot is in force before the first fetch; that one fails at once, and `fallback` goes on without it.
  const client = await FliptClient.init({
    namespace: 'bench',
    snapshot,
    errorStrategy: 'fallback',
    updateInterval: 0,
    fetcher: () => Promise.reject(new Error('offline')),
  });
  const initialised = performance.now();
  client.evaluateBoolean({ flagKey: 'flag-0', entityId: 'user', context: {} });
  const evaluated = performance.now();
  await client.close?.();
  process.send({
    node: began,
    load: loaded - began,
    init: initialised - loaded,
    first: evaluated,
    firstOverNode: evaluated - began,
  });
}

main();
