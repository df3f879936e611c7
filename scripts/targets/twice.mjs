import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { output, root, runNode, StepError } from '../steps/process.mjs';

/**
 * Builds a target here and in a copy of the checkout, and resolves to both sums.
 *
 * The copy lies in a folder of another length, and so do its crates: neither path may change a byte.
 */
export async function buildTwice(suffix) {
  const folder = mkdtempSync(join(tmpdir(), 'flipt-native-twice-'));
  try {
    const copy = join(folder, 'a', 'copy', 'of', 'the', 'checkout');
    await copyCheckout(copy);
    return [
      await sumOf(suffix, root, {}),
      await sumOf(suffix, copy, { CARGO_HOME: linkedCargoHome(join(folder, 'cargo')) }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function sumOf(suffix, checkout, env) {
  const { code } = await runNode(['scripts/build-target.mjs', suffix], { cwd: checkout, env });
  if (code !== 0) throw new StepError(`${suffix} does not build in ${checkout}`);
  const binary = readFileSync(join(checkout, 'npm', suffix, 'flipt_native.node'));
  return createHash('sha256').update(binary).digest('hex');
}

/** What git knows or would add, as it lies there, and the tools. */
async function copyCheckout(destination) {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const files = (await output('git', args)).split('\0').filter((file) => file !== '');
  for (const file of files.filter((one) => existsSync(join(root, one)))) {
    cpSync(join(root, file), join(destination, file));
  }
  const tools = join('.cache', 'cross');
  mkdirSync(join(destination, dirname(tools)), { recursive: true });
  symlinkSync(join(root, tools), join(destination, tools));
}

function linkedCargoHome(folder) {
  const home = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
  mkdirSync(folder);
  for (const part of ['registry', 'git', 'config.toml']) {
    if (existsSync(join(home, part))) symlinkSync(join(home, part), join(folder, part));
  }
  return folder;
}
