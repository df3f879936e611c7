// A cold start: node startup.mjs. Milliseconds to require the package, and to a client that evaluates from a snapshot.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const snapshot = readFileSync(process.argv[2], 'utf8');

const beforeRequire = performance.now();
const { FliptClient } = require('../../../dist/index.js');
const required = performance.now();

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
await client.close();
process.send({ require: required - beforeRequire, init: initialised - required });
