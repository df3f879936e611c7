import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { published, targets } from '../../npm/targets.mjs';
import { isBuilt, putBinary, sourcesNow } from '../../scripts/steps/binary.mjs';
import { root, runNode } from '../../scripts/steps/process.mjs';
import { buildSettings } from '../../scripts/steps/settings.mjs';
import { buildOf, requireTarget } from '../../scripts/targets/build.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flipt-native-build-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it.each(published)('$suffix is built with the native command on its runner', (target) => {
  expect(buildOf(target, target.os)).toEqual({ command: target.build, isLinkCheck: false });
});

it.each(published.filter(({ os }) => os === 'win32'))(
  '$suffix names its runner elsewhere',
  (target) => {
    for (const system of ['linux', 'darwin']) {
      expect(() => buildOf(target, system)).toThrow(
        `${target.suffix} cannot be built on ${system}; its runner is ${target.runner}`,
      );
    }
  },
);

it.each(published.filter(({ os }) => os === 'darwin'))(
  '$suffix is only linked on Linux',
  (target) => {
    expect(buildOf(target, 'linux')).toEqual({ command: target.linkCheck, isLinkCheck: true });
    expect(() => buildOf(target, 'win32')).toThrow(`its runner is ${target.runner}`);
  },
);

it('fails with the runner where the target cannot be built', async () => {
  const foreign = published.find(
    ({ os }) => os === (process.platform === 'win32' ? 'darwin' : 'win32'),
  );
  const { code, stderr } = await runNode(['scripts/build-target.mjs', String(foreign?.suffix)], {
    output: 'keep',
  });
  expect(code).toBe(1);
  expect(stderr.trim()).toBe(
    `${foreign?.suffix} cannot be built on ${process.platform}; its runner is ${foreign?.runner}`,
  );
});

it('names the targets there are when it knows none of that name', () => {
  expect(() => requireTarget('linux-x64')).toThrow(
    `no target linux-x64; there are ${targets.map(({ suffix }) => suffix).join(', ')}`,
  );
});

it('leaves the folders of the machine out of the binary', async () => {
  const settings = await buildSettings(requireTarget('linux-x64-gnu'), { env: {} });
  const flags = settings.CARGO_ENCODED_RUSTFLAGS.split('\u001f');
  expect(flags).toContain(`--remap-path-prefix=${root}=.`);
  expect(
    flags.filter((flag: string) => /^--remap-path-prefix=.+=\/crates$/.test(flag)),
  ).toHaveLength(1);
});

it.each([
  ['linux-x64-musl', 'target-feature=-crt-static'],
  ['win32-x64-msvc', 'target-feature=+crt-static'],
])('%s is linked with %s', async (suffix, flag) => {
  const settings = await buildSettings(requireTarget(suffix), { env: {} });
  expect(settings.CARGO_ENCODED_RUSTFLAGS.split('\u001f')).toContain(flag);
});

it('sets the oldest macOS', async () => {
  const target = requireTarget('darwin-arm64');
  const settings = await buildSettings(target, { env: {} });
  expect(settings).toMatchObject({ MACOSX_DEPLOYMENT_TARGET: target.macos });
});

it('takes a binary for built only while it is what was put there, of these sources, in this way', () => {
  const binary = relative(root, join(folder, 'flipt_native.node'));
  const library = join(folder, 'library.so');
  writeFileSync(library, 'a library');
  expect(isBuilt(binary, 'one way')).toBe(false);
  putBinary(binary, library, sourcesNow('one way'));
  expect(isBuilt(binary, 'one way')).toBe(true);
  expect(isBuilt(binary, 'another way')).toBe(false);
  writeFileSync(join(root, binary), 'another library');
  expect(isBuilt(binary, 'one way')).toBe(false);
  putBinary(binary, library, 'other sources');
  expect(isBuilt(binary, 'one way')).toBe(false);
});
