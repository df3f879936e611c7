//! The portable snapshot of Flipt's own clients: base64 of JSON, version 1, maps keyed by flag key or rule id.
//!
//! Their importer is strict about missing fields, keeps no order in maps and looks distributions up by rule id, so
//! every map has an entry for every flag and rule, and rule ids are made anew: `<flag key>-<position>`.

use std::borrow::Cow;
use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::model::Compatibility;
use super::ordered::Ordered;
use super::{normalise, wire};
use crate::error::{Error, ErrorKind, Result, SnapshotReason};

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Portable {
    version: u32,
    namespace: Namespace,
    /// Ours; other clients ignore it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flipt_native: Option<Marker>,
}

/// What the portable form cannot express.
#[derive(Serialize, Deserialize)]
struct Marker {
    compatibility: String,
    /// Entries of the flag list that could not be read, as they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unreadable: Vec<Box<RawValue>>,
}

#[derive(Default, Serialize, Deserialize)]
struct Namespace {
    key: String,
    #[serde(default)]
    flags: Ordered<Flag>,
    #[serde(default)]
    eval_rules: Ordered<Vec<Rule>>,
    #[serde(default)]
    eval_rollouts: Ordered<Vec<Rollout>>,
    #[serde(default)]
    eval_distributions: Ordered<Vec<Distribution>>,
}

#[derive(Serialize, Deserialize)]
struct Flag {
    #[serde(default)]
    key: String,
    enabled: Option<bool>,
    r#type: Option<String>,
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default_variant: Option<Variant>,
}

#[derive(Serialize, Deserialize)]
struct Variant {
    #[serde(default)]
    id: String,
    key: Option<String>,
    attachment: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Rule {
    #[serde(default)]
    id: String,
    #[serde(default)]
    flag_key: String,
    #[serde(default)]
    segments: Ordered<Segment>,
    rank: Option<i64>,
    segment_operator: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Segment {
    #[serde(default)]
    segment_key: String,
    match_type: Option<String>,
    #[serde(default)]
    constraints: Vec<Constraint>,
}

#[derive(Serialize, Deserialize)]
struct Constraint {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    property: String,
    #[serde(default)]
    operator: String,
    #[serde(default)]
    value: String,
}

#[derive(Serialize, Deserialize)]
struct Rollout {
    #[serde(default)]
    rollout_type: String,
    rank: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    segment: Option<SegmentRollout>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    threshold: Option<Threshold>,
}

#[derive(Serialize, Deserialize)]
struct SegmentRollout {
    #[serde(default)]
    value: bool,
    segment_operator: Option<String>,
    #[serde(default)]
    segments: Ordered<Segment>,
}

#[derive(Serialize, Deserialize)]
struct Threshold {
    #[serde(default, serialize_with = "finite", deserialize_with = "narrowed")]
    percentage: f32,
    #[serde(default)]
    value: bool,
}

#[derive(Serialize, Deserialize)]
struct Distribution {
    #[serde(default)]
    rule_id: String,
    #[serde(default, serialize_with = "finite", deserialize_with = "narrowed")]
    rollout: f32,
    #[serde(default)]
    variant_key: String,
    variant_attachment: Option<String>,
}

/// A number beyond 32 bits is infinite; Flipt's own clients write an infinite one as `null`.
fn narrowed<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<f32, D::Error> {
    Option::<f64>::deserialize(deserializer).map(|number| number.map_or(f32::INFINITY, |number| number as f32))
}

/// JSON has no infinity; a number beyond 32 bits is read as one.
fn finite<S: Serializer>(value: &f32, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    match *value {
        f32::INFINITY => serializer.serialize_f64(1e39),
        f32::NEG_INFINITY => serializer.serialize_f64(-1e39),
        value => serializer.serialize_f32(value),
    }
}

/// The JSON inside a portable text; padding is optional, both alphabets are read.
pub(super) fn decode(text: &str) -> Result<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
    let text = text.trim();
    let standard = match text.contains(['-', '_']) {
        true => Cow::Owned(text.replace('-', "+").replace('_', "/")),
        false => Cow::Borrowed(text),
    };
    ENGINE.decode(&*standard).map_err(|error| refuse(SnapshotReason::NotBase64).with_source(error))
}

/// Reads the JSON of a portable text, and the arithmetic that our own exports name.
pub(super) fn read(json: &[u8]) -> Result<(wire::Document, Option<Compatibility>)> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let not_json = |error: serde_json::Error| {
        refuse(SnapshotReason::NotJson).with_context(format!("line {}, column {}", error.line(), error.column()))
    };
    let other_version = |version| refuse(SnapshotReason::Version).with_context(format!("it has version {version}"));
    // Another version may have any other shape, so that its number is looked for when reading fails.
    let portable: Portable =
        serde_json::from_slice(json).map_err(|error| match serde_json::from_slice::<Versioned>(json) {
            Ok(Versioned { version }) if version != VERSION => other_version(version),
            _ => not_json(error),
        })?;
    if portable.version != VERSION {
        return Err(other_version(portable.version));
    }
    let compatibility = portable.flipt_native.as_ref().and_then(|marker| match marker.compatibility.as_str() {
        "v1" => Some(Compatibility::V1),
        "v2" => Some(Compatibility::V2),
        _ => None,
    });
    let unreadable = portable.flipt_native.map(|marker| marker.unreadable).unwrap_or_default();
    Ok((document(portable.namespace, &unreadable), compatibility))
}

