// A process of its own: Electron's, or Node's where there is no Electron.

const { answers } = require('./evaluations.cjs');

const send = (value) =>
  process.parentPort ? process.parentPort.postMessage(value) : process.send(value);

answers().then(send, (error) => send(String(error)));
