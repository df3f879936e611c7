import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export const { FliptClient, FliptError } = require('../../../dist/index.js');

/** A machine that is emulated, or busy, is slow and not wrong. */
export const patient = { initTimeoutMs: 180_000, requestTimeout: 180 };

/** What the change on the server turns on. */
export const isShown = (client) =>
  client.evaluateBoolean({ flagKey: 'maintenance-banner', entityId: 'ada', context: {} }).enabled;

/** Does `work` with a client that is closed afterwards. */
export async function closed(options, work) {
  const client = await FliptClient.init(options);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
