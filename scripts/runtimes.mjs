import { installLocked } from './steps/install.mjs';
import { prepare } from './steps/prepare.mjs';
import { runNode, verb } from './steps/process.mjs';

// npm run test:runtimes -- [major…]
await verb(async (args) => {
  await prepare({ hooks: true });
  await installLocked('test/install/runtimes', 'installing the versions of Node, Bun and Deno');
  return (await runNode(['test/install/runtimes/suite.mjs', ...args])).code;
});
