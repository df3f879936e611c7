const COLUMNS = [
  ['scenario', 74],
  ['mode', 9],
  ['recovery', 8],
  ['took', 7],
  ['ok', 4],
  ['what happened', 0],
];

export const header = () =>
  `${cells(COLUMNS.map(([name]) => name))}\n${cells(COLUMNS.map(([name, width]) => '-'.repeat(width || name.length)))}`;

export const row = ({ name, mode, recoveryMs, tookMs, ok, happened = '' }) =>
  cells([name, mode, duration(recoveryMs), duration(tookMs), ok ? 'ok' : 'FAIL', happened]);

/** `12 ms` or `1.2 s`. */
function duration(ms) {
  if (ms === undefined) return '';
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function cells(texts) {
  return texts
    .map((text, index) => {
      const [name, width] = COLUMNS[index];
      const isNumber = name === 'recovery' || name === 'took';
      return isNumber ? text.padStart(width) : text.padEnd(width);
    })
    .join('  ')
    .trimEnd();
}
