import type { Flag } from '../evaluation.js';
import { ExitCode } from './exit-code.js';
import { FLAGS_FROM, openFlags } from './flags-from.js';
import type { Output } from './output.js';
import { counted, table } from './table.js';
import type { Call, Verb } from './verb.js';

/** `list` */
export const list: Verb = {
  name: 'list',
  operands: [],
  summary: 'list the flags of the namespace',
  details: [],
  options: FLAGS_FROM,
  run: listFlags,
};

async function listFlags(call: Call): Promise<ExitCode> {
  const client = await openFlags(call);
  try {
    const flags = client.listFlags();
    if (call.given.has('json')) {
      call.output.json(flags);
    } else {
      flagTable(call.output, flags);
    }
    return ExitCode.Done;
  } finally {
    await client.close();
  }
}

/** Flags as a table. */
export function flagTable(output: Output, flags: readonly Flag[]): void {
  const rows = flags.map(({ key, type, enabled, description = '' }) => [
    key,
    typeName(type),
    enabled ? 'on' : 'off',
    description,
  ]);
  const isBare = rows.every(([, , , description]) => description === '');
  const columns = [
    { head: 'flag' },
    { head: 'type' },
    {
      head: 'enabled',
      style: (text: string) => (text === 'on' ? 'green' : 'dim') as 'green' | 'dim',
    },
    { head: 'description' },
  ];
  const count = isBare ? 3 : 4;
  table(
    output,
    columns.slice(0, count),
    rows.map((row) => row.slice(0, count)),
  );
  output.line();
  output.line(output.styled('dim', counted(flags.length, 'flag')));
}

/** `BOOLEAN_FLAG_TYPE` as people say it. */
export function typeName(type: string): string {
  return type.replace(/_FLAG_TYPE$/, '').toLowerCase();
}