fn document(namespace: Namespace, unreadable: &[Box<RawValue>]) -> wire::Document {
    let Namespace { key, flags, eval_rules, eval_rollouts, eval_distributions } = namespace;
    let mut rules = eval_rules.into_map();
    let mut rollouts = eval_rollouts.into_map();
    let distributions = eval_distributions.into_map();
    // A key that stands twice is listed twice; its rules go to the last one, which is the one that evaluates.
    let readable = flags.0.into_iter().rev().map(|(key, flag)| {
        wire::Entry::Readable(wire::Flag {
            description: flag.description,
            enabled: flag.enabled,
            r#type: flag.r#type,
            rules: rules.remove(&key).map(|rules| {
                rules
                    .into_iter()
                    .map(|rule| wire::Rule {
                        distributions: distributions.get(&rule.id).map(|list| list.iter().map(Into::into).collect()),
                        id: Some(rule.id),
                        rank: rule.rank,
                        segment_operator: rule.segment_operator,
                        segments: Some(wire_segments(rule.segments)),
                    })
                    .collect()
            }),
            rollouts: rollouts.remove(&key).map(|rollouts| rollouts.into_iter().map(Into::into).collect()),
            default_variant: flag
                .default_variant
                .map(|variant| wire::Variant { key: variant.key, attachment: variant.attachment }),
            key,
        })
    });
    let mut flags: Vec<wire::Entry> = readable.collect();
    flags.reverse();
    flags.extend(unreadable.iter().map(|raw| wire::entry(raw.get())));
    wire::Document { namespace: key, digest: None, flags }
}

/// The portable text of a document.
pub(super) fn write(document: wire::Document, compatibility: Compatibility) -> String {
    let mut namespace = Namespace { key: document.namespace, ..Namespace::default() };
    let unreadable = unreadable(&document.flags);
    for entry in document.flags {
        if let wire::Entry::Readable(flag) = entry {
            add(&mut namespace, normalise::flag(flag, compatibility));
        }
    }
    let name = match compatibility {
        Compatibility::V1 => "v1",
        Compatibility::V2 => "v2",
    };
    let marker = Marker { compatibility: name.to_owned(), unreadable };
    let portable = Portable { version: VERSION, namespace, flipt_native: Some(marker) };
    // Writing into memory fails for no value that was read from JSON.
    STANDARD.encode(serde_json::to_vec(&portable).unwrap_or_default())
}

/// They come last when they are read again, which would put one before a later flag of the same key.
fn unreadable(flags: &[wire::Entry]) -> Vec<Box<RawValue>> {
    let mut later = HashSet::new();
    let mut texts = Vec::new();
    for entry in flags.iter().rev() {
        match entry {
            wire::Entry::Readable(flag) => drop(later.insert(flag.key.as_str())),
            wire::Entry::Broken { key: Some(key), .. } if later.contains(key.as_str()) => {}
            wire::Entry::Broken { text, .. } => texts.extend(RawValue::from_string(text.clone()).ok()),
        }
    }
    texts.reverse();
    texts
}

