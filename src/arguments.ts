import { contextProblems, thrownBy } from './context.js';
import { describe } from './encode.js';
import { describeProblem, type FliptError, invalidArguments, type Problem } from './errors.js';

const TEXT = 'text that is not blank';

/** Whether an argument is text whose first character is a visible one of ASCII: enough to know that it is not blank. */
export function beginsVisibly(text: unknown): text is string {
  if (typeof text !== 'string') {
    return false;
  }
  const first = text.charCodeAt(0);
  return first > 32 && first < 127;
}

/** Whether an argument is text with more than white space in it. */
export function isPresent(text: unknown): text is string {
  return typeof text === 'string' && text.trim() !== '';
}

/** The error of an evaluation whose arguments or context cannot be used, naming every bad one. */
export function unusable(
  flagKey: unknown,
  entityId: unknown,
  context: unknown,
  cause?: unknown,
): FliptError {
  const problems: Problem[] = [];
  const messages: string[] = [];
  for (const [field, value] of [
    ['flagKey', flagKey],
    ['entityId', entityId],
  ] as const) {
    if (!isPresent(value)) {
      const problem = { field, received: receivedText(value), allowed: TEXT };
      problems.push(problem);
      messages.push(isMissing(value) ? `${field} cannot be empty` : describeProblem(problem));
    }
  }
  const code = problems.length > 0 ? 'FLIPT_ARGUMENT_INVALID' : 'FLIPT_CONTEXT_INVALID';
  for (const problem of contextProblems(context)) {
    problems.push(problem);
    messages.push(describeProblem(problem));
  }
  return invalidArguments(
    code,
    problems,
    messages.join('; ') || 'context: it could not be read',
    thrownBy(cause),
  );
}

/** What is wrong with an item of a batch, whose keys may be blank as on the server. */
export function itemProblems(
  index: number,
  flagKey: unknown,
  entityId: unknown,
  context: unknown,
): Problem[] {
  const problems: Problem[] = [];
  for (const [field, value] of [
    ['flagKey', flagKey],
    ['entityId', entityId],
  ] as const) {
    if (typeof value !== 'string') {
      problems.push({ field, received: describe(value), allowed: 'text' });
    }
  }
  problems.push(...contextProblems(context));
  return problems.map((problem) => ({ ...problem, field: `requests[${index}].${problem.field}` }));
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string';
}

function receivedText(value: unknown): string {
  return typeof value === 'string' ? 'blank text' : describe(value);
}
