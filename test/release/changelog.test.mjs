import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { notesOf, sectionsOf, waiting, withSection } from '../../scripts/release/changelog.mjs';
import { fragmentsFolder, readFragments } from '../../scripts/release/fragments.mjs';
import { root } from '../../scripts/steps/process.mjs';

const title = '# Changelog\n\nWhat changed.\n';
const released = `${title}
## [0.1.0] - 2026-01-02

### Added

- The first thing.
`;
const date = '2026-02-03';
const fragments = [
  { kind: 'added', text: 'A new thing.' },
  { kind: 'fixed', text: 'An old thing,\n\nin two paragraphs.' },
  { kind: 'fixed', text: 'Another thing.' },
];
const list = `### Added

- A new thing.

### Fixed

- An old thing,

  in two paragraphs.
- Another thing.`;

describe('a section of the changelog', () => {
  it('goes on top, its fragments by kind', () => {
    const written = withSection(released, { version: '0.2.0', date, fragments });
    assert.equal(
      written,
      released.replace('## [0.1.0]', `## [0.2.0] - ${date}\n\n${list}\n\n## [0.1.0]`),
    );
    assert.equal(notesOf(written, '0.2.0'), list);
    assert.equal(notesOf(written, '0.1.0'), '### Added\n\n- The first thing.');
  });

  it('is the first of a changelog without any', () => {
    const written = withSection(title, { version: '0.1.0', date, fragments });
    assert.equal(written, `${title}\n## [0.1.0] - ${date}\n\n${list}\n`);
  });

  it('takes the place of the one that waits for its release', () => {
    const waits = released.replace('2026-01-02', 'Unreleased');
    assert.equal(waiting(waits), '0.1.0');
    assert.equal(waiting(released), undefined);
    const dated = withSection(waits, { version: '0.1.0', date, fragments: [] });
    assert.equal(dated, released.replace('2026-01-02', date));
    const more = withSection(waits, { version: '0.1.0', date, fragments });
    assert.equal(notesOf(more, '0.1.0'), `### Added\n\n- The first thing.\n\n${list}`);
  });

  it('is not made of nothing', () => {
    assert.throws(
      () => withSection(released, { version: '0.2.0', date, fragments: [] }),
      /no change for 0\.2\.0/,
    );
  });
});

describe('the notes of a release', () => {
  for (const [what, changelog, message] of [
    ['has no section', title, /has no section for 0\.1\.0/],
    ['has no date', released.replace('2026-01-02', 'Unreleased'), /has no date for 0\.1\.0/],
    ['says nothing', `${title}\n## [0.1.0] - ${date}\n`, /says nothing of 0\.1\.0/],
  ]) {
    it(`are refused when the changelog ${what}`, () => {
      assert.throws(() => notesOf(changelog, '0.1.0'), message);
    });
  }

  it('are there for every version of the changelog itself', () => {
    const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
    const sections = sectionsOf(changelog);
    assert.equal(sections.length, changelog.match(/^## /gm).length);
    for (const { version, body } of sections) assert.notEqual(body, '', version);
  });
});

describe('fragments', () => {
  let checkout;
  const put = (name, text) => writeFileSync(join(checkout, fragmentsFolder, name), text);

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'flipt-native-fragments-'));
    mkdirSync(join(checkout, fragmentsFolder), { recursive: true });
  });
  afterEach(() => rmSync(checkout, { recursive: true }));

  it('are read by kind and then by name', () => {
    put('README.md', '# Read me\n');
    put('b.fixed.md', 'B\n');
    put('a.fixed.md', 'A\n');
    put('z.added.md', 'Z\n');
    assert.deepEqual(
      readFragments(checkout).map(({ kind, text }) => `${kind} ${text}`),
      ['added Z', 'fixed A', 'fixed B'],
    );
  });

  for (const [name, text, message] of [
    ['a.repaired.md', 'A', /a\.repaired\.md: the name has to be .*kinds are added, /],
    ['A thing.fixed.md', 'A', /the name has to be/],
    ['a.md', 'A', /the name has to be/],
    ['a.fixed.md', ' \n', /a\.fixed\.md is empty/],
    ['a.fixed.md', '- one\n- two\n', /no headings and no list/],
    ['a.fixed.md', '# Fixed\n', /no headings and no list/],
  ]) {
    it(`are refused as ${name} with ${JSON.stringify(text)}`, () => {
      put(name, text);
      assert.throws(() => readFragments(checkout), message);
    });
  }

  it('of the next release are sound', () => {
    for (const { text } of readFragments(root)) assert.notEqual(text, '');
  });
});
