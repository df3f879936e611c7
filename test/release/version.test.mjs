import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  compareVersions,
  distTagOf,
  nextVersion,
  parseVersion,
} from '../../scripts/release/version.mjs';

describe('the next version', () => {
  for (const [current, step, next] of [
    ['0.1.0', 'patch', '0.1.1'],
    ['0.1.9', 'minor', '0.2.0'],
    ['0.9.9', 'major', '1.0.0'],
    ['0.2.0-rc.1', 'patch', '0.2.0'],
    ['0.2.0-rc.1', 'minor', '0.2.0'],
    ['0.2.1-rc.1', 'minor', '0.3.0'],
    ['1.0.0-rc.1', 'major', '1.0.0'],
    ['1.1.0-rc.1', 'major', '2.0.0'],
    ['0.1.0', '0.2.0-rc.1', '0.2.0-rc.1'],
    ['0.2.0-rc.9', '0.2.0-rc.10', '0.2.0-rc.10'],
  ]) {
    it(`of ${current} by ${step} is ${next}`, () => {
      assert.equal(nextVersion(current, step), next);
    });
  }

  it('is never the current one or below', () => {
    for (const step of ['0.1.0', '0.0.9', '0.1.0-rc.1'])
      assert.throws(() => nextVersion('0.1.0', step), /is not above the current version 0\.1\.0/);
  });
});

describe('versions', () => {
  it('have the order that Semantic Versioning gives as its example', () => {
    const ordered =
      '1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11'
        .split(' ')
        .concat('1.0.0-rc.1', '1.0.0', '1.0.1', '1.1.0', '2.0.0');
    for (const [index, version] of ordered.entries()) {
      assert.equal(compareVersions(version, version), 0);
      for (const above of ordered.slice(index + 1)) {
        assert.ok(compareVersions(version, above) < 0, `${version} < ${above}`);
        assert.ok(compareVersions(above, version) > 0, `${above} > ${version}`);
      }
    }
  });

  it('are refused when npm would read them otherwise', () => {
    for (const text of [
      '',
      '1.2',
      'v1.2.3',
      '01.2.3',
      '1.2.3+build',
      '1.2.3-',
      '1.2.3-01',
      'minor ',
    ])
      assert.throws(() => parseVersion(text), /is no version/, text);
  });

  it('are published under latest, or before their release under next', () => {
    assert.equal(distTagOf('1.2.3'), 'latest');
    assert.equal(distTagOf('1.2.3-rc.1'), 'next');
  });
});
