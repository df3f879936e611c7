import { dirname, join } from 'node:path';
import type { NativeAddon } from '../native.js';
import { unpackedPath, unpackedTwin } from './archive.js';
import type { Cause } from './cause.js';
import { diagnose, unfit } from './diagnosis.js';
import type { Machine } from './machine.js';
import { BINARY_NAME, type Place, packageName } from './places.js';

/** How it went at one place. */
export type Attempt =
  | { readonly place: Place; readonly path: string; readonly addon: NativeAddon }
  | {
      readonly place: Place;
      readonly path: string | undefined;
      readonly addon?: undefined;
      readonly cause: Cause;
      /** What was thrown, where something was. */
      readonly error?: unknown;
    };

/** Tries to load the addon of this version from one place. */
export function attempt(machine: Machine, place: Place, version: string): Attempt {
  const found = place.kind === 'package' ? fileOfPackage(machine, place.suffix) : place.path;
  if (typeof found !== 'string') {
    return { place, path: undefined, cause: found };
  }
  const path = unpackedPath(machine, machine.realPath(found));
  const cause = otherManifest(machine, place, path, version) ?? unfit(machine, path);
  if (cause !== undefined) {
    return { place, path, cause };
  }
  let loaded: unknown;
  try {
    loaded = loadOnce(machine, path, version);
  } catch (error) {
    return { place, path, cause: diagnose(machine, path, error), error };
  }
  const given = versionOf(loaded);
  if (given === version) {
    return { place, path, addon: loaded as NativeAddon };
  }
  return {
    place,
    path,
    cause:
      given === undefined
        ? { kind: 'no-addon' }
        : { kind: 'version', found: given, wanted: version },
  };
}

/**
 * The exports of a file, made once in a thread: copies of this package, `vm` contexts and module registries of test
 * runners share them, also when somebody has emptied Node's cache of modules. Nothing of the copy that came first is
 * kept, only what the addon made.
 */
function loadOnce(machine: Machine, path: string, version: string): unknown {
  const key = `flipt-native.addon ${version} ${path}`;
  const kept = machine.kept(key);
  if (kept !== undefined) {
    return kept;
  }
  const loaded = machine.load(path);
  if (versionOf(loaded) === version) {
    machine.keep(key, loaded as object);
  }
  return loaded;
}

function versionOf(loaded: unknown): string | undefined {
  const { version } = (loaded ?? {}) as Partial<NativeAddon>;
  try {
    return typeof version === 'function' ? version() : undefined;
  } catch {
    return undefined;
  }
}

/** The manifest beside the file is asked first: the addon of another version is not even loaded. */
function otherManifest(
  machine: Machine,
  place: Place,
  path: string,
  version: string,
): Cause | undefined {
  if (place.kind === 'variable') {
    return undefined;
  }
  const text = machine.read(join(dirname(path), 'package.json'))?.toString('utf8');
  const found = text === undefined ? undefined : /"version": *"([^"]+)"/.exec(text)?.[1];
  return found === undefined || found === version
    ? undefined
    : { kind: 'version', found, wanted: version };
}

function fileOfPackage(machine: Machine, suffix: string): string | Cause {
  const name = packageName(suffix);
  const file = attempted(() => machine.resolve(name));
  if (file !== undefined) {
    return file;
  }
  const manifest = attempted(() => machine.resolve(`${name}/package.json`));
  if (manifest !== undefined) {
    const path = join(dirname(manifest), BINARY_NAME);
    const unpacked = unpackedPath(machine, path);
    return unpacked === path ? { kind: 'missing', what: 'file', path } : unpacked;
  }
  return leftUnpacked(machine, suffix) ?? { kind: 'missing', what: 'package' };
}

/** Code inside an archive whose platform package lies only beside it, for whoever does not read archives. */
function leftUnpacked(machine: Machine, suffix: string): string | undefined {
  const beside = join(machine.home ?? '', '..', '..', '@flipt-native', suffix, BINARY_NAME);
  const twin = unpackedTwin(beside);
  return twin === undefined ? undefined : attempted(() => machine.head(twin) && twin);
}

function attempted<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
