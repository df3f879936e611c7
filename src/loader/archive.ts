import type { Machine } from './machine.js';

const ASAR = /^(.*?\.asar)([\\/].*)$/;
const ARCHIVE = /^.*?\.(?:asar|zip)(?=[\\/])/;

/**
 * The file as the system finds it: what Electron packs into `app.asar` and leaves unpacked lies in `app.asar.unpacked`
 * beside it.
 */
export function unpackedPath(machine: Machine, path: string): string {
  const beside = unpackedTwin(path);
  if (beside === undefined) {
    return path;
  }
  try {
    machine.head(beside);
    return beside;
  } catch {
    return path;
  }
}

/** Where the file of an asar archive would lie unpacked; undefined for a file outside of one. */
export function unpackedTwin(path: string): string | undefined {
  const [, archive, rest] = ASAR.exec(path) ?? [];
  return archive === undefined ? undefined : `${archive}.unpacked${rest}`;
}

/** The archive that a file lies in: of Electron, or the zip of a package that Yarn did not unplug. */
export function archiveOf(path: string): string | undefined {
  return ARCHIVE.exec(path)?.[0];
}
