import assert from 'node:assert/strict';
import { subscribe } from 'node:diagnostics_channel';
import { open, staff } from './shop.mjs';

const heard = [];
subscribe('flipt-native:evaluation', ({ flagKey, value }) => heard.push([flagKey, value]));
const client = await open();
client.getBooleanValue('new-checkout', false, staff);
await client.close();
assert.deepEqual(heard, [['new-checkout', true]]);
console.log('ok');
