// What Electron demands of an addon, shown without Electron: its application in Node, on a copy of the addon for which
// functions of Node-API are missing that Electron refuses.

import {
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { hostTarget } from '../../npm/targets.mjs';
import { startServer } from '../support/server.mjs';
import { runApplication, runInElectron } from './run.mjs';
import { addonIn, lendElectron, stageApplication } from './stage.mjs';

const root = join(import.meta.dirname, '../..');
const built = join(root, 'npm', hostTarget().suffix, 'flipt_native.node');
const snapshot = readFileSync(join(root, 'test/conformance/demo/shop.snapshot.json'));

/** Functions that hand memory of the addon to JavaScript, which Electron refuses. */
const external = ['napi_create_external_arraybuffer', 'napi_create_external_buffer'];

/** The application with the functions missing, by their names as the addon looks them up. */
async function runWithout(functions: readonly string[]) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flipt-native-application-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const server = await startServer({ namespace: 'shop', snapshot });
  onTestFinished(() => server.close());
  stageApplication(folder);
  lendElectron(folder);
  const bytes = Buffer.from(readFileSync(built));
  for (const name of functions) {
    const at = bytes.indexOf(`${name}\0`);
    expect(at, name).toBeGreaterThan(0);
    bytes.write('X', at + name.length - 1);
  }
  writeFileSync(addonIn(folder), bytes);
  return runApplication(process.execPath, [join(folder, 'main.cjs')], { server });
}

interface Step {
  readonly name: string;
  readonly error?: string;
}

const failed = (results: Step[]) => results.filter(({ error }) => error !== undefined);

/** What a lookup that failed is called by, once somebody calls it. */
const notLoaded = (name: string) => `Node-API symbol ${name} has not been loaded`;

// A library that was changed is no longer signed, and macOS ends a process that loads it.
describe.runIf(process.platform !== 'darwin')('the application for Electron', () => {
  it('does all of it without buffers of the addon', async () => {
    const { output, results } = await runWithout(external);
    expect(failed(results)).toEqual([]);
    expect(results.length).toBeGreaterThan(6);
    expect(output).not.toContain('has not been loaded');
  }, 300_000);

  it('would tell of a function that is missing', async () => {
    const { output, results } = await runWithout(['napi_create_arraybuffer']);
    expect(failed(results)).not.toEqual([]);
    expect(output).toContain(notLoaded('napi_create_arraybuffer'));
  }, 300_000);
});

describe('a real Electron', () => {
  const isThere = existsSync(join(root, 'test/electron/node_modules/electron/path.txt'));

  it.runIf(!isThere)(
    'is refused in words where it cannot be downloaded',
    async () => {
      const empty = mkdtempSync(join(tmpdir(), 'flipt-native-electron-'));
      vi.stubEnv('ELECTRON_MIRROR', 'http://127.0.0.1:1/');
      vi.stubEnv('electron_config_cache', empty);
      onTestFinished(() => {
        vi.unstubAllEnvs();
        rmSync(empty, { recursive: true, force: true });
      });
      const told: string[] = [];
      const running = runInElectron((name: string) => told.push(name));
      await expect(running).rejects.toThrow(
        /^Electron cannot be downloaded here, .*\n {2}tried: {3}.*install\.js \(.+\)\n/,
      );
      expect(told).toEqual([]);
    },
    300_000,
  );
});
