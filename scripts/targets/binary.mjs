import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { targets } from '../../npm/targets.mjs';
import { root, StepError } from '../steps/process.mjs';

/** The target that the only positional argument names. */
export function targetOf(positionals) {
  const [suffix] = positionals;
  const found = positionals.length === 1 && targets.find((target) => target.suffix === suffix);
  if (found) return found;
  const known = targets.map((target) => target.suffix).join(', ');
  throw new StepError(
    suffix === undefined
      ? `a target has to be named: one of ${known}`
      : `no target ${positionals.join(' ')}; there are ${known}`,
  );
}

/** Where the built binary of a target lies. */
export function binaryPath({ suffix }) {
  const file = join(root, 'npm', suffix, 'flipt_native.node');
  if (existsSync(file)) return file;
  throw new StepError(
    `npm/${suffix}/flipt_native.node is missing: npm run build:target -- ${suffix}`,
  );
}
