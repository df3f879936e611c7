import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output } from '../steps/process.mjs';
import { requireProgram, toolsFolder } from './toolchain.mjs';

const compiler = 'x86_64-w64-mingw32-gcc-posix';
const archiver = 'x86_64-w64-mingw32-ar';

/** What linking with MinGW needs: its programs, and a library of Node from which nothing is imported. */
export async function mingwSettings(target, env) {
  await requireProgram(compiler, target, env);
  const name = target.triple.replaceAll('-', '_');
  return {
    env: {
      [`CARGO_TARGET_${name.toUpperCase()}_LINKER`]: compiler,
      [`CC_${name}`]: compiler,
      [`AR_${name}`]: archiver,
      LIBNODE_PATH: await emptyNodeLibrary(env),
    },
    flags: [],
  };
}

/** napi's build script insists on the library, though the symbols are looked up in the process at run time. */
async function emptyNodeLibrary(env) {
  const folder = join(toolsFolder, 'libnode');
  const archive = join(folder, 'libnode.dll.a');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'libnode.dll'), '');
  rmSync(archive, { force: true });
  await output(archiver, ['cr', archive], { env });
  return folder;
}
