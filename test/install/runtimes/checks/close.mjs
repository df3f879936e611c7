import assert from 'node:assert/strict';
import { open, staff } from './shop.mjs';

const client = await open({ fetchMode: 'streaming' });
await Promise.all([client.close(), client.close()]);
assert.equal(client.status.connection, 'closed');
assert.equal(client.getBooleanValue('new-checkout', false, staff), false);
assert.throws(() =>
  client.evaluateBoolean({ flagKey: 'new-checkout', entityId: 'ada', context: {} }),
);
console.log('ok');
