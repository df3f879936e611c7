import type { Constraint } from './conditions.js';

/** A segment as a snapshot of Flipt has it. */
export interface SegmentDefinition {
  readonly key: string;
  readonly matchType: 'ALL_SEGMENT_MATCH_TYPE';
  readonly constraints: readonly Constraint[];
}

/** A flag as a snapshot of Flipt has it. */
export interface FlagDefinition {
  readonly key: string;
  readonly type: 'BOOLEAN_FLAG_TYPE' | 'VARIANT_FLAG_TYPE';
  readonly enabled: boolean;
  readonly defaultVariant?: {
    readonly id: string;
    readonly key: string;
    readonly attachment?: string;
  };
  readonly rules?: readonly {
    readonly id: string;
    readonly rank: number;
    readonly segmentOperator: 'OR_SEGMENT_OPERATOR';
    readonly segments: readonly SegmentDefinition[];
    readonly distributions: readonly {
      readonly ruleId: string;
      readonly variantKey: string;
      readonly variantAttachment?: string;
      readonly rollout: number;
    }[];
  }[];
  readonly rollouts?: readonly {
    readonly type: 'SEGMENT_ROLLOUT_TYPE' | 'THRESHOLD_ROLLOUT_TYPE';
    readonly rank: number;
    readonly segment?: {
      readonly value: boolean;
      readonly segmentOperator: 'OR_SEGMENT_OPERATOR';
      readonly segments: readonly SegmentDefinition[];
    };
    readonly threshold?: { readonly percentage: number; readonly value: boolean };
  }[];
}
