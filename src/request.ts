import { describe } from './encode.js';
import { describeProblem, type FliptError, invalidArguments } from './errors.js';
import type { EvaluationRequest } from './evaluation.js';

/** Throws when a request is not an object. */
export function requireObject(request: EvaluationRequest): EvaluationRequest {
  if (typeof request !== 'object' || request === null) {
    throw NOT_AN_OBJECT;
  }
  return request;
}

const NOT_AN_OBJECT = new TypeError('not an object');

/** The error of a request that is not an object, or whose getters throw. */
export function unreadable(request: unknown, cause: unknown): FliptError {
  const isObject = cause !== NOT_AN_OBJECT;
  const problem = {
    field: 'request',
    received: isObject ? 'a getter that throws' : describe(request),
    allowed: 'an object with flagKey and entityId',
  };
  const message = describeProblem(problem);
  return invalidArguments(
    'FLIPT_ARGUMENT_INVALID',
    [problem],
    message,
    isObject ? cause : undefined,
  );
}
