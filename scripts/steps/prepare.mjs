import { install } from './install.mjs';
import { buildNative } from './native.mjs';
import { buildTypeScript } from './typescript.mjs';

/** Makes a checkout ready to run: dependencies, dist and the addon, each only when missing or changed. */
export async function prepare({ force = false, hooks = false } = {}) {
  await install();
  await buildTypeScript({ force });
  await buildNative('release', { force });
  if (hooks) await buildNative('hooks');
}
