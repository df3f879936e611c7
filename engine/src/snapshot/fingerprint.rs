//! One number for what a definition answers: ids, names, descriptions and times do not enter it.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::quality::FixedState;

use super::model::Compatibility;
use super::wire;

const STATE: FixedState = FixedState::with_seed(0x5f11_9700);

/// Equal for definitions that answer alike: rules in order, segments and constraints in any order.
pub(super) fn of(flag: &wire::Flag, compatibility: Compatibility) -> u64 {
    let mut hasher = STATE.build_hasher();
    (compatibility == Compatibility::V1).hash(&mut hasher);
    (flag.enabled, &flag.r#type).hash(&mut hasher);
    if let Some(variant) = &flag.default_variant {
        (&variant.key, &variant.attachment).hash(&mut hasher);
    }
    for rule in flag.rules.iter().flatten() {
        ("rule", rule.rank, &rule.segment_operator).hash(&mut hasher);
        segments(rule.segments.as_deref()).hash(&mut hasher);
        for distribution in rule.distributions.iter().flatten() {
            (&distribution.variant_key, &distribution.variant_attachment).hash(&mut hasher);
            distribution.rollout.map(f32::to_bits).hash(&mut hasher);
        }
    }
    for rollout in flag.rollouts.iter().flatten() {
        ("rollout", rollout.rank, &rollout.r#type).hash(&mut hasher);
        if let Some(segment) = &rollout.segment {
            (segment.value, &segment.segment_operator).hash(&mut hasher);
            segments(segment.segments.as_deref()).hash(&mut hasher);
        }
        if let Some(threshold) = &rollout.threshold {
            (threshold.value, threshold.percentage.map(f32::to_bits)).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// For a definition that could not be read: its text.
pub(super) fn of_text(text: &str) -> u64 {
    STATE.hash_one(text)
}

fn segments(list: Option<&[wire::Segment]>) -> Vec<u64> {
    unordered(list.unwrap_or_default(), |segment| {
        let constraints = unordered(segment.constraints.as_deref().unwrap_or_default(), |constraint| {
            STATE.hash_one((&constraint.r#type, &constraint.property, &constraint.operator, &constraint.value))
        });
        STATE.hash_one((&segment.key, &segment.match_type, constraints))
    })
}

fn unordered<T>(list: &[T], hash: impl Fn(&T) -> u64) -> Vec<u64> {
    let mut hashes: Vec<u64> = list.iter().map(hash).collect();
    hashes.sort_unstable();
    hashes
}
