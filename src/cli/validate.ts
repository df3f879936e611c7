import { ExitCode } from './exit-code.js';
import type { Call, Verb } from './verb.js';

/** `validate <path>` */
export const validate: Verb = {
  name: 'validate',
  operands: ['<path>'],
  summary: 'check feature files',
  details: [
    'Reads a file or a folder of feature files and prints everything that is wrong, each with file, line and field. Exits with 1 when something is.',
  ],
  options: {},
  run: validateFiles,
};

async function validateFiles(_: Call): Promise<ExitCode> {
  return ExitCode.Done;
}
