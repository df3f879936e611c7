//! What a document says, checked as far as the document alone allows.

use super::finding::Place;
use super::tree::{NodeId, Tree};

#[derive(Debug)]
pub(super) struct Document {
    pub(super) tree: Tree,
    /// The position of its file in the list of files.
    pub(super) file: usize,
    /// Whether it came from a JSON file, whose numbers are all doubles.
    pub(super) json: bool,
    pub(super) namespace: String,
    pub(super) flags: Vec<Flag>,
    pub(super) segments: Vec<Segment>,
}

#[derive(Debug, Default)]
pub(super) struct Flag {
    pub(super) key: String,
    pub(super) enabled: bool,
    pub(super) boolean: bool,
    pub(super) variants: Vec<Variant>,
    pub(super) rules: Vec<Rule>,
    pub(super) rollouts: Vec<Rollout>,
}

#[derive(Debug, Default)]
pub(super) struct Variant {
    pub(super) key: String,
    pub(super) default: bool,
    pub(super) attachment: Option<NodeId>,
}

#[derive(Debug, Default)]
pub(super) struct Rule {
    pub(super) segments: Vec<Reference>,
    pub(super) and: bool,
    pub(super) distributions: Vec<Distribution>,
}

#[derive(Debug)]
pub(super) struct Distribution {
    /// The position of the variant in its flag.
    pub(super) variant: usize,
    pub(super) rollout: f32,
}

#[derive(Debug, Default)]
pub(super) enum Rollout {
    #[default]
    Empty,
    Segment {
        segments: Vec<Reference>,
        and: bool,
        value: bool,
    },
    Threshold {
        percentage: f32,
        value: bool,
    },
}

/// A segment by its key, and where it is named.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) field: String,
}

#[derive(Debug, Default)]
pub(super) struct Segment {
    pub(super) key: String,
    pub(super) any: bool,
    pub(super) constraints: Vec<Constraint>,
    /// A constraint has a value that does not fit, so the server leaves the whole segment out.
    pub(super) malformed: bool,
}

#[derive(Debug)]
pub(super) struct Constraint {
    /// The name of its type, as the server sends it.
    pub(super) type_name: String,
    pub(super) property: String,
    pub(super) operator: String,
    pub(super) value: String,
}
