/** One rule with what was found; `wanted` says what the rule asks for. */
export const rule = (name, holds, found, wanted) => ({ name, holds, found, wanted });

/** `a, b` or `none`. */
export const list = (names) => (names.length === 0 ? 'none' : names.join(', '));

/** The names that no pattern allows. */
export const foreign = (names, ...allowed) =>
  names.filter((name) => !allowed.some((pattern) => pattern.test(name)));

/** Orders versions number by number; what is no number comes after every number. */
export function compareVersions(one, other) {
  const [left, right] = [one, other].map((version) => String(version).split('.').map(Number));
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [a, b] = [left, right].map((parts) => orLast(parts[index] ?? 0));
    if (a !== b) return a < b ? -1 : 1;
  }
  return 0;
}

const orLast = (number) => (Number.isNaN(number) ? Number.POSITIVE_INFINITY : number);
