import { checkSignature } from './code-signature.mjs';
import { EXECUTABLE, WRITABLE } from './mach-o.mjs';
import { compareVersions, foreign, list, rule } from './rule.mjs';

const SYSTEM = /^\/(usr\/lib|System\/Library\/Frameworks)\//;

/** Names that the linker itself makes and that no tool removes. */
const LINKER = /^(dyld_private|_?_mh_dylib_header|_?_dso_handle|.*__thunk)$/;

/** The rules for an image that `readMachO` has read from `buffer`. */
export function machORules(image, target, buffer) {
  const { id, loads, runPaths, system, segments, exports, symbols, debugSymbols } = image;
  const outside = foreign(loads, SYSTEM);
  const both = segments.filter(
    ({ flags }) => (flags & EXECUTABLE) !== 0 && (flags & WRITABLE) !== 0,
  );
  const internal = foreign(symbols, LINKER).filter((name) => !exports.includes(name));
  const version = system?.join('.') ?? 'unstated';
  const own = id ?? 'none';
  return [
    rule(
      'libraries',
      loads.length > 0 && outside.length === 0,
      outside.length === 0 ? list(loads.map(basename)) : `${list(outside)} beside those of macOS`,
      'only those of macOS',
    ),
    // Whoever links against the image records this name: it must be true on another machine.
    rule('own name', /^(@rpath\/)?[^/]+$/.test(own), own, 'without a folder, or below @rpath'),
    rule('search paths', runPaths.length === 0, list(runPaths), 'none'),
    rule(
      'oldest system',
      system !== undefined && compareVersions(version, target.macos) <= 0,
      version,
      `at most ${target.macos}`,
    ),
    rule('writable code', both.length === 0, list(both.map(({ name }) => name)), 'none'),
    rule(
      'stripped',
      debugSymbols === 0 && internal.length === 0,
      `${debugSymbols} debug symbols, ${internal.length} internal ones`,
      'none',
    ),
    signatureRule(image, target, buffer),
  ];
}

/** Only arm64 refuses code without a signature; one that is there has to be right everywhere. */
function signatureRule({ signature }, { cpu }, buffer) {
  const wanted = cpu === 'arm64' ? 'valid' : 'valid or none';
  if (signature === undefined) return rule('signature', cpu !== 'arm64', 'none', wanted);
  const { isAdHoc, problem } = checkSignature(buffer, signature);
  const found = problem ?? `${isAdHoc ? 'ad hoc' : 'by an identity'}, every page as signed`;
  return rule('signature', problem === undefined, found, wanted);
}

const basename = (path) => path.slice(path.lastIndexOf('/') + 1);
