import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

const FOLDER = join(import.meta.dirname, 'vectors');

/**
 * A group: what one state of one namespace answered.
 * `body` is the snapshot as served, `cases` the recorded requests with their answers.
 */
export function readGroups(folder = FOLDER) {
  const names = readdirSync(folder).filter((file) => file.endsWith('.cases.jsonl.gz'));
  return names.sort().map((file) => {
    const name = file.slice(0, -'.cases.jsonl.gz'.length);
    const read = (suffix) => gunzipSync(readFileSync(join(folder, `${name}.${suffix}.gz`)));
    return group(name, read('snapshot.json'), read('cases.jsonl').toString());
  });
}

/** The shop of the demonstration, before and after its change. */
export function readDemo() {
  const read = (file) => readFileSync(join(import.meta.dirname, 'demo', file));
  return ['shop', 'shop-changed'].map((name) =>
    group(name, read(`${name}.snapshot.json`), read(`${name}.cases.jsonl`).toString()),
  );
}

/** Puts a group where `readGroups` finds it. */
export function writeGroup(folder, { name, body, cases }) {
  mkdirSync(folder, { recursive: true });
  const lines = cases.map((line) => `${JSON.stringify(line)}\n`).join('');
  writeFileSync(join(folder, `${name}.snapshot.json.gz`), gzipSync(body, { level: 9 }));
  writeFileSync(join(folder, `${name}.cases.jsonl.gz`), gzipSync(lines, { level: 9 }));
}

function group(name, body, lines) {
  // Other characters that count as line ends elsewhere stand inside the texts.
  const cases = lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  return { name, namespace: JSON.parse(body).namespace.key, body, cases };
}
