//! What is asked and what is answered.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use crate::error::Error;
use crate::snapshot::{Decision, Flag};

/// Where constraints find the values of context keys.
pub trait Context {
    /// The value of a key, `None` when it is absent; evaluation treats that like an empty value.
    fn value(&self, key: &str) -> Option<&str>;
}

/// The empty context.
impl Context for () {
    fn value(&self, _: &str) -> Option<&str> {
        None
    }
}

impl<S: std::hash::BuildHasher> Context for HashMap<String, String, S> {
    fn value(&self, key: &str) -> Option<&str> {
        self.get(key).map(String::as_str)
    }
}

impl Context for BTreeMap<String, String> {
    fn value(&self, key: &str) -> Option<&str> {
        self.get(key).map(String::as_str)
    }
}

/// Pairs; the last one of a key counts.
impl<K: AsRef<str>, V: AsRef<str>> Context for [(K, V)] {
    fn value(&self, key: &str) -> Option<&str> {
        self.iter().rev().find(|(other, _)| other.as_ref() == key).map(|(_, value)| value.as_ref())
    }
}

impl<K: AsRef<str>, V: AsRef<str>> Context for Vec<(K, V)> {
    fn value(&self, key: &str) -> Option<&str> {
        self.as_slice().value(key)
    }
}

impl<K: AsRef<str>, V: AsRef<str>, const N: usize> Context for [(K, V); N] {
    fn value(&self, key: &str) -> Option<&str> {
        self.as_slice().value(key)
    }
}

/// One question.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The flag's key.
    pub flag: &'a str,
    /// The entity that splits are decided for; the engine takes an empty one as the server does.
    pub entity: &'a str,
    /// The entity's attributes.
    pub context: &'a dyn Context,
}

impl<'a> Request<'a> {
    /// A question about a flag for an entity.
    #[must_use]
    pub fn new(flag: &'a str, entity: &'a str, context: &'a dyn Context) -> Self {
        Self { flag, entity, context }
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("flag", &self.flag).finish_non_exhaustive()
    }
}

/// The answer of a boolean flag. Its texts are those of the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BooleanEvaluation<'s> {
    /// The flag's key.
    pub flag: Cow<'s, str>,
    /// The value.
    pub enabled: bool,
    /// The server's name of the reason.
    pub reason: &'static str,
    /// The segments that matched, each once, in the order of the rollout.
    pub segment_keys: Vec<Cow<'s, str>>,
    /// What stands behind the answer.
    pub decision: Decision,
}

/// The answer of a variant flag. Its texts are those of the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantEvaluation<'s> {
    /// The flag's key.
    pub flag: Cow<'s, str>,
    /// Whether a rule matched.
    pub matched: bool,
    /// The server's name of the reason.
    pub reason: &'static str,
    /// The variant's key, empty without one.
    pub variant_key: Cow<'s, str>,
    /// The variant's attachment as JSON text, empty without a variant.
    pub variant_attachment: Cow<'s, str>,
    /// The segments that matched, each once, in the order of the rule.
    pub segment_keys: Vec<Cow<'s, str>>,
    /// What stands behind the answer.
    pub decision: Decision,
}

/// The answer of a flag of either kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evaluation<'s> {
    /// A boolean flag's.
    Boolean(BooleanEvaluation<'s>),
    /// A variant flag's.
    Variant(VariantEvaluation<'s>),
}

/// One item of a batch.
#[derive(Debug, Clone)]
pub enum BatchItem<'s> {
    /// A boolean flag's answer.
    Boolean(BooleanEvaluation<'s>),
    /// A variant flag's answer.
    Variant(VariantEvaluation<'s>),
    /// The item that could not be evaluated.
    Error {
        /// The key that was asked for.
        flag: String,
        /// Why.
        error: Error,
    },
}

impl BooleanEvaluation<'_> {
    /// The same answer with texts of its own.
    #[must_use]
    pub fn into_owned(self) -> BooleanEvaluation<'static> {
        BooleanEvaluation {
            flag: owned(self.flag),
            enabled: self.enabled,
            reason: self.reason,
            segment_keys: all_owned(self.segment_keys),
            decision: self.decision,
        }
    }
}

impl VariantEvaluation<'_> {
    /// The same answer with texts of its own.
    #[must_use]
    pub fn into_owned(self) -> VariantEvaluation<'static> {
        VariantEvaluation {
            flag: owned(self.flag),
            variant_key: owned(self.variant_key),
            variant_attachment: owned(self.variant_attachment),
            matched: self.matched,
            reason: self.reason,
            segment_keys: all_owned(self.segment_keys),
            decision: self.decision,
        }
    }
}

impl BatchItem<'_> {
    /// The same item with texts of its own.
    #[must_use]
    pub fn into_owned(self) -> BatchItem<'static> {
        match self {
            Self::Boolean(evaluation) => BatchItem::Boolean(evaluation.into_owned()),
            Self::Variant(evaluation) => BatchItem::Variant(evaluation.into_owned()),
            Self::Error { flag, error } => BatchItem::Error { flag, error },
        }
    }
}

fn owned(text: Cow<'_, str>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

fn all_owned(texts: Vec<Cow<'_, str>>) -> Vec<Cow<'static, str>> {
    texts.into_iter().map(owned).collect()
}

/// The values of a flag's context keys, by the position of the key in the flag.
pub(super) trait Values {
    /// The value, empty when absent.
    fn value(&self, flag: &Flag, position: u32) -> &str;
}

/// Values looked up by name.
pub(super) struct ByName<'a>(pub(super) &'a dyn Context);

impl Values for ByName<'_> {
    fn value(&self, flag: &Flag, position: u32) -> &str {
        flag.keys.get(position as usize).and_then(|key| self.0.value(key)).unwrap_or_default()
    }
}
