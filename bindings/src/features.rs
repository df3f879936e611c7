//! Feature files checked and converted without a client.

use std::path::Path;

use flipt_engine::features::{self, Features};
use flipt_engine::{Config, Error, source};
use napi_derive::napi;

use crate::error::{NativeProblem, TaggedFeatures, TaggedText};
use crate::panics::guard;

/// What feature files hold, and what is wrong with them.
#[napi(object, object_from_js = false)]
pub struct NativeFeatures {
    /// How many files were read.
    pub files: u32,
    /// The namespaces, as the files name them.
    pub namespaces: Vec<NativeNamespace>,
    /// What keeps them from being served.
    pub problems: Vec<NativeProblem>,
    /// What is served, but probably not meant.
    pub warnings: Vec<NativeProblem>,
}

/// One namespace.
#[napi(object, object_from_js = false)]
pub struct NativeNamespace {
    /// Its key.
    pub key: String,
    /// How many flags it has.
    pub flags: u32,
}

impl From<&Features> for NativeFeatures {
    fn from(features: &Features) -> Self {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let namespace = |key: &str| NativeNamespace { key: key.to_owned(), flags: count(features.flag_count(key)) };
        Self {
            files: count(features.files()),
            namespaces: features.namespaces().map(namespace).collect(),
            problems: features.problems().iter().map(Into::into).collect(),
            warnings: features.warnings().iter().map(Into::into).collect(),
        }
    }
}

/// Reads and checks the feature files at a path.
#[napi(catch_unwind)]
#[must_use]
pub fn validate_features(path: String) -> TaggedFeatures {
    let most_bytes = Config::default().max_snapshot_bytes;
    guard("validateFeatures", || NativeFeatures::from(&source::read(Path::new(&path), most_bytes))).into()
}

/// The snapshot of one namespace of a features document, as JSON text.
#[napi(catch_unwind)]
#[must_use]
pub fn convert_features(text: String, namespace: String) -> TaggedText {
    let converted = guard("convertFeatures", || features::convert(&text, &namespace));
    converted.and_then(|converted: Result<String, Error>| converted).into()
}
