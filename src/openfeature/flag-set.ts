import type { ErrorCode, ResolutionDetails } from '@openfeature/server-sdk';
import type { Outcome } from '../outcome.js';
import type { DetailsErrorCode } from '../values/details.js';
import type { Failure } from '../values/failure.js';
import type { Form } from '../values/form.js';
import type { Resolver } from '../values/resolver.js';

/** What the provider tells about every answer, in `flagMetadata`; hooks for telemetry read the first two. */
export interface FliptFlagMetadata {
  /** Where the flag comes from: `environment/namespace`. */
  flagSetId: string;
  /** Digest of the flag state that answered; left out where there is none. */
  version?: string;
  /** Keys of the segments that matched, joined by commas; left out where none did. */
  segments?: string;
  /** What is attached to the variant, as its JSON text; left out where nothing is. */
  attachment?: string;
}

/** The code that the SDK knows for each of ours: a client that was closed by its owner does not come back. */
const CODES = {
  CLIENT_CLOSED: 'PROVIDER_FATAL',
} as Readonly<Partial<Record<DetailsErrorCode, ErrorCode>>>;

/** Gives answers about the flags of one namespace the form that the SDK expects. */
export class FlagSet implements Form<ResolutionDetails<unknown>> {
  readonly #id: string;
  readonly #note = (outcome: Outcome, segmentKeys: readonly string[], digest: string) =>
    Object.freeze(this.#metadata(digest, segmentKeys, outcome.variantAttachment));

  constructor(id: string) {
    this.#id = id;
  }

  answered(value: unknown, outcome: Outcome, resolver: Resolver): ResolutionDetails<unknown> {
    const { variantKey: variant, why: reason } = outcome;
    const flagMetadata = resolver.noted(outcome, this.#note);
    return variant === ''
      ? { value, reason, flagMetadata }
      : { value, variant, reason, flagMetadata };
  }

  failed(
    value: unknown,
    failure: Failure,
    { digest }: { digest: string },
  ): ResolutionDetails<unknown> {
    return {
      value,
      reason: 'ERROR',
      errorCode: CODES[failure.code] ?? (failure.code as ErrorCode),
      errorMessage: failure.message,
      flagMetadata: this.#metadata(digest, [], ''),
    };
  }

  #metadata(version: string, segmentKeys: readonly string[], attachment: string) {
    return {
      flagSetId: this.#id,
      ...(version === '' ? {} : { version }),
      ...(segmentKeys.length === 0 ? {} : { segments: segmentKeys.join() }),
      // The text that a server sends for a variant without an attachment.
      ...(attachment === '' || attachment === 'null' ? {} : { attachment }),
    } satisfies FliptFlagMetadata;
  }
}
