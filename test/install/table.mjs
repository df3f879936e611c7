import { countsText } from '../../scripts/steps/counts.mjs';

/** Prints one line a row and the counts; gives the exit code. */
export function report(results) {
  const width = (field) => Math.max(...results.map((result) => result[field].length));
  const [groups, names, times] = ['group', 'name', 'took'].map(width);
  console.log('\n=== installed as users install');
  for (const { group, name, took, error, note } of results) {
    const verdict = error ? 'FAIL' : 'ok  ';
    const line = `${verdict} ${group.padEnd(groups)}  ${name.padEnd(names)}  ${took.padStart(times)}`;
    console.log(note ? `${line}  ${note}` : line);
  }
  const failed = results.filter(({ error }) => error).length;
  console.log(`install: ${countsText({ passed: results.length - failed, failed })}`);
  return failed === 0 ? 0 : 1;
}
