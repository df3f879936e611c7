//! Which segments of a rule match.

use super::constraint;
use super::types::Values;
use crate::snapshot::{Flag, Operator, Segment, Segments};

/// The segments that match as a bit mask, or nothing when the rule does not match.
///
/// Bits beyond the 32nd segment are left out; whoever needs them asks [`matches`] again.
pub(super) fn matched(segments: &Segments, flag: &Flag, entity: &str, values: &impl Values) -> Option<u32> {
    let mut mask = 0u32;
    let mut any = false;
    for (position, segment) in (0u32..).zip(&*segments.list) {
        if matches(segment, flag, entity, values) {
            any = true;
            mask |= 1u32.checked_shl(position).unwrap_or_default();
        } else if segments.operator == Operator::And {
            return None;
        }
    }
    // Without segments, AND matches always and OR never.
    (any || segments.operator == Operator::And).then_some(mask)
}

/// Whether one segment matches; without constraints it always does.
pub(super) fn matches(segment: &Segment, flag: &Flag, entity: &str, values: &impl Values) -> bool {
    let mut constraints =
        segment.constraints.iter().map(|constraint| constraint::matches(constraint, flag, entity, values));
    if segment.any {
        segment.constraints.is_empty() || constraints.any(|matches| matches)
    } else {
        constraints.all(|matches| matches)
    }
}
