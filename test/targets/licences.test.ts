import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allCrates, licenceFindings, linkedCrates } from '../../scripts/licences/crates.mjs';
import { chooseLicences } from '../../scripts/licences/expression.mjs';
import { noticeOf } from '../../scripts/licences/notice.mjs';
import { root } from '../../scripts/steps/process.mjs';

describe('the licence gate', () => {
  it.each([
    ['MIT', ['MIT']],
    ['Apache-2.0 OR MIT', ['MIT']],
    ['MIT/Apache-2.0', ['MIT']],
    ['Apache-2.0 / MIT', ['MIT']],
    ['GPL-3.0-only OR Zlib', ['Zlib']],
    ['Unlicense OR MIT', ['MIT']],
    ['Apache-2.0 AND ISC', ['Apache-2.0', 'ISC']],
    ['(MIT OR Apache-2.0) AND Unicode-3.0', ['MIT', 'Unicode-3.0']],
    ['MIT OR Apache-2.0 OR LGPL-2.1-or-later', ['MIT']],
    ['Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT', ['MIT']],
  ])('takes of %s', (expression, licences) => {
    expect(chooseLicences(expression, 'a-crate')).toEqual(licences);
  });

  it.each([
    'GPL-3.0-only',
    'MPL-2.0',
    'MIT AND GPL-2.0-only',
    '(MIT OR Apache-2.0) AND LGPL-2.1-or-later',
    'Apache-2.0 WITH Some-exception',
    'LicenseRef-Own',
    'MIT MIT',
    '(MIT',
    '',
  ])('refuses %s', (expression) => {
    expect(chooseLicences(expression, 'a-crate')).toBeUndefined();
  });

  it.each([
    ['CDLA-Permissive-2.0', 'webpki-roots'],
    ['(MIT OR Apache-2.0) AND NCSA', 'libfuzzer-sys'],
  ])('takes %s of %s alone', (expression, crate) => {
    expect(chooseLicences(expression, crate)).toBeDefined();
    expect(chooseLicences(expression, 'a-crate')).toBeUndefined();
  });

  it('names what may not be used', () => {
    const crates = [
      { name: 'good', version: '1.0.0', license: 'MIT' },
      { name: 'strict', version: '2.0.0', license: 'GPL-3.0-only' },
      { name: 'silent', version: '3.0.0', license: '' },
    ];
    expect(licenceFindings(crates)).toEqual([
      'strict 2.0.0: GPL-3.0-only',
      'silent 3.0.0: names no licence',
    ]);
  });
});

// cargo is asked about every platform, one after the other.
describe('the crates', { timeout: 180_000 }, () => {
  it('may all be used', async () => {
    const crates = await allCrates();
    const names = crates.map(({ name }: { name: string }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['ring', 'proptest', 'libfuzzer-sys', 'schannel']),
    );
    expect(licenceFindings(crates)).toEqual([]);
  });

  it('that are linked for any platform are in the notice, with nothing of a registry or a machine', async () => {
    const linked = await linkedCrates();
    const names = linked.map(({ name }: { name: string }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['ring', 'napi', 'schannel', 'security-framework']),
    );
    for (const name of ['proptest', 'syn', 'napi-derive', 'libfuzzer-sys'])
      expect(names).not.toContain(name);
    const notice = readFileSync(join(root, 'npm/THIRD-PARTY-LICENSES'), 'utf8');
    expect(notice).toBe(noticeOf(linked));
    expect(notice).not.toMatch(/crates\.io|npmjs|\/home\/|\/root\//);
  });
});
