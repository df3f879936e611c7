// Runs programs of several files, for worker threads.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { answerOf, runNode } from './child.ts';
import { built } from './sdk.ts';

/** Runs a program that consists of several files; the first is started. */
export async function runProgram(
  files: Record<string, string>,
  env: Record<string, string | undefined>,
  flags: string[] = [],
): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-native-threads-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const prelude = `const sdk = require(${JSON.stringify(built())});
    const done = (value) => process.stdout.write(JSON.stringify(value));
    const { env } = process;\n`;
  for (const [name, source] of Object.entries(files)) {
    writeFileSync(join(folder, name), `${prelude}${source}`);
  }
  const main = join(folder, Object.keys(files)[0] as string);
  return answerOf(await runNode([...flags, main], { env, hangAfterMs: 100_000 }));
}
