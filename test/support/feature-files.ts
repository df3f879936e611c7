// Feature files in folders that end with the test.

import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A features document with one boolean flag. */
export const document = (enabled: boolean, { key = 'banner', namespace = 'default' } = {}) =>
  `namespace: ${namespace}
flags:
- key: ${key}
  name: Banner
  type: BOOLEAN_FLAG_TYPE
  enabled: ${enabled}
`;

/** A document with two mistakes, in the lines 2 and 4. */
export const broken = `flags:
- key: ban ner
  name: Banner
  enabled: yes
`;

/** A folder, and ways to write into it. */
export class FeatureFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'flipt-native-features-'));

  constructor(files: Record<string, string> = {}) {
    onTestFinished(() => rmSync(this.path, { recursive: true, force: true }));
    for (const [name, text] of Object.entries(files)) {
      this.write(name, text);
    }
  }

  at(name: string): string {
    return join(this.path, name);
  }

  /** Writes in place, as `echo > file` does. */
  write(name: string, text: string | Uint8Array): string {
    mkdirSync(dirname(this.at(name)), { recursive: true });
    writeFileSync(this.at(name), text);
    return this.at(name);
  }

  /** Writes beside the file and renames, as editors do. */
  replace(name: string, text: string): void {
    this.write(`${name}.swp`, text);
    renameSync(this.at(`${name}.swp`), this.at(name));
  }

  remove(name: string): void {
    rmSync(this.at(name), { recursive: true, force: true });
  }
}
