import { readFileSync, writeFileSync } from 'node:fs';
import { declarations } from './declarations.js';
import { ExitCode } from './exit-code.js';
import { FLAGS_FROM, openFlags } from './flags-from.js';
import { readPortable } from './portable.js';
import { misused, unusableFile } from './refusal.js';
import { counted } from './table.js';
import type { Call, Verb } from './verb.js';

/** `types` */
export const types: Verb = {
  name: 'types',
  operands: [],
  summary: 'write TypeScript declarations of the flags',
  details: [
    'Declares the keys of all flags, their variants and the types of what is attached to them, so that the compiler finds a flag that is misspelt or gone. Include the file in the project; nothing imports it.',
    'With --check nothing is written: exits with 1 when the file of --out is not what would be written, for CI.',
  ],
  options: {
    out: { type: 'string', short: 'o', argument: '<file>', help: 'default: standard output' },
    check: { type: 'boolean', help: 'compare the file in place of writing it' },
    openfeature: { type: 'boolean', help: "also declare OpenFeature's types of flag keys" },
    ...FLAGS_FROM,
  },
  run: writeTypes,
};

async function writeTypes(call: Call): Promise<ExitCode> {
  const { given, output } = call;
  const path = given.text('out');
  if (given.has('check') && path === undefined) {
    throw misused('--check needs the file to compare; name it with --out');
  }
  const client = await openFlags(call);
  const snapshot = readPortable(client.getSnapshot());
  await client.close();
  const text = declarations(snapshot, given.has('openfeature'));
  if (path === undefined) {
    if (given.has('json')) {
      output.json({ flags: snapshot.flags.size, declarations: text });
    } else {
      output.line(text.trimEnd());
    }
    return ExitCode.Done;
  }
  const isCurrent = existing(path) === text;
  if (given.has('check')) {
    report(call, path, isCurrent);
    return isCurrent ? ExitCode.Done : ExitCode.No;
  }
  if (!isCurrent) {
    write(path, text);
  }
  if (given.has('json')) {
    output.json({ path, flags: snapshot.flags.size, written: !isCurrent });
  } else {
    output.line(
      `${path}: ${counted(snapshot.flags.size, 'flag')}${isCurrent ? ', unchanged' : ''}`,
    );
  }
  return ExitCode.Done;
}

function report({ given, output }: Call, path: string, isCurrent: boolean): void {
  if (given.has('json')) {
    output.json({ path, current: isCurrent });
  } else if (isCurrent) {
    output.line(`${path} is current`);
  }
  if (!isCurrent) {
    output.error(`${path} is not what the flags are now; run it again without --check`);
  }
}

/** What stands in the file; line ends are those of the checkout. */
function existing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') {
      return undefined;
    }
    throw unusableFile('read', path, cause);
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw unusableFile('write', path, cause);
  }
}
