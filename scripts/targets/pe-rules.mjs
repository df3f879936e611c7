import { EXECUTABLE, NO_EXECUTE, RANDOM_ADDRESS, WRITABLE } from './pe.mjs';
import { compareVersions, foreign, list, rule } from './rule.mjs';

/**
 * What every Windows 10 has in itself, the universal C runtime included (`api-ms-win-crt-*`). The runtime of the compiler
 * (`vcruntime140.dll`, `libgcc_s_seh-1.dll`) is a download of its own, and the host is not named: symbols of Node are
 * looked up in the running program, whatever its file is called.
 */
const WINDOWS_LIBRARIES =
  /^(api-ms-win-(core|crt|security|eventing)-[a-z0-9-]+|advapi32|bcrypt|bcryptprimitives|combase|crypt32|iphlpapi|kernel32|kernelbase|msvcrt|ncrypt|ntdll|ole32|oleaut32|secur32|shell32|synchronization|ucrtbase|user32|userenv|ws2_32)\.dll$/i;

const WINDOWS = '10.0';

/** The rules for an image that `readPe` has read. */
export function peRules({ imports, sections, characteristics, system, symbolCount }) {
  const has = (flag) => (characteristics & flag) !== 0;
  const outside = foreign(imports, WINDOWS_LIBRARIES);
  const both = sections.filter(
    ({ flags }) => (flags & EXECUTABLE) !== 0 && (flags & WRITABLE) !== 0,
  );
  const debugging = sections.map(({ name }) => name).filter((name) => /^\.z?debug/.test(name));
  return [
    rule(
      'libraries',
      imports.length > 0 && outside.length === 0,
      outside.length === 0 ? list(imports) : `${list(outside)} beside those of Windows`,
      'only those of Windows 10',
    ),
    rule(
      'oldest system',
      compareVersions(system.join('.'), WINDOWS) <= 0,
      system.join('.'),
      `at most ${WINDOWS}`,
    ),
    rule(
      'stack',
      has(NO_EXECUTE),
      has(NO_EXECUTE) ? 'not executable' : 'executable',
      'not executable',
    ),
    rule('address', has(RANDOM_ADDRESS), has(RANDOM_ADDRESS) ? 'random' : 'fixed', 'random'),
    rule('writable code', both.length === 0, list(both.map(({ name }) => name)), 'none'),
    rule(
      'stripped',
      symbolCount === 0 && debugging.length === 0,
      `${symbolCount} symbols, debug sections: ${list(debugging)}`,
      'no symbols, no debug sections',
    ),
  ];
}
