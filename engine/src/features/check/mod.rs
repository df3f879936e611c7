//! Checks a document against the rules of its version and reads it, going on after every mistake.

mod constraint;
mod flag;
mod rule;
mod segment;
mod shape;

use std::collections::HashSet;

use shape::Shape;

use super::fields::{Field, fields};
use super::finding::{Finding, Place, TOLD};
use super::model::Document;
use super::scalar::{Value, resolve};
use super::syntax::quoted;
use super::tree::{Content, NodeId, Tree};

/// What is found in one document.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) problems: Vec<Finding>,
    pub(super) warnings: Vec<Finding>,
}

/// The versions of the format that change what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Version {
    First,
    WithRollouts,
    WithMetadata,
    WithLists,
}

const VERSIONS: &[(&str, Version)] = &[
    ("1.0", Version::First),
    ("1.1", Version::WithRollouts),
    ("1.2", Version::WithRollouts),
    ("1.3", Version::WithMetadata),
    ("1.4", Version::WithMetadata),
    ("1.5", Version::WithMetadata),
    ("1.6", Version::WithLists),
];

/// Reads a document of a file.
pub(super) fn document(tree: Tree, (file, name): (usize, &str), json: bool) -> (Document, Findings) {
    let mut checker = Checker {
        tree: &tree,
        file: name,
        json,
        version: Version::WithLists,
        walked: HashSet::new(),
        findings: Findings::default(),
    };
    let (mut namespace, mut flags, mut segments) = ("default".to_owned(), Vec::new(), Vec::new());
    if !tree.empty
        && let Some(mut fields) = checker.mapping(Tree::ROOT, "")
    {
        if let Some(value) = fields.take("version") {
            checker.version(value);
        }
        if let Some(value) = fields.take("namespace") {
            namespace = checker.namespace(value);
        }
        if let Some(value) = fields.take("flags") {
            flags = checker.list(value, "flags").map(|(item, path)| checker.flag(item, &path)).collect();
        }
        if let Some(value) = fields.take("segments") {
            segments = checker.list(value, "segments").map(|(item, path)| checker.segment(item, &path)).collect();
        }
        checker.leftovers(&fields, "a document");
    }
    let findings = checker.findings;
    (Document { tree, file, json, namespace, flags, segments }, findings)
}

struct Checker<'a> {
    tree: &'a Tree,
    file: &'a str,
    json: bool,
    version: Version,
    /// What was already checked of what attachments and metadata hold.
    walked: HashSet<NodeId>,
    findings: Findings,
}

/// The entries of a mapping that were not looked at yet.
struct Fields<'a> {
    path: String,
    place: Place,
    rest: Vec<Field<'a>>,
    names: Vec<&'static str>,
}

impl Fields<'_> {
    fn take(&mut self, name: &'static str) -> Option<NodeId> {
        self.names.push(name);
        let at = self.rest.iter().position(|field| field.name == name)?;
        let taken = self.rest.remove(at).value;
        // A JSON file may give a key twice if it says the same.
        self.rest.retain(|field| field.name != name);
        Some(taken)
    }

    fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

impl<'a> Checker<'a> {
    fn problem(&mut self, place: Place, field: impl Into<String>, reason: impl Into<String>) {
        if self.findings.problems.len() <= TOLD {
            self.findings.problems.push(Finding::at(self.file, place, field, reason));
        }
    }

    fn place(&self, id: NodeId) -> Place {
        self.tree.node(id).place
    }

    fn mismatch(&mut self, id: NodeId, path: &str, wanted: &str) {
        let reason = match self.shape(id) {
            // What has no meaning was told of already.
            Shape::Broken => return,
            Shape::Text => {
                let text = super::fields::text(self.tree, id).unwrap_or_default();
                format!("must be {wanted}, is the text {}", quoted(text))
            }
            shape => format!("must be {wanted}, is {}", shape.name()),
        };
        self.problem(self.place(id), path, reason);
    }

