import { contextProblems, readAll, type Spare, thrownBy } from './context.js';
import { describe } from './encode.js';
import {
  describeProblem,
  FliptError,
  invalidArgument,
  invalidArguments,
  unwrap,
} from './errors.js';
import type { EvaluationReason, FlagType } from './evaluation.js';
import type { NativeClient } from './native.js';
import { targetingKeyOf } from './values/flag-context.js';

/** One evaluation with everything that led to its answer; plain data, fit for JSON. */
export interface Explanation {
  /** The key that was asked for. */
  readonly flagKey: string;
  /** The entity that was asked about; empty when the context names none. */
  readonly entityId: string;
  /** The namespace that was asked. */
  readonly namespaceKey: string;
  /** Identifies the flag state that was asked; empty where it has no digest. */
  readonly digest: string;
  /** Kind of the flag; absent when there is no such flag. */
  readonly type?: FlagType;
  /** For a variant flag whether it is enabled; for a boolean flag its value when no rollout decides. */
  readonly enabled?: boolean;
  /** How splits are cut: `v2` normalises shares to their total, `v1` takes them as they are. */
  readonly arithmetic: 'v1' | 'v2';
  /** The rules of a variant flag, the rollouts of a boolean flag, in the order in which they are tried. */
  readonly rules: readonly ExplainedRule[];
  /** `ruleId` of the rule that decided; absent when none did. */
  readonly decidedBy?: string;
  /** What evaluation answers. */
  readonly answer: ExplainedAnswer;
}

/** What evaluation answers, in the server's words, or why it cannot. */
export type ExplainedAnswer =
  | {
      readonly kind: 'boolean';
      /** The value of the flag for this entity. */
      readonly enabled: boolean;
      readonly reason: EvaluationReason;
      /** Keys of the segments that matched, in the order in which the rollout lists them. */
      readonly segmentKeys: readonly string[];
    }
  | {
      readonly kind: 'variant';
      /** Whether a rule matched and chose. */
      readonly match: boolean;
      readonly reason: EvaluationReason;
      /** Keys of the segments that matched, in the order in which the rule lists them. */
      readonly segmentKeys: readonly string[];
      /** Key of the chosen variant, or of the default one; empty when there is neither. */
      readonly variantKey: string;
      /** JSON text attached to the variant; empty without a variant. */
      readonly variantAttachment: string;
    }
  | {
      readonly kind: 'error';
      /** A code of `FliptErrorCode`. */
      readonly code: string;
      readonly message: string;
    };

/** One rule of a variant flag, or rollout of a boolean flag. */
export interface ExplainedRule {
  /** `<flagKey>#rule-<n>` or `<flagKey>#rollout-<n>`, counted from 1 in the order in which they are tried. */
  readonly ruleId: string;
  /** `not reached`: a rule before it decided, or the flag is disabled. */
  readonly outcome: 'matched' | 'not matched' | 'not reached';
  /** Whether one matching segment is enough or all are needed; absent for a rollout by percentage. */
  readonly operator?: 'OR' | 'AND';
  /** The segments that it looks at. */
  readonly segments: readonly ExplainedSegment[];
  /** What a rollout gives when it decides. */
  readonly value?: boolean;
  /** Of a rollout by percentage. */
  readonly threshold?: ExplainedThreshold;
  /** Of a rule that splits. */
  readonly split?: ExplainedSplit;
}

/** One segment; `matched` tells what holds for the entity, whether or not the rule was reached. */
export interface ExplainedSegment {
  readonly key: string;
  /** How many of the constraints have to match. */
  readonly matchType: 'ALL' | 'ANY';
  readonly matched: boolean;
  readonly constraints: readonly ExplainedConstraint[];
}

/** One constraint. */
export interface ExplainedConstraint {
  /** The attribute that it looks at; without meaning where `type` is that of the entity id. */
  readonly property: string;
  /** What kind of value is compared, for example `NUMBER_CONSTRAINT_COMPARISON_TYPE`. */
  readonly type: string;
  /** How it compares, for example `gte`. */
  readonly operator: string;
  /** What it compares with, as the server has it. */
  readonly value: string;
  /** The text of the value that was asked with; absent when the context has none. */
  readonly actual?: string;
  readonly matched: boolean;
}

/** Where the entity falls against a percentage. */
export interface ExplainedThreshold {
  /** The bucket of the entity, 0 to 99. */
  readonly bucket: number;
  /** Buckets below it are taken. */
  readonly percentage: number;
  readonly matched: boolean;
}

/** Where the entity falls among the shares of a rule. */
export interface ExplainedSplit {
  /** The bucket of the entity, 0 to 999. */
  readonly bucket: number;
  /** Shares of 0 % are left out. In `v1` arithmetic an entity may fall behind all of them. */
  readonly shares: readonly ExplainedShare[];
}

/** One share of a rule: the buckets from `from` up to, but without, `to`. */
export interface ExplainedShare {
  readonly variantKey: string;
  /** Its size as the server has it, in percent. */
  readonly rollout: number;
  readonly from: number;
  readonly to: number;
  /** Whether the entity's bucket is in it. */
  readonly hit: boolean;
}

/**
 * Explains one evaluation for the context that a function returns, which may throw. What fails becomes the answer; never
 * throws.
 */
export function explain(
  native: NativeClient,
  flagKey: unknown,
  contextOf: () => unknown,
  spare: Spare,
): Explanation {
  let context: unknown;
  let entityId = '';
  try {
    context = contextOf();
    entityId = targetingKeyOf(context);
    if (typeof flagKey !== 'string') {
      throw invalidArgument('FLIPT_ARGUMENT_INVALID', {
        field: 'flagKey',
        received: describe(flagKey),
        allowed: 'text',
      });
    }
    const request = { flagKey, entityId, ...readAll(context, spare) };
    return JSON.parse(unwrap(native.explain(request))) as Explanation;
  } catch (cause) {
    const error = FliptError.is(cause) ? cause : unreadable(context, cause);
    return {
      flagKey: typeof flagKey === 'string' ? flagKey : describe(flagKey),
      entityId,
      namespaceKey: native.namespace(),
      digest: '',
      arithmetic: 'v2',
      rules: [],
      answer: { kind: 'error', code: error.code, message: error.message },
    };
  }
}

function unreadable(context: unknown, cause: unknown): FliptError {
  const problems = contextProblems(context);
  const message = problems.map(describeProblem).join('; ') || 'context: it could not be read';
  return invalidArguments('FLIPT_CONTEXT_INVALID', problems, message, thrownBy(cause));
}
