// Code blocks of a page, with the directives in the HTML comments around them.

import { readFileSync } from 'node:fs';

const fence = /^(`{3,})([\w-]*)\s*$/;
const directiveNames = [
  'bundled',
  'compile-only',
  'setup',
  'after',
  'file',
  'shows',
  'env',
  'server',
  'exit',
  'prints',
];

/**
 * Reads a page. A block is `{ page, line, language, lines, directives }`: `line` is that of its first line, counted from
 * 1, and each directive is `{ name, argument, line, lines }`, those before the block and an `after` behind it.
 */
export function readPage(path, page) {
  const text = readFileSync(path, 'utf8');
  const lines = text.split('\n');
  const blocks = [];
  let pending = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index];
    if (line.startsWith('<!-- snippet:')) {
      const directive = readDirective(lines, index, page);
      index = directive.end;
      if (directive.name === 'after') {
        if (blocks.length === 0)
          throw new Error(`${page}:${directive.line}: nothing stands before it`);
        blocks.at(-1).directives.push(directive);
      } else {
        pending.push(directive);
      }
      continue;
    }
    const opened = fence.exec(line);
    if (opened !== null) {
      const end = lines.indexOf(opened[1], index + 1);
      if (end < 0) throw new Error(`${page}:${index + 1}: the block is not closed`);
      blocks.push({
        page,
        language: opened[2],
        line: index + 2,
        lines: lines.slice(index + 1, end),
        directives: pending,
      });
      pending = [];
      index = end;
    } else if (line.trim() !== '' && pending.length > 0) {
      throw new Error(`${page}:${index + 1}: a directive stands before no block`);
    }
  }
  return { page, path, text, lines, blocks };
}

/** The argument of a block's directive, or undefined when it has none of that name. */
export const directive = (block, name) => block.directives.find((one) => one.name === name);

/**
 * The program of a block, on the same lines as in the page: its setup stands where its comment stands, everything else of
 * the page is empty lines.
 */
export function programOf(block) {
  const placed = [];
  const place = (line, lines) => {
    for (const [offset, text] of lines.entries()) placed[line - 1 + offset] = text;
  };
  for (const { name, line, lines } of block.directives) {
    if (name === 'setup' || name === 'after') place(line + 1, lines);
  }
  place(block.line, block.lines);
  return `${Array.from(placed, (text) => text ?? '').join('\n')}\n`;
}

function readDirective(lines, start, page) {
  const end = lines.findIndex((line, index) => index >= start && line.endsWith('-->'));
  const match = /^<!-- snippet: ([\w-]+)(?: (.*?))?(?: -->)?$/.exec(lines[start]);
  if (end < 0 || match === null || !directiveNames.includes(match[1])) {
    throw new Error(
      `${page}:${start + 1}: not a directive; there are ${directiveNames.join(', ')}`,
    );
  }
  const [, name, argument = ''] = match;
  if (name === 'compile-only' && argument.length < 10) {
    throw new Error(`${page}:${start + 1}: an exception names its reason`);
  }
  return { name, argument, line: start + 1, lines: lines.slice(start + 1, end), end };
}
