// Against a running server that is not ours: nothing is written there.

import { must } from './checks.mjs';
import { open } from './clients.mjs';

/** `FLIPT_URL`, with `FLIPT_NAMESPACE`, `FLIPT_ENVIRONMENT` and `FLIPT_TOKEN` where they are set. */
export async function checkAddress(checks, url, variables) {
  const { FLIPT_NAMESPACE: namespace = 'default', FLIPT_ENVIRONMENT, FLIPT_TOKEN } = variables;
  const options = {
    namespace,
    environment: FLIPT_ENVIRONMENT,
    authentication: FLIPT_TOKEN && { clientToken: FLIPT_TOKEN },
  };
  for (const mode of ['polling', 'streaming']) {
    await checks.check(`${mode}: first load, refresh and close`, async () => {
      const client = await open({ url }, mode, options);
      try {
        must((await client.refresh()) === false || client.isReady, 'refresh lost the flags');
        return `${client.status.flagCount} flags, ${client.status.snapshotBytes} bytes`;
      } finally {
        await client.close();
      }
    });
  }
}
