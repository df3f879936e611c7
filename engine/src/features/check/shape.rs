use crate::features::scalar::{Kind, Value, resolve};
use crate::features::tree::{Content, NodeId, Tree};

/// What a value is to the schema.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text,
    Bytes,
    List,
    Map,
    /// It means nothing, which is told elsewhere.
    Broken,
}

impl Shape {
    pub(super) fn of(tree: &Tree, id: NodeId) -> Self {
        let node = tree.node(tree.target(id));
        let (text, plain) = match &node.content {
            Content::Plain(text) => (text, true),
            Content::Quoted(text) => (text, false),
            Content::List(_) => return Self::List,
            Content::Map(_) => return Self::Map,
            Content::Alias { .. } => return Self::Broken,
        };
        let Ok(scalar) = resolve(text, plain, node.tag.as_deref()) else { return Self::Broken };
        match (scalar.kind, scalar.value) {
            (Kind::Null, _) => Self::Null,
            (Kind::Bool, value) => Self::Bool(value == Value::Bool(true)),
            (Kind::Int, Value::Int(value)) => Self::Int(value),
            (Kind::Float, Value::Float(value)) => Self::Float(value),
            (Kind::Bytes, _) => Self::Bytes,
            _ => Self::Text,
        }
    }

    pub(super) fn name(self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => format!("the number {value}"),
            Self::Float(value) => format!("the number {value}"),
            Self::Text => "a text".to_owned(),
            Self::Bytes => "a binary value".to_owned(),
            Self::List => "a list".to_owned(),
            Self::Map => "a mapping".to_owned(),
            Self::Broken => "unreadable".to_owned(),
        }
    }
}
