import { createRequire } from 'node:module';

import { installLocked } from '../../../scripts/steps/install.mjs';

/** The published client, installed beside this file when it is not there yet. */
export async function loadPublished() {
  await installLocked('test/conformance/published', 'installing the published package');
  return createRequire(import.meta.url)('@flipt-io/flipt-client-js').FliptClient;
}

/** Runs `task` with the console silent: the published client prints while it starts. */
export async function quietly(task) {
  const methods = ['log', 'info', 'warn', 'error', 'debug'];
  const originals = methods.map((method) => console[method]);
  for (const method of methods) console[method] = () => {};
  try {
    return await task();
  } finally {
    for (const [index, method] of methods.entries()) console[method] = originals[index];
  }
}
