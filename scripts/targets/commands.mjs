import { targets } from '../../npm/targets.mjs';
import { StepError, verb } from '../steps/process.mjs';
import { buildOf, requireTarget } from './build.mjs';

// For set-up.sh: a line with the triple and the cargo command of each target named, or of all that can be built here.
await verb(async (suffixes) => {
  const named = suffixes.map(requireTarget);
  for (const target of named.length > 0 ? named : targets.filter(isBuiltHere)) {
    console.log(target.triple, buildOf(target).command);
  }
});

function isBuiltHere(target) {
  try {
    return buildOf(target) !== undefined;
  } catch (error) {
    if (error instanceof StepError) return false;
    throw error;
  }
}
