import { countsText } from './steps/counts.mjs';
import { houseFindings } from './steps/house.mjs';
import { install } from './steps/install.mjs';
import { requireCargo } from './steps/native.mjs';
import { run, runNode, StepError, verb } from './steps/process.mjs';
import { elapsed } from './steps/progress.mjs';
import { buildTypeScript, tsc } from './steps/typescript.mjs';

const biome = 'node_modules/@biomejs/biome/bin/biome';

const checks = [
  ['rust format', () => cargo('fmt', '--all', '--check')],
  ['clippy, engine', () => clippy('flipt-engine', '--all-targets')],
  ['clippy, pure engine', () => clippy('flipt-engine', '--no-default-features')],
  // Not all targets: what the addon exports is unused in a build for its tests, of which there are none.
  ['clippy, addon', () => clippy('flipt-native-bindings')],
  ['clippy, addon with test hooks', () => clippy('flipt-native-bindings', '--all-features')],
  ['fuzz targets', fuzzTargets],
  [
    'rust documentation',
    async () =>
      run('cargo', ['doc', '--quiet', '-p', 'flipt-engine', '--no-deps', '--locked'], {
        env: { ...(await requireCargo()), RUSTDOCFLAGS: '-D warnings' },
        output: 'keep',
      }),
  ],
  ['engine without napi', engineWithoutNapi],
  ['licences of the crates', () => node('scripts/licences.mjs', '--check')],
  ['biome', () => node(biome, 'ci', '--error-on-warnings', '--colors=off', '.')],
  ['types of src', () => node(tsc, '-p', 'tsconfig.json')],
  ['types of test', typesOfTest],
  ['platform packages', () => node('npm/generate.mjs', '--check')],
  ['report of the interface', () => node('scripts/api-report.mjs', '--check')],
  ['house rules', houseRules],
  ['rules of workflows', workflowRules],
  ['actionlint', async () => (await import('./steps/workflows.mjs')).lintWorkflows()],
];

// npm run lint: formats, lints, types, generated files and house rules; all are run, then the verdict.
await verb(async () => {
  await install();
  const total = { passed: 0, failed: 0 };
  for (const [name, check] of checks) {
    const started = performance.now();
    const { code, stdout, stderr } = await check().catch(asResult);
    total[code === 0 ? 'passed' : 'failed'] += 1;
    console.log(
      `${code === 0 ? 'ok  ' : 'FAIL'} ${name} (${elapsed(performance.now() - started)})`,
    );
    if (code !== 0) console.log(`${stdout}${stderr}`.trimEnd());
  }
  console.log(`lint: ${countsText(total)}`);
  return total.failed === 0 ? 0 : 1;
});

async function cargo(...args) {
  return run('cargo', args, { env: await requireCargo(), output: 'keep' });
}

function clippy(crate, ...args) {
  return cargo('clippy', '--quiet', '-p', crate, '--locked', ...args, '--', '-D', 'warnings');
}

/** Without libFuzzer itself, which takes a C++ compiler. */
async function fuzzTargets() {
  const manifest = ['--manifest-path', 'engine/fuzz/Cargo.toml'];
  const format = await cargo('fmt', ...manifest, '--check');
  if (format.code !== 0) return format;
  // With the target directory of everything else, most of what it needs is there already.
  const options = ['--target-dir', 'target', '--no-default-features', '--locked'];
  return cargo('clippy', '--quiet', ...manifest, ...options, '--', '-D', 'warnings');
}

function node(...args) {
  return runNode(args, { output: 'keep' });
}

function asResult(error) {
  if (error instanceof StepError) return { code: 1, stdout: '', stderr: error.message };
  throw error;
}

async function typesOfTest() {
  await buildTypeScript();
  return node(tsc, '-p', 'tsconfig.test.json');
}

async function engineWithoutNapi() {
  const tree = await cargo('tree', '-p', 'flipt-engine', '--prefix', 'none', '--locked');
  const found = tree.stdout.split('\n').filter((line) => /^napi\b/.test(line));
  return found.length === 0 ? tree : { code: 1, stdout: found.join('\n'), stderr: '' };
}

async function houseRules() {
  return asFindings(await houseFindings());
}

/** Loaded late: it reads YAML by what the first step installs. */
async function workflowRules() {
  const { workflowFindings } = await import('./steps/workflows.mjs');
  return asFindings(workflowFindings());
}

function asFindings(findings) {
  return { code: findings.length === 0 ? 0 : 1, stdout: findings.join('\n'), stderr: '' };
}
