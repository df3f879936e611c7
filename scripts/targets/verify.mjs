import { gzipSync } from 'node:zlib';
import { StepError } from '../steps/process.mjs';
import { buildPaths } from './build-paths.mjs';
import { isElf, readElf } from './elf.mjs';
import { elfRules } from './elf-rules.mjs';
import { isMachO, readMachO } from './mach-o.mjs';
import { machORules } from './mach-o-rules.mjs';
import { isPe, readPe } from './pe.mjs';
import { peRules } from './pe-rules.mjs';
import { foreign, list, rule } from './rule.mjs';

const LARGEST = 6_000_000;
const LARGEST_GZIP = 2_500_000;
const SHOWN_PATHS = 3;

/** What Node looks for in an addon. */
const REQUIRED = 'napi_register_module_v1';
const ENTRY_POINTS = /^(napi_register_module_v1|node_api_module_get_api_version_v1)$/;

/** Names that zig's linker gives every library for macOS. */
const LINKER = /^(_mh_dylib_header|__dso_handle)$/;

const FORMATS = {
  linux: { name: 'ELF', is: isElf, read: readElf, rules: elfRules },
  win32: { name: 'PE', is: isPe, read: readPe, rules: peRules },
  darwin: { name: 'Mach-O', is: isMachO, read: readMachO, rules: machORules },
};

/** Every rule that a published binary of `target` has to keep, as `{ name, holds, found, wanted }`. */
export function verifyBinary(buffer, target) {
  const wanted = FORMATS[target.os];
  const format = Object.values(FORMATS).find(({ is }) => is(buffer));
  const first = rule('format', format === wanted, format?.name ?? startOf(buffer), wanted.name);
  if (!first.holds) return [first];
  const image = wanted.read(buffer);
  return [
    first,
    rule('architecture', image.cpu === target.cpu, image.cpu, target.cpu),
    ...wanted.rules(image, target, buffer),
    exportsRule(image, target),
    pathsRule(buffer),
    sizeRule('size', buffer.length, LARGEST),
    sizeRule('gzip', gzipSync(buffer, { level: 9 }).length, LARGEST_GZIP),
  ];
}

/** Another name could take the place of one that the host or another addon means. */
function exportsRule({ exports }, target) {
  // zig takes no list of what to export for macOS; a link check is not for use.
  const isLinkCheck = target.linkCheck !== undefined && target.os !== process.platform;
  const others = isLinkCheck ? [] : foreign(exports, ENTRY_POINTS, LINKER);
  return rule(
    'exports',
    exports.includes(REQUIRED) && others.length === 0,
    list(exports),
    `${REQUIRED} and nothing but entry points`,
  );
}

function pathsRule(buffer) {
  const paths = buildPaths(buffer);
  const shown = paths.slice(0, SHOWN_PATHS);
  const more = paths.length > shown.length ? ` and ${paths.length - shown.length} more` : '';
  return rule('build paths', paths.length === 0, `${list(shown)}${more}`, 'none');
}

function sizeRule(name, bytes, limit) {
  return rule(name, bytes <= limit, inBytes(bytes), `at most ${inBytes(limit)}`);
}

const inBytes = (bytes) => `${bytes.toLocaleString('en')} bytes`;

function startOf(buffer) {
  const stub = buffer.toString('latin1', 0, 200).match(/^flipt-native stub: .*/)?.[0];
  if (stub) throw new StepError(`this is not a binary but a stand-in: ${stub}`);
  return `${buffer.length} bytes that begin with ${buffer.toString('hex', 0, 4) || 'nothing'}`;
}
