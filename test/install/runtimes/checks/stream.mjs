import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { FliptClient } from 'flipt-native';

const state = (enabled) => ({
  namespace: { key: 'default' },
  flags: [
    { key: 'banner', name: 'banner', type: 'BOOLEAN_FLAG_TYPE', enabled, rules: [], rollouts: [] },
  ],
  digest: String(enabled),
});
const streams = [];
const server = createServer((request, response) => {
  if (request.url.includes('stream')) {
    streams.push(response);
    server.emit('stream');
  } else response.end(JSON.stringify(state(false)));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}`;
const client = await FliptClient.init({ url, fetchMode: 'streaming' });
assert.equal(client.getBooleanValue('banner', true), false);
const changed = new Promise((resolve) => client.on('change', resolve));
if (streams.length === 0) await once(server, 'stream');
streams[0].write(`${JSON.stringify({ result: state(true) })}\n`);
assert.deepEqual((await changed).modified, ['banner']);
assert.equal(client.getBooleanValue('banner', false), true);
assert.equal(client.status.connection, 'streaming');
await client.close();
server.closeAllConnections();
server.close();
console.log('ok');