    fn mapping(&mut self, id: NodeId, path: &str) -> Option<Fields<'a>> {
        if self.shape(id) != Shape::Map {
            self.mismatch(id, path, "a mapping");
            return None;
        }
        let rest = fields(self.tree, id);
        Some(Fields { path: path.to_owned(), place: self.place(id), rest, names: Vec::new() })
    }

    /// The items of a list with their paths; nothing when it is none.
    fn list(&mut self, id: NodeId, path: &str) -> impl Iterator<Item = (NodeId, String)> + use<> {
        let items = match &self.tree.node(self.tree.target(id)).content {
            Content::List(items) => items.clone(),
            _ => {
                self.mismatch(id, path, "a list");
                Vec::new()
            }
        };
        let path = path.to_owned();
        items.into_iter().enumerate().map(move |(index, item)| (item, format!("{path}[{index}]")))
    }

    /// A field that must be there.
    fn required(&mut self, fields: &mut Fields<'_>, name: &'static str) -> Option<NodeId> {
        let found = fields.take(name);
        if found.is_none() {
            self.problem(fields.place, fields.path(name), "is missing");
        }
        found
    }

    /// What no one asked for has no place in a file.
    fn leftovers(&mut self, fields: &Fields<'_>, what: &str) {
        for field in &fields.rest {
            let label = self.tree.label(field.key);
            let reason = match later(what, field.name) {
                Some(since) => format!("{what} has this field from version {since} on"),
                None => format!("{what} has no such field, only {}", fields.names.join(", ")),
            };
            self.problem(self.place(field.key), fields.path(&label), reason);
        }
    }

    /// A text of at least one character on one line.
    fn line(&mut self, id: NodeId, path: &str) -> String {
        let text = self.text(id, path).unwrap_or_default();
        if self.shape(id) == Shape::Text && (text.is_empty() || text.contains('\n')) {
            let reason = if text.is_empty() { "must not be empty" } else { "must be a single line" };
            self.problem(self.place(id), path, reason);
        }
        text
    }

    /// A key of letters, digits, `-`, `_` and `,`.
    fn key(&mut self, id: NodeId, path: &str) -> String {
        let text = self.text(id, path).unwrap_or_default();
        if self.shape(id) == Shape::Text && !is_key(&text) {
            let reason = format!("{} may only hold letters, digits, '-', '_' and ',', at least one", quoted(&text));
            self.problem(self.place(id), path, reason);
        }
        text
    }

    fn text(&mut self, id: NodeId, path: &str) -> Option<String> {
        if self.shape(id) != Shape::Text {
            self.mismatch(id, path, "a text");
        }
        super::fields::text(self.tree, id).map(str::to_owned)
    }

    fn boolean(&mut self, id: NodeId, path: &str) -> bool {
        match self.shape(id) {
            Shape::Bool(value) => value,
            _ => {
                self.mismatch(id, path, "true or false");
                false
            }
        }
    }

    /// A text that says what something is, or null.
    fn description(&mut self, fields: &mut Fields<'_>) {
        if let Some(id) = fields.take("description")
            && !matches!(self.shape(id), Shape::Text | Shape::Null)
        {
            self.mismatch(id, &fields.path("description"), "a text or null");
        }
    }

    fn choice<T: Copy>(&mut self, id: NodeId, path: &str, words: &[(&str, T)]) -> Option<T> {
        let text = super::fields::text(self.tree, id).filter(|_| self.shape(id) == Shape::Text);
        let found = text.and_then(|text| words.iter().find(|(word, _)| *word == text));
        if found.is_none() {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.mismatch(id, path, &format!("one of {}", names.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    fn version(&mut self, id: NodeId) {
        if let Some(version) = self.choice(id, "version", VERSIONS) {
            self.version = version;
        }
    }

    fn namespace(&mut self, id: NodeId) -> String {
        match self.shape(id) {
            Shape::Text => self.key(id, "namespace"),
            Shape::Map => {
                let Some(mut fields) = self.mapping(id, "namespace") else { return String::new() };
                let key = match fields.take("key") {
                    Some(key) => self.key(key, "namespace.key"),
                    None => {
                        let reason = "has no key, so the flags are in a namespace whose key is empty";
                        let warning = Finding::at(self.file, fields.place, "namespace", reason);
                        self.findings.warnings.push(warning);
                        String::new()
                    }
                };
                if let Some(name) = fields.take("name") {
                    self.line(name, "namespace.name");
                }
                self.description(&mut fields);
                self.leftovers(&fields, "a namespace");
                key
            }
            _ => {
                self.mismatch(id, "namespace", "a text or a mapping with a key");
                "default".to_owned()
            }
        }
    }

    fn shape(&self, id: NodeId) -> Shape {
        Shape::of(self.tree, id)
    }

    /// What the decoder makes of a scalar.
    fn value(&self, id: NodeId) -> Option<Value<'a>> {
        let node = self.tree.node(self.tree.target(id));
        match &node.content {
            Content::Plain(text) => resolve(text, true, node.tag.as_deref()).ok().map(|scalar| scalar.value),
            Content::Quoted(text) => resolve(text, false, node.tag.as_deref()).ok().map(|scalar| scalar.value),
            _ => None,
        }
    }
}

fn is_key(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b','))
}

/// The version in which a field came to be, for files that use it too early.
fn later(what: &str, name: &str) -> Option<&'static str> {
    match (what, name) {
        ("a flag", "type" | "rollouts") => Some("1.1"),
        ("a flag", "metadata") | ("a variant", "default") => Some("1.3"),
        _ => None,
    }
}
