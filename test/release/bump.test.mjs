import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { bump, releaseNotes } from '../../scripts/release/bump.mjs';
import { readVersions, versionOf } from '../../scripts/release/places.mjs';
import { root } from '../../scripts/steps/process.mjs';

const copied = [
  ...['package.json', 'package-lock.json', 'Cargo.toml', 'Cargo.lock', 'engine/fuzz/Cargo.lock'],
  ...['LICENSE', 'npm/generate.mjs', 'npm/targets.mjs', 'npm/targets.json'],
];
const changelog = '# Changelog\n\n## [0.1.0] - 2026-01-02\n\nThe first.\n';
const fragment = '.github/changes/thing.fixed.md';

describe('a bump', () => {
  let checkout;
  let current;
  const read = (path) => readFileSync(join(checkout, path), 'utf8');
  const write = (path, text) => {
    mkdirSync(dirname(join(checkout, path)), { recursive: true });
    writeFileSync(join(checkout, path), text);
  };

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'flipt-native-bump-'));
    for (const path of copied) {
      mkdirSync(dirname(join(checkout, path)), { recursive: true });
      cpSync(join(root, path), join(checkout, path));
    }
    write('CHANGELOG.md', changelog);
    write(fragment, 'A thing.\n');
    current = versionOf(checkout);
  });
  afterEach(() => rmSync(checkout, { recursive: true }));

  it('changes every place and nothing else in it', async () => {
    const before = Object.fromEntries(copied.map((path) => [path, read(path)]));
    const version = await bump(checkout, '77.0.0', new Date('2026-02-03T10:00:00Z'));
    assert.deepEqual([...new Set(readVersions(checkout).map((place) => place.version))], [version]);
    for (const path of copied) {
      const restored = read(path).replaceAll(`"${version}"`, `"${current}"`);
      assert.equal(restored, before[path], path);
    }
    assert.match(read('src/version.ts'), new RegExp(`'${version}'`));
    assert.equal(JSON.parse(read('npm/linux-x64-gnu/package.json')).version, version);
    assert.match(read('CHANGELOG.md'), new RegExp(`## \\[${version}\\] - 2026-02-03`));
    assert.equal(existsSync(join(checkout, fragment)), false);
    assert.equal(releaseNotes(checkout), '### Fixed\n\n- A thing.');
  });

  it('to a prerelease leaves the fragments for the release', async () => {
    const version = await bump(checkout, '99.0.0-rc.1');
    assert.equal(versionOf(checkout), version);
    assert.equal(read('CHANGELOG.md'), changelog);
    assert.equal(releaseNotes(checkout), '### Fixed\n\n- A thing.');
    assert.equal(await bump(checkout, 'major'), '99.0.0');
    assert.equal(existsSync(join(checkout, fragment)), false);
  });

  it('without a change leaves everything as it is', async () => {
    rmSync(join(checkout, fragment));
    await assert.rejects(bump(checkout, 'minor'), /there is no fragment/);
    assert.equal(versionOf(checkout), current);
  });

  it('releases the version that the changelog waits for, before any other', async () => {
    write('CHANGELOG.md', changelog.replace('0.1.0', current).replace('2026-01-02', 'Unreleased'));
    await assert.rejects(bump(checkout, 'minor'), new RegExp(`bump ${current}`));
    assert.equal(await bump(checkout, current, new Date('2026-02-03')), current);
    assert.match(
      read('CHANGELOG.md'),
      /- 2026-02-03\n\nThe first\.\n\n### Fixed\n\n- A thing\.\n$/,
    );
  });

  it('refuses places that do not agree, and names them', async () => {
    write('Cargo.toml', read('Cargo.toml').replace(`version = "${current}"`, 'version = "9.9.9"'));
    await assert.rejects(
      bump(checkout, 'minor'),
      /not the same everywhere:\n(.*\n)*.*Cargo\.toml: 9\.9\.9/,
    );
    write('Cargo.toml', '');
    await assert.rejects(bump(checkout, 'minor'), /Cargo\.toml has no version/);
  });
});

describe('the oldest Rust', () => {
  it('that the crates name is the one that everything is built and tested with', () => {
    const [, named] = readFileSync(join(root, 'Cargo.toml'), 'utf8').match(
      /^rust-version = "(.*)"$/m,
    );
    const [, pinned] = readFileSync(join(root, 'rust-toolchain.toml'), 'utf8').match(
      /^channel = "(.*)"$/m,
    );
    assert.equal(pinned.replace(/\.0$/, ''), named);
    for (const path of ['engine/README.md', 'engine/Cargo.toml', 'bindings/Cargo.toml']) {
      const text = readFileSync(join(root, path), 'utf8');
      assert.match(
        text,
        path.endsWith('.md') ? new RegExp(`Rust ${named} `) : /^rust-version\.workspace = true$/m,
      );
    }
  });
});
