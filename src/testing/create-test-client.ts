import { FliptClient } from '../client.js';
import type { TestClient, TestClientOptions, TestFlags } from './types.js';

/**
 * A client for tests: the flags are what the test says, evaluated by the same engine as in production, without network and
 * threads. It is ready at once, and its events come as in production; `setTestValue` changes a flag.
 *
 * @example
 * ```ts
 * const client = createTestClient({ flags: { 'dark-mode': true, plan: 'enterprise', limit: 500 } });
 * client.setTestValue('limit', 20);
 * client.getNumberValue('limit', 0); // 20
 * ```
 * @throws ValidationError `FLIPT_ARGUMENT_INVALID` naming every value that makes no flag; `FLIPT_OPTION_INVALID` naming
 * every bad option
 */
export function createTestClient<Flags extends TestFlags = TestFlags>(
  options?: TestClientOptions<Flags>,
): TestClient<Flags> {
  return FliptClient.forTesting(options);
}
