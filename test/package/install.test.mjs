import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { findGroups } from '../install/groups.mjs';
import { inLanes } from '../install/lanes.mjs';
import { prepareHome, programsOf } from '../install/machine.mjs';
import { raise, versionAfter } from '../install/raise.mjs';
import { report } from '../install/table.mjs';

let folder;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'flipt-native-install-test-'));
});

after(() => rmSync(folder, { recursive: true, force: true }));

describe('the matrix of installations', () => {
  it('has a group for each package manager, and no rows of one name', async () => {
    const groups = await findGroups([]);
    const names = groups.map(({ name }) => name);
    for (const manager of ['npm', 'pnpm', 'yarn']) assert.ok(names.includes(manager), manager);
    for (const { name: group, rows } of groups) {
      assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length, group);
    }
  });

  it('refuses a group that there is not, and names those that there are', async () => {
    await assert.rejects(findGroups(['npm', 'nmp']), /no group nmp; there are .*npm/);
  });

  it('counts what failed', () => {
    const lines = [];
    const log = mock.method(console, 'log', (line) => lines.push(line));
    try {
      const row = { group: 'npm', name: 'fresh', took: '1.0 s' };
      assert.equal(report([row]), 0);
      assert.equal(report([row, { ...row, error: new Error('no') }]), 1);
    } finally {
      log.mock.restore();
    }
    assert.deepEqual(
      lines.filter((line) => line.startsWith('install:')),
      ['install: 1 passed, 0 failed', 'install: 1 passed, 1 failed'],
    );
  });

  it('does no more than two rows at a time, and keeps their order', async () => {
    let active = 0;
    let most = 0;
    const work = (value) => async () => {
      active += 1;
      most = Math.max(most, active);
      await new Promise((resolve) => setImmediate(resolve));
      active -= 1;
      return value;
    };
    assert.deepEqual(await inLanes([1, 2, 3, 4, 5].map(work)), [1, 2, 3, 4, 5]);
    assert.equal(most, 2);
  });
});

describe('the machine of a row', () => {
  it('knows nothing of the one around it', async () => {
    process.env.npm_config_registry = 'http://127.0.0.1:1/';
    process.env.NODE_OPTIONS = '--no-warnings';
    try {
      const environment = prepareHome(folder, 'http://127.0.0.1:2/');
      const { must, npm } = programsOf(folder, environment);
      const printed = await must(process.execPath, ['-p', 'process.env.NODE_OPTIONS']);
      assert.equal(printed, 'undefined\n');
      assert.equal(await npm(['config', 'get', 'registry']), 'http://127.0.0.1:2/\n');
    } finally {
      delete process.env.npm_config_registry;
      delete process.env.NODE_OPTIONS;
    }
  });

  it('shows everything that a failed program printed', async () => {
    const { must } = programsOf(folder, {});
    const program = 'console.log("told"); console.error("warned"); process.exit(3)';
    await assert.rejects(must(process.execPath, ['-e', program]), /ended with 3\ntold\nwarned/);
  });
});

describe('the version after', () => {
  for (const [version, next] of [
    ['0.1.0', '0.1.1'],
    ['0.1.9', '0.2.0'],
    ['0.9.9', '1.0.0'],
    ['1.9.99', '2.0.10'],
    ['1.2.3-beta.1', '1.2.4-beta.1'],
  ]) {
    it(`${version} is ${next}`, () => assert.equal(versionAfter(version), next));
  }

  it('is written into every file of a package, a binary one, too', async () => {
    const source = join(folder, 'package');
    mkdirSync(join(source, 'dist'), { recursive: true });
    const bytes = Buffer.from([0, 0xff, 0x80, ...Buffer.from('v0.1.0'), 0xc3, 0]);
    writeFileSync(join(source, 'package.json'), '{ "version": "0.1.0" }');
    writeFileSync(join(source, 'dist/addon.node'), bytes);
    const file = join(folder, 'packed.tgz');
    execFileSync('tar', ['-czf', file, '-C', folder, 'package']);
    const raised = await raise({ name: '@scope/addon', version: '0.1.0', file }, '0.1.1', folder);
    assert.equal(readFileSync(join(raised, 'package.json'), 'utf8'), '{ "version": "0.1.1" }');
    const expected = Buffer.from([0, 0xff, 0x80, ...Buffer.from('v0.1.1'), 0xc3, 0]);
    assert.deepEqual(readFileSync(join(raised, 'dist/addon.node')), expected);
  });
});
