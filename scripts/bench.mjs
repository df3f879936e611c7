import { installLocked } from './steps/install.mjs';
import { prepare } from './steps/prepare.mjs';
import { runNode, verb } from './steps/process.mjs';

// npm run bench: the peers are installed by the bench's own package file.
await verb(async (args) => {
  await prepare();
  await installLocked('test/bench', 'installing the peers of the bench');
  return (await runNode(['--expose-gc', 'test/bench/run.mjs', ...args])).code;
});
