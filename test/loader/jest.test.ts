// The registries of Jest: each test file, and each reset, has a copy of the package of its own.

import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { installLocked } from '../../scripts/steps/install.mjs';
import { runNode } from '../support/child.ts';

const root = join(import.meta.dirname, '../..');

const tests = `
const ask = async () => {
  const { FliptClient } = require('flipt-native');
  const client = await FliptClient.init({ offline: true, bootstrap: { banner: true } });
  const value = client.getBooleanValue('banner', false);
  await client.close();
  return [FliptClient, value];
};

test('a copy for each registry', async () => {
  const [first, value] = await ask();
  jest.resetModules();
  const [second, again] = await ask();
  expect(second).not.toBe(first);
  let third;
  jest.isolateModules(() => {
    third = ask();
  });
  expect([value, again, (await third)[1]]).toEqual([true, true, true]);
}, 60_000);
`;

/** Runs before everything else, in the process itself. */
const preload = `
const dlopen = process.dlopen;
const loads = [];
process.dlopen = (module, path, ...rest) => {
  if (path.includes('flipt_native')) loads.push(path);
  return dlopen.call(process, module, path, ...rest);
};
process.on('exit', () => require('node:fs').writeFileSync(process.env.LOADS, JSON.stringify(loads)));
`;

beforeAll(() => installLocked('test/drop-in', 'installing Jest'), 300_000);

it('the addon is loaded once for all files and resets of a process', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flipt-native-jest-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/flipt-native'), 'junction');
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  writeFileSync(join(folder, 'preload.cjs'), preload);
  for (const name of ['one', 'two', 'three']) {
    writeFileSync(join(folder, `${name}.test.js`), tests);
  }
  const jest = join(root, 'test/drop-in/node_modules/jest/bin/jest.js');
  const { code, stderr } = await runNode(
    [
      '-r',
      join(folder, 'preload.cjs'),
      jest,
      '--rootDir',
      folder,
      '--ci',
      '--runInBand',
      '--no-cache',
      '--no-watchman',
    ],
    { cwd: folder, env: { LOADS: join(folder, 'loads.json') }, hangAfterMs: 120_000 },
  );
  expect(stderr).toMatch(/Tests: +3 passed, 3 total/);
  expect(code).toBe(0);
  expect(JSON.parse(readFileSync(join(folder, 'loads.json'), 'utf8'))).toHaveLength(1);
}, 150_000);
