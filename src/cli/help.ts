import type { Output } from './output.js';
import { wrapped } from './table.js';
import type { Options, Verb } from './verb.js';

const INDENT = 2;

const CODES: readonly (readonly [string, string])[] = [
  ['0', 'done'],
  [
    '1',
    'the answer is no: no such flag, or one without an answer; snapshots or types that differ; errors in feature files; no addon',
  ],
  ['2', 'the command line cannot be used'],
  ['3', 'there is no flag state: the server did not answer, or a file cannot be read or written'],
];

const VARIABLES: readonly (readonly [string, string])[] = [
  ['FLIPT_URL', 'where Flipt is; default http://localhost:8080'],
  ['FLIPT_ENVIRONMENT', 'the environment'],
  ['FLIPT_NAMESPACE', 'the namespace'],
  ['FLIPT_REFERENCE', 'the reference (Flipt v1)'],
  ['FLIPT_CLIENT_TOKEN', 'a client token; unlike --token it shows in no list of processes'],
  ['FLIPT_JWT_TOKEN', 'a JSON web token in its place'],
  ['NO_COLOR', 'anything turns colour off'],
];

/** What there is. */
export function generalHelp(output: Output, verbs: readonly Verb[]): void {
  output.line('Asks the flags of a Flipt namespace, evaluated in this process.');
  section(output, 'Usage', [['flipt-native <verb> [options]', '']]);
  const lines = verbs.map(({ name, operands, summary }) => [
    [name, ...operands].join(' '),
    summary,
  ]);
  section(output, 'Verbs', [...lines, ['help [verb]', 'this, or all about one verb']] as [
    string,
    string,
  ][]);
  section(output, 'Environment', VARIABLES);
  section(output, 'Exit codes', CODES);
}

/** All about one verb. */
export function helpOf(output: Output, verb: Verb, options: Options): void {
  output.line(`${verb.summary[0]?.toUpperCase()}${verb.summary.slice(1)}.`);
  section(output, 'Usage', [
    [['flipt-native', verb.name, ...verb.operands, '[options]'].join(' '), ''],
  ]);
  for (const paragraph of verb.details) {
    output.line();
    print(output, paragraph, 0);
  }
  const lines = Object.entries(options).map(([name, { short, argument, help }]) => {
    const head = `${short === undefined ? '   ' : `-${short},`} --${name}`;
    return [argument === undefined ? head : `${head} ${argument}`, help] as const;
  });
  section(output, 'Options', lines);
}

function section(
  output: Output,
  head: string,
  lines: readonly (readonly [string, string])[],
): void {
  output.line();
  output.line(output.styled('bold', head));
  const width = Math.max(...lines.map(([left]) => left.length)) + 2;
  for (const [left, right] of lines) {
    const [first = '', ...more] = wrapped(right, output.width - INDENT - width);
    const margin = ' '.repeat(INDENT);
    output.line(
      `${margin}${output.styled('cyan', left)}${' '.repeat(width - left.length)}${first}`.trimEnd(),
    );
    for (const line of more) {
      output.line(`${margin}${' '.repeat(width)}${line}`);
    }
  }
}

function print(output: Output, text: string, indent: number): void {
  for (const line of wrapped(text, output.width - indent)) {
    output.line(' '.repeat(indent) + line);
  }
}
