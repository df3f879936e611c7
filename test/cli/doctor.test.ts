import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { version } from '../../src/version.ts';
import { runNode } from '../support/child.ts';
import { folder, run, runJson } from '../support/cli.ts';
import { built } from '../support/sdk.ts';

const root = join(import.meta.dirname, '../..');

/** A copy of the package as npm would install it, without a platform package. */
function bareCopy(): string {
  const copy = join(folder(), 'node_modules', 'flipt-native');
  mkdirSync(copy, { recursive: true });
  cpSync(join(built(), '..'), join(copy, 'dist'), { recursive: true });
  copyFileSync(join(root, 'package.json'), join(copy, 'package.json'));
  return copy;
}

describe('doctor', () => {
  it('prints the machine, the file that was loaded and an evaluation, and exits with 0', async () => {
    const { code, stdout, stderr } = await run(['doctor']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split('\n');
    expect(lines[0]).toBe(
      `machine     ${process.platform} ${process.arch}, ${lines[0]?.split(', ')[1]}, Node ${process.versions.node}`,
    );
    expect(lines[1]).toBe(`program     ${process.execPath}`);
    expect(stdout).toMatch(new RegExp(`^package     flipt-native ${version} in .+$`, 'm'));
    expect(stdout).toMatch(/^tried {7}✓ .*\.node: loaded$/m);
    expect(stdout).toMatch(/^evaluation {2}as it should be\n\nthe native addon works\n$/m);
  });

  it('writes the same as JSON', async () => {
    const report = await runJson(['doctor']);
    expect(report).toMatchObject({
      ok: true,
      machine: {
        platform: process.platform,
        arch: process.arch,
        program: process.execPath,
        versions: { node: process.versions.node, napi: process.versions['napi'] },
      },
      package: { version, manager: 'npm' },
      attempts: [{ loaded: true }],
      loaded: { path: expect.stringMatching(/\.node$/), version },
      evaluation: { ok: true },
      remedies: [],
    });
  });

  it('works where no addon loads: each cause, a remedy, and 1', async () => {
    const text = join(folder(), 'text.node');
    writeFileSync(text, 'not an addon');
    const env = { FLIPT_NATIVE_BINARY: text };
    const { code, stdout, stderr } = await run(['doctor'], env);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toContain(`tried       ✗ ${text}: it is no library of any system\n`);
    expect(stdout).toMatch(/^remedy {6}variable: let FLIPT_NATIVE_BINARY name/m);
    expect(stdout).toMatch(/\nthe native addon does not work\n$/);
    expect(await runJson(['doctor'], env)).toMatchObject({
      ok: false,
      attempts: [{ place: text, path: text, loaded: false, cause: { kind: 'no-library' } }],
      remedies: [{ name: 'variable' }],
    });
  });

  it('names what is not installed', async () => {
    const copy = bareCopy();
    const main = join(copy, 'dist', 'cli.js');
    const env = { FLIPT_NATIVE_BINARY: '', npm_config_omit: 'optional' };
    const { code, stdout } = await runNode([main, 'doctor', '--json'], { env });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: false,
      package: { folder: copy },
      attempts: expect.arrayContaining([
        expect.objectContaining({
          place: expect.stringMatching(/^@flipt-native\//),
          cause: { kind: 'missing', what: 'package' },
        }),
      ]),
      remedies: [{ name: 'omitted' }],
    });
  });

  it('is what another verb advises when it cannot load the addon', async () => {
    const { code, stderr } = await run(['list'], { FLIPT_NATIVE_BINARY: '/nowhere.node' });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^flipt-native: no native addon .*; flipt-native doctor tells more\n$/);
  });
});
