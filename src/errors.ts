import { nameOf } from './failure.js';

/** Every code an error can carry, `FLIPT_<NOUN>_<PROBLEM>`. A later version may add codes. */
export type FliptErrorCode =
  | 'FLIPT_ARGUMENT_INVALID'
  | 'FLIPT_CALL_ABORTED'
  | 'FLIPT_CLIENT_CLOSED'
  | 'FLIPT_CLIENT_NOT_READY'
  | 'FLIPT_CONNECTION_FAILED'
  | 'FLIPT_CONTEXT_INVALID'
  | 'FLIPT_CREDENTIAL_FAILED'
  | 'FLIPT_DNS_FAILED'
  | 'FLIPT_FETCHER_FAILED'
  | 'FLIPT_FLAG_INVALID'
  | 'FLIPT_FLAG_NOT_FOUND'
  | 'FLIPT_FLAG_TYPE_MISMATCH'
  | 'FLIPT_INIT_ABORTED'
  | 'FLIPT_INIT_TIMEOUT'
  | 'FLIPT_INTERNAL_PANIC'
  | 'FLIPT_NAMESPACE_NOT_FOUND'
  | 'FLIPT_NATIVE_LOAD'
  | 'FLIPT_OPTION_INVALID'
  | 'FLIPT_PROXY_FAILED'
  | 'FLIPT_REDIRECT_REFUSED'
  | 'FLIPT_REQUEST_TIMEOUT'
  | 'FLIPT_RESPONSE_INVALID'
  | 'FLIPT_RESPONSE_TOO_LARGE'
  | 'FLIPT_RESPONSE_UNEXPECTED'
  | 'FLIPT_SERVER_FAILED'
  | 'FLIPT_SERVER_FORBIDDEN'
  | 'FLIPT_SERVER_RATE_LIMITED'
  | 'FLIPT_SERVER_UNAUTHENTICATED'
  | 'FLIPT_SNAPSHOT_INVALID'
  | 'FLIPT_SNAPSHOT_MISMATCH'
  | 'FLIPT_SNAPSHOT_UNSUPPORTED'
  | 'FLIPT_SOURCE_INVALID'
  | 'FLIPT_STREAM_FAILED'
  | 'FLIPT_TLS_FAILED';

/** One bad field of options, arguments or a context. */
export interface Problem {
  /** Path of the field, for example `retry.maxRetries` or `requests[2].context.plan`. */
  readonly field: string;
  /** What was received, never a secret. */
  readonly received: string;
  /** What is allowed. */
  readonly allowed: string;
  /** The known name closest to an unknown one. */
  readonly suggestion?: string;
  readonly file?: undefined;
  readonly line?: undefined;
  readonly column?: undefined;
  readonly reason?: undefined;
}

/** One thing that is wrong with a feature file, or that its author should know. */
export interface FeatureProblem {
  /** The file, beginning with the path that was asked for. */
  readonly file: string;
  /** The line, counted from 1; undefined when it is about the file as a whole. */
  readonly line?: number;
  /** The column in characters, counted from 1; undefined together with the line. */
  readonly column?: number;
  /** The path of the field, for example `flags[0].rules[1].segment`; empty when it is about no field. */
  readonly field: string;
  /** What is wrong, in lower case. */
  readonly reason: string;
  readonly received?: undefined;
  readonly allowed?: undefined;
}

/** What else is known about an error. */
export interface FliptErrorDetails {
  /**
   * Every bad field, for a {@link ValidationError}; with `FLIPT_SOURCE_INVALID` everything that is wrong with the
   * feature files.
   */
  readonly problems?: readonly (Problem | FeatureProblem)[];
  /** The HTTP status that the server answered with. */
  readonly status?: number;
}

/** What an error is made of. */
export interface FliptErrorInit {
  /** Which error it is. */
  readonly code: FliptErrorCode;
  /** Whether the same call may succeed if it is made again soon. Default false. */
  readonly retryable?: boolean;
  /** What else is known. Default nothing. */
  readonly details?: FliptErrorDetails;
  /** The error underneath. Default none. */
  readonly cause?: unknown;
}

const BRAND = Symbol.for('flipt-native.error');

/** Everything this package throws or rejects with. Messages never contain a credential. */
export class FliptError extends Error {
  /** Which error this is; stable between versions. */
  readonly code: FliptErrorCode;
  /** Whether the same call may succeed if it is made again soon. */
  readonly retryable: boolean;
  /** What else is known. */
  readonly details: FliptErrorDetails;

  constructor(message: string, init: FliptErrorInit) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = new.target.name;
    this.code = init.code;
    this.retryable = init.retryable ?? false;
    this.details = init.details ?? {};
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Whether a value is an error of this package, also one of another loaded copy of it. */
  static is(value: unknown): value is FliptError {
    return (
      typeof value === 'object' &&
      value !== null &&
      (value as Record<symbol, unknown>)[BRAND] === true
    );
  }

