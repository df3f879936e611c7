import { join } from 'node:path';
import { examineLoading, hostMachine } from '../addon.js';
import { FliptClient } from '../client.js';
import type { Attempt } from '../loader/attempt.js';
import { type Cause, causeText } from '../loader/cause.js';
import { attemptText, machineText, remediesFor } from '../loader/failure.js';
import { installationOf } from '../loader/installation.js';
import { libcOf } from '../loader/libc.js';
import type { Machine } from '../loader/machine.js';
import type { PackageManager } from '../loader/package-manager.js';
import { placeName } from '../loader/places.js';
import type { Remedy } from '../loader/remedy.js';
import { version } from '../version.js';
import { ExitCode } from './exit-code.js';
import { type Output, printable } from './output.js';
import { wrapped } from './table.js';
import type { Call, Verb } from './verb.js';

/** `doctor` */
export const doctor: Verb = {
  name: 'doctor',
  operands: [],
  summary: 'tell whether the native addon loads here, and why not',
  details: [
    'Looks for the native addon as a client does, loads it and evaluates a flag with it, without a server. Prints the machine, every place that was tried with its cause, and what can be done. Exits with 1 when something is wrong.',
  ],
  options: {},
  run: examine,
};

/** What `doctor --json` writes. */
interface Report {
  readonly ok: boolean;
  readonly machine: {
    readonly platform: string;
    readonly arch: string;
    readonly libc?: string;
    readonly glibc?: string;
    readonly versions: Readonly<Record<string, string>>;
    readonly program: string;
  };
  readonly package: {
    readonly version: string;
    readonly folder?: string;
    readonly manager: PackageManager;
  };
  readonly attempts: readonly TriedPlace[];
  /** The file that was loaded. */
  readonly loaded?: { readonly path: string; readonly version: string };
  readonly evaluation?: { readonly ok: boolean; readonly error?: string };
  readonly remedies: readonly Remedy[];
}

interface TriedPlace {
  readonly place: string;
  readonly path?: string;
  readonly loaded: boolean;
  readonly cause?: Cause;
  readonly reason?: string;
}

async function examine({ given, output }: Call): Promise<ExitCode> {
  const machine = hostMachine();
  const { addon, attempts } = examineLoading();
  const last = attempts.at(-1);
  const evaluation = addon === undefined ? undefined : await evaluated();
  const report: Report = {
    ok: evaluation?.ok === true,
    machine: machineReport(machine),
    package: {
      version,
      ...(machine.home === undefined ? {} : { folder: join(machine.home, '..') }),
      manager: installationOf(machine).manager,
    },
    attempts: attempts.map(triedPlace),
    ...(last?.addon === undefined
      ? {}
      : { loaded: { path: last.path, version: last.addon.version() } }),
    ...(evaluation === undefined ? {} : { evaluation }),
    remedies: addon === undefined ? remediesFor(machine, attempts) : [],
  };
  if (given.has('json')) {
    output.json(report);
  } else {
    print(output, machine, attempts, report);
  }
  return report.ok ? ExitCode.Done : ExitCode.No;
}

/** Whether a flag that the addon is given has its value. */
async function evaluated(): Promise<{ ok: boolean; error?: string }> {
  try {
    const client = await FliptClient.init({ offline: true, bootstrap: { doctor: true } });
    const { value, errorMessage } = client.getBooleanDetails('doctor', false);
    await client.close();
    return value === true
      ? { ok: true }
      : { ok: false, error: errorMessage ?? `the flag is ${value}` };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

function machineReport(machine: Machine): Report['machine'] {
  const libc = libcOf(machine);
  const glibc = machine.libcReport()?.glibcVersion;
  const names = ['node', 'napi', 'modules', 'electron', 'bun', 'deno'];
  const versions = names.flatMap((name): [string, string][] => {
    const found = machine.versions[name];
    return found === undefined ? [] : [[name, found]];
  });
  return {
    platform: machine.platform,
    arch: machine.arch,
    ...(libc === undefined ? {} : { libc }),
    ...(glibc === undefined ? {} : { glibc }),
    versions: Object.fromEntries(versions),
    program: machine.execPath,
  };
}

function triedPlace(attempt: Attempt): TriedPlace {
  return {
    place: placeName(attempt.place),
    ...(attempt.path === undefined ? {} : { path: attempt.path }),
    ...(attempt.addon === undefined
      ? { loaded: false, cause: attempt.cause, reason: causeText(attempt.cause) }
      : { loaded: true }),
  };
}

const LABEL = 12;

function print(
  output: Output,
  machine: Machine,
  attempts: readonly Attempt[],
  report: Report,
): void {
  labelled(output, 'machine', machineText(machine));
  labelled(output, 'program', machine.execPath);
  const place = report.package.folder ?? 'code that was bundled';
  labelled(output, 'package', `flipt-native ${version} in ${place}`);
  for (const [index, attempt] of attempts.entries()) {
    const sign = attempt.addon === undefined ? '✗' : '✓';
    labelled(output, index === 0 ? 'tried' : '', `${sign} ${attemptText(attempt)}`);
  }
  if (report.loaded !== undefined) {
    labelled(output, 'addon', `version ${report.loaded.version}`);
  }
  if (report.evaluation !== undefined) {
    labelled(output, 'evaluation', report.evaluation.error ?? 'as it should be');
  }
  for (const { name, text } of report.remedies) {
    labelled(output, 'remedy', `${name}: ${text}`);
  }
  output.line();
  output.line(
    report.ok
      ? output.styled('green', 'the native addon works')
      : output.styled('red', 'the native addon does not work'),
  );
}

/** Over as many lines as it takes on a terminal; paths in files and pipes stay whole. */
function labelled(output: Output, label: string, text: string): void {
  const room = output.isTerminal ? output.width - LABEL : Number.POSITIVE_INFINITY;
  const [first = '', ...more] = wrapped(printable(text), room);
  output.line(`${output.styled('dim', label.padEnd(LABEL))}${first}`);
  for (const line of more) {
    output.line(' '.repeat(LABEL) + line);
  }
}
