import { join, resolve } from 'node:path';
import { libcOf } from './libc.js';
import type { Machine } from './machine.js';

/** The name of the addon's file in the checkout and in the platform packages. */
export const BINARY_NAME = 'flipt_native.node';

/** The environment variable that names the addon's file. */
export const VARIABLE = 'FLIPT_NATIVE_BINARY';

/** Where the addon is looked for. */
export type Place =
  | { readonly kind: 'variable'; readonly path: string }
  | { readonly kind: 'checkout'; readonly path: string; readonly suffix: string }
  | { readonly kind: 'package'; readonly name: string; readonly suffix: string };

/**
 * Every place, in the order of trying. A file that {@link VARIABLE} names is the only one: whoever sets it wants that
 * file, or to hear why not.
 */
export function places(machine: Machine): Place[] {
  const explicit = machine.environment[VARIABLE];
  if (explicit !== undefined && explicit !== '') {
    return [{ kind: 'variable', path: resolve(machine.workingFolder, explicit) }];
  }
  return suffixes(machine).flatMap((suffix): Place[] => [
    ...inCheckout(machine, suffix),
    { kind: 'package', name: packageName(suffix), suffix },
  ]);
}

/** The name of a platform package. */
export function packageName(suffix: string): string {
  return `@flipt-native/${suffix}`;
}

/** The platform packages that may fit, the likelier one first. */
export function suffixes(machine: Machine): string[] {
  const base = `${machine.platform}-${machine.arch}`;
  switch (machine.platform) {
    case 'linux':
      return libcOf(machine) === 'musl'
        ? [`${base}-musl`, `${base}-gnu`]
        : [`${base}-gnu`, `${base}-musl`];
    case 'win32':
      return [`${base}-msvc`];
    default:
      return [base];
  }
}

/** A place as messages name it. */
export function placeName(place: Place): string {
  return place.kind === 'package' ? place.name : place.path;
}

/** A published package has no such folder. */
function inCheckout(machine: Machine, suffix: string): Place[] {
  const { home } = machine;
  const npm = home === undefined ? undefined : join(home, '..', 'npm');
  return npm === undefined || machine.list(npm).length === 0
    ? []
    : [{ kind: 'checkout', path: join(npm, suffix, BINARY_NAME), suffix }];
}
