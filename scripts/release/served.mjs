import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runNode, runNpm, StepError } from '../steps/process.mjs';
import { lookUp, waitUntilServed } from './registry.mjs';
import { distTagOf } from './version.mjs';

const program = `
const { FliptClient } = require('flipt-native');
const { version } = require('flipt-native/package.json');
FliptClient.init({ offline: true, bootstrap: { ready: true } }).then((client) => {
  const { enabled } = client.evaluateBoolean({ flagKey: 'ready', entityId: 'ada', context: {} });
  client.close();
  console.log(version, enabled);
});
`;

/**
 * Holds a registry to a release: every package is served as it was packed and named by its dist-tag, and the main one,
 * installed by npm into an empty project, evaluates a flag.
 */
export async function verifyServed({ version, packages }, { registry, withinMs = 60_000 }) {
  for (const one of packages) {
    await waitUntilServed(registry, one, { withinMs });
    const { tags } = await lookUp(registry, one.name);
    const tag = distTagOf(version);
    if (tags[tag] !== version)
      throw new StepError(`${one.name}: ${tag} is ${tags[tag] ?? 'not set'}, not ${version}`);
  }
  await installAndEvaluate(packages.at(-1), registry);
}

async function installAndEvaluate({ name, version }, registry) {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-native-installed-'));
  try {
    const manifest = { private: true, dependencies: { [name]: version } };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    const cache = join(folder, 'cache');
    const args = ['install', '--registry', registry, '--cache', cache, '--no-audit', '--no-fund'];
    const installed = await runNpm(args, { cwd: folder, output: 'keep' });
    if (installed.code !== 0)
      throw new StepError(`npm install ${name}@${version} failed:\n${installed.stderr}`);
    writeFileSync(join(folder, 'program.cjs'), program);
    const ran = await runNode(['program.cjs'], {
      cwd: folder,
      output: 'keep',
      // The installed binary, whatever the one who runs this has set.
      env: { FLIPT_NATIVE_BINARY: undefined },
    });
    if (ran.code !== 0 || ran.stdout !== `${version} true\n`)
      throw new StepError(
        `the installed ${name}@${version} does not work:\n${ran.stdout}${ran.stderr}`,
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
