import { installLocked } from './steps/install.mjs';
import { prepare } from './steps/prepare.mjs';
import { runNode, verb } from './steps/process.mjs';

// npm run test:install -- [group…] [--only TEXT]: the registry is installed by its own package file.
await verb(async (args) => {
  await prepare();
  await installLocked('test/install/registry', 'installing the registry of the installations');
  return (await runNode(['test/install/run.mjs', ...args])).code;
});
