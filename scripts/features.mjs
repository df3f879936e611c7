import { requireCargo } from './steps/native.mjs';
import { run, StepError, verb } from './steps/process.mjs';

// Without the network half there is little to compile.
const example = [
  ...['run', '-p', 'flipt-engine', '--locked', '--quiet'],
  ...['--no-default-features', '--example', 'features'],
];

// npm run features: the recorded feature files with what became of them on a Flipt server and here; 1 on a difference.
await verb(async (args) => {
  if (args.length > 0) throw new StepError('npm run features takes no arguments');
  const { code } = await run('cargo', example, { env: await requireCargo() });
  return code;
});
