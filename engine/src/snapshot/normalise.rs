//! Brings the flags of all servers into one form: every rule once, in rank order, segments in a stable order.

use super::model::Compatibility;
use super::wire;

/// The flag with its rules and rollouts in rank order, ranks filled in, and a v1 server's repetitions removed.
pub(super) fn flag(mut flag: wire::Flag, compatibility: Compatibility) -> wire::Flag {
    if let Some(rules) = &mut flag.rules {
        remove_repetitions(rules);
        for (position, rule) in (1i64..).zip(rules.iter_mut()) {
            rule.rank.get_or_insert(position);
            sort_segments(rule.segments.as_mut(), compatibility);
        }
        rules.sort_by_key(|rule| rule.rank);
        make_positive(rules.iter_mut().map(|rule| &mut rule.rank));
    }
    if let Some(rollouts) = &mut flag.rollouts {
        for (position, rollout) in (1i64..).zip(rollouts.iter_mut()) {
            rollout.rank.get_or_insert(position);
            let segments = rollout.segment.as_mut().and_then(|segment| segment.segments.as_mut());
            sort_segments(segments, compatibility);
        }
        rollouts.sort_by_key(|rollout| rollout.rank);
        make_positive(rollouts.iter_mut().map(|rollout| &mut rollout.rank));
    }
    flag
}

/// Other clients cannot read a negative rank: in a list that has one, each rank becomes its position.
fn make_positive<'a>(ranks: impl Iterator<Item = &'a mut Option<i64>>) {
    let ranks: Vec<&mut Option<i64>> = ranks.collect();
    if ranks.first().is_some_and(|lowest| lowest.is_some_and(|rank| rank < 0)) {
        (1..).zip(ranks).for_each(|(position, rank)| *rank = Some(position));
    }
}

/// A v1 server lists a rule with N segments N times, and its distributions N times in each copy.
fn remove_repetitions(rules: &mut Vec<wire::Rule>) {
    let mut kept: Vec<wire::Rule> = Vec::with_capacity(rules.len());
    let mut copies: Vec<usize> = Vec::with_capacity(rules.len());
    for rule in rules.drain(..) {
        let id = rule.id.as_deref().unwrap_or_default();
        let known = kept.iter().position(|other| !id.is_empty() && other.id.as_deref() == Some(id));
        match known {
            Some(position) => copies[position] += 1,
            None => {
                kept.push(rule);
                copies.push(1);
            }
        }
    }
    for (rule, copies) in kept.iter_mut().zip(copies) {
        if let Some(distributions) = rule.distributions.as_mut().filter(|_| copies > 1) {
            distributions.truncate(distributions.len().div_ceil(copies));
        }
    }
    *rules = kept;
}

/// A v1 server sends segments in random order; sorting them makes equal rules equal.
fn sort_segments(segments: Option<&mut Vec<wire::Segment>>, compatibility: Compatibility) {
    if let (Some(segments), Compatibility::V1) = (segments, compatibility) {
        segments.sort_by(|left, right| left.key.cmp(&right.key));
    }
}
