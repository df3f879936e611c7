import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packMain } from '../../npm/pack.mjs';

/** The files of the main package, each with its bytes when they were last looked at by a person. */
const list = fileURLToPath(new URL('./contents.json', import.meta.url));

/** How far a file may be from its entry: more than a fix changes, less than a copy of something. */
const share = 0.2;
const bytes = 2_000;

/** What in a packed package is not as the list says, one text each. */
export function contentProblems({ files }) {
  const listed = new Map(Object.entries(JSON.parse(readFileSync(list, 'utf8'))));
  const packed = new Map(files.map(({ path, size }) => [path, size]));
  return [
    ...[...packed.keys()].filter((path) => !listed.has(path)).map((path) => `${path} is new`),
    ...[...listed].flatMap(([path, size]) => sizeProblem(path, size, packed.get(path))),
  ];
}

function sizeProblem(path, listed, size) {
  if (size === undefined) return [`${path} is missing`];
  if (Math.abs(size - listed) <= Math.max(bytes, listed * share)) return [];
  return [`${path} has ${size} bytes, listed are ${listed}`];
}

// node test/package/contents.mjs: writes the list anew, to be read before it is committed.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-native-contents-'));
  try {
    const { files } = await packMain(folder);
    const sizes = Object.fromEntries(files.map(({ path, size }) => [path, size]));
    writeFileSync(list, `${JSON.stringify(sizes, null, 2)}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
