import { checkAddress } from './address.mjs';
import { Checks } from './checks.mjs';
import { checkV1 } from './v1.mjs';
import { checkV2 } from './v2.mjs';

const PARTS = [
  ['FLIPT_BINARY', 'a Flipt v2 server', checkV2],
  ['FLIPT_V1_BINARY', 'a Flipt v1 server', checkV1],
  ['FLIPT_URL', 'a running server', (checks, url) => checkAddress(checks, url, process.env)],
];

// Ending by a signal must end a server and remove its folder too.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const checks = new Checks();
for (const [variable, what, part] of PARTS) {
  const value = process.env[variable];
  if (value) await part(checks, value);
  else console.log(`left out: ${what}; ${variable} names none`);
}
console.log(`live: ${checks.passed} passed, ${checks.failed} failed`);
process.exitCode = checks.failed === 0 ? 0 : 1;
