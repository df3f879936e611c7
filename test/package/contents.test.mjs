import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { packMain, packPlatform } from '../../npm/pack.mjs';
import { published } from '../../npm/targets.mjs';
import { contentProblems } from './contents.mjs';
import { root, suffix } from './projects.mjs';

const folder = mkdtempSync(join(tmpdir(), 'flipt-native-contents-'));
const manifestOf = (path) => JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));

let main;
let platform;

before(async () => {
  main = await packMain(folder);
  platform = await packPlatform({ suffix }, folder);
});

after(() => rmSync(folder, { recursive: true, force: true }));

describe('the main package', () => {
  it('holds the listed files, each about as large as it was', () => {
    const remedy = 'node test/package/contents.mjs writes the list anew';
    assert.deepEqual(contentProblems(main), [], remedy);
  });

  it('has at most 400 KB unpacked', () => {
    assert.ok(main.unpackedSize <= 400_000, `${main.unpackedSize} bytes`);
  });

  it('brings no dependencies but the platform packages of its own version', () => {
    const { dependencies, optionalDependencies, peerDependenciesMeta, version } = main.manifest;
    assert.equal(dependencies, undefined);
    assert.deepEqual(
      optionalDependencies,
      Object.fromEntries(published.map((one) => [`@flipt-native/${one.suffix}`, version])),
    );
    assert.deepEqual(Object.values(peerDependenciesMeta), [{ optional: true }]);
  });

  it('has no field that is only for its development', () => {
    const fields = ['scripts', 'devDependencies'].filter((name) => name in main.manifest);
    assert.deepEqual(fields, []);
  });

  it('is clean to publint', async () => {
    const tarball = await arrayBufferOf(main);
    const { messages } = await publint({ pack: { tarball }, strict: true });
    const texts = messages.map((one) => formatMessage(one, main.manifest, { color: false }));
    assert.deepEqual(texts, []);
  });

  it('has right types at every subpath for every way to resolve modules', async () => {
    const checked = createPackageFromTarballData(new Uint8Array(await arrayBufferOf(main)));
    const { entrypoints, problems } = await checkPackage(checked);
    const subpaths = Object.keys(main.manifest.exports).sort();
    assert.deepEqual(Object.keys(entrypoints).sort(), subpaths);
    assert.deepEqual(problems, []);
    for (const [subpath, { resolutions }] of Object.entries(entrypoints)) {
      for (const [how, { resolution }] of Object.entries(resolutions)) {
        assert.ok(resolution, `${subpath} under ${how}`);
      }
    }
  });
});

describe('a platform package', () => {
  it('holds the binary, its description and the licences', () => {
    const paths = platform.files.map(({ path }) => path);
    assert.deepEqual(paths, [
      'LICENSE',
      'README.md',
      'THIRD-PARTY-LICENSES',
      'flipt_native.node',
      'package.json',
    ]);
  });

  it('has at most 6 MB, and 2.5 MB packed', () => {
    assert.ok(platform.unpackedSize <= 6_000_000, `${platform.unpackedSize} bytes unpacked`);
    assert.ok(platform.size <= 2_500_000, `${platform.size} bytes packed`);
  });
});

describe('an installation', () => {
  it('runs nothing of ours', () => {
    const manifests = ['.', ...published.map((one) => `npm/${one.suffix}`)].map(manifestOf);
    const scripts = [...manifests, main.manifest, platform.manifest].map((one) => one.scripts);
    const run = /^(pre|post)?(install|prepare|pack|publish)(Only)?$|^dependencies$/;
    const found = scripts.flatMap((one) => Object.keys(one ?? {})).filter((name) => run.test(name));
    assert.deepEqual(found, []);
    // Where there is one, npm compiles.
    assert.ok(!readdirSync(root).includes('binding.gyp'));
  });
});

async function arrayBufferOf({ file }) {
  const { buffer, byteOffset, length } = readFileSync(file);
  return buffer.slice(byteOffset, byteOffset + length);
}
