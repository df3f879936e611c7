import { hooksBinary } from './steps/native.mjs';
import { prepare } from './steps/prepare.mjs';
import { runNode, verb } from './steps/process.mjs';

// npm run soak -- --minutes N --seed S: eight clients under a server that changes, stalls, dies and returns.
await verb(async (args) => {
  await prepare({ hooks: true });
  const script = ['--expose-gc', 'test/soak/run.mjs', ...args];
  return (await runNode(script, { env: hooksBinary() })).code;
});
