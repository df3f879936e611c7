import { writeFileSync } from 'node:fs';
import type { FliptClient } from '../client.js';
import { type Difference, differences } from './difference.js';
import { ExitCode } from './exit-code.js';
import { FLAGS_FROM, openFlags, openSnapshot } from './flags-from.js';
import { flagTable } from './list.js';
import { type Output, printable, type Style } from './output.js';
import { readPortable } from './portable.js';
import { misused, unusableFile } from './refusal.js';
import { counted, table } from './table.js';
import type { Call, Verb } from './verb.js';

/** `snapshot write|read|diff` */
export const snapshot: Verb = {
  name: 'snapshot',
  operands: ['<write|read|diff>', '[file]', '[file]'],
  summary: 'write, read or compare snapshots of flags',
  details: [
    'snapshot write [file]: writes the flags to a file, or without one to standard output. The option snapshot of a client starts from it, and so do the --snapshot of this program and clients of Flipt itself.',
    'snapshot read <file>: lists what is in one.',
    'snapshot diff <older> [newer]: tells which flags differ, and in what; without a second file from the flags of the server or the feature files. Exits with 1 when some do.',
  ],
  options: FLAGS_FROM,
  run: snapshotVerb,
};

async function snapshotVerb(call: Call): Promise<ExitCode> {
  const [action, first, second] = call.operands;
  switch (action) {
    case 'write':
      return write(call, only(first, second));
    case 'read':
      return read(call, needed(only(first, second)));
    case 'diff':
      return diff(call, needed(first), second);
    default:
      throw misused(`there is no snapshot ${action}; there are write, read and diff`);
  }
}

async function write(call: Call, path: string | undefined): Promise<ExitCode> {
  const { given, output } = call;
  const text = await exported(openFlags(call));
  const { namespace, flags } = readPortable(text);
  if (path !== undefined) {
    save(path, text);
  }
  if (given.has('json')) {
    const where = path === undefined ? { snapshot: text } : { path };
    output.json({ ...where, namespace, flags: flags.size });
  } else if (path === undefined) {
    output.line(text);
  } else {
    const count = counted(flags.size, 'flag');
    output.line(`${path}: ${count} of the namespace ${printable(namespace)}`);
  }
  return ExitCode.Done;
}

function save(path: string, text: string): void {
  try {
    writeFileSync(path, `${text}\n`);
  } catch (cause) {
    throw unusableFile('write', path, cause);
  }
}

async function read(call: Call, path: string): Promise<ExitCode> {
  const client = await openSnapshot(path, call.given.text('namespace'));
  try {
    const { namespace } = readPortable(client.getSnapshot());
    const flags = client.listFlags();
    if (call.given.has('json')) {
      call.output.json({ namespace, flags });
    } else {
      call.output.line(`namespace ${printable(namespace)}`);
      call.output.line();
      flagTable(call.output, flags);
    }
    return ExitCode.Done;
  } finally {
    await client.close();
  }
}

async function diff(call: Call, older: string, newer: string | undefined): Promise<ExitCode> {
  const { given, output } = call;
  const namespace = given.text('namespace');
  const before = readPortable(await exported(openSnapshot(older, namespace)));
  const other = newer === undefined ? openFlags(call) : openSnapshot(newer, namespace);
  const found = differences(before, readPortable(await exported(other)));
  if (given.has('json')) {
    output.json(found);
  } else {
    print(output, found);
  }
  return found.length === 0 ? ExitCode.Done : ExitCode.No;
}

const STYLES: Readonly<Record<string, Style>> = {
  added: 'green',
  removed: 'red',
  modified: 'yellow',
};

function print(output: Output, found: readonly Difference[]): void {
  if (found.length === 0) {
    output.line('no flag differs');
    return;
  }
  table(
    output,
    [{ head: 'change', style: (text) => STYLES[text] }, { head: 'flag' }, { head: 'in' }],
    found.map(({ flagKey, kind, fields }) => [kind, flagKey, fields.join(', ')]),
  );
}

async function exported(opening: Promise<FliptClient>): Promise<string> {
  const client = await opening;
  try {
    return client.getSnapshot();
  } finally {
    await client.close();
  }
}

function only(first: string | undefined, second: string | undefined): string | undefined {
  if (second !== undefined) {
    throw misused('there are too many files; one is enough');
  }
  return first;
}

function needed(path: string | undefined): string {
  if (path === undefined) {
    throw misused('the file is missing; flipt-native help snapshot tells more');
  }
  return path;
}
