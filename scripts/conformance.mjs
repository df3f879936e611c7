import { prepare } from './steps/prepare.mjs';
import { runNode, verb } from './steps/process.mjs';

// npm run conformance: the recorded answers, or with --live those of a running server.
await verb(async (args) => {
  await prepare();
  return (await runNode(['test/conformance/run.mjs', ...args])).code;
});
