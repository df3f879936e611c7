import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install } from './steps/install.mjs';
import { root, StepError, verb } from './steps/process.mjs';

// npm run api:report: writes what users can name; --check only says whether the report that is committed still holds.
await verb(async (args) => {
  await install();
  const { apiReport, reportFile } = await import('./steps/api-report.mjs');
  const report = await apiReport();
  const path = join(root, reportFile);
  if (!args.includes('--check')) {
    writeFileSync(path, report);
  } else if (readFileSync(path, 'utf8') !== report) {
    throw new StepError(
      `the interface is not that of ${reportFile}: npm run api:report writes it, and git diff shows what users will see`,
    );
  }
});
