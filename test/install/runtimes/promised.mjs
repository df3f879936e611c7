import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../package/projects.mjs';

/** What the table of docs/runtimes.md says of a runtime: whether each check works, by the name of the check. */
export function promised(runtime) {
  const page = readFileSync(join(root, 'docs/runtimes.md'), 'utf8');
  const [head, , ...rows] = page
    .match(/^\| check.*\n(?:\|.*\n)+/m)[0]
    .trim()
    .split('\n')
    .map(cellsOf);
  const column = head.indexOf(runtime);
  if (column === -1) throw new Error(`docs/runtimes.md has no column ${runtime}`);
  return Object.fromEntries(rows.map((cells) => [cells[0], cells[column] === 'yes']));
}

const cellsOf = (line) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
