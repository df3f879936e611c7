//! Which of a flag's outcomes an entity gets.

use super::types::Values;
use super::{bucket, segment};
use crate::snapshot::{BooleanRule, Decider, Flag, Rule};

/// A position in the flag's outcomes, and which of that outcome's segments matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) outcome: u32,
    /// A bit for each of the first 32 segments.
    pub(super) segments: u32,
}

const DEFAULT: Answer = Answer { outcome: 0, segments: 0 };
const DISABLED: Answer = Answer { outcome: 1, segments: 0 };

pub(super) fn flag(flag: &Flag, entity: &str, values: &impl Values) -> Answer {
    match &flag.decider {
        Decider::Boolean(rules) => boolean(flag, rules, entity, values),
        Decider::Variant(_) if !flag.enabled => DISABLED,
        Decider::Variant(rules) => variant(flag, rules, entity, values),
        Decider::Unknown => DEFAULT,
    }
}

/// The first rollout that applies decides, whether or not the flag is enabled.
fn boolean(flag: &Flag, rules: &[BooleanRule], entity: &str, values: &impl Values) -> Answer {
    let mut hundredth = None;
    for (outcome, rule) in (1u32..).zip(rules) {
        let segments = match rule {
            BooleanRule::Threshold { percentage } => {
                let bucket = *hundredth.get_or_insert_with(|| bucket::hundredth(flag, entity));
                is_below(bucket, *percentage).then_some(0)
            }
            BooleanRule::Segments { segments } => segment::matched(segments, flag, entity, values),
        };
        if let Some(segments) = segments {
            return Answer { outcome, segments };
        }
    }
    DEFAULT
}

/// The first rule whose segments match decides; later ones are never tried.
fn variant(flag: &Flag, rules: &[Rule], entity: &str, values: &impl Values) -> Answer {
    for rule in rules {
        if let Some(segments) = segment::matched(&rule.segments, flag, entity, values) {
            return Answer { outcome: rule.first_outcome + share(flag, rule, entity), segments };
        }
    }
    DEFAULT
}

/// 1 and up for the shares of a rule, 0 for an entity without one.
fn share(flag: &Flag, rule: &Rule, entity: &str) -> u32 {
    if rule.boundaries.is_empty() {
        return 0;
    }
    share_of(rule, bucket::thousandth(flag, entity))
}

/// The same for a bucket: the first share that ends above it.
pub(super) fn share_of(rule: &Rule, bucket: u32) -> u32 {
    (1u32..).zip(&*rule.boundaries).find(|&(_, &end)| bucket < end).map_or(0, |(share, _)| share)
}

/// Whether a threshold takes a bucket, compared as the server does: every number below 100 is exact in 32-bit floats.
#[expect(clippy::cast_precision_loss, reason = "buckets are below 100")]
pub(super) fn is_below(bucket: u32, percentage: f32) -> bool {
    (bucket as f32) < percentage
}
