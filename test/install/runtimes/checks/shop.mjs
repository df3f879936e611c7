import assert from 'node:assert/strict';
import { FliptClient } from 'flipt-native';

const { FLIPT_URL: url, FLIPT_NAMESPACE: namespace } = process.env;

/** A client of the shop. */
export const open = (options) => FliptClient.init({ url, namespace, ...options });

export const staff = { targetingKey: 'bob', email: 'bob@shop.example' };

/** The client answers as the server's flags want it. */
export function answers(client) {
  const ask = (entityId, email) =>
    client.evaluateBoolean({ flagKey: 'new-checkout', entityId, context: { email } });
  assert.equal(ask('bob', 'bob@shop.example').enabled, true);
  assert.equal(ask('bob', 'bob@elsewhere.example').enabled, false);
}
