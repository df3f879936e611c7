//! The documents of one namespace become one snapshot.

use std::collections::HashMap;

use sha1_smol::Sha1;

use super::finding::Finding;
use super::model::{Document, Reference, Rollout, Segment};
use super::syntax::quoted;

/// The documents that make one namespace, in the order of the files.
#[derive(Debug)]
pub(super) struct Namespace {
    pub(super) key: String,
    /// Positions in the list of documents.
    pub(super) documents: Vec<usize>,
    pub(super) digest: String,
}

/// Sorts documents into namespaces, in the order in which these first appear. `digests` are those of the files.
pub(super) fn group(documents: &[Document], digests: &[String]) -> Vec<Namespace> {
    let mut namespaces: Vec<Namespace> = Vec::new();
    for (position, document) in documents.iter().enumerate() {
        let digest = digests.get(document.file).map(String::as_str).unwrap_or_default();
        match namespaces.iter_mut().find(|namespace| namespace.key == document.namespace) {
            Some(namespace) => {
                namespace.documents.push(position);
                namespace.digest = hash(format!("{}{digest}", namespace.digest).as_bytes());
                namespace.digest.truncate(32);
            }
            None => namespaces.push(Namespace {
                key: document.namespace.clone(),
                documents: vec![position],
                digest: digest.to_owned(),
            }),
        }
    }
    namespaces
}

/// The lower-case hexadecimal SHA-1 that the server names files by.
pub(super) fn hash(bytes: &[u8]) -> String {
    Sha1::from(bytes).digest().to_string()
}

/// Which segments a rule can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Those of its own document: what a server sends.
    Document,
    /// Those of earlier documents, too: what a server evaluates with.
    Namespace,
}

/// The segments that a document's rules can name, the last of a key winning.
pub(super) struct Segments<'a> {
    own: HashMap<&'a str, &'a Segment>,
    earlier: HashMap<&'a str, &'a Segment>,
}

impl<'a> Segments<'a> {
    pub(super) fn new() -> Self {
        Self { own: HashMap::new(), earlier: HashMap::new() }
    }

    pub(super) fn enter(&mut self, document: &'a Document) {
        self.earlier.extend(self.own.drain());
        self.own.extend(document.segments.iter().map(|segment| (segment.key.as_str(), segment)));
    }

    pub(super) fn find(&self, key: &str, reach: Reach) -> Option<&'a Segment> {
        let earlier = || self.earlier.get(key).filter(|_| reach == Reach::Namespace);
        self.own.get(key).or_else(earlier).copied()
    }
}

/// The rules and rollouts that name a segment which no earlier document and not their own has.
pub(super) fn dangling(namespace: &Namespace, documents: &[Document], names: &[&str]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut segments = Segments::new();
    for document in namespace.documents.iter().filter_map(|position| documents.get(*position)) {
        segments.enter(document);
        for reference in references(document) {
            if !reference.key.is_empty() && segments.find(&reference.key, Reach::Namespace).is_none() {
                let reason = format!(
                    "namespace {} has no segment {} in this document or an earlier one",
                    quoted(&namespace.key),
                    quoted(&reference.key)
                );
                let file = names.get(document.file).copied().unwrap_or_default();
                findings.push(Finding::at(file, reference.place, reference.field.clone(), reason));
            }
        }
    }
    findings
}

fn references(document: &Document) -> impl Iterator<Item = &Reference> {
    document.flags.iter().flat_map(|flag| {
        let rollouts = flag.rollouts.iter().filter_map(|rollout| match rollout {
            Rollout::Segment { segments, .. } => Some(segments),
            _ => None,
        });
        flag.rules.iter().map(|rule| &rule.segments).chain(rollouts).flatten()
    })
}
