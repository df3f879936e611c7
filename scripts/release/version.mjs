import { StepError } from '../steps/process.mjs';

const semver =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*))?$/;

/** The steps that `nextVersion` knows; anything else is a version itself. */
export const steps = ['patch', 'minor', 'major'];

/** `{ core: [major, minor, patch], prerelease: [...] }`; build metadata is refused, since npm drops it. */
export function parseVersion(text) {
  const found = semver.exec(text);
  if (!found) throw new StepError(`${text} is no version as in 1.2.3 or 1.2.3-rc.1`);
  return {
    core: found.slice(1, 4).map(Number),
    prerelease: found[4] === undefined ? [] : found[4].split('.'),
  };
}

/** Below 0, 0 or above 0, by the precedence of Semantic Versioning. */
export function compareVersions(left, right) {
  const [a, b] = [parseVersion(left), parseVersion(right)];
  for (const [index, number] of a.core.entries()) {
    if (number !== b.core[index]) return number - b.core[index];
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0)
    return b.prerelease.length - a.prerelease.length;
  for (const [index, identifier] of a.prerelease.entries()) {
    const other = b.prerelease[index];
    if (other === undefined) return 1;
    if (identifier !== other) return compareIdentifiers(identifier, other);
  }
  return a.prerelease.length - b.prerelease.length;
}

/** The version that a step, or a version by itself, leads to; it has to be above the current one. */
export function nextVersion(current, step) {
  const next = steps.includes(step) ? stepped(parseVersion(current), step) : step;
  if (compareVersions(next, current) <= 0)
    throw new StepError(`${next} is not above the current version ${current}`);
  return next;
}

export const isPrerelease = (version) => parseVersion(version).prerelease.length > 0;

/** The dist-tag of npm under which a version is published. */
export const distTagOf = (version) => (isPrerelease(version) ? 'next' : 'latest');

/** A prerelease is of the version that it leads to, so a step that it has taken already is not taken again. */
function stepped({ core: [major, minor, patch], prerelease }, step) {
  const isPre = prerelease.length > 0;
  if (step === 'major') return `${isPre && minor === 0 && patch === 0 ? major : major + 1}.0.0`;
  if (step === 'minor') return `${major}.${isPre && patch === 0 ? minor : minor + 1}.0`;
  return `${major}.${minor}.${isPre ? patch : patch + 1}`;
}

function compareIdentifiers(left, right) {
  const [a, b] = [/^\d+$/.test(left), /^\d+$/.test(right)];
  if (a && b) return Number(left) - Number(right);
  if (a !== b) return a ? -1 : 1;
  return left < right ? -1 : 1;
}
