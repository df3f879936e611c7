// Copies the files that blocks of the guides show into those blocks; run it after changing a recipe.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { directive } from './markdown.mjs';
import { readPages } from './pages.mjs';
import { root } from './project.mjs';

for (const { path, lines, blocks } of readPages()) {
  const shown = blocks.filter((block) => directive(block, 'shows') !== undefined);
  for (const block of shown.reverse()) {
    const file = readFileSync(join(root, directive(block, 'shows').argument), 'utf8').trimEnd();
    lines.splice(block.line - 1, block.lines.length, ...file.split('\n'));
  }
  if (shown.length > 0) writeFileSync(path, lines.join('\n'));
}
