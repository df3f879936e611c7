import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const PACKAGE = '@flipt-io/flipt-client-js';

/** The published client, installed beside this file when it is not there yet. */
export function loadPublished() {
  if (!existsSync(join(import.meta.dirname, 'node_modules', PACKAGE))) {
    console.log(`installing ${PACKAGE}`);
    const shell = process.platform === 'win32';
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: import.meta.dirname,
      stdio: 'inherit',
      shell,
    });
  }
  const require = createRequire(import.meta.url);
  return require(PACKAGE).FliptClient;
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
