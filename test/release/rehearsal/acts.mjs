import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostTarget, published } from '../../../npm/targets.mjs';
import { readBundle } from '../../../scripts/release/bundle.mjs';
import { waiting } from '../../../scripts/release/changelog.mjs';
import { lookUp } from '../../../scripts/release/registry.mjs';
import { changedFiles, commit } from './checkout.mjs';

const change = 'Answers of the rehearsal are those of the play.';
const fragment = '.github/changes/play.fixed.md';
/** How many packages are published before the first failure. */
const before = 4;

/** A release from its change to its installation, act by act. */
export const acts = [
  ['the version that waits is released first', first],
  ['a change brings its fragment', fragmentIsAdded],
  ['the bump changes the version everywhere, and the changelog', bumped],
  ['a workflow sees the change of the version', seen],
  ['the bumped sources build', built],
  ['the checks before a release hold', checked],
  ['the bundle holds every package, its checksum and the bill of materials', bundled],
  ['a dry run publishes nothing', dryRun],
  ['a failure in the middle leaves the main package out', brokenOff],
  ['running it again completes it, though an answer is lost', completed],
  ['running it once more publishes nothing twice', repeated],
  ['the same version with another content is refused', refused],
  ['the published package installs and evaluates', installed],
];

async function first({ checkout, release }) {
  const version = waiting(readFileSync(join(checkout, 'CHANGELOG.md'), 'utf8'));
  if (version === undefined) return;
  await succeed(release('bump', version));
  await commit(checkout, `Release ${version}`);
}

async function fragmentIsAdded({ checkout, release }) {
  writeFileSync(join(checkout, fragment), `${change}\n`);
  await commit(checkout, 'Correct an answer');
  const { code, stdout } = await release('check', '--quick');
  assert.equal(code, 1, 'a change after the bump is no release');
  assert.match(stdout, /FAIL the changelog tells of it\n.*play\.fixed\.md/);
}

async function bumped(stage) {
  const { checkout, release, names } = stage;
  stage.version = (await succeed(release('bump', 'patch'))).trim();
  assert.deepEqual(
    await changedFiles(checkout),
    [
      ...[fragment, 'CHANGELOG.md', 'Cargo.lock', 'Cargo.toml', 'engine/fuzz/Cargo.lock'],
      ...published.map(({ suffix }) => `npm/${suffix}/package.json`),
      ...['package-lock.json', 'package.json', 'src/version.ts'],
    ].sort(),
  );
  assert.equal(existsSync(join(checkout, fragment)), false);
  const notes = await succeed(release('notes'));
  assert.equal(notes, `### Fixed\n\n- ${change}\n`);
  const platforms = published.map(({ suffix }) => join(checkout, 'npm', suffix, 'package.json'));
  const manifests = [...platforms, join(checkout, 'package.json')].map((file) =>
    JSON.parse(readFileSync(file, 'utf8')),
  );
  assert.deepEqual(
    manifests.map(({ name, version }) => `${name}@${version}`),
    names.map((name) => `${name}@${stage.version}`),
  );
  await commit(checkout, `Release ${stage.version}`);
}

async function seen({ release, version }) {
  const changed = await succeed(release('changed', '--before', 'HEAD~1'));
  assert.equal(changed, `changed=true\nversion=${version}\n`);
  const same = await succeed(release('changed', '--before', 'HEAD'));
  assert.equal(same, `changed=false\nversion=${version}\n`);
}

async function built({ build }) {
  await succeed(build());
}

async function checked({ release }) {
  assert.match(await succeed(release('check', '--quick')), /^release: \d+ passed, 0 failed$/m);
}

async function bundled({ release, bundle, names, version }) {
  await succeed(release('bundle', bundle, '--stubs'));
  const { packages, files } = readBundle(bundle);
  assert.deepEqual(
    packages.map(({ name }) => name),
    names,
  );
  const host = `@flipt-native/${hostTarget().suffix}`;
  const real = packages.filter(({ isStub }) => !isStub).map(({ name }) => name);
  assert.ok(real.includes(host) && real.includes('flipt-native'), real.join());
  // The tarballs, their list, the bill of materials and the checksums.
  assert.equal(files.length, names.length + 3);
  const bom = JSON.parse(readFileSync(join(bundle, `flipt-native-${version}.cdx.json`), 'utf8'));
  assert.ok(bom.components.some(({ name }) => name === 'flipt-engine'));
}

async function dryRun({ release, bundle, gate, names }) {
  const stdout = await succeed(release('publish', bundle, '--dry-run'));
  assert.equal(stdout.match(/: would publish$/gm)?.length, names.length);
  assert.deepEqual(gate.accepted, []);
}

async function brokenOff({ release, bundle, gate, names, registry }) {
  gate.fail(names[before], 'refused');
  const { code, stderr } = await release('publish', bundle);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`npm publish failed for ${names[before]}@`));
  assert.deepEqual(gate.accepted, names.slice(0, before));
  assert.deepEqual((await lookUp(registry, 'flipt-native')).versions, {});
}

async function completed({ release, bundle, gate, names }) {
  gate.fail(names[before + 1], 'unanswered');
  const stdout = await succeed(release('publish', bundle));
  assert.equal(stdout.match(/: present$/gm)?.length, before);
  assert.equal(stdout.match(/: published$/gm)?.length, names.length - before);
  assert.deepEqual(gate.accepted, names);
}

async function repeated({ release, bundle, gate, names, registry, version }) {
  const stdout = await succeed(release('publish', bundle));
  assert.equal(stdout.match(/: present$/gm)?.length, names.length);
  assert.deepEqual(gate.accepted, names);
  for (const { name, integrity } of readBundle(bundle).packages)
    assert.deepEqual((await lookUp(registry, name)).versions, { [version]: integrity });
}

async function refused({ release, bundle, gate, names, checkout }) {
  appendFileSync(join(checkout, 'README.md'), '\nOne line more.\n');
  const other = `${bundle}-other`;
  await succeed(release('bundle', other, '--stubs'));
  const { code, stderr } = await release('publish', other);
  assert.equal(code, 1);
  assert.match(stderr, /flipt-native@\S+ is in the registry with another content/);
  assert.deepEqual(gate.accepted, names);
}

async function installed({ release, bundle, version }) {
  const stdout = await succeed(release('verify', bundle));
  assert.equal(stdout, `${version} is published, installs and evaluates\n`);
}

async function succeed(running) {
  const { code, stdout, stderr } = await running;
  assert.equal(code, 0, `${stdout}${stderr}`);
  return stdout;
}
