import { describe, read } from './encode.js';
import { invalidArgument } from './errors.js';
import { Isolation } from './isolation.js';
import type { LogLevel } from './logger.js';
import type { EvaluationDetails } from './values/details.js';
import type { FlagContext } from './values/flag-context.js';

/**
 * What an evaluation asks for: a value of this type; of `any` type, as `evaluateFlag`, `evaluateAll` and `evaluateBatch`
 * do; or with `variant` the key of one, as `evaluateVariant` does.
 */
export type EvaluationKind = 'boolean' | 'string' | 'number' | 'object' | 'variant' | 'any';

/**
 * An evaluation as hooks see it, frozen. All hooks and all their functions are given the same object, which can so be the
 * key of a `WeakMap`.
 */
export interface EvaluationCall {
  /** The key that is asked for; empty for one that is no text. */
  readonly flagKey: string;
  /** What is asked for. */
  readonly kind: EvaluationKind;
  /** The caller's default, a frozen copy where it is an object; undefined where there is none, or it cannot be copied. */
  readonly defaultValue: unknown;
  /**
   * A frozen copy of everything that the evaluation knows: the context of the call, its scope, its handle and its client.
   * An `entityId` that a request gives is the targeting key. Empty for what cannot be read.
   */
  readonly context: FlagContext;
}

/** What an evaluation came to, frozen. */
export interface EvaluatedDetails
  extends Readonly<Omit<EvaluationDetails<unknown>, 'segmentKeys'>> {
  /** Keys of the segments that matched, in the order in which the flag lists them. */
  readonly segmentKeys: readonly string[];
  /**
   * Milliseconds that the evaluation took, with fractions and without hooks; for one of several flags that are evaluated
   * together, what all of them took.
   */
  readonly durationMs: number;
}

/**
 * Is told of evaluations, of typed values and details as of `evaluateBoolean`, `evaluateVariant` and `evaluateBatch`. It
 * cannot change them. Whichever functions it has are called.
 *
 * `before` is called in the order in which hooks were registered, everything else in the opposite order. Several flags that
 * are evaluated together are each told: first `before` for all of them, then the rest flag by flag. What a hook throws, or
 * the promise that it returns is rejected with, is reported to the `logger` and nowhere else; no promise is waited for.
 * Evaluations that a hook makes itself before it first waits are not told to hooks.
 */
export interface EvaluationHook {
  /** Called before a flag is evaluated. */
  before?(call: EvaluationCall): void;
  /** Called after a flag was evaluated. */
  after?(call: EvaluationCall, details: EvaluatedDetails): void;
  /** Called instead of `after` where the evaluation failed: `details` say why, and hold the default. */
  error?(call: EvaluationCall, details: EvaluatedDetails): void;
  /** Called last, whatever came out. */
  finally?(call: EvaluationCall, details: EvaluatedDetails): void;
}

const STAGES: readonly (keyof EvaluationHook)[] = ['before', 'after', 'error', 'finally'];

/** What a hook has to look like, for messages. */
export const HOOK_SHAPE = 'an object with any of the functions before, after, error and finally';

/** Whether a value is a hook: what it has of the four is a function, and it has one. Never throws. */
export function isEvaluationHook(value: unknown): value is EvaluationHook {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
    return false;
  }
  const types = STAGES.map((stage) => typeof read(value, stage));
  return (
    types.includes('function') && types.every((type) => ['function', 'undefined'].includes(type))
  );
}

/** Whether a value is a list of hooks. Never throws. */
export function areEvaluationHooks(value: unknown): value is readonly EvaluationHook[] {
  try {
    return Array.isArray(value) && Array.from(value).every(isEvaluationHook);
  } catch {
    return false;
  }
}

/** A hook, called so that nothing it does reaches the evaluation. */
class RegisteredHook {
  readonly hook: EvaluationHook;
  readonly #isolation: Isolation<keyof EvaluationHook>;

  constructor(hook: EvaluationHook, name: string, log: (level: LogLevel, message: string) => void) {
    this.hook = hook;
    this.#isolation = new Isolation(name, log);
  }

  before(call: EvaluationCall): void {
    this.#isolation.call('before', () => this.hook.before?.(call));
  }

  tell(
    stage: 'after' | 'error' | 'finally',
    call: EvaluationCall,
    details: EvaluatedDetails,
  ): void {
    this.#isolation.call(stage, () => this.hook[stage]?.(call, details));
  }
}

/** The hooks of a client at one moment; it never changes. */
export class HookList {
  static readonly EMPTY: HookList = new HookList([], 0);
  readonly #hooks: readonly RegisteredHook[];
  /** How many were ever registered: hooks are named by their number. */
  readonly #count: number;

  private constructor(hooks: readonly RegisteredHook[], count: number) {
    this.#hooks = hooks;
    this.#count = count;
  }

  get isEmpty(): boolean {
    return this.#hooks.length === 0;
  }

  /** One more hook; the same list when it is in there. Throws for what is none. */
  with(hook: unknown, log: (level: LogLevel, message: string) => void): HookList {
    if (!isEvaluationHook(hook)) {
      throw invalidArgument('FLIPT_ARGUMENT_INVALID', {
        field: 'hook',
        received: describe(hook),
        allowed: HOOK_SHAPE,
      });
    }
    if (this.#hooks.some((registered) => registered.hook === hook)) {
      return this;
    }
    const added = new RegisteredHook(hook, `hooks[${this.#count}]`, log);
    return new HookList([...this.#hooks, added], this.#count + 1);
  }

  without(hook: unknown): HookList {
    const others = this.#hooks.filter((registered) => registered.hook !== hook);
    return new HookList(others, this.#count);
  }

  before(call: EvaluationCall): void {
    for (const hook of this.#hooks) {
      hook.before(call);
    }
  }

  /** Tells what an evaluation came to. */
  end(call: EvaluationCall, details: EvaluatedDetails): void {
    for (const stage of [details.errorCode === undefined ? 'after' : 'error', 'finally'] as const) {
      for (let index = this.#hooks.length - 1; index >= 0; index--) {
        this.#hooks[index]?.tell(stage, call, details);
      }
    }
  }
}
