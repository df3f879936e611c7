import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { published } from '../../npm/targets.mjs';
import { makeBundle, readBundle } from '../../scripts/release/bundle.mjs';
import { fromTree, linkedTree } from '../../scripts/release/crates.mjs';
import { writeBom } from '../../scripts/release/sbom.mjs';
import { root } from '../../scripts/steps/process.mjs';

describe('the bundle of a release', () => {
  let folder;
  let bundle;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flipt-native-bundle-'));
    bundle = await makeBundle(folder, root, { stubs: true });
  });
  after(() => rmSync(folder, { recursive: true }));

  it('lists the platform packages first and the main one last', () => {
    assert.deepEqual(
      bundle.packages.map(({ name }) => name),
      [...published.map(({ suffix }) => `@flipt-native/${suffix}`), 'flipt-native'],
    );
    assert.deepEqual(readBundle(folder), bundle);
  });

  it('is the same when it is made again', async () => {
    const sums = readFileSync(join(folder, 'SHA256SUMS'), 'utf8');
    await makeBundle(folder, root, { stubs: true });
    assert.equal(readFileSync(join(folder, 'SHA256SUMS'), 'utf8'), sums);
  });

  it('is refused when a file of it was changed, added or removed', async () => {
    const sums = join(folder, 'SHA256SUMS');
    const { file } = bundle.packages[0];
    const content = readFileSync(file);
    const message = /are not those of its SHA256SUMS/;
    appendFileSync(file, 'x');
    assert.throws(() => readBundle(folder), message);
    rmSync(file);
    assert.throws(() => readBundle(folder), message);
    writeFileSync(file, content);
    writeFileSync(join(folder, 'more'), '');
    assert.throws(() => readBundle(folder), message);
    rmSync(join(folder, 'more'));
    assert.match(readFileSync(sums, 'utf8'), /^[0-9a-f]{64} {2}flipt-native-\S+\.tgz$/m);
    readBundle(folder);
  });

  it('never takes the place of another folder', async () => {
    const other = mkdtempSync(join(folder, 'other-'));
    writeFileSync(join(other, 'thesis.txt'), 'years of work');
    await assert.rejects(makeBundle(other, root, { stubs: true }), /holds something else/);
    assert.equal(readFileSync(join(other, 'thesis.txt'), 'utf8'), 'years of work');
    rmSync(other, { recursive: true });
  });
});

describe('the linked crates', () => {
  it('are read from the tree with their dependencies, once each', () => {
    const tree = `0|addon v1.0.0 (/somewhere/addon)
1|engine v1.0.0 (/somewhere/engine)
2|serde v1.2.3
1|serde v1.2.3 (*)
1|serde v2.0.0
`;
    assert.deepEqual(
      fromTree(tree).map(({ key, dependencies }) => [key, dependencies]),
      [
        ['addon@1.0.0', ['engine@1.0.0', 'serde@1.2.3', 'serde@2.0.0']],
        ['engine@1.0.0', ['serde@1.2.3']],
        ['serde@1.2.3', []],
        ['serde@2.0.0', []],
      ],
    );
  });

  it('are those of the addon, none of them for tests or builds only', async () => {
    const crates = await linkedTree();
    const names = crates.map(({ name }) => name);
    assert.equal(names[0], 'flipt-native-bindings');
    for (const name of ['flipt-engine', 'napi', 'rustls', 'tokio'])
      assert.ok(names.includes(name), name);
    for (const name of ['proptest', 'napi-build', 'napi-derive', 'serde_derive'])
      assert.equal(names.includes(name), false, name);
    const own = ['flipt-engine', 'flipt-native-bindings'];
    const unsummed = crates.filter(({ checksum }) => checksum === undefined);
    assert.deepEqual(unsummed.map(({ name }) => name).sort(), own);
    for (const { name, licence } of crates)
      assert.match(licence, /^[\w.-]+( (OR|AND) [\w.-]+)*$/, name);
  });
});

describe('the bill of materials', () => {
  it('has a component for everything that another depends on', async () => {
    const packages = ['@flipt-native/one', '@flipt-native/two', 'flipt-native'].map((name) => ({
      name,
      version: '1.0.0',
      integrity: `sha512-${Buffer.from(name).toString('base64')}`,
    }));
    const bom = writeBom(packages, await linkedTree());
    assert.deepEqual(writeBom(packages, await linkedTree()), bom);
    const known = [bom.metadata.component, ...bom.components].map((one) => one['bom-ref']);
    assert.equal(new Set(known).size, known.length);
    const named = bom.dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]);
    assert.deepEqual(new Set(named), new Set(known));
    assert.match(bom.serialNumber, /^urn:uuid:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/);
    const [main, one] = bom.dependencies;
    assert.deepEqual(main.dependsOn, [
      'pkg:npm/%40flipt-native/one@1.0.0',
      'pkg:npm/%40flipt-native/two@1.0.0',
    ]);
    assert.match(one.dependsOn[0], /^pkg:cargo\/flipt-native-bindings@/);
    assert.equal(
      bom.components[0].hashes[0].content,
      Buffer.from('@flipt-native/one').toString('hex'),
    );
  });
});
