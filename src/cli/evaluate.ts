import { type EvaluationDetails, getValueAsString } from '../values/details.js';
import type { FlagContext } from '../values/flag-context.js';
import { ExitCode } from './exit-code.js';
import { explanationText } from './explanation-text.js';
import { FLAGS_FROM, openFlags } from './flags-from.js';
import type { Output } from './output.js';
import { printable } from './output.js';
import { misused } from './refusal.js';
import { wrapped } from './table.js';
import type { Call, Given, Verb } from './verb.js';

const ENTITY = 'name the entity with --entity';

/** `evaluate <flag>` */
export const evaluate: Verb = {
  name: 'evaluate',
  operands: ['<flag>'],
  summary: 'evaluate one flag',
  details: [
    'Prints the value that a flag has for an entity and a context, and why. With --explain also every rule, segment, constraint and share that led there.',
  ],
  options: {
    entity: { type: 'string', short: 'e', argument: '<id>', help: 'for whom' },
    context: {
      type: 'string',
      short: 'c',
      multiple: true,
      argument: '<key=value>',
      help: 'what is known about the entity; may be repeated',
    },
    explain: { type: 'boolean', help: 'show how the answer came about' },
    ...FLAGS_FROM,
  },
  run: evaluateFlag,
};

async function evaluateFlag(call: Call): Promise<ExitCode> {
  const [flagKey = ''] = call.operands;
  const { given, output } = call;
  const context = contextOf(given);
  const client = await openFlags(call);
  try {
    const details = client.evaluateFlag(flagKey, context);
    if (details === undefined) {
      const namespace = client.explain(flagKey).namespaceKey;
      output.error(
        `there is no flag ${flagKey} in the namespace ${namespace}; flipt-native list shows all of them`,
      );
      return ExitCode.No;
    }
    const explanation = given.has('explain') ? client.explain(flagKey, context) : undefined;
    if (given.has('json')) {
      output.json(explanation === undefined ? details : { ...details, explanation });
    } else {
      printDetails(output, details);
      if (explanation !== undefined) {
        output.line();
        for (const line of explanationText(explanation, output)) {
          output.line(line);
        }
      }
    }
    if (details.errorCode === undefined) {
      return ExitCode.Done;
    }
    const advice = details.errorCode === 'TARGETING_KEY_MISSING' ? `; ${ENTITY}` : '';
    output.error(`${details.errorMessage}${advice}`);
    return ExitCode.No;
  } finally {
    await client.close();
  }
}

/** The context that the command line gives. */
function contextOf(given: Given): FlagContext {
  const entity = given.text('entity');
  const pairs = given.texts('context').map((pair): [string, string] => {
    const at = pair.indexOf('=');
    if (at < 1) {
      throw misused('--context is not of the form key=value');
    }
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return {
    ...Object.fromEntries(pairs),
    ...(entity === undefined ? {} : { targetingKey: entity }),
  };
}

function printDetails(output: Output, details: EvaluationDetails<unknown>): void {
  const { flagKey, value, variant, reason, segmentKeys, ruleId } = details;
  const shown =
    value === undefined ? 'none: the default in the code counts' : getValueAsString(details);
  const lines: [string, string | undefined][] = [
    ['flag', flagKey],
    ['value', shown],
    ['variant', variant],
    ['reason', reason],
    ['rule', ruleId],
    ['segments', segmentKeys.length === 0 ? 'none' : segmentKeys.join(', ')],
  ];
  for (const [name, text] of lines) {
    if (text !== undefined) {
      labelled(output, name, text);
    }
  }
}

const LABEL = 10;

/** One labelled text, over as many lines as it takes. */
export function labelled(output: Output, name: string, text: string): void {
  const [first = '', ...more] = wrapped(printable(text), output.width - LABEL);
  const style = name === 'value' ? 'bold' : undefined;
  output.line(`${output.styled('dim', name.padEnd(LABEL))}${output.styled(style, first)}`);
  for (const line of more) {
    output.line(' '.repeat(LABEL) + output.styled(style, line));
  }
}
