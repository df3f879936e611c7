import { StepError } from '../steps/process.mjs';
import { kinds } from './fragments.mjs';

const heading = /^## \[([^\]]+)\] - (\S+)$/gm;
const undated = 'Unreleased';

/** The sections of a changelog from its top down: `{ version, date, body }`; the date is undefined until the release. */
export function sectionsOf(changelog) {
  const found = [...changelog.matchAll(heading)];
  return found.map((match, index) => ({
    version: match[1],
    date: match[2] === undated ? undefined : match[2],
    body: changelog.slice(match.index + match[0].length, found[index + 1]?.index).trim(),
  }));
}

/** What a changelog says of one version, which are the notes of its release. */
export function notesOf(changelog, version) {
  const section = sectionsOf(changelog).find((one) => one.version === version);
  if (section === undefined) throw new StepError(`CHANGELOG.md has no section for ${version}`);
  if (section.date === undefined) throw new StepError(`CHANGELOG.md has no date for ${version}`);
  if (section.body === '') throw new StepError(`CHANGELOG.md says nothing of ${version}`);
  return section.body;
}

/** The version of the top section when that waits for its release. */
export function waiting(changelog) {
  const [top] = sectionsOf(changelog);
  return top?.date === undefined ? top?.version : undefined;
}

/**
 * The changelog with a section of these fragments on top. A section of the version that waits for its release is dated,
 * and the fragments go below what it says.
 */
export function withSection(changelog, { version, date, fragments }) {
  const items = listOf(fragments);
  const first = changelog.search(heading);
  if (waiting(changelog) === version) {
    const dated = changelog.replace(`## [${version}] - ${undated}`, `## [${version}] - ${date}`);
    return items === '' ? dated : withMore(dated, items);
  }
  if (items === '') throw new StepError(`no change for ${version}: there is no fragment`);
  const section = `## [${version}] - ${date}\n\n${items}\n`;
  if (first < 0) return `${changelog.trimEnd()}\n\n${section}`;
  return `${changelog.slice(0, first)}${section}\n${changelog.slice(first)}`;
}

/** Fragments as a list under the heading of each kind, in Markdown. */
export function listOf(fragments) {
  return Object.entries(kinds)
    .map(([kind, title]) => [title, fragments.filter((fragment) => fragment.kind === kind)])
    .filter(([, ofKind]) => ofKind.length > 0)
    .map(([title, ofKind]) => `### ${title}\n\n${ofKind.map(itemOf).join('\n')}`)
    .join('\n\n');
}

/** Puts items at the end of the top section. */
function withMore(changelog, items) {
  const [, second] = [...changelog.matchAll(heading)];
  const end = second?.index ?? changelog.length;
  const rest = changelog.slice(end);
  const top = `${changelog.slice(0, end).trimEnd()}\n\n${items}\n`;
  return rest === '' ? top : `${top}\n${rest}`;
}

const itemOf = ({ text }) => `- ${text.replaceAll('\n', '\n  ').replaceAll(/^ +$/gm, '')}`;
