import { prepare } from './steps/prepare.mjs';
import { verb } from './steps/process.mjs';

// npm run test:electron: the addon in a real Electron. On Linux it takes a display: xvfb-run -a npm run test:electron.
await verb(async () => {
  await prepare();
  const { runInElectron } = await import('../test/electron/run.mjs');
  const totals = { passed: 0, failed: 0 };
  await runInElectron((name, problem) => {
    totals[problem === undefined ? 'passed' : 'failed'] += 1;
    console.log(`${problem === undefined ? 'ok  ' : 'FAIL'} ${name}`);
    if (problem !== undefined) console.log(problem.replaceAll(/^/gm, '     '));
  });
  console.log(`electron: ${totals.passed} passed, ${totals.failed} failed`);
  return totals.failed === 0 ? 0 : 1;
});
