import { StepError, verb } from './steps/process.mjs';
import { requireTarget } from './targets/build.mjs';
import { buildTwice } from './targets/twice.mjs';

// npm run build:twice -- SUFFIX: two builds in two folders give the same bytes, or it fails.
await verb(async ([suffix]) => {
  const sums = await buildTwice(requireTarget(suffix).suffix);
  for (const sum of sums) console.log(`sha256 ${sum}`);
  if (new Set(sums).size > 1) throw new StepError(`two builds of ${suffix} differ`);
  console.log(`${suffix}: the same from two folders`);
});
