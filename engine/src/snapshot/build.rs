//! Turns flags as they were sent into flags that are cheap to evaluate.

use std::collections::{BTreeSet, HashMap};

use super::model::{
    BooleanRule, Compatibility, Condition, Constraint, Decider, Flag, NONE, Operator, Outcome, Reason, Rule, Segment,
    Segments, Subject, Variant,
};
use super::{condition, fingerprint, normalise, wire};

pub(super) const BOOLEAN: &str = "BOOLEAN_FLAG_TYPE";
pub(super) const VARIANT: &str = "VARIANT_FLAG_TYPE";

/// Texts about what was tolerated, each once.
#[derive(Debug, Default)]
pub(super) struct Warnings(BTreeSet<String>);

impl Warnings {
    pub(super) fn add(&mut self, text: String) {
        self.0.insert(text);
    }

    pub(super) fn into_texts(self) -> Box<[String]> {
        self.0.into_iter().collect()
    }
}

/// The indexed flag, or nothing for an entry that has no key to ask for.
pub(super) fn flag(entry: wire::Entry, compatibility: Compatibility, warnings: &mut Warnings) -> Option<Flag> {
    match entry {
        wire::Entry::Readable(flag) => Some(readable(flag, compatibility, warnings)),
        wire::Entry::Broken { key: Some(key), reason, text } => {
            warnings.add(format!("flag {key} cannot be evaluated: {reason}"));
            Some(broken(&key, &reason, &text))
        }
        wire::Entry::Broken { key: None, reason, .. } => {
            warnings.add(format!("a flag was left out: {reason}"));
            None
        }
    }
}

fn readable(sent: wire::Flag, compatibility: Compatibility, warnings: &mut Warnings) -> Flag {
    let sent = normalise::flag(sent, compatibility);
    let type_name = sent.r#type.as_deref().unwrap_or(VARIANT);
    let mut builder =
        Builder { flag: &sent.key, keys: Keys::default(), variants: Vec::new(), outcomes: Vec::new(), warnings };
    let decider = match type_name {
        BOOLEAN => builder.boolean(&sent),
        VARIANT => builder.variant(&sent, compatibility),
        _ => {
            builder.warnings.add(format!("flag {} has a type this version does not know: {type_name}", sent.key));
            Decider::Unknown
        }
    };
    let Builder { keys, variants, outcomes, .. } = builder;
    let enabled = sent.enabled.unwrap_or_default();
    Flag {
        key: sent.key.as_str().into(),
        enabled,
        type_name: type_name.into(),
        description: sent.description.as_deref().map(Into::into),
        broken: None,
        needs_entity: decider.needs_entity(enabled),
        decider,
        keys: keys.names.into(),
        variants: variants.into(),
        outcomes: outcomes.into(),
        key_crc: crc32fast::hash(sent.key.as_bytes()),
        fingerprint: fingerprint::of(&sent, compatibility),
    }
}

fn broken(key: &str, reason: &str, text: &str) -> Flag {
    Flag {
        key: key.into(),
        enabled: false,
        type_name: VARIANT.into(),
        description: None,
        broken: Some(reason.into()),
        decider: Decider::Unknown,
        keys: Box::default(),
        variants: Box::default(),
        outcomes: Box::default(),
        key_crc: 0,
        fingerprint: fingerprint::of_text(text),
        needs_entity: false,
    }
}

/// The context keys a flag reads, each once.
#[derive(Default)]
struct Keys {
    names: Vec<Box<str>>,
    positions: HashMap<Box<str>, u32>,
}

impl Keys {
    fn position(&mut self, name: &str) -> u32 {
        if let Some(&position) = self.positions.get(name) {
            return position;
        }
        let position = index(self.names.len());
        self.names.push(name.into());
        self.positions.insert(name.into(), position);
        position
    }
}

struct Builder<'a> {
    flag: &'a str,
    keys: Keys,
    variants: Vec<Variant>,
    outcomes: Vec<Outcome>,
    warnings: &'a mut Warnings,
}

