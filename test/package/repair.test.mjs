// Installations that cannot load the addon: what the error advises is done, and then it loads.

import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { packAll } from '../../npm/pack.mjs';
import { published } from '../../npm/targets.mjs';
import { execute, platformPackage, suffix } from './projects.mjs';
import { startRegistry } from './registry.mjs';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flipt-native-repair-')));
let registry;
let version;
let projects = 0;

before(async () => {
  const packed = await packAll(join(folder, 'packs'), { stubs: true });
  version = packed.version;
  registry = await startRegistry([packed.main, ...packed.platforms]);
});

after(async () => {
  await registry?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('an installation is repaired by what its error advises', () => {
  it('without optional dependencies', async () => {
    const project = await install('--omit=optional');
    await repaired(project, { remedy: 'omitted', says: `${platformPackage}: it is not installed` });
  });

  it('for another machine', async () => {
    const other = published.find(({ os, cpu }) => os !== process.platform && cpu !== process.arch);
    const project = await install(`--os=${other.os}`, `--cpu=${other.cpu}`);
    await repaired(project, { remedy: 'other-machine', says: other.suffix });
  });

  it('with a platform package of another version', async () => {
    const project = await install();
    const own = packageFolder(project);
    const aside = join(folder, `aside-${projects}`);
    renameSync(own, aside);
    const manifest = JSON.parse(readFileSync(join(aside, 'package.json'), 'utf8'));
    mkdirSync(own);
    writeFileSync(join(own, 'package.json'), JSON.stringify({ ...manifest, version: '9.9.9' }));
    renameSync(join(aside, 'flipt_native.node'), join(own, 'flipt_native.node'));
    await repaired(project, {
      remedy: 'version',
      says: `it is version 9.9.9, but flipt-native is ${version}`,
    });
  });

  it('with a file that is cut off', async () => {
    const project = await install();
    truncateSync(join(packageFolder(project), 'flipt_native.node'), 1_000_000);
    await repaired(project, { remedy: 'truncated', says: 'it is cut off: 1000000 of at least' });
  });

  it('with a stub in place of the addon', async () => {
    const project = await install();
    const file = join(packageFolder(project), 'flipt_native.node');
    writeFileSync(file, `flipt-native stub: ${suffix} ${version} was not built`);
    await repaired(project, { remedy: 'stub', says: 'it is a stub' });
  });

  it('without the file', async () => {
    const project = await install();
    const file = join(packageFolder(project), 'flipt_native.node');
    rmSync(file);
    await repaired(project, { remedy: 'incomplete', says: `it is installed without ${file}` });
  });
});

/** The error names this remedy; its command is run, and the addon loads. */
async function repaired(project, { remedy, says }) {
  const { code, stdout } = await doctor(project);
  assert.equal(code, 1, stdout);
  const { attempts, remedies } = JSON.parse(stdout);
  assert.deepEqual(
    remedies.map(({ name }) => name),
    [remedy],
  );
  const [{ text }] = remedies;
  const told = attempts.map(({ place, reason }) => `${place}: ${reason}`).join('\n');
  assert.ok(`${told}\n${text}`.includes(says), `${told}\n${text}`);
  if (text.includes('remove node_modules'))
    rmSync(join(project, 'node_modules'), { recursive: true });
  await npm(project, text.match(/npm (install[^,;)]*)/)[1].split(' '));
  const again = await doctor(project);
  assert.equal(again.code, 0, again.stdout);
  assert.equal(JSON.parse(again.stdout).evaluation.ok, true);
}

const packageFolder = (project) => join(project, 'node_modules', platformPackage);

function doctor(project) {
  const main = join(project, 'node_modules/flipt-native');
  const { bin } = JSON.parse(readFileSync(join(main, 'package.json'), 'utf8'));
  const args = [join(main, bin['flipt-native']), 'doctor', '--json'];
  return execute(process.execPath, args, { cwd: project });
}

async function install(...options) {
  projects += 1;
  const project = join(folder, `project-${projects}`);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true }');
  await npm(project, ['install', `flipt-native@${version}`, ...options]);
  return project;
}

async function npm(project, args) {
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const places = ['--registry', registry.url, '--cache', join(folder, 'npm-cache')];
  const { code, stdout, stderr } = await execute('npm', [...args, ...places, ...quiet], {
    cwd: project,
    shell: process.platform === 'win32',
  });
  assert.equal(code, 0, `npm ${args.join(' ')}\n${stdout}${stderr}`);
}
