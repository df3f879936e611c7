//! Values of a file as JSON text, as the two writers of the server spell them.

use super::fields::fields;
use super::figure::{html_safe_text, json_f64, json_text};
use super::scalar::{Value, resolve};
use super::tree::{Content, NodeId, Tree};

/// How a value is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Numbers are doubles, texts have no more escapes than JSON needs: attachments of distributions.
    Double,
    /// Whole numbers are exact, texts safe within HTML: attachments of default variants, and lists.
    Exact,
}

/// The JSON of a value, keys sorted by their bytes; nothing is `null`.
pub(super) fn encode(tree: &Tree, id: Option<NodeId>, spelling: Spelling, json: bool) -> String {
    let mut writer = Writer { tree, spelling, json, out: String::new() };
    match id {
        Some(id) => writer.write(id),
        None => writer.out.push_str("null"),
    }
    writer.out
}

struct Writer<'a> {
    tree: &'a Tree,
    spelling: Spelling,
    json: bool,
    out: String,
}

/// What is still to be written.
enum Step<'a> {
    Value(NodeId),
    Key(&'a str),
    Mark(char),
}

impl<'a> Writer<'a> {
    /// A stack of its own, because a file may nest deeper than a thread's stack is.
    fn write(&mut self, id: NodeId) {
        let mut steps = vec![Step::Value(id)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Mark(mark) => self.out.push(mark),
                Step::Key(key) => {
                    self.text(key);
                    self.out.push(':');
                }
                Step::Value(id) => self.value(id, &mut steps),
            }
        }
    }

    fn value(&mut self, id: NodeId, steps: &mut Vec<Step<'a>>) {
        let tree = self.tree;
        let id = tree.target(id);
        let node = tree.node(id);
        let from = steps.len() + 1;
        match &node.content {
            Content::Plain(text) => return self.scalar(text, true, node.tag.as_deref()),
            Content::Quoted(text) => return self.scalar(text, false, node.tag.as_deref()),
            Content::Alias { .. } => return self.out.push_str("null"),
            Content::List(items) => {
                self.out.push('[');
                steps.push(Step::Mark(']'));
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        steps.push(Step::Mark(','));
                    }
                    steps.push(Step::Value(*item));
                }
            }
            Content::Map(_) => {
                self.out.push('{');
                steps.push(Step::Mark('}'));
                let mut fields = fields(tree, id);
                fields.sort_by_key(|field| field.name);
                for (index, field) in fields.iter().enumerate() {
                    if index > 0 {
                        steps.push(Step::Mark(','));
                    }
                    steps.push(Step::Key(field.name));
                    steps.push(Step::Value(field.value));
                }
            }
        }
        steps[from..].reverse();
    }

    fn scalar(&mut self, text: &'a str, plain: bool, tag: Option<&str>) {
        let Ok(scalar) = resolve(text, plain, tag) else { return self.out.push_str("null") };
        match scalar.value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(value) => self.out.push_str(if value { "true" } else { "false" }),
            Value::Int(_) | Value::Float(_) if self.json => {
                self.out.push_str(&json_f64(text.parse().unwrap_or_default()));
            }
            Value::Int(value) if self.spelling == Spelling::Exact => self.out.push_str(&value.to_string()),
            #[expect(clippy::cast_precision_loss, reason = "a double is what is wanted")]
            Value::Int(value) => self.out.push_str(&json_f64(value as f64)),
            Value::Float(value) => self.out.push_str(&json_f64(value)),
            Value::Text(text) => self.text(&text),
            Value::Date(date) => self.text(&date.to_string()),
        }
    }

    fn text(&mut self, text: &str) {
        match self.spelling {
            Spelling::Double => json_text(text, &mut self.out),
            Spelling::Exact => html_safe_text(text, &mut self.out),
        }
    }
}
