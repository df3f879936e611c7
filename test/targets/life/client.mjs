import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export const { FliptClient, FliptError } = require('../../../dist/index.js');

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
