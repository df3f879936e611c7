import { hooksBinary } from './steps/native.mjs';
import { prepare } from './steps/prepare.mjs';
import { runNode, verb } from './steps/process.mjs';

// npm run chaos: every way in which a server, a network or a machine fails; -- --only TEXT --mode MODE for some of them.
await verb(async (args) => {
  await prepare({ hooks: true });
  return (await runNode(['test/chaos/run.mjs', ...args], { env: hooksBinary() })).code;
});
