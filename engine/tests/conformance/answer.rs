//! One form for what a server answered and what the engine answers, so that both compare with `==`.

use flipt_engine::evaluate::{BatchItem, BooleanEvaluation, VariantEvaluation};
use flipt_engine::{Error, ErrorKind};
use serde_json::Value;
use std::borrow::Cow;

/// An answer without what may differ: the order of segment keys and the spelling of attachments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Boolean {
        flag: String,
        enabled: bool,
        reason: String,
        segments: Vec<String>,
    },
    Variant {
        flag: String,
        matched: bool,
        reason: String,
        segments: Vec<String>,
        variant: String,
        attachment: Attachment,
    },
    NotFound {
        namespace: String,
        flag: String,
    },
    WrongType {
        flag: String,
        wanted: String,
    },
    Failed(String),
}

/// An attachment compares as a JSON value whose numbers are doubles; the absent one is no JSON at all.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Attachment {
    Absent,
    Json(Value),
}

impl Answer {
    pub(crate) fn of_boolean(evaluation: BooleanEvaluation<'_>) -> Self {
        let BooleanEvaluation { flag, enabled, reason, segment_keys, decision: _ } = evaluation;
        let segments = sorted(segment_keys.into_iter().map(Cow::into_owned).collect());
        Self::Boolean { flag: flag.into_owned(), enabled, reason: reason.to_owned(), segments }
    }

    pub(crate) fn of_variant(evaluation: VariantEvaluation<'_>) -> Self {
        let VariantEvaluation { flag, matched, reason, variant_key, variant_attachment, segment_keys, decision: _ } =
            evaluation;
        let attachment = Attachment::read(&variant_attachment);
        Self::Variant {
            flag: flag.into_owned(),
            matched,
            reason: reason.to_owned(),
            segments: sorted(segment_keys.into_iter().map(Cow::into_owned).collect()),
            variant: variant_key.into_owned(),
            attachment,
        }
    }

    pub(crate) fn of_item(item: BatchItem<'_>) -> Self {
        match item {
            BatchItem::Boolean(evaluation) => Self::of_boolean(evaluation),
            BatchItem::Variant(evaluation) => Self::of_variant(evaluation),
            BatchItem::Error { flag, error } => match Self::of_error(&error) {
                Self::NotFound { namespace, flag: named } if named == flag => Self::NotFound { namespace, flag },
                other => other,
            },
        }
    }

    /// The recorded 404 and 400 as the errors that users of the published client match.
    pub(crate) fn of_error(error: &Error) -> Self {
        let message = error.to_string();
        match error.kind() {
            ErrorKind::FlagNotFound { namespace, flag }
                if message == format!("invalid request: failed to get flag information {namespace}/{flag}") =>
            {
                Self::NotFound { namespace: namespace.clone(), flag: flag.clone() }
            }
            ErrorKind::FlagType { flag, wanted }
                if message == format!("invalid request: {flag} is not a {wanted} flag") =>
            {
                Self::WrongType { flag: flag.clone(), wanted: (*wanted).to_owned() }
            }
            _ => Self::Failed(message),
        }
    }

    pub(crate) fn recorded_boolean(response: &Value) -> Self {
        Self::Boolean {
            flag: text(&response["flagKey"]),
            enabled: response["enabled"].as_bool().unwrap(),
            reason: text(&response["reason"]),
            segments: sorted(response["segmentKeys"].as_array().unwrap().iter().map(text).collect()),
        }
    }

    pub(crate) fn recorded_variant(response: &Value) -> Self {
        Self::Variant {
            flag: text(&response["flagKey"]),
            matched: response["match"].as_bool().unwrap(),
            reason: text(&response["reason"]),
            segments: sorted(response["segmentKeys"].as_array().unwrap().iter().map(text).collect()),
            variant: text(&response["variantKey"]),
            attachment: Attachment::read(response["variantAttachment"].as_str().unwrap()),
        }
    }
}

impl Attachment {
    fn read(attachment: &str) -> Self {
        if attachment.is_empty() {
            Self::Absent
        } else {
            Self::Json(as_doubles(serde_json::from_str(attachment).unwrap()))
        }
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn sorted(mut keys: Vec<String>) -> Vec<String> {
    keys.sort_unstable();
    keys
}

fn as_doubles(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.as_f64().unwrap()),
        Value::Array(items) => items.into_iter().map(as_doubles).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, as_doubles(value))).collect(),
        other => other,
    }
}
