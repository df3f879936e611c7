import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runNode } from '../../scripts/steps/process.mjs';
import { withPrograms } from './programs.mjs';

const audit = () => runNode(['scripts/audit.mjs'], { output: 'keep' });
const sound = `const args = process.argv.slice(2);
if (args[0] === 'audit') log({ args, cwd: process.cwd() });`;

describe('the audit', () => {
  it('reads every lock file', async () => {
    await withPrograms({ npm: sound, cargo: sound }, async ({ logged }) => {
      const { code, stdout } = await audit();
      assert.equal(code, 0, stdout);
      const count = logged().length;
      assert.match(stdout, new RegExp(`^audit: ${count} passed, 0 failed$`, 'm'));
      const rust = logged().flatMap(({ args }) => args.filter((arg) => arg.endsWith('Cargo.lock')));
      assert.deepEqual(rust, ['Cargo.lock', 'engine/fuzz/Cargo.lock']);
      assert.ok(logged().some(({ cwd }) => cwd === process.cwd()));
    });
  });

  it('fails where one has an advisory, and says which', async () => {
    const finds = `${sound}\nif (args.includes('engine/fuzz/Cargo.lock')) { console.log('RUSTSEC-0'); process.exit(1); }`;
    await withPrograms({ npm: sound, cargo: finds }, async () => {
      const { code, stdout } = await audit();
      assert.equal(code, 1);
      assert.match(stdout, /^FAIL engine\/fuzz\/Cargo\.lock\nRUSTSEC-0$/m);
      assert.match(stdout, /, 1 failed$/m);
    });
  });
});
