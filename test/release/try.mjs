import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readBundle } from '../../scripts/release/bundle.mjs';
import { root, runNode, verb } from '../../scripts/steps/process.mjs';
import { loggedIn, openRegistry } from './loopback.mjs';

// npm run release -- try FOLDER: publishes a bundle on loopback, and installs and evaluates from there on this machine.
await verb(async ([bundle]) => {
  const { packages } = readBundle(bundle);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flipt-native-try-')));
  const names = packages.map(({ name }) => name);
  const registry = await openRegistry(folder, names);
  try {
    const env = loggedIn(folder, registry.url, registry.token);
    for (const step of ['publish', 'verify']) {
      const args = [join(root, 'scripts/release.mjs'), step, resolve(bundle)];
      const { code } = await runNode([...args, '--registry', registry.url], { env });
      if (code !== 0) return code;
    }
    return 0;
  } finally {
    await registry.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
