// A worker thread of the main process.

const { parentPort } = require('node:worker_threads');
const { answers } = require('./evaluations.cjs');

answers().then((value) => parentPort.postMessage(value));
