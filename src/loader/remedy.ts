import type { Attempt } from './attempt.js';
import type { Cause, Policy } from './cause.js';
import type { Installation } from './installation.js';
import type { Machine } from './machine.js';
import { installFor, type PackageManager, reinstall, withOptional } from './package-manager.js';
import { suffixes, VARIABLE } from './places.js';

/** What a user can do; docs/troubleshooting.md has a row for each name. */
export interface Remedy {
  readonly name: RemedyName;
  readonly text: string;
}

/** The names of the remedies. */
export type RemedyName = (typeof REMEDY_NAMES)[number];

/** Every remedy that there is. */
export const REMEDY_NAMES = [
  'variable',
  'unsupported',
  'bundled',
  'archive',
  'omitted',
  'lock-file',
  'other-machine',
  'incomplete',
  'checkout',
  'stub',
  'truncated',
  'architecture',
  'libc',
  'glibc',
  'library',
  'version',
  'noexec',
  'permissions',
  'security-module',
  'application-control',
  'quarantine',
  'library-validation',
  'sandbox',
  'report',
] as const;

/** The remedies that fit failed attempts, the likeliest first. */
export function remedies(
  machine: Machine,
  installation: Installation,
  attempts: readonly Attempt[],
  version: string,
): Remedy[] {
  const failed = attempts.flatMap((one) => (one.addon === undefined ? [one] : []));
  const found = failed.filter(({ cause }) => cause.kind !== 'missing' || cause.path !== undefined);
  const context = { machine, installation, version };
  if (failed.some(({ place }) => place.kind === 'variable')) {
    return [...found.flatMap(({ cause }) => forSystem(cause) ?? []), variable()];
  }
  const named = found.map(({ cause, place }) =>
    place.kind === 'checkout' ? forCheckout(cause) : forPackage(cause, context),
  );
  const all = named.length > 0 ? named : [forNothingThere(context)];
  return all.filter(({ name }, index) => all.findIndex((one) => one.name === name) === index);
}

interface Context {
  readonly machine: Machine;
  readonly installation: Installation;
  readonly version: string;
}

function variable(): Remedy {
  const text = `let ${VARIABLE} name an addon of this version for this machine, or unset it to use the installed package`;
  return { name: 'variable', text };
}

/** None of the places has anything. */
function forNothingThere({ machine, installation }: Context): Remedy {
  const wanted = suffixes(machine);
  const { installed, isBundled, isCheckout, lock, manager, published } = installation;
  const isWanted = (suffix: string): boolean => wanted.includes(suffix);
  if (published.length > 0 && !published.some(isWanted)) {
    const text = `there is no package for ${machine.platform} ${machine.arch}, only for ${published.join(', ')}; build the addon from source and name its file in ${VARIABLE}`;
    return { name: 'unsupported', text };
  }
  if (isCheckout) {
    return checkout();
  }
  if (isBundled) {
    return bundled();
  }
  if (lock !== undefined && lock.suffixes.length > 0 && !lock.suffixes.some(isWanted)) {
    return lockFile(lock.name, lock.suffixes, manager, machine);
  }
  if (installed.length > 0) {
    const text = `node_modules has the package for ${installed.join(' and ')}: it was copied from another machine, or installed for another one; ${installFor(machine, manager)}`;
    return { name: 'other-machine', text };
  }
  return omitted(installation, machine);
}

function checkout(): Remedy {
  return { name: 'checkout', text: 'run npm run build in the checkout' };
}

function bundled(): Remedy {
  const text =
    'a bundler has taken flipt-native into its output, where no addon is found: keep flipt-native and @flipt-native/* external (external of esbuild, rollup and Vite; externals of webpack; serverExternalPackages of Next.js) and deploy node_modules beside the output';
  return { name: 'bundled', text };
}

function lockFile(
  name: string,
  locked: readonly string[],
  manager: PackageManager,
  machine: Machine,
): Remedy {
  const again =
    manager === 'npm'
      ? `remove node_modules and ${name}, then run npm install on this machine, or ${installFor(machine, manager)}`
      : installFor(machine, manager);
  const text = `${name} has only ${locked.join(' and ')}: it was made on another system; ${again}`;
  return { name: 'lock-file', text };
}

