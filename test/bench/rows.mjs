/** The units of figures: how a number is written. */
export const units = {
  nanos: (value) => `${rounded(value)} ns`,
  micros: (value) => `${rounded(value)} µs`,
  millis: (value) => `${rounded(value)} ms`,
  count: (value) => String(value),
  times: (value) => `${rounded(value)}x`,
  kilobytes: (value) => `${rounded(value / 1e3)} kB`,
  megabytes: (value) => `${rounded(value / 1e6)} MB`,
  percent: (value) => `${value >= 0 ? '+' : ''}${(value * 100).toFixed(1)} %`,
};

/** The rows of the result, and how many goals were missed. */
export class Rows {
  list = [];
  notes = [];
  missed = 0;

  /** A figure that has to stay below a goal; without a goal it is for information. */
  atMost(row, unit, { median, minimum }, goal) {
    this.#add(row, unit, median, minimum, goal, '<=', median <= goal);
  }

  /** A figure that has to reach a goal. */
  atLeast(row, unit, { median, minimum }, goal) {
    this.#add(row, unit, median, minimum, goal, '>=', median >= goal);
  }

  /** A row that could not be measured. */
  unmeasured(row, reason) {
    this.missed++;
    this.list.push([row, '-', '-', '-', 'not measured']);
    this.notes.push(`${row} was not measured: ${reason}`);
  }

  #add(row, unit, median, minimum, goal, sign, isMet) {
    const written = units[unit];
    const least = minimum === undefined ? '' : written(minimum);
    if (goal === undefined) {
      this.list.push([row, written(median), least, '', '']);
      return;
    }
    if (!isMet) this.missed++;
    this.list.push([
      row,
      written(median),
      least,
      `${sign} ${written(goal)}`,
      isMet ? 'met' : 'missed',
    ]);
  }
}

/** How many times slower one measurement is than another. */
export function ratio(slow, fast) {
  return { median: slow.median / fast.median, minimum: slow.minimum / fast.minimum };
}

function rounded(value) {
  if (Number.isInteger(value)) return value.toLocaleString('en');
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 10 ? 1 : 2);
}
