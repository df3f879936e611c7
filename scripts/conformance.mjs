import { compileTests, requireCargo } from './steps/native.mjs';
import { prepare } from './steps/prepare.mjs';
import { run, runNode, verb } from './steps/process.mjs';

// Without the network half there is little to compile.
const engineTests = [
  ...['test', '-p', 'flipt-engine', '--locked'],
  ...['--no-default-features', '--test', 'conformance'],
];

// npm run conformance: the recorded answers, from the engine and from the package, or with --live those of a running server.
await verb(async (args) => {
  await prepare();
  const engine = args.length > 0 ? 0 : await askEngine();
  const { code } = await runNode(['test/conformance/run.mjs', ...args]);
  return engine || code;
});

async function askEngine() {
  await compileTests(engineTests);
  const { code } = await run('cargo', [...engineTests, '--quiet'], { env: await requireCargo() });
  return code;
}
