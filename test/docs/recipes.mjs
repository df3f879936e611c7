// The recipes for test runners, each run by its own runner as a file of a user's project.

import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { installLocked } from '../../scripts/steps/install.mjs';
import { runChild } from './child.mjs';
import { compile, root } from './project.mjs';

const source = join(root, 'test/recipes');

const recipes = [
  { file: 'vitest.test.ts', run: (folder) => vitest(folder, 'vitest.test.ts') },
  { file: 'msw.test.ts', run: (folder) => vitest(folder, 'msw.test.ts') },
  { file: 'jest.test.cjs', run: jest },
  {
    file: 'node.test.mjs',
    run: (folder) => runChild(process.execPath, ['--test', 'node.test.mjs'], { cwd: folder }),
  },
];

/** Runs every recipe; `tell(name, problem)` hears of each. */
export async function checkRecipes({ folder: whole, folderOf }, tell) {
  await installLocked('test/drop-in', 'installing the published package and Jest');
  const folders = new Map(recipes.map(({ file }) => [file, folderOf(`recipe ${file}`)]));
  for (const [file, folder] of folders) cpSync(join(source, file), join(folder, file));
  checkTypes(whole, folders, tell);
  for (const { file, run } of recipes) {
    const folder = folders.get(file);
    const { code, stdout, stderr } = await run(folder);
    const text = `${stdout}${stderr}`;
    const count = /(?:Tests +|Tests: +|^# pass )(\d+)/m.exec(text)?.[1] ?? '0';
    tell(
      `test/recipes/${file}`,
      code === 0 && Number(count) > 0 ? '' : `ended with ${code}\n${text}`,
    );
  }
}

function checkTypes(whole, folders, tell) {
  const programs = [...folders].filter(([file]) => file.endsWith('.ts'));
  const wrong = compile(
    whole,
    programs.map(([file, folder]) => join(folder, file)),
    { emit: false },
  );
  tell(
    'types of the recipes',
    wrong.map(({ file, line, text }) => `${basename(file)}:${line}: ${text}`).join('\n'),
  );
}

function vitest(folder, file) {
  writeFileSync(join(folder, 'vitest.config.mjs'), 'export default {};\n');
  const program = join(root, 'node_modules/vitest/vitest.mjs');
  return runChild(process.execPath, [program, 'run', file], { cwd: folder });
}

function jest(folder) {
  mkdirSync(join(folder, 'cache'));
  const program = join(root, 'test/drop-in/node_modules/jest/bin/jest.js');
  const args = ['--rootDir', folder, '--ci', '--no-watchman', '--testMatch', '**/jest.test.cjs'];
  return runChild(process.execPath, [program, ...args, '--cacheDirectory', join(folder, 'cache')], {
    cwd: folder,
  });
}