impl Builder<'_> {
    fn boolean(&mut self, sent: &wire::Flag) -> Decider {
        let enabled = sent.enabled.unwrap_or_default();
        self.outcomes.push(Outcome { on: enabled, reason: Reason::Default, source: NONE, variant: NONE });
        let mut rules = Vec::new();
        for rollout in sent.rollouts.iter().flatten() {
            let Some((rule, value)) = self.rollout(rollout) else { continue };
            let source = index(rules.len());
            self.outcomes.push(Outcome { on: value, reason: Reason::Match, source, variant: NONE });
            rules.push(rule);
        }
        Decider::Boolean(rules.into())
    }

    fn rollout(&mut self, sent: &wire::Rollout) -> Option<(BooleanRule, bool)> {
        match deciding(sent) {
            Some(Deciding::Segment(rollout)) => {
                let segments =
                    self.segments(rollout.segment_operator.as_deref(), rollout.segments.as_deref().unwrap_or_default());
                Some((BooleanRule::Segments { segments }, rollout.value.unwrap_or_default()))
            }
            Some(Deciding::Threshold(rollout)) => {
                let percentage = rollout.percentage.unwrap_or_default();
                Some((BooleanRule::Threshold { percentage }, rollout.value.unwrap_or_default()))
            }
            None => {
                if let Some(other) = sent.r#type.as_deref().filter(|name| !ROLLOUT_TYPES.contains(name)) {
                    self.warnings
                        .add(format!("flag {} has a rollout of a type this version does not know: {other}", self.flag));
                }
                None
            }
        }
    }

    fn variant(&mut self, sent: &wire::Flag, compatibility: Compatibility) -> Decider {
        let default = sent
            .default_variant
            .as_ref()
            .map_or(NONE, |variant| self.variant_position(variant.key.as_deref(), variant.attachment.as_deref()));
        let unmatched = if default == NONE { Reason::Unknown } else { Reason::Default };
        self.outcomes.push(Outcome { on: false, reason: unmatched, source: NONE, variant: default });
        self.outcomes.push(Outcome { on: false, reason: Reason::FlagDisabled, source: NONE, variant: default });
        let mut rules = Vec::new();
        for sent in sent.rules.iter().flatten() {
            let source = index(rules.len());
            let first_outcome = index(self.outcomes.len());
            let segments =
                self.segments(sent.segment_operator.as_deref(), sent.segments.as_deref().unwrap_or_default());
            let shares: Vec<&wire::Distribution> = shares(sent).collect();
            let without_share = if shares.is_empty() {
                Outcome { on: true, reason: Reason::Match, source, variant: default }
            } else {
                Outcome { on: false, reason: unmatched, source, variant: default }
            };
            self.outcomes.push(without_share);
            for share in &shares {
                let variant = self.variant_position(share.variant_key.as_deref(), share.variant_attachment.as_deref());
                self.outcomes.push(Outcome { on: true, reason: Reason::Match, source, variant });
            }
            let boundaries = boundaries(&shares, compatibility);
            let splits = splits(&shares, &boundaries);
            rules.push(Rule { segments, first_outcome, boundaries, splits });
        }
        Decider::Variant(rules.into())
    }

    fn variant_position(&mut self, key: Option<&str>, attachment: Option<&str>) -> u32 {
        let variant = Variant { key: key.unwrap_or_default().into(), attachment: attachment.unwrap_or("null").into() };
        let known = self.variants.iter().position(|other| *other == variant);
        index(known.unwrap_or_else(|| {
            self.variants.push(variant);
            self.variants.len() - 1
        }))
    }

    fn segments(&mut self, operator: Option<&str>, sent: &[wire::Segment]) -> Segments {
        let operator = match operator {
            Some("AND_SEGMENT_OPERATOR") => Operator::And,
            Some("OR_SEGMENT_OPERATOR" | "") | None => Operator::Or,
            Some(other) => {
                self.warnings
                    .add(format!("flag {} has a segment operator this version does not know: {other}", self.flag));
                Operator::Or
            }
        };
        Segments { operator, list: distinct(sent).into_iter().map(|segment| self.segment(segment)).collect() }
    }

    fn segment(&mut self, sent: &wire::Segment) -> Segment {
        let any = match sent.match_type.as_deref() {
            Some("ANY_SEGMENT_MATCH_TYPE") => true,
            Some("ALL_SEGMENT_MATCH_TYPE" | "") | None => false,
            Some(other) => {
                self.warnings.add(format!("segment {} has a match type this version does not know: {other}", sent.key));
                false
            }
        };
        let constraints = sent.constraints.iter().flatten().map(|constraint| self.constraint(&sent.key, constraint));
        Segment { key: sent.key.as_str().into(), any, constraints: constraints.collect() }
    }

    fn constraint(&mut self, segment: &str, sent: &wire::Constraint) -> Constraint {
        let kind = sent.r#type.as_deref().unwrap_or_default();
        let operator = sent.operator.as_deref().unwrap_or_default();
        let value = sent.value.as_deref().unwrap_or_default();
        let condition = condition::parse(kind, operator, value).unwrap_or_else(|| {
            self.warnings.add(format!(
                "segment {segment} has a constraint this version does not know: type {kind}, operator {operator}"
            ));
            Condition::Never
        });
        // A constraint that never matches reads nothing, so that no context key is asked for in vain.
        let subject = if kind == condition::ENTITY_ID || matches!(condition, Condition::Never) {
            Subject::Entity
        } else {
            Subject::Key(self.keys.position(sent.property.as_deref().unwrap_or_default()))
        };
        Constraint { subject, condition }
    }
}

