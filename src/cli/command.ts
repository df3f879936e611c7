import { parseArgs } from 'node:util';
import { version } from '../version.js';
import { doctor } from './doctor.js';
import { evaluate } from './evaluate.js';
import { ExitCode } from './exit-code.js';
import { generalHelp, helpOf } from './help.js';
import { list } from './list.js';
import type { Output } from './output.js';
import { misused, refusalOf } from './refusal.js';
import { snapshot } from './snapshot.js';
import { types } from './types.js';
import { validate } from './validate.js';
import { type Call, Given, type Options, type Verb } from './verb.js';
import { watch } from './watch.js';

const VERBS: readonly Verb[] = [evaluate, list, snapshot, validate, types, watch, doctor];

const GENERAL: Options = {
  json: { type: 'boolean', help: 'write JSON, for programs' },
  help: { type: 'boolean', short: 'h', help: 'show this help' },
};

/** What a command line runs in. */
export type Surroundings = Pick<Call, 'output' | 'environment' | 'untilStopped'>;

/** Runs a command line and returns what to exit with. Says on one line why it cannot. */
export async function command(args: readonly string[], around: Surroundings): Promise<ExitCode> {
  try {
    return await run(args, around);
  } catch (error) {
    const { exitCode, message } = refusalOf(error);
    around.output.error(message);
    return exitCode;
  }
}

async function run(args: readonly string[], around: Surroundings): Promise<ExitCode> {
  const [first, ...rest] = args;
  const { output } = around;
  if (first === undefined) {
    generalHelp(output, VERBS);
    return ExitCode.Usage;
  }
  if (first === 'help' || first === '--help' || first === '-h') {
    return help(output, rest[0]);
  }
  if (first === '--version' || first === '-v') {
    output.line(version);
    return ExitCode.Done;
  }
  const verb = verbOf(first);
  const options = { ...verb.options, ...GENERAL };
  const { given, operands } = parsed(verb, options, rest);
  if (given.has('help')) {
    helpOf(output, verb, options);
    return ExitCode.Done;
  }
  checkCount(verb, operands);
  return verb.run({ ...around, given, operands });
}

function help(output: Output, name: string | undefined): ExitCode {
  if (name === undefined) {
    generalHelp(output, VERBS);
  } else {
    const verb = verbOf(name);
    helpOf(output, verb, { ...verb.options, ...GENERAL });
  }
  return ExitCode.Done;
}

function verbOf(name: string): Verb {
  const verb = VERBS.find((one) => one.name === name);
  if (verb === undefined) {
    const names = VERBS.map((one) => one.name).join(', ');
    throw misused(`there is no verb ${name}; there are ${names} and help`);
  }
  return verb;
}

function parsed(
  verb: Verb,
  options: Options,
  args: readonly string[],
): { given: Given; operands: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
    });
    return { given: new Given(values), operands: positionals };
  } catch (error) {
    // Its first sentence names the option, the others do not know our help.
    const [what] = (error as Error).message.split(/\.(?:\s|$)/, 1);
    const lowered = `${what?.[0]?.toLowerCase()}${what?.slice(1)}`;
    throw misused(`${lowered}; flipt-native help ${verb.name} lists the options`);
  }
}

function checkCount(verb: Verb, operands: readonly string[]): void {
  const least = verb.operands.filter((operand) => operand.startsWith('<')).length;
  const isTooFew = operands.length < least;
  if (isTooFew || operands.length > verb.operands.length) {
    const usage = ['flipt-native', verb.name, ...verb.operands].join(' ');
    const what = isTooFew
      ? `${verb.operands[operands.length]} is missing`
      : 'there are too many words';
    throw misused(`${what}; it is ${usage}`);
  }
}
