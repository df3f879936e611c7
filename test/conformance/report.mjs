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

  /** One cell. The first few differences are shown at once. */
  add(group, column, { compared, differences }) {
    const row = this.#rows.get(group) ?? new Map();
    this.#rows.set(group, row.set(column, { compared, failed: differences.length }));
    const total = this.#totals.get(column) ?? { compared: 0, failed: 0 };
    this.#totals.set(column, {
      compared: total.compared + compared,
      failed: total.failed + differences.length,
    });
    for (const difference of differences)
      this.#show(`${column} ${difference.recorded.id}`, difference);
  }

  /** A condition beside the comparisons. */
  check(text, holds) {
    this.#checks.push({ text, holds });
    if (!holds) console.log(`FAILED: ${text}`);
  }

  /** Prints the table, the checks and the verdict; returns whether all is well. */
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
    const differing = totals.reduce((sum, { failed }) => sum + failed, 0);
    const compared = totals.reduce((sum, total) => sum + total.compared, 0);
    const broken = this.#checks.filter(({ holds }) => !holds).length;
    const failed = differing + broken;
    console.log(`${compared + this.#checks.length - failed} passed, ${failed} failed`);
    return failed === 0 && compared > 0;
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