fn add(namespace: &mut Namespace, flag: wire::Flag) {
    let mut rules = Vec::new();
    for (position, rule) in (1..).zip(flag.rules.unwrap_or_default()) {
        let id = format!("{}-{position}", flag.key);
        let shares = rule.distributions.unwrap_or_default();
        let shares = shares.into_iter().map(|share| Distribution {
            rule_id: id.clone(),
            rollout: share.rollout.unwrap_or_default(),
            variant_key: share.variant_key.unwrap_or_default(),
            variant_attachment: share.variant_attachment,
        });
        namespace.eval_distributions.put(id.clone(), shares.collect());
        rules.push(Rule {
            id,
            flag_key: flag.key.clone(),
            segments: portable_segments(rule.segments),
            rank: rule.rank,
            segment_operator: Some(rule.segment_operator.unwrap_or_else(|| "OR_SEGMENT_OPERATOR".to_owned())),
        });
    }
    let rollouts = flag.rollouts.unwrap_or_default().into_iter().map(portable_rollout);
    namespace.eval_rollouts.put(flag.key.clone(), rollouts.collect());
    namespace.eval_rules.put(flag.key.clone(), rules);
    let default_variant = flag.default_variant.map(|variant| Variant {
        id: format!("{}/{}", flag.key, variant.key.as_deref().unwrap_or_default()),
        key: Some(variant.key.unwrap_or_default()),
        attachment: variant.attachment,
    });
    let summary = Flag {
        key: flag.key.clone(),
        enabled: Some(flag.enabled.unwrap_or_default()),
        r#type: Some(flag.r#type.unwrap_or_else(|| "VARIANT_FLAG_TYPE".to_owned())),
        description: Some(flag.description.unwrap_or_default()),
        default_variant,
    };
    namespace.flags.put(flag.key, summary);
}

/// A rollout of a type that other clients do not know goes without its body, which they would evaluate.
fn portable_rollout(rollout: wire::Rollout) -> Rollout {
    let kind = rollout.r#type.unwrap_or_else(|| "UNKNOWN_ROLLOUT_TYPE".to_owned());
    let segment = rollout.segment.filter(|_| kind == "SEGMENT_ROLLOUT_TYPE").map(|segment| SegmentRollout {
        value: segment.value.unwrap_or_default(),
        segment_operator: Some(segment.segment_operator.unwrap_or_else(|| "OR_SEGMENT_OPERATOR".to_owned())),
        segments: portable_segments(segment.segments),
    });
    let threshold = rollout.threshold.filter(|_| kind == "THRESHOLD_ROLLOUT_TYPE").map(|threshold| Threshold {
        percentage: threshold.percentage.unwrap_or_default(),
        value: threshold.value.unwrap_or_default(),
    });
    Rollout { rollout_type: kind, rank: rollout.rank, segment, threshold }
}

fn portable_segments(segments: Option<Vec<wire::Segment>>) -> Ordered<Segment> {
    let mut map = Ordered::default();
    for segment in segments.unwrap_or_default() {
        let constraints = segment.constraints.unwrap_or_default().into_iter().map(|constraint| Constraint {
            r#type: constraint.r#type.unwrap_or_default(),
            property: constraint.property.unwrap_or_default(),
            operator: constraint.operator.unwrap_or_default(),
            value: constraint.value.unwrap_or_default(),
        });
        let portable = Segment {
            segment_key: segment.key.clone(),
            match_type: Some(segment.match_type.unwrap_or_else(|| "ALL_SEGMENT_MATCH_TYPE".to_owned())),
            constraints: constraints.collect(),
        };
        if !map.contains(&segment.key) {
            map.put(segment.key, portable);
        }
    }
    map
}

fn wire_segments(segments: Ordered<Segment>) -> Vec<wire::Segment> {
    let constraint = |constraint: Constraint| wire::Constraint {
        r#type: Some(constraint.r#type),
        property: Some(constraint.property),
        operator: Some(constraint.operator),
        value: Some(constraint.value),
    };
    let segments = segments.0.into_iter().map(|(key, segment)| wire::Segment {
        key,
        match_type: segment.match_type,
        constraints: Some(segment.constraints.into_iter().map(constraint).collect()),
    });
    segments.collect()
}

impl From<&Distribution> for wire::Distribution {
    fn from(share: &Distribution) -> Self {
        Self {
            variant_key: Some(share.variant_key.clone()),
            variant_attachment: share.variant_attachment.clone(),
            rollout: Some(share.rollout),
        }
    }
}

impl From<Rollout> for wire::Rollout {
    fn from(rollout: Rollout) -> Self {
        Self {
            r#type: Some(rollout.rollout_type),
            rank: rollout.rank,
            segment: rollout.segment.map(|segment| wire::SegmentRollout {
                value: Some(segment.value),
                segment_operator: segment.segment_operator,
                segments: Some(wire_segments(segment.segments)),
            }),
            threshold: rollout.threshold.map(|threshold| wire::ThresholdRollout {
                percentage: Some(threshold.percentage),
                value: Some(threshold.value),
            }),
        }
    }
}

fn refuse(reason: SnapshotReason) -> Error {
    Error::new(ErrorKind::Snapshot(reason))
}
