//! The texts of a flag's definition, for people: rule by rule and constraint by constraint what evaluation reads.
//!
//! Indexing parses these texts and keeps none of them, so that they are read again when somebody asks.

use super::model::Compatibility;
use super::{build, condition, normalise, wire};

/// The rules or rollouts of one flag, in the order and number in which they are evaluated.
#[derive(Debug, Default)]
pub(crate) struct Definition {
    pub(crate) rules: Vec<RuleText>,
}

/// One rule or rollout.
#[derive(Debug, Default)]
pub(crate) struct RuleText {
    /// What a rollout gives, absent for a rule.
    pub(crate) value: Option<bool>,
    pub(crate) segments: Vec<SegmentText>,
    /// The shares that count: their variant and their size as it was sent.
    pub(crate) shares: Vec<(String, f32)>,
}

#[derive(Debug, Default)]
pub(crate) struct SegmentText {
    pub(crate) constraints: Vec<ConstraintText>,
}

#[derive(Debug, Default)]
pub(crate) struct ConstraintText {
    /// The server's name of the type.
    pub(crate) kind: String,
    pub(crate) property: String,
    pub(crate) operator: String,
    pub(crate) value: String,
}

impl Definition {
    /// Takes the same steps as indexing, so that positions are those of the indexed flag.
    pub(super) fn new(sent: wire::Flag, compatibility: Compatibility) -> Self {
        let boolean = sent.r#type.as_deref() == Some(build::BOOLEAN);
        let sent = normalise::flag(sent, compatibility);
        let rules = if boolean {
            sent.rollouts.iter().flatten().filter_map(rollout).collect()
        } else {
            sent.rules.iter().flatten().map(rule).collect()
        };
        Self { rules }
    }
}

impl ConstraintText {
    /// Whether the constraint looks at the entity id.
    pub(crate) fn is_of_entity(&self) -> bool {
        self.kind == condition::ENTITY_ID
    }
}

fn rule(sent: &wire::Rule) -> RuleText {
    let share =
        |share: &wire::Distribution| (share.variant_key.clone().unwrap_or_default(), share.rollout.unwrap_or_default());
    RuleText {
        value: None,
        segments: segments(sent.segments.as_deref().unwrap_or_default()),
        shares: build::shares(sent).map(share).collect(),
    }
}

fn rollout(sent: &wire::Rollout) -> Option<RuleText> {
    Some(match build::deciding(sent)? {
        build::Deciding::Segment(sent) => RuleText {
            value: Some(sent.value.unwrap_or_default()),
            segments: segments(sent.segments.as_deref().unwrap_or_default()),
            shares: Vec::new(),
        },
        build::Deciding::Threshold(sent) => {
            RuleText { value: Some(sent.value.unwrap_or_default()), ..RuleText::default() }
        }
    })
}

fn segments(sent: &[wire::Segment]) -> Vec<SegmentText> {
    let segment = |segment: &wire::Segment| SegmentText {
        constraints: segment.constraints.iter().flatten().map(constraint).collect(),
    };
    build::distinct(sent).into_iter().map(segment).collect()
}

fn constraint(sent: &wire::Constraint) -> ConstraintText {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    ConstraintText {
        kind: text(&sent.r#type),
        property: text(&sent.property),
        operator: text(&sent.operator),
        value: text(&sent.value),
    }
}
