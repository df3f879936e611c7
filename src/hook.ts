import { read } from './encode.js';
import type {
  BatchEvaluationResponse,
  BooleanEvaluationResponse,
  VariantEvaluationResponse,
} from './evaluation.js';
import { Isolation } from './isolation.js';
import type { LogLevel } from './logger.js';

/** What `Hook.before` is told. */
export interface BeforeEvaluation {
  /** The key that was asked for. */
  flagKey: string;
}

/** What `Hook.after` is told. */
export interface AfterEvaluation {
  /** Key of the flag. */
  flagKey: string;
  /** `boolean` or `variant`. */
  flagType: string;
  /** `true` or `false` for a boolean flag, the variant's key for a variant flag. */
  value: string;
  /** What decided. */
  reason: string;
  /** Keys of the segments that matched. */
  segmentKeys: string[];
}

/**
 * Is called around evaluations. In a batch `before` is called for each request, then, after the evaluation, `after`
 * for each successful answer. What a hook throws never reaches the caller; it is reported to the `logger`.
 */
export interface Hook {
  /** Called before a flag is evaluated, once the arguments are known to be usable. */
  before(data: BeforeEvaluation): void;
  /** Called after a flag was evaluated; not called when the evaluation failed. */
  after(data: AfterEvaluation): void;
}

/** Calls a hook so that nothing it does reaches the evaluation. */
export class HookCaller {
  readonly #hook: Hook;
  readonly #isolation: Isolation<keyof Hook>;

  constructor(hook: Hook, log: (level: LogLevel, message: string) => void) {
    this.#hook = hook;
    this.#isolation = new Isolation('hook', log);
  }

  before(flagKey: string): void {
    this.#isolation.call('before', () => this.#hook.before({ flagKey }));
  }

  afterBoolean(answer: BooleanEvaluationResponse): void {
    this.#after('boolean', String(answer.enabled), answer);
  }

  afterVariant(answer: VariantEvaluationResponse): void {
    this.#after('variant', answer.variantKey, answer);
  }

  beforeBatch(requests: readonly unknown[]): void {
    for (const request of requests) {
      const flagKey = typeof request === 'object' && request !== null && read(request, 'flagKey');
      if (typeof flagKey === 'string') {
        this.before(flagKey);
      }
    }
  }

  afterBatch({ responses }: BatchEvaluationResponse): void {
    for (const { booleanEvaluationResponse, variantEvaluationResponse } of responses) {
      if (booleanEvaluationResponse !== undefined) {
        this.afterBoolean(booleanEvaluationResponse);
      } else if (variantEvaluationResponse !== undefined) {
        this.afterVariant(variantEvaluationResponse);
      }
    }
  }

  #after(flagType: string, value: string, answer: Answer): void {
    const { flagKey, reason } = answer;
    const segmentKeys = [...answer.segmentKeys];
    this.#isolation.call('after', () =>
      this.#hook.after({ flagKey, flagType, value, reason, segmentKeys }),
    );
  }
}

type Answer = BooleanEvaluationResponse | VariantEvaluationResponse;
