import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/**
 * Puts programs of these names in front of those of the machine, each a JavaScript text, while `work` is done. In a
 * program `log` writes a value to what `work` gets as `logged()`.
 */
export async function withPrograms(programs, work) {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-native-programs-'));
  const log = join(folder, 'log');
  const path = process.env.PATH;
  const head = `#!${process.execPath}
const log = (value) => require('node:fs').appendFileSync(${JSON.stringify(log)}, JSON.stringify(value) + '\\n');
`;
  writeFileSync(log, '');
  for (const [name, text] of Object.entries(programs))
    writeFileSync(join(folder, name), `${head}${text}\n`, { mode: 0o755 });
  process.env.PATH = `${folder}${delimiter}${path}`;
  try {
    return await work({
      logged: () =>
        readFileSync(log, 'utf8')
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line)),
    });
  } finally {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  }
}
