import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  realpathSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The beginning of a file, and how many bytes the whole has. */
export interface FileHead {
  readonly size: number;
  readonly bytes: Buffer;
}

/** What Node's diagnostic report says about the C library. */
export interface LibcReport {
  /** Only with glibc. */
  readonly glibcVersion?: string | undefined;
  readonly sharedObjects: readonly string[];
}

/** Everything that loading asks of the process and the system. Nothing here starts another process. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  readonly versions: Readonly<Record<string, string | undefined>>;
  readonly execPath: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  /** The folder of the compiled code; undefined where a bundler left none. */
  readonly home: string | undefined;
  /** Throws what the system says. */
  head(path: string): FileHead;
  /** A whole file; undefined when it cannot be read. */
  read(path: string): Buffer | undefined;
  /** The names in a folder; none when it cannot be read. */
  list(folder: string): readonly string[];
  /** The path without links, or as it is where the system does not say. */
  realPath(path: string): string;
  /** The file that `require` would take for a platform package's name. Throws when there is none. */
  resolve(name: string): string;
  /** The exports of an addon's file. Throws what the system says. */
  load(path: string): unknown;
  /** Takes some milliseconds. */
  libcReport(): LibcReport | undefined;
  /** What was kept under a key in this thread, by whichever copy of the package. */
  kept(key: string): unknown;
  keep(key: string, value: object): void;
}

const HEAD_BYTES = 4096;

/** The machine that this runs on; `beside` says where the addon of a platform package lies when nothing else does. */
export function thisMachine(home: string | undefined, beside: (suffix: string) => string): Machine {
  const require = createRequire(join(home ?? process.cwd(), 'index.js'));
  return {
    platform: process.platform,
    arch: process.arch,
    versions: process.versions,
    execPath: process.execPath,
    environment: process.env,
    workingFolder: process.cwd(),
    home,
    head,
    read: (path) => orUndefined(() => readFileSync(path)),
    list: (folder) => orUndefined(() => readdirSync(folder)) ?? [],
    realPath: (path) => orUndefined(() => realpathSync.native(path)) ?? path,
    resolve(name) {
      try {
        return require.resolve(name);
      } catch (error) {
        const file = home === undefined ? '' : beside(name.slice(name.indexOf('/') + 1));
        if (existsSync(file)) {
          return file;
        }
        throw error;
      }
    },
    load: (path) => require(path),
    libcReport: () => orUndefined(libcReport),
    kept: (key) => (process as Kept)[Symbol.for(key)],
    keep: (key, value) => {
      Object.defineProperty(process, Symbol.for(key), { value, configurable: true });
    },
  };
}

type Kept = NodeJS.Process & Record<symbol, unknown>;

function head(path: string): FileHead {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(HEAD_BYTES);
    return { size, bytes: bytes.subarray(0, readSync(file, bytes, 0, HEAD_BYTES, 0)) };
  } finally {
    closeSync(file);
  }
}

/** The report looks up the names of all connections unless it is told not to, which can take seconds. */
function libcReport(): LibcReport {
  const settings = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  const { excludeNetwork } = settings;
  if (excludeNetwork !== undefined) {
    settings.excludeNetwork = true;
  }
  try {
    const report = settings.getReport() as {
      header?: { glibcVersionRuntime?: string };
      sharedObjects?: string[];
    };
    return {
      glibcVersion: report.header?.glibcVersionRuntime,
      sharedObjects: report.sharedObjects ?? [],
    };
  } finally {
    if (excludeNetwork !== undefined) {
      settings.excludeNetwork = excludeNetwork;
    }
  }
}

function orUndefined<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
