import { read } from './encode.js';
import type {
  BatchEvaluationResponse,
  BooleanEvaluationResponse,
  VariantEvaluationResponse,
} from './evaluation.js';
import { isolate, type LogLevel, thrownText } from './logger.js';

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
  readonly #log: (level: LogLevel, message: string) => void;
  readonly #failing = new Set<keyof Hook>();

  constructor(hook: Hook, log: (level: LogLevel, message: string) => void) {
    this.#hook = hook;
    this.#log = log;
  }

  before(flagKey: string): void {
    this.#call('before', () => this.#hook.before({ flagKey }));
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
    this.#call('after', () => this.#hook.after({ flagKey, flagType, value, reason, segmentKeys }));
  }

  #call(name: keyof Hook, run: () => unknown): void {
    try {
      if (!isolate(run(), (reason) => this.#report(name, reason))) {
        this.#failing.delete(name);
      }
    } catch (error) {
      this.#report(name, error);
    }
  }

  /** A hook fails with every evaluation or not at all: only the first failure of a series is a warning. */
  #report(name: keyof Hook, error: unknown): void {
    const level = this.#failing.has(name) ? 'debug' : 'warn';
    this.#failing.add(name);
    this.#log(level, `hook.${name} failed: ${thrownText(error)}`);
  }
}

type Answer = BooleanEvaluationResponse | VariantEvaluationResponse;
