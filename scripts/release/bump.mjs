import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runNode, StepError } from '../steps/process.mjs';
import { listOf, notesOf, waiting, withSection } from './changelog.mjs';
import { readFragments } from './fragments.mjs';
import { versionOf, writeVersions } from './places.mjs';
import { isPrerelease, nextVersion } from './version.mjs';

/**
 * Gives a checkout its next version: the version in all its places, what is generated from it, and a section of the
 * changelog from the fragments, which are used up; those of a prerelease stay for the release that it leads to.
 * The step is patch, minor, major or a version. Resolves to the version.
 */
export async function bump(checkout, step, date = new Date()) {
  const current = versionOf(checkout);
  const file = join(checkout, 'CHANGELOG.md');
  const changelog = readFileSync(file, 'utf8');
  const version = nextOf(current, step, changelog);
  const fragments = isPrerelease(version) ? [] : readFragments(checkout);
  const day = date.toISOString().slice(0, 10);
  const written = isPrerelease(version)
    ? changelog
    : withSection(changelog, { version, date: day, fragments });
  writeVersions(checkout, version);
  await generate(checkout);
  writeFileSync(file, written);
  for (const { path } of fragments) rmSync(join(checkout, path));
  return version;
}

/** What users are told of the version of a checkout, as Markdown. */
export function releaseNotes(checkout) {
  const version = versionOf(checkout);
  if (isPrerelease(version)) return listOf(readFragments(checkout));
  return notesOf(readFileSync(join(checkout, 'CHANGELOG.md'), 'utf8'), version);
}

/** The first release has the version that the sources were written under, and no other comes before it. */
function nextOf(current, step, changelog) {
  const first = waiting(changelog);
  if (first === undefined) return nextVersion(current, step);
  if (step === first && first === current) return current;
  throw new StepError(`CHANGELOG.md waits for the release of ${first}: bump ${first}`);
}

async function generate(checkout) {
  const args = [join('npm', 'generate.mjs')];
  const { code, stderr } = await runNode(args, { cwd: checkout, output: 'keep' });
  if (code !== 0) throw new StepError(`node npm/generate.mjs failed:\n${stderr}`);
}