  /**
   * A plain object for logs: name, code, message, retryable, details and the cause's message, or the cause's name alone
   * where a credential function failed, whose words may hold a credential.
   */
  toJSON(): Record<string, unknown> {
    const { cause } = this;
    const shown = this.code === 'FLIPT_CREDENTIAL_FAILED' ? nameOf(cause) : messageOf(cause);
    return {
      name: this.name,
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      details: this.details,
      ...(cause === undefined ? {} : { cause: shown }),
    };
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Options, arguments or feature files that cannot be used; `details.problems` lists every bad field. */
export class ValidationError extends FliptError {}

/** A flag that could not be evaluated. */
export class EvaluationError extends FliptError {}

/** A client that could not start. */
export class InitializationError extends FliptError {}

/** A server that could not be reached or answered with something else than flag state. */
export class NetworkError extends FliptError {}

/** A refused credential, certificate or redirect. */
export class SecurityError extends FliptError {}

/** An error as the addon reports it. */
export interface NativeError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly problems?: readonly (Problem | FeatureProblem)[];
  readonly status?: number;
  readonly cause?: string;
}

/** What the addon answers a call with that can fail. */
export type Tagged<T> =
  | { readonly ok: T; readonly error?: undefined }
  | { readonly ok?: undefined; readonly error: NativeError };

type ErrorClass = new (message: string, init: FliptErrorInit) => FliptError;

/** Which class each code is raised as; the addon's table of codes is compared with this one by a test. */
export const errorClasses: Readonly<Record<FliptErrorCode, ErrorClass>> = {
  FLIPT_ARGUMENT_INVALID: ValidationError,
  FLIPT_CALL_ABORTED: FliptError,
  FLIPT_CLIENT_CLOSED: FliptError,
  FLIPT_CLIENT_NOT_READY: EvaluationError,
  FLIPT_CONNECTION_FAILED: NetworkError,
  FLIPT_CONTEXT_INVALID: ValidationError,
  FLIPT_CREDENTIAL_FAILED: SecurityError,
  FLIPT_DNS_FAILED: NetworkError,
  FLIPT_FETCHER_FAILED: NetworkError,
  FLIPT_FLAG_INVALID: EvaluationError,
  FLIPT_FLAG_NOT_FOUND: EvaluationError,
  FLIPT_FLAG_TYPE_MISMATCH: EvaluationError,
  FLIPT_INIT_ABORTED: InitializationError,
  FLIPT_INIT_TIMEOUT: InitializationError,
  FLIPT_INTERNAL_PANIC: FliptError,
  FLIPT_NAMESPACE_NOT_FOUND: NetworkError,
  FLIPT_NATIVE_LOAD: InitializationError,
  FLIPT_OPTION_INVALID: ValidationError,
  FLIPT_PROXY_FAILED: NetworkError,
  FLIPT_REDIRECT_REFUSED: SecurityError,
  FLIPT_REQUEST_TIMEOUT: NetworkError,
  FLIPT_RESPONSE_INVALID: NetworkError,
  FLIPT_RESPONSE_TOO_LARGE: NetworkError,
  FLIPT_RESPONSE_UNEXPECTED: NetworkError,
  FLIPT_SERVER_FAILED: NetworkError,
  FLIPT_SERVER_FORBIDDEN: SecurityError,
  FLIPT_SERVER_RATE_LIMITED: NetworkError,
  FLIPT_SERVER_UNAUTHENTICATED: SecurityError,
  FLIPT_SNAPSHOT_INVALID: ValidationError,
  FLIPT_SNAPSHOT_MISMATCH: ValidationError,
  FLIPT_SNAPSHOT_UNSUPPORTED: ValidationError,
  FLIPT_SOURCE_INVALID: ValidationError,
  FLIPT_STREAM_FAILED: NetworkError,
  FLIPT_TLS_FAILED: SecurityError,
};

/** An error of the class that belongs to its code. */
export function createError(message: string, init: FliptErrorInit): FliptError {
  return new (errorClasses[init.code] ?? FliptError)(message, init);
}

/** The error that the addon reports, as the class that belongs to its code. */
export function fromNative(error: NativeError, cause?: unknown): FliptError {
  return createError(error.message, {
    code: error.code as FliptErrorCode,
    retryable: error.retryable,
    details: {
      ...(error.problems === undefined ? {} : { problems: error.problems }),
      ...(error.status === undefined ? {} : { status: error.status }),
    },
    cause: cause ?? (error.cause === undefined ? undefined : new Error(error.cause)),
  });
}

/** The value of a call that can fail; throws its error. */
export function unwrap<T>(tagged: Tagged<T>): T {
  if (tagged.error !== undefined) {
    throw fromNative(tagged.error);
  }
  return tagged.ok as T;
}

/** The error of a call with one bad argument. */
export function invalidArgument(code: FliptErrorCode, problem: Problem): FliptError {
  return invalidArguments(code, [problem]);
}

/** The error of a call with bad arguments; `message` replaces the description of them all. */
export function invalidArguments(
  code: FliptErrorCode,
  problems: readonly Problem[],
  message = problems.map(describeProblem).join('; '),
  cause?: unknown,
): FliptError {
  return createError(message, { code, details: { problems }, cause });
}

/** A problem as messages state it. */
export function describeProblem({ field, received, allowed }: Problem): string {
  return `${field}: received ${received}, allowed is ${allowed}`;
}
