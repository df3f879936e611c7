//! The text of the option `bootstrap`: recognised by its form, then read.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::seed::portable;
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result, SnapshotReason};
use crate::features;
use crate::snapshot::Snapshot;

/// What a text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// An exported snapshot: base64.
    Portable,
    /// The JSON inside one.
    PortableJson,
    /// What a server answers.
    Body,
    /// A document of Flipt's own feature files, as YAML or JSON.
    Features,
}

/// The flag state in a text.
///
/// # Errors
/// [`ErrorKind::Snapshot`] for a snapshot that cannot be used, [`ErrorKind::Options`] for a features document.
pub(super) fn read(text: &str, config: &Config) -> Result<Snapshot> {
    if text.len() / 4 * 3 > config.max_snapshot_bytes {
        return Err(Error::new(ErrorKind::Snapshot(SnapshotReason::TooLarge)));
    }
    let text = text.trim().trim_start_matches('\u{feff}');
    match form(text) {
        Form::Portable => portable(text, config),
        Form::PortableJson => {
            Snapshot::parse_portable(text.as_bytes().into(), &config.namespace, config.server_compatibility)
        }
        Form::Body => body(text, config),
        Form::Features => features(text, config),
    }
}

fn form(text: &str) -> Form {
    #[derive(Deserialize)]
    struct Envelope {
        version: Option<IgnoredAny>,
        segments: Option<IgnoredAny>,
        digest: Option<IgnoredAny>,
        namespace: Option<Namespace>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Namespace {
        Portable {
            #[serde(rename = "eval_rules")]
            _rules: IgnoredAny,
        },
        Keyed {
            #[serde(rename = "key")]
            _key: IgnoredAny,
        },
        Other(IgnoredAny),
    }
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte)) {
        return Form::Portable;
    }
    if !text.starts_with('{') {
        return Form::Features;
    }
    match serde_json::from_str(text) {
        Ok(Envelope { namespace: Some(Namespace::Portable { .. }), .. }) => Form::PortableJson,
        Ok(Envelope { digest: Some(_), .. }) => Form::Body,
        Ok(Envelope { version: None, segments: None, namespace: Some(Namespace::Keyed { .. }), .. }) => Form::Body,
        // YAML begins with a brace, too.
        _ => Form::Features,
    }
}

fn body(text: &str, config: &Config) -> Result<Snapshot> {
    let snapshot = Snapshot::parse(text.as_bytes(), config.server_compatibility)
        .map_err(|error| Error::new(ErrorKind::Snapshot(SnapshotReason::NotJson)).with_source(error))?;
    if snapshot.namespace() == config.namespace {
        return Ok(snapshot);
    }
    let found = format!("it is of namespace {}, not {}", snapshot.namespace(), config.namespace);
    Err(Error::new(ErrorKind::Snapshot(SnapshotReason::Namespace)).with_context(found))
}

fn features(text: &str, config: &Config) -> Result<Snapshot> {
    let body = features::convert(text, &config.namespace)?;
    Snapshot::parse(body.as_bytes(), config.server_compatibility)
}
