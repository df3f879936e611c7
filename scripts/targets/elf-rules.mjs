import { EXECUTABLE, NO_DELETE, WRITABLE } from './elf.mjs';
import { compareVersions, foreign, list, rule } from './rule.mjs';

/**
 * What glibc itself consists of, and the unwinder of GCC: every official Node needs all of these, so that they are there
 * wherever the addon is loaded. C++ is left out on purpose: a dependency that brings it would be noticed here.
 */
const GLIBC = /^(lib(c|m|dl|pthread|gcc_s)|ld-linux-(x86-64|aarch64))\.so\.\d+$/;

/** Alpine names its libc after the machine, the toolchains of others do not. */
const MUSL = /^libc(\.musl-(x86_64|aarch64))?\.so(\.1)?$/;

/** The largest page that a kernel of the machine may have; an image with a smaller alignment is not loaded there. */
const LARGEST_PAGE = { x64: 0x1000, arm64: 0x10000 };

/** The rules for an image that `readElf` has read. */
export function elfRules(image, target) {
  const { segments, stack, needed, runPaths, flags1, sections } = image;
  const outside = foreign(needed, target.libc === 'musl' ? MUSL : GLIBC);
  const alignment = Math.min(...segments.map((segment) => segment.alignment));
  const debugging = sections.filter((name) => /^\.(symtab|z?debug_.*)$/.test(name));
  const both = segments.filter(
    ({ flags }) => (flags & EXECUTABLE) !== 0 && (flags & WRITABLE) !== 0,
  );
  return [
    libcRule(image, target),
    rule('libraries', outside.length === 0, list(needed), `only those of ${target.libc}`),
    rule('search paths', runPaths.length === 0, list(runPaths), 'none'),
    rule(
      'stack',
      stack !== undefined && (stack.flags & EXECUTABLE) === 0,
      stack === undefined ? 'unstated' : stack.flags & EXECUTABLE ? 'executable' : 'not executable',
      'not executable',
    ),
    rule('writable code', both.length === 0, `${both.length} segments`, 'none'),
    rule(
      'page size',
      alignment >= LARGEST_PAGE[target.cpu],
      `${alignment / 1024} KiB`,
      `at least ${LARGEST_PAGE[target.cpu] / 1024} KiB`,
    ),
    rule(
      'stays loaded',
      (flags1 & NO_DELETE) !== 0,
      flags1 & NO_DELETE ? 'yes' : 'no',
      '-z nodelete',
    ),
    rule('stripped', debugging.length === 0, list(debugging), 'no symbol table, no debug sections'),
  ];
}

function libcRule({ versions }, { libc, glibc }) {
  const wanted = versions
    .map(({ version }) => version.match(/^GLIBC_(.*)$/)?.[1])
    .filter((version) => version !== undefined)
    .sort(compareVersions);
  const newest = wanted.at(-1);
  if (libc === 'musl') return rule('glibc', newest === undefined, newest ?? 'none', 'none');
  // A version that is no number, such as GLIBC_PRIVATE or GLIBC_ABI_DT_RELR, sorts last and is above every floor.
  const holds = newest !== undefined && glibc !== undefined && compareVersions(newest, glibc) <= 0;
  return rule('glibc', holds, newest ?? 'none', `at most ${glibc}`);
}
