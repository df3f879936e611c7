import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root } from './process.mjs';

/** Every file at or below `path` (relative to the project), sorted; none when it does not exist. */
export function filesBelow(path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  if (!statSync(full).isDirectory()) return [path];
  return readdirSync(full)
    .sort()
    .flatMap((name) => filesBelow(relative(root, join(full, name))));
}

/** A hash of names and contents of the files at or below `paths`, and of `extra`. */
export function fingerprint(paths, extra = '') {
  const hash = createHash('sha256').update(extra);
  for (const path of paths.flatMap(filesBelow)) {
    const content = readFileSync(join(root, path));
    hash.update(`\0${path.replaceAll('\\', '/')}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/** Whether the stamp file says that `value` was the state of things when its product was made. */
export function isStamped(file, value) {
  const full = join(root, file);
  return existsSync(full) && readFileSync(full, 'utf8').trim() === value;
}

/** Records `value` in the stamp file. */
export function stamp(file, value) {
  replaceFile(join(root, file), `${value}\n`);
}

/** Puts `content` at `file` in one step: a reader sees the old file or the new one, never a part. */
export function replaceFile(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, content, Buffer.isBuffer(content) ? { mode: 0o755 } : undefined);
  renameSync(temporary, file);
}
