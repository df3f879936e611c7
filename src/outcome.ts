import type { NativeOutcome } from './native.js';
import type { Attachments } from './values/attachments.js';
import type { DetailsReason } from './values/details.js';

/** A variant key that stands for a number. */
const NUMERIC = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const UNREAD = Symbol('unread');

/** What the addon says about an answer, on either path. */
type Told = Pick<NativeOutcome, 'on' | 'reason' | 'variantKey' | 'variantAttachment' | 'why'> & {
  readonly segments?: readonly string[];
  readonly ruleId?: string;
};

/** One answer of a flag, and the values that its variant stands for, each made when it is first asked for. */
export class Outcome {
  readonly isBoolean: boolean;
  readonly on: boolean;
  /** The reason in the server's words. */
  readonly reason: string;
  readonly variantKey: string;
  readonly variantAttachment: string;
  /** The segments that may have matched. */
  readonly segments: readonly string[];
  readonly why: DetailsReason;
  readonly ruleId: string | undefined;
  /** What was made of this answer, by the set of segments that matched. */
  notes: Map<number, object> | undefined = undefined;
  readonly #attachments: Attachments;
  #attachment: unknown = UNREAD;
  #numeric: number | undefined = Number.NaN;

  constructor(kind: string, told: Told, attachments: Attachments) {
    this.isBoolean = kind === 'boolean';
    this.on = told.on;
    this.reason = told.reason;
    this.variantKey = told.variantKey;
    this.variantAttachment = told.variantAttachment;
    this.segments = told.segments ?? [];
    this.why = told.why as DetailsReason;
    this.ruleId = told.ruleId;
    this.#attachments = attachments;
  }

  /** The variant's attachment, frozen, or `MALFORMED`. */
  get attachment(): unknown {
    if (this.#attachment === UNREAD) {
      this.#attachment = this.#attachments.parse(this.variantAttachment);
    }
    return this.#attachment;
  }

  /** The number that the variant stands for, if it does. */
  get numeric(): number | undefined {
    if (Number.isNaN(this.#numeric)) {
      this.#numeric = this.#number();
    }
    return this.#numeric;
  }

  #number(): number | undefined {
    const { attachment } = this;
    const isNumber = typeof attachment === 'number';
    const number =
      isNumber || !NUMERIC.test(this.variantKey) ? attachment : Number(this.variantKey);
    return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
  }
}

/** What a variant stands for where nobody says which type is wanted: its structure or number, else its key. */
export function untyped(outcome: Outcome): boolean | string | number | object {
  if (outcome.isBoolean) {
    return outcome.on;
  }
  const { attachment } = outcome;
  const isValue =
    (typeof attachment === 'object' && attachment !== null) ||
    (typeof attachment === 'number' && Number.isFinite(attachment));
  return isValue ? attachment : outcome.variantKey;
}
