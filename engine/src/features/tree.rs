//! YAML documents as trees of nodes that know where they stand.

use std::borrow::Cow;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use libyaml_safer::{Encoding, Event, EventData, MappingStyle, Parser, ScalarStyle, SequenceStyle};

use super::finding::Place;
use super::syntax::{self, Escapes, Refusal, place};

/// The deepest nesting that is read, as in the YAML reader of Flipt.
const DEPTH: usize = 10_000;

/// Steps of a path that are shown, counted from its end.
const STEPS: usize = 40;

/// One document of a file, its nodes in the order in which they stand there.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Where its content begins.
    pub(super) place: Place,
    /// Whether nothing at all stands between its markers.
    pub(super) empty: bool,
}

/// A position in a [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NodeId(u32);

#[derive(Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    /// The tag as written and resolved, without the one that only marks a plain text.
    pub(super) tag: Option<Box<str>>,
    pub(super) content: Content,
    /// The collection that it stands in.
    pub(super) parent: Option<NodeId>,
}

#[derive(Debug)]
pub(super) enum Content {
    Plain(Box<str>),
    /// A text in quotes or a block.
    Quoted(Box<str>),
    List(Vec<NodeId>),
    Map(Vec<(NodeId, NodeId)>),
    /// Stands for another node; none when that is one that this node is part of.
    Alias {
        name: Box<str>,
        target: Option<NodeId>,
    },
}

impl Tree {
    pub(super) const ROOT: NodeId = NodeId(0);

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// The node that an alias stands for, else the node itself.
    pub(super) fn target(&self, id: NodeId) -> NodeId {
        match self.node(id).content {
            Content::Alias { target: Some(target), .. } => target,
            _ => id,
        }
    }

    /// All nodes in the order in which they stand in the file.
    pub(super) fn ids(&self) -> impl Iterator<Item = NodeId> {
        (0..self.nodes.len()).map(NodeId::new)
    }

    /// Where a node stands within the document, for example `flags[0].variants[1].attachment.x`.
    pub(super) fn path(&self, id: NodeId) -> String {
        let mut steps = Vec::new();
        let mut current = id;
        while let Some(parent) = self.node(current).parent {
            if steps.len() >= STEPS {
                steps.push("…".to_owned());
                break;
            }
            steps.push(match &self.node(parent).content {
                Content::List(items) => format!("[{}]", items.iter().position(|item| *item == current).unwrap_or(0)),
                Content::Map(pairs) => pairs
                    .iter()
                    .find(|(key, value)| *key == current || *value == current)
                    .map_or_else(String::new, |(key, _)| format!(".{}", self.label(*key))),
                _ => String::new(),
            });
            current = parent;
        }
        steps.reverse();
        let path = steps.concat();
        path.strip_prefix('.').map_or_else(|| path.clone(), str::to_owned)
    }

    /// The text of a key as paths show it.
    pub(super) fn label(&self, key: NodeId) -> String {
        match &self.node(self.target(key)).content {
            Content::Plain(text) | Content::Quoted(text) => shortened(text),
            _ => "?".to_owned(),
        }
    }

    fn push(&mut self, node: Node) -> NodeId {
        let id = NodeId::new(self.nodes.len());
        self.nodes.push(node);
        id
    }
}

impl NodeId {
    /// Files are far smaller than would be needed for more nodes than fit.
    fn new(position: usize) -> Self {
        Self(u32::try_from(position).unwrap_or(u32::MAX))
    }
}

/// A text from a file, short enough for a message and on one line.
pub(super) fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    shown
}

