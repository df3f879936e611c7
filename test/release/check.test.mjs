import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { versionChange } from '../../scripts/release/change.mjs';
import { changelogProblem, repositoryProblem } from '../../scripts/release/check.mjs';
import { writeVersions } from '../../scripts/release/places.mjs';
import { root } from '../../scripts/steps/process.mjs';

describe('before a release', () => {
  let checkout;
  const write = (path, text) => {
    mkdirSync(dirname(join(checkout, path)), { recursive: true });
    writeFileSync(join(checkout, path), text);
  };

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'flipt-native-check-'));
    for (const path of [
      ...['package.json', 'package-lock.json', 'Cargo.toml', 'Cargo.lock'],
      'engine/fuzz/Cargo.lock',
    ])
      write(path, readFileSync(join(root, path)));
    writeVersions(checkout, '1.2.3');
    write('CHANGELOG.md', '# Changelog\n\n## [1.2.3] - 2026-01-02\n\nA thing.\n');
  });
  afterEach(() => rmSync(checkout, { recursive: true }));

  it('the changelog has to tell of the version, and of nothing later', () => {
    assert.equal(changelogProblem(checkout), undefined);
    write('.github/changes/more.added.md', 'More.\n');
    assert.match(changelogProblem(checkout), /after the bump: .*more\.added\.md/);
    writeVersions(checkout, '1.2.4-rc.1');
    assert.equal(changelogProblem(checkout), undefined);
    rmSync(join(checkout, '.github'), { recursive: true });
    writeVersions(checkout, '1.2.4');
    assert.equal(changelogProblem(checkout), 'there is no section for 1.2.4');
    write('CHANGELOG.md', '# Changelog\n\n## [1.2.4] - Unreleased\n\nA thing.\n');
    assert.match(changelogProblem(checkout), /has no date: bump 1\.2\.4/);
  });

  it('the repository has to be the one of the workflow, and of the crate', () => {
    const [, named] = readFileSync(join(root, 'Cargo.toml'), 'utf8').match(
      /^repository = "https:\/\/github\.com\/(.*)"$/m,
    );
    assert.equal(repositoryProblem(checkout, named), undefined);
    assert.match(repositoryProblem(checkout, 'somebody/else'), /and this runs in somebody\/else/);
    write('Cargo.toml', readFileSync(join(root, 'Cargo.toml'), 'utf8').replace(named, 'a/b'));
    assert.match(repositoryProblem(checkout, named), /Cargo\.toml does not name/);
  });
});

describe('a version', () => {
  it('has changed when nobody knows the commit before', async () => {
    const { changed } = await versionChange(root, '0'.repeat(40));
    assert.equal(changed, true);
  });
});