const ROLLOUT_TYPES: [&str; 3] = ["UNKNOWN_ROLLOUT_TYPE", "SEGMENT_ROLLOUT_TYPE", "THRESHOLD_ROLLOUT_TYPE"];

/// What a rollout decides by.
pub(super) enum Deciding<'a> {
    Segment(&'a wire::SegmentRollout),
    Threshold(&'a wire::ThresholdRollout),
}

/// Nothing for a rollout of unknown or empty type, which is skipped, as the server does.
pub(super) fn deciding(rollout: &wire::Rollout) -> Option<Deciding<'_>> {
    match (rollout.r#type.as_deref(), &rollout.segment, &rollout.threshold) {
        (Some("SEGMENT_ROLLOUT_TYPE"), Some(rollout), _) => Some(Deciding::Segment(rollout)),
        (Some("THRESHOLD_ROLLOUT_TYPE"), _, Some(rollout)) => Some(Deciding::Threshold(rollout)),
        _ => None,
    }
}

/// The same segment twice counts once, where it stands first.
pub(super) fn distinct(sent: &[wire::Segment]) -> Vec<&wire::Segment> {
    let mut list: Vec<&wire::Segment> = Vec::with_capacity(sent.len());
    for segment in sent {
        if list.iter().all(|other| other.key != segment.key) {
            list.push(segment);
        }
    }
    list
}

/// The distributions that count: those of 0 % are dropped.
pub(super) fn shares(rule: &wire::Rule) -> impl Iterator<Item = &wire::Distribution> {
    rule.distributions.iter().flatten().filter(|share| share.rollout.unwrap_or_default() != 0.0)
}

/// Upper ends of the shares in thousandths, computed in 32-bit floats as the server does.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shares are cut to whole thousandths; the server converts in the same way"
)]
fn boundaries(shares: &[&wire::Distribution], compatibility: Compatibility) -> Box<[u32]> {
    let sizes = || shares.iter().map(|share| share.rollout.unwrap_or_default());
    match compatibility {
        Compatibility::V1 => {
            let mut sum = 0u32;
            sizes()
                .map(|size| {
                    sum = sum.saturating_add((size * 10.0) as u32);
                    sum
                })
                .collect()
        }
        Compatibility::V2 => {
            let total: f32 = sizes().sum();
            let mut cumulative = 0.0f32;
            let mut ends: Vec<u32> = sizes()
                .map(|size| {
                    cumulative += (size / total) * 100.0;
                    (cumulative * 10.0) as u32
                })
                .collect();
            if let Some(last) = ends.last_mut() {
                *last = 1000;
            }
            ends.into()
        }
    }
}

/// Whether the shares part entities: two or more have a part, or some entities get none.
fn splits(shares: &[&wire::Distribution], boundaries: &[u32]) -> bool {
    let is_positive = |share: &&&wire::Distribution| share.rollout.unwrap_or_default() > 0.0;
    shares.iter().filter(is_positive).count() > 1 || boundaries.last().is_some_and(|&end| end < 1000)
}

