import { runWithFlags } from './override-scope.js';
import type { TestFlags } from './types.js';

/**
 * Runs a function for which every test client has other flags, also after every `await`, and for nothing else: tests that
 * run at the same time do not notice. No listener is told. Scopes may be nested.
 *
 * @returns what the function returns
 * @throws ValidationError `FLIPT_ARGUMENT_INVALID` for what makes no flag, here or at the first evaluation; and what the
 * function throws
 */
export function overrideFlags<T>(flags: TestFlags, body: () => T): T {
  return runWithFlags(flags, undefined, body);
}
