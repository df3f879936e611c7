import { type Output, printable, type Style } from './output.js';

/** A column of a table. */
export interface Column {
  readonly head: string;
  /** How a cell looks; its text is passed. */
  style?(text: string): Style | undefined;
}

const GAP = 2;

/** Prints rows under heads. On a terminal the last column is cut so that no row is wider. */
export function table(output: Output, columns: readonly Column[], rows: readonly string[][]): void {
  const cells = rows.map((row) => row.map(printable));
  const widths = columns.map(({ head }, column) =>
    Math.max(length(head), ...cells.map((row) => length(row[column] ?? ''))),
  );
  const print = (row: readonly string[], styleOf: (column: number) => Style | undefined): void => {
    let used = 0;
    const parts = row.map((text, column) => {
      const isLast = column === row.length - 1;
      const room = output.isTerminal ? output.width - used : Number.POSITIVE_INFINITY;
      const shown = isLast ? cut(text, room) : text;
      const width = (widths[column] ?? 0) + GAP;
      used += width;
      const padding = isLast ? '' : ' '.repeat(Math.max(0, width - length(shown)));
      return output.styled(styleOf(column), shown) + padding;
    });
    output.line(parts.join('').trimEnd());
  };
  print(
    columns.map(({ head }) => head),
    () => 'dim',
  );
  for (const row of cells) {
    print(row, (column) => columns[column]?.style?.(row[column] ?? ''));
  }
}

/** Text cut to a number of columns. */
export function cut(text: string, room: number): string {
  const characters = [...text];
  return characters.length <= room
    ? text
    : `${characters.slice(0, Math.max(0, room - 1)).join('')}…`;
}

/** Text broken into lines of at most so many columns, between words where that goes. */
export function wrapped(text: string, room: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (length(longer) <= room) {
      line = longer;
      continue;
    }
    if (line !== '') {
      lines.push(line);
    }
    const characters = [...word];
    while (characters.length > room) {
      lines.push(characters.splice(0, room).join(''));
    }
    line = characters.join('');
  }
  lines.push(line);
  return lines;
}

/** `1 flag`, `2 flags` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** How many columns a text takes. */
export function length(text: string): number {
  return [...text].length;
}
