/** A table for the terminal; the first column is text, numbers go right. */
export function plain({ title, columns, rows }) {
  const widths = columns.map(({ name }, index) =>
    Math.max(name.length, ...rows.map((row) => row[index].length)),
  );
  const line = (cells) =>
    cells
      .map((cell, index) =>
        columns[index].right ? cell.padStart(widths[index]) : cell.padEnd(widths[index]),
      )
      .join('  ')
      .trimEnd();
  const head = line(columns.map(({ name }) => name));
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [title, '', head, rule, ...rows.map(line), ''].join('\n');
}

/** The same table in Markdown. */
export function markdown({ title, columns, rows }) {
  const line = (cells) =>
    `| ${cells.map((cell) => cell.trim().replaceAll('|', '\\|')).join(' | ')} |`;
  const head = line(columns.map(({ name }) => name));
  const rule = `|${columns.map(({ right }) => (right ? ' ---: ' : ' --- ')).join('|')}|`;
  return [`### ${title}`, '', head, rule, ...rows.map(line), ''].join('\n');
}
