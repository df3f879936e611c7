import { dirname } from 'node:path';
import { countsText } from './steps/counts.mjs';
import { requireCargo } from './steps/native.mjs';
import { run, runNpm, StepError, verb } from './steps/process.mjs';

// npm run audit: every lock file against the known advisories. cargo install cargo-audit --locked brings what reads Rust's.
await verb(async () => {
  const total = { passed: 0, failed: 0 };
  for (const lock of await lockFiles()) {
    const { code, stdout, stderr } = await audit(lock);
    total[code === 0 ? 'passed' : 'failed'] += 1;
    console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${lock}`);
    if (code !== 0) console.log(`${stdout}${stderr}`.trimEnd());
  }
  console.log(`audit: ${countsText(total)}`);
  return total.failed === 0 ? 0 : 1;
});

async function lockFiles() {
  const patterns = ['*package-lock.json', '*Cargo.lock'];
  const { code, stdout } = await run('git', ['ls-files', ...patterns], { output: 'keep' });
  if (code !== 0) throw new StepError('lock files are those of a git checkout');
  return stdout.split('\n').filter(Boolean);
}

/** What is installed with npm is for work on the project alone, so the lowest levels are not worth a night's alarm. */
async function audit(lock) {
  if (lock.endsWith('package-lock.json')) {
    const args = ['audit', '--package-lock-only', '--audit-level=high'];
    return runNpm(args, { cwd: dirname(lock), output: 'keep' });
  }
  const args = ['audit', '--file', lock, '--deny', 'unsound', '--deny', 'yanked'];
  return run('cargo', args, { env: await requireCargo(), output: 'keep' });
}
