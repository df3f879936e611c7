import { readFileSync } from 'node:fs';

/** Flag state of the demo as a Flipt server sent it, and the answers that the server gave. */
export function recording(name) {
  const read = (end) =>
    readFileSync(new URL(`../../test/conformance/demo/${name}.${end}`, import.meta.url), 'utf8');
  const lines = read('cases.jsonl').split('\n').filter(Boolean);
  return { snapshot: read('snapshot.json'), cases: lines.map((line) => JSON.parse(line)) };
}