function omitted({ omitsOptional, manager }: Installation, machine: Machine): Remedy {
  const why = omitsOptional
    ? 'the configuration of npm leaves optional dependencies out (omit=optional)'
    : 'optional dependencies were left out when it was installed, or it was installed for another machine';
  return { name: 'omitted', text: `${why}; ${withOptional(manager, machine)}` };
}

function forCheckout(cause: Cause): Remedy {
  return forSystem(cause) ?? checkout();
}

/** For the file of a platform package. */
function forPackage(cause: Cause, { installation, machine, version }: Context): Remedy {
  const { manager } = installation;
  const again = reinstall(manager, version);
  switch (cause.kind) {
    case 'missing':
      return {
        name: 'incomplete',
        text: `the file is gone from its package (an ignore rule for *.node, a virus scanner, a pruned image?): remove node_modules and run ${again}`,
      };
    case 'stub':
      return {
        name: 'stub',
        text: `remove node_modules and install the published packages: ${again}`,
      };
    case 'name':
    case 'truncated':
    case 'no-library':
    case 'no-addon':
      return {
        name: 'truncated',
        text: `the file is damaged (a full disk, a broken download?): remove node_modules and run ${again}`,
      };
    case 'architecture':
      return {
        name: 'architecture',
        text: `run the Node that the package was installed with, or ${installFor(machine, manager)}`,
      };
    case 'libc':
      return {
        name: 'libc',
        text: `glibc and musl do not mix (was node_modules copied between Debian and Alpine?): ${installFor(machine, manager)}`,
      };
    case 'version':
      return {
        name: 'version',
        text: `both have to be of one version: remove node_modules and run ${again}`,
      };
    default:
      return forSystem(cause) ?? report();
  }
}

/** For what has nothing to do with how the file came to its place. */
function forSystem(cause: Cause): Remedy | undefined {
  switch (cause.kind) {
    case 'archived':
      return {
        name: 'archive',
        text: 'leave the addon outside of the archive: asarUnpack "**/*.node" (electron-builder), asar.unpack "**/*.node" (Electron Forge), or dependenciesMeta with unplugged: true (Yarn)',
      };
    case 'glibc':
      return {
        name: 'glibc',
        text: `run on a newer system or image (glibc ${cause.needed} or newer), or build the addon there and name its file in ${VARIABLE}`,
      };
    case 'library':
      return {
        name: 'library',
        text: `add ${cause.library} to the system or image (libgcc_s.so.1 is in the package libgcc-s1, libgcc or gcc)`,
      };
    case 'blocked':
      return forPolicy(cause.by);
    case 'other':
      return report();
    default:
      return undefined;
  }
}

function report(): Remedy {
  return { name: 'report', text: 'report this message with what npx flipt-native doctor prints' };
}

function forPolicy(policy: Policy): Remedy {
  switch (policy) {
    case 'noexec':
      return {
        name: 'noexec',
        text: `mount it without noexec, or copy the file to a place from which it may run and name it in ${VARIABLE}`,
      };
    case 'permissions':
      return {
        name: 'permissions',
        text: 'let the user of this process read the file and its folders',
      };
    case 'apparmor':
    case 'selinux':
      return {
        name: 'security-module',
        text: 'allow the file to be mapped as executable in the profile or the policy (AppArmor: rule with "mr"; SELinux: a label such as lib_t)',
      };
    case 'application-control':
      return {
        name: 'application-control',
        text: 'allow the file in the policy of Windows (App Control, AppLocker) by its hash or its path, or sign it',
      };
    case 'quarantine':
      return {
        name: 'quarantine',
        text: 'remove the quarantine (xattr -d com.apple.quarantine <file>), and sign again what changed the file (codesign)',
      };
    case 'library-validation':
      return {
        name: 'library-validation',
        text: 'sign the addon with the identity of the application, or give it the entitlement com.apple.security.cs.disable-library-validation',
      };
    case 'sandbox':
      return {
        name: 'sandbox',
        text: 'put the file where the sandbox lets the program read and map it',
      };
    case 'system':
      return {
        name: 'permissions',
        text: 'look at mount options, at security modules and at what scans files on this machine',
      };
  }
}
