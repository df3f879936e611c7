import { accessSync, constants } from 'node:fs';
import type { FeatureProblem } from '../errors.js';
import { type FeatureReport, validateFeatures } from '../features.js';
import { ExitCode } from './exit-code.js';
import { type Output, printable, type Style } from './output.js';
import { unusableFile } from './refusal.js';
import { counted, wrapped } from './table.js';
import type { Call, Verb } from './verb.js';

const INDENT = 2;

/** `validate <path>` */
export const validate: Verb = {
  name: 'validate',
  operands: ['<path>'],
  summary: 'check feature files',
  details: [
    'Reads a feature file, or those below a folder as a Flipt server reads a repository, and prints everything that is wrong with file, line and field. No server is asked. Exits with 1 when something is wrong; warnings alone do not count.',
  ],
  options: {},
  run: validateFiles,
};

async function validateFiles({ operands, given, output }: Call): Promise<ExitCode> {
  const [path = ''] = operands;
  try {
    accessSync(path, constants.R_OK);
  } catch (cause) {
    throw unusableFile('read', path, cause);
  }
  const report = validateFeatures(path);
  if (given.has('json')) {
    output.json({ path, ...report });
  } else {
    print(output, report);
  }
  return report.problems.length === 0 ? ExitCode.Done : ExitCode.No;
}

function print(output: Output, report: FeatureReport): void {
  const { files, flags, namespaces, problems, warnings } = report;
  for (const problem of problems) {
    finding(output, 'error', 'red', problem);
  }
  for (const warning of warnings) {
    finding(output, 'warning', 'yellow', warning);
  }
  if (problems.length + warnings.length > 0) {
    output.line();
  }
  const read = `${counted(files, 'file')}, ${counted(namespaces.length, 'namespace')}, ${counted(flags, 'flag')}`;
  const found = problems.length === 0 ? 'no errors' : counted(problems.length, 'error');
  const style = problems.length === 0 ? 'green' : 'red';
  output.line(`${read}: ${output.styled(style, found)}`);
}

/** Where it is on a line of its own, so that editors and terminals find the place. */
function finding(output: Output, word: string, style: Style, problem: FeatureProblem): void {
  const { file, line, column, field, reason } = problem;
  const place = [file, line, column].filter((part) => part !== undefined).join(':');
  output.line(`${output.styled('bold', printable(place))} ${output.styled(style, word)}`);
  const text = printable(field === '' ? reason : `${field}: ${reason}`);
  for (const part of wrapped(text, output.width - INDENT)) {
    output.line(' '.repeat(INDENT) + part);
  }
}
