import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allCrates, licenceFindings, linkedCrates } from './licences/crates.mjs';
import { noticeOf } from './licences/notice.mjs';
import { root, StepError, verb } from './steps/process.mjs';

const file = 'npm/THIRD-PARTY-LICENSES';

// npm run licences: refuses a crate whose licence is not allowed, and writes the notice of those that are linked;
// --check only says whether it is current.
await verb(async (args) => {
  const findings = licenceFindings(await allCrates());
  if (findings.length > 0) throw new StepError(`these may not be used:\n${findings.join('\n')}`);
  const notice = noticeOf(await linkedCrates());
  const path = join(root, file);
  if (existsSync(path) && readFileSync(path, 'utf8') === notice) return;
  if (args.includes('--check')) throw new StepError(`${file} is not current: npm run licences`);
  writeFileSync(path, notice);
});
