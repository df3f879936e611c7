import { prepare } from './steps/prepare.mjs';
import { runNode, verb } from './steps/process.mjs';

// npm run test:live: what FLIPT_BINARY, FLIPT_V1_BINARY and FLIPT_URL name.
await verb(async () => {
  await prepare();
  return (await runNode(['test/live/run.mjs'])).code;
});
