// Collects what the ways gave and prints it as one table: group x way, each cell the comparisons and their differences.

import { inspect } from 'node:util';

const SHOWN = 5;

export class Report {
  #columns;
  #rows = new Map();
  #totals = new Map();
  #checks = [];
  #shown = 0;

  constructor(columns) {
    this.#columns = columns;
  }

  /** Adds to a cell. The first few differences are shown at once. */
  add(group, column, { compared, differences }) {
    if (!this.#rows.has(group)) this.#rows.set(group, new Map());
    for (const row of [this.#rows.get(group), this.#totals]) {
      const sum = row.get(column) ?? { compared: 0, failed: 0 };
      row.set(column, {
        compared: sum.compared + compared,
        failed: sum.failed + differences.length,
      });
    }
    for (const difference of differences)
      this.#show(`${column} ${difference.recorded.id}`, difference);
  }

  /** A condition beside the comparisons. */
  check(text, holds) {
    this.#checks.push({ text, holds });
    if (!holds) console.log(`FAILED: ${text}`);
  }

  /** Prints the table and the checks; returns how many comparisons and checks passed and failed. */
  finish() {
    const lines = [['', ...this.#columns]];
    for (const [group, row] of [...this.#rows, ['all', this.#totals]]) {
      lines.push([group, ...this.#columns.map((column) => cell(row.get(column)))]);
    }
    const widths = lines[0].map((_, column) =>
      Math.max(...lines.map((line) => line[column].length)),
    );
    for (const line of lines) {
      const cells = line.map((text, column) =>
        column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]),
      );
      console.log(cells.join('  ').trimEnd());
    }
    for (const { text, holds } of this.#checks)
      console.log(`${holds ? 'ok    ' : 'FAILED'} ${text}`);
    const totals = [...this.#totals.values()];
    const broken = this.#checks.filter(({ holds }) => !holds).length;
    const failed = totals.reduce((sum, total) => sum + total.failed, broken);
    const all = totals.reduce((sum, { compared }) => sum + compared, this.#checks.length);
    return { passed: all - failed, failed };
  }

  #show(title, { recorded, item, expected, given }) {
    this.#shown += 1;
    if (this.#shown > SHOWN) return;
    const asked =
      item > 0 || recorded.kind === 'batch' ? recorded.request.requests?.[item] : recorded.request;
    const options = { depth: 8, breakLength: 120 };
    console.log(`DIFFERS: ${title}`);
    console.log(`  asked  ${inspect(asked, options)}`);
    console.log(`  wanted ${inspect(expected, options)}`);
    console.log(`  given  ${inspect(given, options)}`);
  }
}

function cell(counted) {
  if (!counted) return '-';
  return counted.failed > 0
    ? `${counted.compared} (${counted.failed} differ)`
    : `${counted.compared}`;
}
