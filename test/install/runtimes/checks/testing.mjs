import assert from 'node:assert/strict';
import { createTestClient } from 'flipt-native/testing';

const client = createTestClient({ flags: { limit: 500 } });
assert.equal(client.getNumberValue('limit', 0), 500);
client.setTestValue('limit', 20);
assert.equal(client.getNumberValue('limit', 0), 20);
await client.close();
console.log('ok');
