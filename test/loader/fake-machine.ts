// A machine that is made up: its files, its process, and what happens when a file is loaded.

import { dirname, join } from 'node:path';
import type { FileHead, LibcReport, Machine } from '../../src/loader/machine.ts';
import { version } from '../../src/version.ts';
import { elf, mach, portableExecutable } from './binaries.ts';

export interface Fake {
  platform?: string;
  arch?: string;
  libc?: 'glibc' | 'musl' | 'none';
  versions?: Record<string, string>;
  environment?: Record<string, string>;
  home?: string | undefined;
  /** By path; an `Error` is thrown when the file is read. */
  files?: Record<string, string | Buffer | Error>;
  /** What loading a file throws or gives, by path. Default an addon of this version. */
  loads?: Record<string, unknown>;
  links?: Record<string, string>;
  report?: LibcReport;
}

export const app = '/app/node_modules/flipt-native';

/** Where a platform package lies that npm installed. */
export const packageOf = (suffix: string, file = 'flipt_native.node'): string =>
  `/app/node_modules/@flipt-native/${suffix}/${file}`;

/** An addon, as far as the loader looks at it. */
export const addonOf = (its = version) => ({ version: () => its });

/** What a system says when it does not load a file. */
export function refusal(message: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_DLOPEN_FAILED' });
}

/** What a system says when it does not read a file. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: no`), { code });
}

/** The manifest of the main package, as it is packed. */
export const manifest = JSON.stringify({
  name: 'flipt-native',
  version,
  optionalDependencies: Object.fromEntries(
    [
      'linux-x64-gnu',
      'linux-arm64-gnu',
      'linux-x64-musl',
      'linux-arm64-musl',
      'darwin-x64',
      'darwin-arm64',
      'win32-x64-msvc',
      'win32-arm64-msvc',
    ].map((suffix) => [`@flipt-native/${suffix}`, version]),
  ),
});

/** The files of an installed platform package. */
export function installed(suffix: string, binary = binaryFor(suffix), its = version) {
  return {
    [packageOf(suffix)]: binary,
    [packageOf(suffix, 'package.json')]: JSON.stringify({
      name: `@flipt-native/${suffix}`,
      version: its,
      main: 'flipt_native.node',
    }),
  };
}

function binaryFor(suffix: string): Buffer {
  const [platform, arch, libc] = suffix.split('-') as [string, 'x64' | 'arm64', string?];
  if (platform === 'win32') return portableExecutable(arch);
  if (platform === 'darwin') return mach(arch);
  return elf({ arch, needed: [libc === 'musl' ? 'libc.so' : 'libc.so.6'] });
}

const INTERPRETERS = {
  glibc: '/lib64/ld-linux-x86-64.so.2',
  musl: '/lib/ld-musl-x86_64.so.1',
};

/** A machine; `loaded` lists the files that it was told to load. */
export function fakeMachine(fake: Fake = {}): Machine & { loaded: string[] } {
  const { platform = 'linux', arch = 'x64', libc = 'glibc', loads = {}, links = {} } = fake;
  const execPath = '/usr/bin/node';
  const node = libc === 'none' ? elf() : elf({ interpreter: INTERPRETERS[libc] });
  const files: Record<string, string | Buffer | Error> = {
    [`${app}/package.json`]: manifest,
    [execPath]: platform === 'linux' ? node : 'a program',
    ...fake.files,
  };
  const kept = new Map<string, unknown>();
  const loaded: string[] = [];
  const home = 'home' in fake ? fake.home : `${app}/dist`;
  const bytesOf = (path: string): Buffer => {
    const content = files[path];
    if (content === undefined) throw systemError('ENOENT');
    if (content instanceof Error) throw content;
    return Buffer.from(content);
  };
  return {
    platform,
    arch,
    versions: { node: '20.19.0', ...fake.versions },
    execPath,
    environment: fake.environment ?? {},
    workingFolder: '/app',
    home,
    loaded,
    head: (path): FileHead => {
      const bytes = bytesOf(path);
      return { size: bytes.length, bytes: bytes.subarray(0, 4096) };
    },
    read: (path) => {
      try {
        return bytesOf(path);
      } catch {
        return undefined;
      }
    },
    list: (folder) => {
      const below = Object.keys(files).filter((path) => path.startsWith(`${folder}/`));
      return [...new Set(below.map((path) => path.slice(folder.length + 1).split('/')[0] ?? ''))];
    },
    realPath: (path) => links[path] ?? path,
    resolve: (name) => {
      for (let folder = home ?? '/app'; ; folder = dirname(folder)) {
        const path = join(folder, 'node_modules', name);
        const file = path.endsWith('.json') ? path : join(path, 'flipt_native.node');
        if (file in files) return file;
        if (folder === '/') {
          throw Object.assign(new Error(`Cannot find module '${name}'`), {
            code: 'MODULE_NOT_FOUND',
          });
        }
      }
    },
    load: (path) => {
      loaded.push(path);
      const result = path in loads ? loads[path] : addonOf();
      if (result instanceof Error) throw result;
      return result;
    },
    libcReport: () => fake.report ?? { glibcVersion: '2.36', sharedObjects: [] },
    kept: (key) => kept.get(key),
    keep: (key, value) => void kept.set(key, value),
  };
}
