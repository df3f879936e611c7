import assert from 'node:assert/strict';
import { join } from 'node:path';
import { directive, readPage } from '../../docs/markdown.mjs';
import { root } from '../../package/projects.mjs';

/** The text of a file that a page of the documentation shows under this name. */
export function shown(page, name) {
  const { blocks } = readPage(join(root, page), page);
  const block = blocks.find((one) => directive(one, 'file')?.argument === name);
  assert.ok(block, `${page} shows no ${name}`);
  return `${block.lines.join('\n')}\n`;
}

/** A text without one of its lines. */
export function without(text, line) {
  const lines = text.split('\n');
  const kept = lines.filter((one) => one.trim() !== line);
  assert.equal(kept.length, lines.length - 1, `there is not one line ${line} in\n${text}`);
  return kept.join('\n');
}
