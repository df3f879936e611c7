//! What an explanation tells; serialised with camelCase names.

use serde::{Serialize, Serializer};

/// One evaluation with everything that led to its answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Explanation {
    /// The key that was asked for.
    pub flag_key: String,
    /// The entity that was asked about.
    pub entity_id: String,
    /// The namespace of the snapshot.
    pub namespace_key: String,
    /// The digest of the snapshot, empty without one.
    pub digest: String,
    /// Of what kind the flag is, for example `BOOLEAN_FLAG_TYPE`; absent when there is no such flag.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_name: Option<String>,
    /// Whether the flag is enabled; for a boolean flag its value when no rollout decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The arithmetic of splits in force, `v1` or `v2`.
    pub arithmetic: &'static str,
    /// The rules or rollouts in the order in which they are tried.
    pub rules: Vec<ExplainedRule>,
    /// The id of the rule that decided, absent when none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// What evaluation answers.
    pub answer: ExplainedAnswer,
}

/// What evaluation answers, in the server's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum ExplainedAnswer {
    /// Of a boolean flag.
    Boolean {
        /// The value.
        enabled: bool,
        /// The server's name of the reason.
        reason: String,
        /// The segments that matched, in the order of the rollout.
        segment_keys: Vec<String>,
    },
    /// Of a variant flag.
    Variant {
        /// Whether a rule matched and chose.
        #[serde(rename = "match")]
        matched: bool,
        /// The server's name of the reason.
        reason: String,
        /// The segments that matched, in the order of the rule.
        segment_keys: Vec<String>,
        /// The variant's key, empty without one.
        variant_key: String,
        /// The variant's attachment as JSON text, empty without a variant.
        variant_attachment: String,
    },
    /// There is no answer.
    Error {
        /// The error's code.
        code: &'static str,
        /// What is wrong.
        message: String,
    },
}

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum RuleOutcome {
    /// It decided.
    #[serde(rename = "matched")]
    Matched,
    /// It was tried, and the next one was.
    #[serde(rename = "not matched")]
    NotMatched,
    /// It was not tried: one before it decided, or the flag is disabled.
    #[serde(rename = "not reached")]
    NotReached,
}

/// One rule of a variant flag or rollout of a boolean flag.
///
/// `matched` of segments and constraints tells what holds for the entity, whether or not the rule was reached.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExplainedRule {
    /// `<flag key>#rule-<n>` or `<flag key>#rollout-<n>`, counted from 1 in the order in which they are tried.
    pub rule_id: String,
    /// What became of it.
    pub outcome: RuleOutcome,
    /// `OR` or `AND`: whether one segment is enough or all are needed; absent for a threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator: Option<&'static str>,
    /// The segments.
    pub segments: Vec<ExplainedSegment>,
    /// What a rollout gives when it decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<bool>,
    /// Of a rollout by threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<ExplainedThreshold>,
    /// Of a rule with distributions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<ExplainedSplit>,
}

/// One segment of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExplainedSegment {
    /// Its key.
    pub key: String,
    /// `ALL` or `ANY`: how many constraints have to match.
    pub match_type: &'static str,
    /// Whether it matches.
    pub matched: bool,
    /// Its constraints.
    pub constraints: Vec<ExplainedConstraint>,
}

/// One constraint of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExplainedConstraint {
    /// The context key that it looks at; without meaning where the type is that of the entity id.
    pub property: String,
    /// The server's name of the type, for example `STRING_CONSTRAINT_COMPARISON_TYPE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The operator as the server has it.
    pub operator: String,
    /// What the value is compared with, as the server has it.
    pub value: String,
    /// The value that was asked with: the entity id or that of the context, absent when the context has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// Whether it matches.
    pub matched: bool,
}

/// Where the entity falls against a percentage.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExplainedThreshold {
    /// The bucket of the entity, 0 to 99.
    pub bucket: u32,
    /// Buckets below it are taken.
    #[serde(serialize_with = "finite")]
    pub percentage: f32,
    /// Whether the bucket is.
    pub matched: bool,
}

/// Where the entity falls among the shares of a rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExplainedSplit {
    /// The bucket of the entity, 0 to 999.
    pub bucket: u32,
    /// The shares in order. Those of 0 % are left out, as by the server. In v1 arithmetic an entity may fall behind all.
    pub shares: Vec<ExplainedShare>,
}

/// One share of a rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExplainedShare {
    /// The variant that it gives.
    pub variant_key: String,
    /// Its size as the server has it, in percent.
    #[serde(serialize_with = "finite")]
    pub rollout: f32,
    /// The first bucket that belongs to it.
    pub from: u32,
    /// The first bucket behind it; equal to `from` for a share that nobody gets.
    pub to: u32,
    /// Whether it has the entity's bucket.
    pub hit: bool,
}

/// JSON has no infinity: a number beyond 32 bits stands for it.
fn finite<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    match *value {
        f32::INFINITY => serializer.serialize_f64(1e39),
        f32::NEG_INFINITY => serializer.serialize_f64(-1e39),
        value => serializer.serialize_f32(value),
    }
}
