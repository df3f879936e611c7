import { install } from './steps/install.mjs';
import { requireCargo } from './steps/native.mjs';
import { run, runNode, verb } from './steps/process.mjs';

// npm run fmt: formats everything.
await verb(async () => {
  await install();
  const rust = await run('cargo', ['fmt', '--all'], { env: await requireCargo() });
  const rest = await runNode(['node_modules/@biomejs/biome/bin/biome', 'check', '--write', '.']);
  return rust.code || rest.code;
});
