import { createError, type FliptError } from '../errors.js';
import { version } from '../version.js';
import type { Attempt } from './attempt.js';
import { causeText } from './cause.js';
import { installationOf } from './installation.js';
import { libcOf } from './libc.js';
import type { Machine } from './machine.js';
import { placeName } from './places.js';
import { type Remedy, remedies } from './remedy.js';

/** The one error when no place has an addon that loads. */
export function loadFailure(machine: Machine, attempts: readonly Attempt[]): FliptError {
  const lines = [
    `no native addon could be loaded on ${machineText(machine)}; flipt-native ${version} tried`,
    ...attempts.map((one) => `- ${attemptText(one)}`),
    ...remediesFor(machine, attempts).map(({ name, text }) => `remedy (${name}): ${text}`),
  ];
  return createError(lines.join('\n'), { code: 'FLIPT_NATIVE_LOAD', cause: causeOf(attempts) });
}

/** What can be done about failed attempts. */
export function remediesFor(machine: Machine, attempts: readonly Attempt[]): Remedy[] {
  return remedies(machine, installationOf(machine), attempts, version);
}

/** The machine on one line. */
export function machineText(machine: Machine): string {
  const { arch, platform, versions } = machine;
  const others = (['electron', 'bun', 'deno'] as const)
    .filter((name) => versions[name] !== undefined)
    .map((name) => `${name[0]?.toUpperCase()}${name.slice(1)} ${versions[name]}`);
  return [`${platform} ${arch}`, ...libcText(machine), `Node ${versions['node']}`, ...others].join(
    ', ',
  );
}

function libcText(machine: Machine): string[] {
  if (machine.platform !== 'linux') {
    return [];
  }
  const version = machine.libcReport()?.glibcVersion;
  const libc = libcOf(machine) ?? 'an unknown C library';
  return [libc === 'glibc' && version !== undefined ? `${libc} ${version}` : libc];
}

/** How an attempt went, on one line. */
export function attemptText(attempt: Attempt): string {
  const name = placeName(attempt.place);
  const file = attempt.path === undefined || attempt.path === name ? '' : ` (${attempt.path})`;
  const result = attempt.addon === undefined ? causeText(attempt.cause) : 'loaded';
  return `${name}${file}: ${result}`;
}

/** The first error that the system gave. */
function causeOf(attempts: readonly Attempt[]): unknown {
  return attempts.flatMap((one) => (one.addon === undefined && one.error ? [one.error] : []))[0];
}
