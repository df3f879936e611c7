import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import { runNpm } from '../../scripts/steps/process.mjs';
import { root } from './projects.mjs';

const folder = mkdtempSync(join(tmpdir(), 'flipt-native-bump-'));
const manifest = join(folder, 'package.json');
const version = '99.0.0';

beforeEach(() => {
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) {
    cpSync(join(root, name), join(folder, name));
  }
});

after(() => rmSync(folder, { recursive: true, force: true }));

describe('the checked-in package.json', () => {
  it('names no platform package, whose version nobody has published yet', () => {
    const { optionalDependencies } = JSON.parse(readFileSync(manifest, 'utf8'));
    assert.equal(optionalDependencies, undefined);
  });

  it('installs as locked right after a version bump', async () => {
    change((fields) => ({ ...fields, version }));
    const { code, stderr } = await install();
    assert.equal(code, 0, stderr);
  });

  it('would not if it named them', async () => {
    const optionalDependencies = { '@flipt-native/linux-x64-gnu': version };
    change((fields) => ({ ...fields, version, optionalDependencies }));
    const { code, stderr } = await install();
    assert.notEqual(code, 0);
    assert.match(stderr, /@flipt-native\/linux-x64-gnu/);
  });
});

function change(edit) {
  const fields = JSON.parse(readFileSync(manifest, 'utf8'));
  writeFileSync(manifest, JSON.stringify(edit(fields)));
}

/** Everything that `npm ci` checks before it fetches anything. */
function install() {
  const args = ['ci', '--dry-run', '--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  return runNpm(args, { cwd: folder, output: 'keep' });
}
