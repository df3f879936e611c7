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

/** A text without the one line that begins so. */
export function without(text, beginning) {
  const lines = text.split('\n');
  const kept = lines.filter((one) => !one.trim().startsWith(beginning));
  assert.equal(kept.length, lines.length - 1, `not one line begins with ${beginning} in\n${text}`);
  return kept.join('\n');
}
