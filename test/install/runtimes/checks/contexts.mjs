import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { open, staff } from './shop.mjs';

const client = await open();
const ask = () => client.getBooleanValue('new-checkout', false);
const inside = (context) =>
  client.runWithContext(context, async () => {
    const answers = [ask()];
    await pause(5);
    await new Promise((resolve) => setImmediate(resolve));
    return [...answers, ask()];
  });
const [one, other] = await Promise.all([
  inside(staff),
  inside({ targetingKey: 'bob', email: 'x' }),
]);
assert.deepEqual(
  [one, other],
  [
    [true, true],
    [false, false],
  ],
);
await client.close();
console.log('ok');
