//! What is refused wherever it stands: scalars without a meaning, keys given twice, aliases that grow without bounds.

use std::collections::{HashMap, HashSet};

use super::fields::{is_merge, merged, text};
use super::finding::{Place, TOLD};
use super::scalar::{Kind, resolve};
use super::syntax::quoted;
use super::tree::{Content, NodeId, Tree};

/// What is found: where, the path of the field, the reason.
type Flaw = (Place, String, String);

pub(super) struct Flaws {
    pub(super) flaws: Vec<Flaw>,
    /// What the document stands for is too much to be looked at.
    pub(super) is_excessive: bool,
}

/// Checks every node of a document. `json` tells that it came from a JSON file, which may repeat itself.
pub(super) fn check(tree: &Tree, json: bool) -> Flaws {
    let mut checker = Checker { tree, json, merges: HashSet::new(), flaws: Vec::new() };
    for id in tree.ids() {
        match &tree.node(id).content {
            Content::Alias { target: None, name } => {
                checker.note(id, format!("the anchor &{name} contains itself"));
            }
            Content::Map(pairs) => checker.mapping(pairs),
            Content::Plain(text) if !checker.merges.contains(&id) => checker.scalar(id, text, true),
            Content::Quoted(text) if !checker.merges.contains(&id) => checker.scalar(id, text, false),
            _ => {}
        }
    }
    let excess = excess(tree);
    if let Some(alias) = excess {
        checker.note(alias, "aliases of aliases repeat far more than the file holds");
    }
    Flaws { flaws: checker.flaws, is_excessive: excess.is_some() }
}

struct Checker<'a> {
    tree: &'a Tree,
    json: bool,
    merges: HashSet<NodeId>,
    flaws: Vec<Flaw>,
}

impl Checker<'_> {
    fn note(&mut self, id: NodeId, reason: impl Into<String>) {
        if self.flaws.len() > TOLD {
            return;
        }
        self.flaws.push((self.tree.node(id).place, self.tree.path(id), reason.into()));
    }

    fn scalar(&mut self, id: NodeId, text: &str, plain: bool) {
        match resolve(text, plain, self.tree.node(id).tag.as_deref()) {
            Err(reason) => self.note(id, reason),
            // Of valid JSON only a number that is too large reads as text without quotes.
            Ok(scalar) if self.json && plain && scalar.kind == Kind::Text => {
                self.note(id, format!("the number {} is too large", quoted(text)));
            }
            Ok(_) => {}
        }
    }

    fn mapping(&mut self, pairs: &[(NodeId, NodeId)]) {
        let mut seen: HashMap<(bool, &str), (NodeId, NodeId)> = HashMap::new();
        for &(key, value) in pairs {
            if is_merge(self.tree, key) {
                self.merges.insert(key);
                self.merge(value);
            }
            let name = match &self.tree.node(key).content {
                Content::Plain(name) | Content::Quoted(name) => (false, &**name),
                Content::Alias { name, .. } if text(self.tree, key).is_some() => (true, &**name),
                _ => {
                    self.note(key, "a key must be a text");
                    continue;
                }
            };
            let Some(&(first, earlier)) = seen.get(&name) else {
                seen.insert(name, (key, value));
                continue;
            };
            if !(self.json && equal(self.tree, earlier, value)) {
                let line = self.tree.node(first).place.line;
                self.note(key, format!("this key is given before, in line {line}"));
            }
        }
    }

    fn merge(&mut self, value: NodeId) {
        for source in merged(self.tree, value) {
            if !matches!(self.tree.node(self.tree.target(source)).content, Content::Map(_) | Content::Alias { .. }) {
                self.note(source, "only a mapping, or a list of mappings, can be merged");
            }
        }
    }
}

/// Whether two values of a JSON file are the same.
fn equal(tree: &Tree, one: NodeId, other: NodeId) -> bool {
    let mut pairs = vec![(one, other)];
    while let Some((one, other)) = pairs.pop() {
        match (&tree.node(one).content, &tree.node(other).content) {
            (Content::Plain(one), Content::Plain(other)) | (Content::Quoted(one), Content::Quoted(other)) => {
                if one != other {
                    return false;
                }
            }
            (Content::List(one), Content::List(other)) if one.len() == other.len() => {
                pairs.extend(one.iter().copied().zip(other.iter().copied()));
            }
            (Content::Map(one), Content::Map(other)) if one.len() == other.len() => {
                for ((key, value), (other_key, other_value)) in one.iter().zip(other) {
                    pairs.push((*key, *other_key));
                    pairs.push((*value, *other_value));
                }
            }
            _ => return false,
        }
    }
    true
}

/// The alias in which a document becomes so much that Go's YAML library gives up: found by a walk through everything
/// that aliases stand for, which ends there.
fn excess(tree: &Tree) -> Option<NodeId> {
    let (mut visited, mut by_alias) = (1u32, 0u32);
    let mut open = vec![(Tree::ROOT, None)];
    while let Some((id, alias)) = open.pop() {
        visited = visited.saturating_add(1);
        by_alias = by_alias.saturating_add(u32::from(alias.is_some()));
        if by_alias > 100 && visited > 1000 && f64::from(by_alias) / f64::from(visited) > allowed(visited) {
            return alias;
        }
        let from = open.len();
        match &tree.node(id).content {
            Content::Alias { target: Some(target), .. } => open.push((*target, alias.or(Some(id)))),
            Content::List(items) => open.extend(items.iter().map(|item| (*item, alias))),
            Content::Map(pairs) => open.extend(pairs.iter().flat_map(|(key, value)| [(*key, alias), (*value, alias)])),
            _ => {}
        }
        open[from..].reverse();
    }
    None
}

/// The share of a document that may come from aliases, which falls with its size.
fn allowed(visited: u32) -> f64 {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    let visited = f64::from(visited);
    if visited <= LOW {
        0.99
    } else if visited >= HIGH {
        0.10
    } else {
        0.99 - 0.89 * (visited - LOW) / (HIGH - LOW)
    }
}
