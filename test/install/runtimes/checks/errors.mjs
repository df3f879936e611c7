import assert from 'node:assert/strict';
import { FliptClient, InitializationError, NetworkError } from 'flipt-native';

const refused = FliptClient.init({ url: 'http://127.0.0.1:1', retry: { maxRetries: 0 } });
const error = await refused.catch((reason) => reason);
assert.ok(error instanceof InitializationError || error instanceof NetworkError, String(error));
assert.match(error.code, /^FLIPT_/);
assert.throws(() => FliptClient.forTesting({ flags: { a: undefined } }), {
  code: 'FLIPT_ARGUMENT_INVALID',
});
console.log('ok');
