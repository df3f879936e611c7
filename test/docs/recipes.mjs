// The recipes for test runners, each run by its own runner as a file of a user's project.

import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { installLocked } from '../../scripts/steps/install.mjs';
import { runChild } from './child.mjs';
import { root } from './project.mjs';

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
export async function checkRecipes({ folderOf }, tell) {
  await installLocked('test/drop-in', 'installing the published package and Jest');
  for (const { file, run } of recipes) {
    const folder = folderOf(`recipe ${file}`);
    cpSync(join(source, file), join(folder, file));
    cpSync(join(source, 'shop.ts'), join(folder, 'shop.ts'));
    const { code, stdout, stderr } = await run(folder);
    const text = `${stdout}${stderr}`;
    const count = /(?:Tests +|Tests: +|^# pass )(\d+)/m.exec(text)?.[1] ?? '0';
    tell(
      `test/recipes/${file}`,
      code === 0 && Number(count) > 0 ? '' : `ended with ${code}\n${text}`,
    );
  }
}

function vitest(folder, file) {
  writeFileSync(join(folder, 'vitest.config.mjs'), 'export default {};\n');
  const program = join(root, 'node_modules/vitest/vitest.mjs');
  return runChild(process.execPath, [program, 'run', file], { cwd: folder });
}

function jest(folder) {
  mkdirSync(join(folder, 'cache'));
  const program = createRequire(join(root, 'test/drop-in/package.json')).resolve(
    'jest/bin/jest.js',
  );
  const args = ['--rootDir', folder, '--ci', '--no-watchman', '--testMatch', '**/jest.test.cjs'];
  return runChild(process.execPath, [program, ...args, '--cacheDirectory', join(folder, 'cache')], {
    cwd: folder,
  });
}
