import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root, StepError } from '../steps/process.mjs';

/** Where the built binary of a target lies. */
export function builtBinary({ suffix }) {
  const file = join(root, 'npm', suffix, 'flipt_native.node');
  if (existsSync(file)) return file;
  throw new StepError(
    `npm/${suffix}/flipt_native.node is missing: npm run build:target -- ${suffix}`,
  );
}
