import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { StepError, verb } from './steps/process.mjs';
import { requireTarget } from './targets/build.mjs';
import { builtBinary } from './targets/built-binary.mjs';
import { verifyBinary } from './targets/verify.mjs';

// npm run verify:target -- <suffix> [--file path]: reads the built binary itself and holds it to every rule for its target.
await verb((args) => {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: { file: { type: 'string' } },
  });
  const target = requireTarget(positionals[0]);
  const file = values.file === undefined ? builtBinary(target) : resolve(values.file);
  if (!existsSync(file)) throw new StepError(`${file} does not exist`);
  const rules = verifyBinary(readFileSync(file), target);
  console.log(`${target.suffix}: ${file}`);
  const width = Math.max(...rules.map(({ name }) => name.length));
  for (const { name, holds, found, wanted } of rules) {
    const verdict = holds ? 'ok  ' : 'FAIL';
    console.log(`${verdict} ${name.padEnd(width)}  ${found}${holds ? '' : ` (wanted: ${wanted})`}`);
  }
  const passed = rules.filter(({ holds }) => holds).length;
  console.log(`verify:target: ${passed} passed, ${rules.length - passed} failed`);
  return passed === rules.length ? 0 : 1;
});
