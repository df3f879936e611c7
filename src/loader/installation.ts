import { dirname, join } from 'node:path';
import type { Machine } from './machine.js';
import type { PackageManager } from './package-manager.js';

/** How this package came to where it lies, as far as files tell. */
export interface Installation {
  /** The code lies in the package that was published, or in a checkout of it; else a bundler has moved it. */
  readonly isBundled: boolean;
  readonly isCheckout: boolean;
  /** The platforms that this version has a package for; none when that is not known. */
  readonly published: readonly string[];
  /** The platform packages that are installed within reach. */
  readonly installed: readonly string[];
  readonly manager: PackageManager;
  readonly lock: LockFile | undefined;
  /** A configuration of npm says that optional dependencies are left out. */
  readonly omitsOptional: boolean;
}

/** The lock file of the project. */
export interface LockFile {
  readonly name: string;
  /** The platform packages that it has. */
  readonly suffixes: readonly string[];
}

interface Manifest {
  readonly name?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const SCOPE = '@flipt-native';

const LOCK_FILES: readonly (readonly [name: string, manager: PackageManager])[] = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['npm-shrinkwrap.json', 'npm'],
  ['package-lock.json', 'npm'],
];

/** Looks at the files around this package. */
export function installationOf(machine: Machine): Installation {
  const home = machine.home ?? machine.workingFolder;
  const folders = ancestors(home);
  const manifest = manifestIn(machine, join(home, '..'));
  const targets = machine.list(join(home, '..', 'npm')).filter((name) => /^\w+-\w+/.test(name));
  const isOwn = machine.home !== undefined && manifest?.name === 'flipt-native';
  const lock = lockIn(machine, folders);
  return {
    isBundled: !isOwn,
    isCheckout: isOwn && targets.length > 0,
    published: targets.length > 0 ? targets : suffixesOf(manifest),
    installed: installedIn(machine, folders),
    manager: lock?.manager ?? managerByPath(machine, home),
    lock,
    omitsOptional: omitsOptional(machine, folders),
  };
}

function manifestIn(machine: Machine, folder: string): Manifest | undefined {
  const text = machine.read(join(folder, 'package.json'))?.toString('utf8');
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Manifest);
  } catch {
    return undefined;
  }
}

function suffixesOf(manifest: Manifest | undefined): string[] {
  return Object.keys(manifest?.optionalDependencies ?? {})
    .filter((name) => name.startsWith(`${SCOPE}/`))
    .map((name) => name.slice(SCOPE.length + 1));
}

function installedIn(machine: Machine, folders: readonly string[]): string[] {
  const found = folders.flatMap((folder) => machine.list(join(folder, 'node_modules', SCOPE)));
  return [...new Set(found)].sort();
}

function lockIn(
  machine: Machine,
  folders: readonly string[],
): (LockFile & { readonly manager: PackageManager }) | undefined {
  for (const folder of folders) {
    const names = machine.list(folder);
    const [name, manager] = LOCK_FILES.find(([one]) => names.includes(one)) ?? [];
    if (name !== undefined && manager !== undefined) {
      const text = machine.read(join(folder, name))?.toString('utf8') ?? '';
      const isClassic = manager === 'yarn' && text.includes('# yarn lockfile v1');
      return {
        name,
        manager: isClassic ? 'yarn-classic' : manager,
        suffixes: lockedSuffixes(text),
      };
    }
  }
  return undefined;
}

/** A package has an entry of its own; as a dependency of the main package all are named, which says nothing. */
function lockedSuffixes(text: string): string[] {
  const entries = [
    /"(?:[^"]*\/)?node_modules\/@flipt-native\/([\w-]+)": *\{/g,
    /^ *['"]?\/?@flipt-native\/([\w-]+)@[^\n]*:$/gm,
    /^ *"[^"\n]*@flipt-native\/([\w-]+)": *\[/gm,
  ];
  const found = entries.flatMap((entry) =>
    [...text.matchAll(entry)].map(([, suffix = '']) => suffix),
  );
  return [...new Set(found)].sort();
}

function managerByPath({ versions }: Machine, home: string): PackageManager {
  if (/[\\/]\.pnpm[\\/]/.test(home)) {
    return 'pnpm';
  }
  return versions['pnp'] !== undefined || /[\\/]\.yarn[\\/]/.test(home) ? 'yarn' : 'npm';
}

function omitsOptional(machine: Machine, folders: readonly string[]): boolean {
  const { environment } = machine;
  const given = environment['npm_config_omit'] ?? environment['NPM_CONFIG_OMIT'] ?? '';
  if (given.includes('optional') || environment['npm_config_optional'] === 'false') {
    return true;
  }
  const user = environment['HOME'] ?? environment['USERPROFILE'];
  return [...folders, ...(user === undefined ? [] : [user])].some((folder) =>
    /^\s*(?:omit(?:\[\])?\s*=.*\boptional\b|optional\s*=\s*false)/m.test(
      machine.read(join(folder, '.npmrc'))?.toString('utf8') ?? '',
    ),
  );
}

/** A folder and those above it, the nearest first. */
function ancestors(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...ancestors(above)];
}
