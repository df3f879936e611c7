//! One number for what a definition answers: ids, names, descriptions and times do not enter it, nor does what the
//! flag's type does not read.
//!
//! A definition is written in one way only, with lengths before texts and counts before lists and with the values that
//! absent fields stand for, and that is hashed as a whole.

use std::hash::BuildHasher;

use foldhash::quality::FixedState;

use super::build::{BOOLEAN, VARIANT};
use super::model::Compatibility;
use super::wire;

const STATE: FixedState = FixedState::with_seed(0x5f11_9700);

/// Equal for definitions that answer alike: rules in order, segments and constraints in any order.
pub(super) fn of(flag: &wire::Flag, compatibility: Compatibility) -> u64 {
    let mut form = Form::default();
    let kind = flag.r#type.as_deref().unwrap_or(VARIANT);
    form.text(kind);
    form.truth(flag.enabled);
    match kind {
        BOOLEAN => form.list(flag.rollouts.as_deref(), Form::rollout),
        VARIANT => form.variant_flag(flag, compatibility),
        _ => {}
    }
    form.hash()
}

/// For a definition that could not be read: its text.
pub(super) fn of_text(text: &str) -> u64 {
    STATE.hash_one(text)
}

/// A definition, or a part of one, in its one form.
#[derive(Default)]
struct Form(Vec<u8>);

impl Form {
    fn variant_flag(&mut self, flag: &wire::Flag, compatibility: Compatibility) {
        self.optional(flag.default_variant.as_ref(), |form, variant| {
            form.variant(variant.key.as_deref(), variant.attachment.as_deref());
        });
        self.list(flag.rules.as_deref(), Self::rule);
        let is_split =
            flag.rules.iter().flatten().any(|rule| rule.distributions.as_ref().is_some_and(|d| !d.is_empty()));
        self.truth(Some(is_split && compatibility == Compatibility::V1));
    }

    fn rule(&mut self, rule: &wire::Rule) {
        self.number(rule.rank.unwrap_or_default().cast_unsigned());
        self.segments(rule.segment_operator.as_deref(), rule.segments.as_deref());
        self.list(rule.distributions.as_deref(), |form, share| {
            form.variant(share.variant_key.as_deref(), share.variant_attachment.as_deref());
            form.float(share.rollout);
        });
    }

    /// A body that the rollout's type does not read is left out.
    fn rollout(&mut self, rollout: &wire::Rollout) {
        let kind = rollout.r#type.as_deref().unwrap_or("UNKNOWN_ROLLOUT_TYPE");
        self.number(rollout.rank.unwrap_or_default().cast_unsigned());
        self.text(kind);
        self.optional(rollout.segment.as_ref().filter(|_| kind == "SEGMENT_ROLLOUT_TYPE"), |form, segment| {
            form.truth(segment.value);
            form.segments(segment.segment_operator.as_deref(), segment.segments.as_deref());
        });
        self.optional(rollout.threshold.as_ref().filter(|_| kind == "THRESHOLD_ROLLOUT_TYPE"), |form, threshold| {
            form.truth(threshold.value);
            form.float(threshold.percentage);
        });
    }

    /// The same segment twice counts once, where it stands first. The order is that of the answer's segment keys and
    /// of nothing else; a server's is random.
    fn segments(&mut self, operator: Option<&str>, segments: Option<&[wire::Segment]>) {
        self.text_or(operator, "OR_SEGMENT_OPERATOR");
        let mut distinct: Vec<&wire::Segment> = Vec::new();
        for segment in segments.unwrap_or_default() {
            if distinct.iter().all(|other| other.key != segment.key) {
                distinct.push(segment);
            }
        }
        self.unordered(&distinct, |form, segment| {
            form.text(&segment.key);
            form.text_or(segment.match_type.as_deref(), "ALL_SEGMENT_MATCH_TYPE");
            form.unordered(segment.constraints.as_deref().unwrap_or_default(), Self::constraint);
        });
    }

    fn constraint(&mut self, constraint: &wire::Constraint) {
        let wire::Constraint { r#type, property, operator, value } = constraint;
        [r#type, property, operator, value].into_iter().for_each(|text| self.text(text.as_deref().unwrap_or_default()));
    }

    fn variant(&mut self, key: Option<&str>, attachment: Option<&str>) {
        self.text(key.unwrap_or_default());
        self.text(attachment.unwrap_or("null"));
    }

    fn list<T>(&mut self, items: Option<&[T]>, mut write: impl FnMut(&mut Self, &T)) {
        let items = items.unwrap_or_default();
        self.number(items.len() as u64);
        items.iter().for_each(|item| write(self, item));
    }

    fn unordered<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        let form = |item| {
            let mut form = Self::default();
            write(&mut form, item);
            form.0
        };
        let mut forms: Vec<Vec<u8>> = items.iter().map(form).collect();
        forms.sort_unstable();
        self.list(Some(&forms), |form, item| form.bytes(item));
    }

    fn optional<T>(&mut self, item: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.truth(Some(item.is_some()));
        if let Some(item) = item {
            write(self, item);
        }
    }

    /// An empty text stands for the default too.
    fn text_or(&mut self, text: Option<&str>, default: &str) {
        self.text(text.filter(|text| !text.is_empty()).unwrap_or(default));
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn float(&mut self, number: Option<f32>) {
        self.number(u64::from(number.unwrap_or_default().to_bits()));
    }

    fn truth(&mut self, truth: Option<bool>) {
        self.0.push(u8::from(truth.unwrap_or_default()));
    }

    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn hash(&self) -> u64 {
        STATE.hash_one(&self.0)
    }
}
