import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../../package/projects.mjs';

const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const programs = fileURLToPath(new URL('programs', import.meta.url));

/** The packages that a consumer of every subpath has besides flipt-native. */
export const companionNames = [
  '@openfeature/core',
  '@openfeature/server-sdk',
  '@types/node',
  'typescript',
];

/** Their versions, as in the checkout; and the last TypeScript before 6. */
export const companions = {
  ...Object.fromEntries(companionNames.map((name) => [name, devDependencies[name]])),
  'typescript-5': 'npm:typescript@5.9.3',
};

const settings = [
  { name: 'node16, CommonJS', file: 'consumer.cts', module: 'Node16', moduleResolution: 'Node16' },
  { name: 'node16, ESM', file: 'consumer.mts', module: 'Node16', moduleResolution: 'Node16' },
  {
    name: 'nodenext, CommonJS',
    file: 'consumer.cts',
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
  },
  { name: 'nodenext, ESM', file: 'consumer.mts', module: 'NodeNext', moduleResolution: 'NodeNext' },
  { name: 'bundler', file: 'consumer.ts', module: 'ESNext', moduleResolution: 'Bundler' },
  { name: 'node10', file: 'consumer.ts', module: 'CommonJS', moduleResolution: 'Node10' },
];

/**
 * Holds an installation to what users do with it: require, import, evaluate, and compile TypeScript in every setting.
 *
 * `cwd` is the installed project; `node` is how it starts Node, where that is not Node alone.
 */
export async function accept(context, project) {
  const run = runnerOf(context, project);
  const expected = { isOneCopy: true, enabled: true, ranking: 'neural', banner: true };
  for (const program of ['required.cjs', 'imported.mjs'])
    assert.deepEqual(JSON.parse(await run(program, context.flipt.url)), expected, program);
  await compiles(run, 'typescript', settings);
  const oldest = settings.filter(({ name }) => name === 'node10');
  await compiles(run, 'typescript-5', oldest);
}

/** What becomes of a client: the `version` of the package that loaded, or `code` and `message` of the error. */
export async function load(context, project) {
  return JSON.parse(await runnerOf(context, project)('load.cjs', context.flipt.url));
}

/** Whether the dependant that imports the original package evaluates a flag. */
export async function isServedByOldName(context, project) {
  return JSON.parse(await runnerOf(context, project)('old-name.cjs', context.flipt.url));
}

/** Puts the programs into a project; gives what runs one of them there. */
function runnerOf({ folder, must }, { cwd = folder, node = [process.execPath] } = {}) {
  cpSync(programs, cwd, { recursive: true });
  for (const ending of ['cts', 'mts'])
    cpSync(join(programs, 'consumer.ts'), join(cwd, `consumer.${ending}`));
  const [command, ...first] = node;
  return (...args) => must(command, [...first, ...args], { cwd });
}

async function compiles(run, compiler, settings) {
  const found = await run('compile.cjs', compiler, JSON.stringify(settings));
  assert.equal(found, '', `${compiler}:\n${found}`);
}
