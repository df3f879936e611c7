import { stripVTControlCharacters } from 'node:util';

/** Passed and failed tests in what a runner printed; each reads its runner's own summary. */
export const counts = {
  cargo: (text) => sum(text.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm)),
  vitest(text) {
    const line = stripVTControlCharacters(text).match(/^\s+Tests {2}(.*)$/m)?.[1] ?? '';
    const of = (word) => Number(line.match(new RegExp(`(\\d+) ${word}`))?.[1] ?? 0);
    return { passed: of('passed'), failed: of('failed') };
  },
  /** The project's own runners end with `N passed, N failed`. */
  own(text) {
    const plain = stripVTControlCharacters(text);
    return sum([...plain.matchAll(/([\d,]+) passed, ([\d,]+) failed/g)].slice(-1));
  },
};

/** `12 passed, 0 failed` */
export const countsText = ({ passed, failed }) => `${passed} passed, ${failed} failed`;

function sum(matches) {
  const total = { passed: 0, failed: 0 };
  for (const [, passed, failed] of matches) {
    total.passed += Number(passed.replaceAll(',', ''));
    total.failed += Number(failed.replaceAll(',', ''));
  }
  return total;
}
