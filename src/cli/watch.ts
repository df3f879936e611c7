import { type ChangeEvent, type ChangeKind, flagChanges } from '../changes.js';
import type { FliptClient } from '../client.js';
import type { ClientOptions } from '../options.js';
import { ExitCode } from './exit-code.js';
import { FLAGS_FROM, openFlags } from './flags-from.js';
import { type Output, printable, type Style } from './output.js';
import { misused } from './refusal.js';
import { counted } from './table.js';
import type { Call, Verb } from './verb.js';

/** Seconds between two polls where there is no stream. */
const POLL_SECONDS = 5;
const LONG_MS = 2 ** 30;

const STYLES: Readonly<Record<ChangeKind, Style>> = {
  added: 'green',
  removed: 'red',
  modified: 'yellow',
};

/** `watch` */
export const watch: Verb = {
  name: 'watch',
  operands: [],
  summary: 'print changes of flags as they come',
  details: [
    'Runs until it is interrupted, and then ends with 0. With --json every change is one line; it names the flags that were added, removed or modified.',
  ],
  options: FLAGS_FROM,
  run: watchFlags,
};

async function watchFlags(call: Call): Promise<ExitCode> {
  const { given, output } = call;
  if (given.text('snapshot') !== undefined) {
    throw misused('the flags of a snapshot do not change; leave --snapshot out');
  }
  const stopped = call.untilStopped();
  const source = given.text('source');
  const following: ClientOptions =
    source === undefined
      ? { fetchMode: 'streaming', updateInterval: POLL_SECONDS }
      : { source: { path: source, watch: true } };
  const isJson = given.has('json');
  // A listener that is there from the start: a change may come before the client is ours.
  const onUpdate = (change: ChangeEvent) => tell(output, change, isJson);
  const client = await openFlags(call, { ...following, signal: stopped, onUpdate });
  // A client does not keep the process alive by itself.
  const alive = setInterval(() => {}, LONG_MS);
  try {
    await follow(client, stopped, output, isJson);
    return ExitCode.Done;
  } finally {
    clearInterval(alive);
    await client.close();
  }
}

async function follow(
  client: FliptClient,
  stopped: AbortSignal,
  output: Output,
  isJson: boolean,
): Promise<void> {
  const end = new Promise<void>((resolve) => {
    stopped.addEventListener('abort', () => resolve(), { once: true });
  });
  client.on('stale', () =>
    output.warning('the flags are stale: the server has not answered for long'),
  );
  client.on('recovered', () => output.warning('the server answers again'));
  if (!isJson) {
    const flags = counted(client.getAllFlagKeys().length, 'flag');
    output.line(output.styled('dim', `watching ${flags}; Ctrl+C ends it`));
  }
  if (!stopped.aborted) {
    await end;
  }
}

function tell(output: Output, change: ChangeEvent, isJson: boolean): void {
  if (isJson) {
    const { added, removed, modified, digest, source, at } = change;
    output.json({ at: at.toISOString(), added, removed, modified, digest, source }, 0);
    return;
  }
  const time = change.at.toTimeString().slice(0, 8);
  for (const { flagKey, kind } of flagChanges(change)) {
    const word = output.styled(STYLES[kind], kind.padEnd(8));
    output.line(`${output.styled('dim', time)}  ${word}  ${printable(flagKey)}`);
  }
}
