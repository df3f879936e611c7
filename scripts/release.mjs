import { parseArgs } from 'node:util';
import { announce } from './release/announce.mjs';
import { bump, releaseNotes } from './release/bump.mjs';
import { makeBundle, readBundle } from './release/bundle.mjs';
import { versionChange } from './release/change.mjs';
import { runChecks } from './release/check.mjs';
import { publishAll } from './release/publish.mjs';
import { configuredRegistry } from './release/registry.mjs';
import { verifyServed } from './release/served.mjs';
import { countsText } from './steps/counts.mjs';
import { install, installLocked } from './steps/install.mjs';
import { root, runNode, StepError, verb } from './steps/process.mjs';
import { buildTypeScript } from './steps/typescript.mjs';

const registryFolder = 'test/install/registry';

const usage = `npm run release -- bump patch|minor|major|VERSION     the next version, everywhere
npm run release -- changed --before COMMIT             whether the version is another one, for a workflow
npm run release -- check [--quick]                     what has to hold before a release; quick: compiles nothing
npm run release -- bundle FOLDER [--stubs]             tarballs, checksums and bill of materials
npm run release -- try FOLDER                          published on loopback, and installed on this machine
npm run release -- publish FOLDER [--dry-run] [--provenance] [--registry URL]
npm run release -- verify FOLDER [--registry URL]      the published packages, and an installation of them
npm run release -- notes                               what the changelog says of this version
npm run release -- announce FOLDER --commit COMMIT     the release on GitHub
npm run release -- rehearse                            all of it, against a registry on loopback`;

const steps = {
  async bump({ operand }) {
    console.log(await bump(root, operand));
  },
  async changed({ before }) {
    if (before === undefined) throw new StepError(usage);
    const { changed, version } = await versionChange(root, before);
    console.log(`changed=${changed}\nversion=${version}`);
  },
  async check({ quick }) {
    const results = await runChecks(root, {
      quick,
      onResult({ name, problem }) {
        console.log(problem === undefined ? `ok   ${name}` : `FAIL ${name}\n${problem}`);
      },
    });
    const failed = results.filter(({ problem }) => problem !== undefined).length;
    console.log(`release: ${countsText({ passed: results.length - failed, failed })}`);
    return failed === 0 ? 0 : 1;
  },
  async bundle({ operand, stubs }) {
    await install();
    // Never the addon: what is in its place was built and tested for the release.
    await buildTypeScript();
    const { packages } = await makeBundle(operand, root, { stubs });
    for (const { name, version, size, integrity } of packages)
      console.log(`${name}@${version}  ${size} bytes  ${integrity}`);
  },
  async try({ operand }) {
    await installLocked(registryFolder, 'installing the registry on loopback');
    return (await runNode(['test/release/try.mjs', operand])).code;
  },
  async publish({ operand, registry, provenance, 'dry-run': dryRun }) {
    await publishAll(readBundle(operand).packages, {
      registry: registry ?? (await configuredRegistry()),
      dryRun,
      provenance,
      onOutcome: ({ name, version, outcome }) => console.log(`${name}@${version}: ${outcome}`),
    });
  },
  async verify({ operand, registry }) {
    const bundle = readBundle(operand);
    await verifyServed(bundle, { registry: registry ?? (await configuredRegistry()) });
    console.log(`${bundle.version} is published, installs and evaluates`);
  },
  notes() {
    console.log(releaseNotes(root));
  },
  async announce({ operand, commit }) {
    if (commit === undefined) throw new StepError(usage);
    await announce(readBundle(operand), { notes: releaseNotes(root), commit });
  },
  async rehearse() {
    await install();
    await installLocked(registryFolder, 'installing the registry on loopback');
    return (await runNode(['test/release/rehearsal/run.mjs'])).code;
  },
};

const withOperand = ['bump', 'bundle', 'try', 'publish', 'verify', 'announce'];

// npm run release -- STEP: each step of a release by itself, as the workflow calls them.
await verb(async (args) => {
  const { step, operand, ...options } = read(args);
  return steps[step]({ operand, ...options });
});

function read(args) {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        before: text,
        commit: text,
        registry: text,
        quick: flag,
        stubs: flag,
        provenance: flag,
        'dry-run': flag,
      },
    });
    const [step, operand, ...rest] = positionals;
    if (!(step in steps)) throw new Error(`no step ${step}`);
    if (rest.length > 0 || (operand !== undefined) !== withOperand.includes(step))
      throw new Error(`${step}: the arguments do not fit`);
    return { step, operand, ...values };
  } catch (error) {
    throw new StepError(`${error.message}\n\n${usage}`);
  }
}
