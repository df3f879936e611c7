import { FliptError } from '../errors.js';
import { thrownText } from '../logger.js';
import type { Plan } from '../plan.js';
import type { DetailsErrorCode } from './details.js';

/** Which codes of details stand for errors of the addon and of the raw evaluation; every other is `GENERAL`. */
const CODES: Readonly<Record<string, DetailsErrorCode>> = {
  FLIPT_CLIENT_CLOSED: 'CLIENT_CLOSED',
  FLIPT_CLIENT_NOT_READY: 'PROVIDER_NOT_READY',
  FLIPT_CONTEXT_INVALID: 'INVALID_CONTEXT',
  FLIPT_FLAG_INVALID: 'PARSE_ERROR',
  FLIPT_FLAG_NOT_FOUND: 'FLAG_NOT_FOUND',
  FLIPT_FLAG_TYPE_MISMATCH: 'TYPE_MISMATCH',
};

/** Why a default is returned. */
export class Failure {
  readonly code: DetailsErrorCode;
  readonly message: string;

  constructor(code: DetailsErrorCode, message: string) {
    this.code = code;
    this.message = message;
  }

  /** The failure that an error of the addon means. */
  static ofCode(code: string | undefined, message: string): Failure {
    return new Failure(CODES[code ?? ''] ?? 'GENERAL', message);
  }

  /** Why a flag cannot be evaluated, if it cannot. */
  static ofPlan({ error, isAskable, flagKey }: Plan): Failure | undefined {
    if (error !== undefined) {
      return Failure.ofCode(error.code, error.message);
    }
    const message = `invalid request: ${flagKey} is not a boolean or variant flag`;
    return isAskable ? undefined : new Failure('TYPE_MISMATCH', message);
  }

  /** The failure that something thrown means. */
  static of(error: unknown): Failure {
    return FliptError.is(error)
      ? Failure.ofCode(error.code, error.message)
      : new Failure('GENERAL', thrownText(error));
  }
}

/** The failure of a flag that cannot be evaluated without knowing for whom. */
export function entityMissing(flagKey: string): Failure {
  return new Failure(
    'TARGETING_KEY_MISSING',
    `${flagKey} depends on whom it is evaluated for, and the context has no targetingKey`,
  );
}

/** More causes than this are not remembered at a time. */
const MOST = 1000;
const LONGEST_KEY = 200;

/** Tells the log about failures: one line for each flag and cause. */
export class Complaints {
  readonly #warn: (message: string) => void;
  readonly #told = new Set<string>();

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** Says that a flag's default was returned, unless that was said. */
  tell(flagKey: string, failure: Failure): void {
    this.once(
      `${failure.code} ${flagKey}`,
      () => `flag ${flagKey.slice(0, LONGEST_KEY)}: ${failure.message}; the default is returned`,
    );
  }

  /** Says something, unless that was said. */
  once(cause: string, message: () => string): void {
    if (this.#told.has(cause)) {
      return;
    }
    if (this.#told.size >= MOST) {
      this.#told.clear();
    }
    this.#told.add(cause);
    this.#warn(message());
  }
}