/// Positions are 32-bit: a list of more than four thousand million entries does not fit into a response.
fn index(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(NONE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::snapshot::Snapshot;

    fn ends(shares: &[f32], compatibility: Compatibility) -> Vec<u32> {
        let shares: Vec<_> =
            shares.iter().map(|&share| wire::Distribution { rollout: Some(share), ..Default::default() }).collect();
        boundaries(&shares.iter().collect::<Vec<_>>(), compatibility).into()
    }

    #[test]
    fn splits_are_cut_in_32_bit_floats() {
        assert_eq!(ends(&[25.0, 25.0], Compatibility::V2), [500, 1000]);
        assert_eq!(ends(&[33.33, 33.33, 33.34], Compatibility::V1), [333, 666, 999]);
        assert_eq!(ends(&[150.0, 50.0], Compatibility::V2), [750, 1000]);
        for (shares, end) in [([53.0, 47.0], 529), ([58.0, 42.0], 580), ([59.0, 41.0], 589)] {
            assert_eq!(ends(&shares, Compatibility::V2)[0], end, "64-bit floats cut elsewhere");
        }
        assert_eq!(ends(&[1.0, 2.0, 3.0], Compatibility::V2), [166, 500, 1000]);
    }

    proptest! {
        #[test]
        fn normalised_boundaries_rise_to_the_top(shares in prop::collection::vec(0.01f32..=100.0, 1..30)) {
            let ends = ends(&shares, Compatibility::V2);
            prop_assert_eq!(ends.len(), shares.len());
            prop_assert!(ends.windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert_eq!(ends.last(), Some(&1000));
        }

        #[test]
        fn any_json_is_read_or_refused(body in "[ -~]{0,80}", flag in "[ -~]{0,40}") {
            let _ = Snapshot::parse(body.as_bytes(), None);
            let wrapped = format!(r#"{{"flags":[{{"key":"k","rules":{flag}}},{{"key":"good"}}]}}"#);
            if let Ok(snapshot) = Snapshot::parse(wrapped.as_bytes(), None) {
                prop_assert!(snapshot.flag("good").is_some());
            }
        }
    }

    #[test]
    fn what_is_unknown_warns_once_and_harms_nothing_else() {
        let rule = r#"{"segmentOperator":"XOR","segments":[{"key":"s","matchType":"MOST","constraints":[
            {"type":"COLOUR","property":"p","operator":"eq","value":"v"},
            {"type":"STRING_CONSTRAINT_COMPARISON_TYPE","property":"q","operator":"like","value":"v"}]}]}"#;
        let body = format!(
            r#"{{"digest":"d","flags":[{{"key":"a","type":"VARIANT_FLAG_TYPE","rules":[{rule},{rule}],"new":1}},
            {{"key":"b","type":"NUMBER_FLAG_TYPE"}},{{"key":"c","type":"BOOLEAN_FLAG_TYPE","rollouts":[{{"type":"HALO"}}]}}]}}"#
        );
        let snapshot = Snapshot::parse(body.as_bytes(), None).unwrap();
        let told = snapshot.warnings().join("\n");
        for word in ["XOR", "MOST", "COLOUR", "like", "NUMBER_FLAG_TYPE", "HALO"] {
            assert_eq!(told.matches(word).count(), 1, "{word} in {told}");
        }
        assert!(snapshot.flag("a").unwrap().keys().is_empty(), "what never matches reads nothing");
        assert_eq!(snapshot.flags().len(), 3);
    }

    #[test]
    fn a_v1_servers_repetitions_count_once() {
        let segment = |key: &str| format!(r#"{{"key":"{key}","matchType":"ALL_SEGMENT_MATCH_TYPE"}}"#);
        let share = |key: &str| format!(r#"{{"variantKey":"{key}","rollout":50}}"#);
        let rule = |id: &str, one: &str, two: &str| {
            let (shares, segments) = ([share("x"), share("y")].join(","), [segment(one), segment(two)].join(","));
            format!(r#"{{"id":"{id}","rank":1,"segments":[{segments}],"distributions":[{shares},{shares}]}}"#)
        };
        let body = |id: &str| {
            let rules = [rule(id, "b", "a"), rule(id, "a", "b")].join(",");
            format!(r#"{{"flags":[{{"key":"f","enabled":true,"type":"VARIANT_FLAG_TYPE","rules":[{rules}]}}]}}"#)
        };
        let snapshot = Snapshot::parse(body("r").as_bytes(), None).unwrap();
        let flag = snapshot.flag("f").unwrap();
        let Decider::Variant(rules) = &flag.decider else { panic!("a variant flag") };
        assert_eq!(rules.len(), 1);
        assert_eq!(&*rules[0].boundaries, [500, 1000]);
        assert_eq!(flag.segment_keys(&flag.outcomes()[2]).collect::<Vec<_>>(), ["a", "b"]);
        let without_ids = Snapshot::parse(body("").as_bytes(), None).unwrap();
        let Decider::Variant(rules) = &without_ids.flag("f").unwrap().decider else { panic!("a variant flag") };
        assert_eq!(rules.len(), 2, "an empty id names no rule");
    }
}