/// The documents of a text, up to the first place that is not YAML.
pub(super) fn read(text: &str) -> (Vec<Tree>, Option<Refusal>) {
    let mut documents = Vec::new();
    let (text, ended) = &ended(text);
    let escapes = Escapes::new(text);
    let mut parser: Parser<&[u8]> = Parser::new();
    parser.set_encoding(Encoding::Utf8);
    parser.set_input(text.as_bytes());
    let mut composer: Option<Composer> = None;
    loop {
        // The reader is not ours: what breaks it is a file that cannot be read, and nothing worse.
        let event = match catch_unwind(AssertUnwindSafe(|| parser.parse())) {
            Ok(Ok(event)) => event,
            Ok(Err(error)) => return (documents, Some(syntax::refusal(&error, text))),
            Err(_) => return (documents, Some((Place::START, "the YAML reader broke on this file".to_owned()))),
        };
        let place = place(event.start_mark);
        match &event.data {
            EventData::StreamEnd => return (documents, None),
            EventData::StreamStart { .. } => {}
            EventData::DocumentStart { version_directive, .. } => {
                if version_directive.is_some_and(|version| (version.major, version.minor) != (1, 1)) {
                    return (documents, Some((place, "only %YAML 1.1 is understood".to_owned())));
                }
                composer = Some(Composer::new(place, ended.then_some(text.len())));
            }
            EventData::DocumentEnd { .. } => documents.extend(composer.take().map(|composer| composer.tree)),
            _ => {
                let Some(composer) = &mut composer else { continue };
                if let Err(refusal) = escapes.check(&event).and_then(|()| composer.take(event, place)) {
                    return (documents, Some(refusal));
                }
            }
        }
    }
}

/// The text with a line break at its end, and whether that is not its own: our reader breaks where a block ends with the
/// file. Blanks alone are no line.
fn ended(text: &str) -> (Cow<'_, str>, bool) {
    const BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];
    let trimmed = text.trim_end_matches(' ');
    if trimmed.is_empty() || trimmed.ends_with(BREAKS) {
        return (Cow::Borrowed(trimmed), false);
    }
    (Cow::Owned(format!("{text}\n")), true)
}

/// A collection that is not closed yet.
struct Open {
    id: NodeId,
    /// The key that waits for its value.
    key: Option<NodeId>,
    /// Whether it is written in brackets or braces.
    flow: bool,
}

/// Builds one tree of events.
struct Composer {
    tree: Tree,
    /// The collections that are not closed yet.
    open: Vec<Open>,
    anchors: HashMap<String, NodeId>,
    /// Where the text ends, if it ends with a line break that is not its own.
    end: Option<usize>,
}

impl Composer {
    fn new(place: Place, end: Option<usize>) -> Self {
        let tree = Tree { nodes: Vec::new(), place, empty: false };
        Self { tree, open: Vec::new(), anchors: HashMap::new(), end }
    }

