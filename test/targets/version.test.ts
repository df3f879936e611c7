import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packMain } from '../../npm/pack.mjs';
import { published } from '../../npm/targets.mjs';
import { root, runNode, runNpm } from '../../scripts/steps/process.mjs';

const version = '7.8.9-next.1';
let copy: string;

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'flipt-native-version-'));
  for (const name of ['LICENSE', '.npmrc', 'package.json', 'package-lock.json'])
    cpSync(join(root, name), join(copy, name));
  cpSync(join(root, 'npm'), join(copy, 'npm'), {
    recursive: true,
    filter: (path) => !/\.(node|stamp)$/.test(path),
  });
  mkdirSync(join(copy, 'src'));
  edit('package.json', (content) => {
    content.version = version;
  });
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe('after the version alone was changed', { timeout: 180_000 }, () => {
  it('npm ci still works, for no platform package of that version is asked for', async () => {
    expect(await installed()).toMatchObject({ code: 0 });
  });

  it('npm ci would not, if the manifest asked for one', async () => {
    const [target] = published;
    edit('package.json', (content) => {
      content.optionalDependencies = { [`@flipt-native/${target?.suffix}`]: version };
    });
    expect((await installed()).stderr).toContain('Missing: @flipt-native/');
    edit('package.json', (content) => {
      delete content.optionalDependencies;
    });
  });

  it('what is generated is said to be stale, and then follows', async () => {
    const stale = await generate('--check');
    expect(stale.code).toBe(1);
    for (const { suffix } of published)
      expect(stale.stderr).toContain(`npm/${suffix}/package.json`);
    expect(stale.stderr).toContain('src/version.ts');
    await generate();
    expect(await generate('--check')).toMatchObject({ code: 0, stderr: '' });
    for (const { suffix, os, cpu, libc } of published) {
      const manifest = read(`npm/${suffix}/package.json`);
      expect(manifest).toMatchObject({
        name: `@flipt-native/${suffix}`,
        version,
        os: [os],
        cpu: [cpu],
        preferUnplugged: true,
      });
      expect(manifest.libc).toEqual(libc && [libc]);
      expect(manifest).not.toHaveProperty('scripts');
    }
  });
});

it('the packed main package asks for each platform package of its version', {
  timeout: 180_000,
}, async () => {
  const { manifest, version: packed } = await packMain(copy);
  expect(manifest.optionalDependencies).toEqual(
    Object.fromEntries(published.map(({ suffix }) => [`@flipt-native/${suffix}`, packed])),
  );
  const checkedIn = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(checkedIn).not.toHaveProperty('optionalDependencies');
});

const installed = () =>
  runNpm(['ci', '--dry-run', '--offline', '--ignore-scripts', '--no-audit'], {
    cwd: copy,
    output: 'keep',
  });

const generate = (...args: string[]) =>
  runNode(['npm/generate.mjs', ...args], { cwd: copy, output: 'keep' });

const read = (name: string) => JSON.parse(readFileSync(join(copy, name), 'utf8'));

function edit(name: string, change: (content: ReturnType<typeof read>) => void) {
  const content = read(name);
  change(content);
  writeFileSync(join(copy, name), JSON.stringify(content));
}
