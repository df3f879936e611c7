//! Mappings as the reader of Flipt sees them: merge keys resolved, aliases followed.

use std::collections::HashSet;

use super::scalar::MERGE_TAG;
use super::tree::{Content, NodeId, Tree};

/// One entry of a mapping.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) key: NodeId,
    pub(super) value: NodeId,
}

/// The entries of a mapping: its own, then what merge keys add, the first merged mapping before the next.
pub(super) fn fields(tree: &Tree, map: NodeId) -> Vec<Field<'_>> {
    let mut found: Vec<Field<'_>> = Vec::new();
    let mut names: HashSet<&str> = HashSet::new();
    let mut open = vec![map];
    while let Some(map) = open.pop() {
        let Content::Map(pairs) = &tree.node(tree.target(map)).content else { continue };
        for &(key, value) in pairs {
            if is_merge(tree, key) {
                let at = open.len();
                open.extend(merged(tree, value));
                open[at..].reverse();
            } else if let Some(name) = text(tree, key)
                && names.insert(name)
            {
                found.push(Field { name, key, value });
            }
        }
    }
    found
}

/// Whether a key merges another mapping into its own.
pub(super) fn is_merge(tree: &Tree, key: NodeId) -> bool {
    let node = tree.node(key);
    match &node.content {
        Content::Plain(text) => &**text == "<<" && node.tag.as_deref().is_none_or(|tag| tag == MERGE_TAG),
        Content::Quoted(text) => &**text == "<<" && node.tag.as_deref() == Some(MERGE_TAG),
        _ => false,
    }
}

/// The mappings that the value of a merge key names.
pub(super) fn merged(tree: &Tree, value: NodeId) -> Vec<NodeId> {
    match &tree.node(tree.target(value)).content {
        Content::List(items) => items.clone(),
        _ => vec![value],
    }
}

/// The text of a scalar, whatever it resolves to.
pub(super) fn text(tree: &Tree, id: NodeId) -> Option<&str> {
    match &tree.node(tree.target(id)).content {
        Content::Plain(text) | Content::Quoted(text) => Some(text),
        _ => None,
    }
}
