//! The snapshot as a server sends it. Every field that evaluation can do without is optional.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind, ResponseReason, Result};

/// The body of a snapshot response, its flags not yet read.
#[derive(Debug, Deserialize)]
struct Envelope<'a> {
    namespace: Option<Namespace>,
    #[serde(borrow)]
    flags: Option<Vec<&'a RawValue>>,
    digest: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Namespace {
    key: Option<String>,
}

/// A snapshot read as far as each flag by itself allows.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) namespace: String,
    pub(super) digest: Option<String>,
    pub(super) flags: Vec<Entry>,
}

/// One entry of the flag list.
#[derive(Debug)]
pub(super) enum Entry {
    Readable(Flag),
    /// The entry is not what a flag should be; without a key it cannot even be asked for.
    Broken {
        key: Option<String>,
        reason: String,
        text: String,
    },
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Flag {
    pub(super) key: String,
    pub(super) description: Option<String>,
    pub(super) enabled: Option<bool>,
    pub(super) r#type: Option<String>,
    pub(super) rules: Option<Vec<Rule>>,
    pub(super) rollouts: Option<Vec<Rollout>>,
    pub(super) default_variant: Option<Variant>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Variant {
    pub(super) key: Option<String>,
    pub(super) attachment: Option<String>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Rule {
    pub(super) id: Option<String>,
    pub(super) rank: Option<i64>,
    pub(super) segment_operator: Option<String>,
    pub(super) segments: Option<Vec<Segment>>,
    pub(super) distributions: Option<Vec<Distribution>>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Segment {
    pub(super) key: String,
    pub(super) match_type: Option<String>,
    pub(super) constraints: Option<Vec<Constraint>>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Constraint {
    pub(super) r#type: Option<String>,
    pub(super) property: Option<String>,
    pub(super) operator: Option<String>,
    pub(super) value: Option<String>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Distribution {
    pub(super) variant_key: Option<String>,
    pub(super) variant_attachment: Option<String>,
    #[serde(deserialize_with = "float")]
    pub(super) rollout: Option<f32>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Rollout {
    pub(super) r#type: Option<String>,
    pub(super) rank: Option<i64>,
    pub(super) segment: Option<SegmentRollout>,
    pub(super) threshold: Option<ThresholdRollout>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SegmentRollout {
    pub(super) value: Option<bool>,
    pub(super) segment_operator: Option<String>,
    pub(super) segments: Option<Vec<Segment>>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct ThresholdRollout {
    #[serde(deserialize_with = "float")]
    pub(super) percentage: Option<f32>,
    pub(super) value: Option<bool>,
}

/// Protocol Buffers' JSON writes the numbers that JSON lacks as text. The one that is no number is no share either.
fn float<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<f32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Float {
        Number(f32),
        Text(String),
    }
    let number = match Option::<Float>::deserialize(deserializer)? {
        None => None,
        Some(Float::Number(number)) => Some(number),
        Some(Float::Text(text)) => Some(text.parse().map_err(D::Error::custom)?),
    };
    Ok(number.map(|number: f32| if number.is_nan() { 0.0 } else { number }))
}

/// Reads a response body. A flag that cannot be read spoils itself only.
pub(super) fn read(body: &[u8]) -> Result<Document> {
    let text = std::str::from_utf8(body)
        .map_err(|error| response(ResponseReason::NotJson).with_source(error))?
        .trim_start_matches('\u{feff}');
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| refuse(text, error))?;
    if envelope.flags.is_none() && envelope.namespace.is_none() {
        return Err(response(ResponseReason::Shape).with_context("neither namespace nor flags is present"));
    }
    Ok(Document {
        namespace: envelope.namespace.and_then(|namespace| namespace.key).unwrap_or_default(),
        digest: envelope.digest.filter(|digest| !digest.is_empty()),
        flags: envelope.flags.unwrap_or_default().into_iter().map(|raw| entry(raw.get())).collect(),
    })
}

/// The flag that evaluates under a key, the last one that has it, without reading the others.
pub(super) fn find(body: &[u8], key: &str) -> Option<Flag> {
    let text = std::str::from_utf8(body).ok()?.trim_start_matches('\u{feff}');
    let flags = serde_json::from_str::<Envelope<'_>>(text).ok()?.flags?;
    let found = flags.iter().rev().find(|raw| key_alone(raw.get()).as_deref() == Some(key))?;
    match entry(found.get()) {
        Entry::Readable(flag) => Some(flag),
        Entry::Broken { .. } => None,
    }
}

/// Reads one entry of the flag list.
pub(super) fn entry(text: &str) -> Entry {
    match serde_json::from_str::<Flag>(text) {
        Ok(flag) if !flag.key.is_empty() => Entry::Readable(flag),
        Ok(_) => Entry::Broken { key: None, reason: "it has no key".to_owned(), text: text.to_owned() },
        Err(error) => Entry::Broken { key: key_alone(text), reason: describe(&error), text: text.to_owned() },
    }
}

/// The key of a flag whose other fields cannot be read.
fn key_alone(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Keyed {
        key: String,
    }
    serde_json::from_str::<Keyed>(text).ok().map(|keyed| keyed.key).filter(|key| !key.is_empty())
}

/// Where and how reading failed, without quoting the input.
fn describe(error: &serde_json::Error) -> String {
    let what = if error.is_data() { "a field has an unexpected type" } else { "it is malformed" };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

fn refuse(text: &str, error: serde_json::Error) -> Error {
    let reason = if text.trim_start().starts_with('<') {
        ResponseReason::Html
    } else if error.is_data() {
        ResponseReason::Shape
    } else {
        ResponseReason::NotJson
    };
    let place = format!("line {}, column {}", error.line(), error.column());
    response(reason).with_context(place)
}

fn response(reason: ResponseReason) -> Error {
    Error::new(ErrorKind::Response(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_that_are_not_snapshots_are_told_apart() {
        let reason = |body: &str| match read(body.as_bytes()).map(|_| ()) {
            Err(error) => match error.kind() {
                ErrorKind::Response(reason) => Some(*reason),
                _ => None,
            },
            Ok(()) => None,
        };
        assert_eq!(reason("<!doctype html>"), Some(ResponseReason::Html));
        assert_eq!(reason("{\"flags\":[{\"key\":"), Some(ResponseReason::NotJson));
        assert_eq!(reason(""), Some(ResponseReason::NotJson));
        assert_eq!(reason("[]"), Some(ResponseReason::Shape));
        assert_eq!(reason("{\"flags\":7}"), Some(ResponseReason::Shape));
        assert_eq!(reason("{\"code\":5,\"message\":\"x\"}"), Some(ResponseReason::Shape));
        assert_eq!(reason("{\"namespace\":{\"key\":\"x\"}}"), None);
        assert_eq!(reason("{\"namespace\":null,\"flags\":null}"), Some(ResponseReason::Shape));
    }

    #[test]
    fn one_bad_flag_spoils_itself_only() {
        let body = br#"{"flags":[{"key":"a","enabled":"yes"},{"key":"b"},7,{"name":"nobody"}]}"#;
        let document = read(body).unwrap();
        assert!(matches!(&document.flags[0], Entry::Broken { key: Some(key), .. } if key == "a"));
        assert!(matches!(&document.flags[1], Entry::Readable(flag) if flag.key == "b"));
        assert!(matches!(&document.flags[2], Entry::Broken { key: None, .. }));
        assert!(matches!(&document.flags[3], Entry::Broken { key: None, .. }));
    }
}