    fn take(&mut self, event: Event, place: Place) -> Result<(), Refusal> {
        let (anchor, tag, content, opens) = match event.data {
            EventData::SequenceEnd | EventData::MappingEnd => {
                self.open.pop();
                return Ok(());
            }
            EventData::Alias { anchor } => {
                let Some(&target) = self.anchors.get(&anchor) else {
                    return Err((place, format!("there is no anchor &{} before this alias", shortened(&anchor))));
                };
                let target = (!self.open.iter().any(|open| open.id == target)).then_some(target);
                (None, None, Content::Alias { name: anchor.into(), target }, None)
            }
            EventData::Scalar { anchor, tag, mut value, style, .. } => {
                let reached = usize::try_from(event.end_mark.index).unwrap_or(usize::MAX);
                let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                if is_block && self.end.is_some_and(|end| reached >= end) && value.ends_with('\n') {
                    value.pop();
                }
                let plain = style == ScalarStyle::Plain;
                // Where Flipt's reader expects another key; ours takes it for a part of the text.
                if plain && value.contains('?') && self.open.last().is_some_and(|open| open.flow) {
                    return Err((place, "a text with a question mark needs quotes within brackets".to_owned()));
                }
                self.tree.empty =
                    self.tree.nodes.is_empty() && plain && value.is_empty() && tag.is_none() && anchor.is_none();
                // A value left out in braces is the empty text to Flipt's reader, and null anywhere else.
                let plain = plain && !(value.is_empty() && tag.is_none() && self.is_in_braces());
                let content = if plain { Content::Plain(value.into()) } else { Content::Quoted(value.into()) };
                (anchor, tag, content, None)
            }
            EventData::SequenceStart { anchor, tag, style, .. } => {
                (anchor, tag, Content::List(Vec::new()), Some(style == SequenceStyle::Flow))
            }
            EventData::MappingStart { anchor, tag, style, .. } => {
                (anchor, tag, Content::Map(Vec::new()), Some(style == MappingStyle::Flow))
            }
            _ => return Ok(()),
        };
        if opens.is_some() && self.open.len() >= DEPTH {
            return Err((place, format!("the nesting is deeper than {DEPTH} levels")));
        }
        let tag = tag.filter(|tag| tag != "!").map(String::into_boxed_str);
        let parent = self.open.last().map(|open| open.id);
        if parent.is_none() {
            self.tree.place = place;
        }
        let id = self.tree.push(Node { place, tag, content, parent });
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, id);
        }
        self.attach(id);
        if let Some(flow) = opens {
            self.open.push(Open { id, key: None, flow });
        }
        Ok(())
    }

    fn is_in_braces(&self) -> bool {
        let open = self.open.last().filter(|open| open.flow);
        open.is_some_and(|open| matches!(self.tree.node(open.id).content, Content::Map(_)))
    }

    fn attach(&mut self, id: NodeId) {
        let Some(Open { id: parent, key, .. }) = self.open.last_mut() else { return };
        match &mut self.tree.nodes[parent.0 as usize].content {
            Content::List(items) => items.push(id),
            Content::Map(pairs) => match key.take() {
                Some(key) => pairs.push((key, id)),
                None => *key = Some(id),
            },
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of the only scalar of a document.
    fn scalar(text: &str) -> String {
        let (documents, refusal) = read(text);
        assert_eq!(refusal, None, "{text:?}");
        match &documents[0].node(Tree::ROOT).content {
            Content::Plain(text) | Content::Quoted(text) => text.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_block_may_end_with_the_file() {
        for (text, read) in [
            ("|\n A", "A"),
            ("|\n A\n", "A\n"),
            ("|\n A\n ", "A\n"),
            ("|\n A\n\n", "A\n"),
            ("|+\n A", "A"),
            ("|+\n A\n\n", "A\n\n"),
            ("|-\n A", "A"),
            (">\n A\n B", "A B"),
            (">-\n A\n", "A"),
            ("|", ""),
            ("A", "A"),
            ("'A'", "A"),
            ("|\n é", "é"),
        ] {
            assert_eq!(scalar(text), read, "{text:?}");
        }
    }

    #[test]
    fn nothing_breaks_the_reader_wherever_a_file_is_cut() {
        let whole = "%YAML 1.1\n%TAG !e! tag:e,2000:\n--- # c\n? &a !!str \"x\\\"\\u00e9\\\n y\"\n: |2-\n   é\n    z\n\n<<: {? k, [l]: *a}\n'b''c': >+\n  d\n\n  e\r\n!<t> f: !e!g [1, ~]\n...\n";
        for end in (0..=whole.len()).filter(|end| whole.is_char_boundary(*end)) {
            for text in [whole[..end].to_owned(), format!("{} ", &whole[..end]), format!("{}\t", &whole[..end])] {
                let (_, refusal) = read(&text);
                assert!(refusal.is_none_or(|(_, reason)| !reason.contains("broke")), "{text:?}");
            }
        }
    }

    #[test]
    fn an_escaped_slash_is_found_where_it_is() {
        let (_, refusal) = read("[é, \"é\\\\/ \\/\"]");
        assert_eq!(refusal, Some((Place { line: 1, column: 11 }, "the escape is unknown".to_owned())));
        assert_eq!(read("['\\/', \\/, \"/\"]").1, None);
    }
}
