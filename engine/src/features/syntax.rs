//! What is not YAML as Flipt reads it, in our own words.

use libyaml_safer::{Error, Event, EventData, Mark, ScalarStyle};

use super::encoding::end_of;
use super::finding::Place;
use super::tree::shortened;

/// Why a text cannot be read on, and where.
pub(super) type Refusal = (Place, String);

/// What the reader calls its troubles, and what we call them.
const REASONS: &[(&str, &str)] = &[
    ("block sequence entries are not allowed in this context", "a list item cannot stand here"),
    ("could not find expected ':'", "a key without its colon"),
    ("could not find expected directive name", "a directive without a name"),
    ("did not find expected ',' or ']'", "the list in brackets lacks a comma or its closing bracket"),
    ("did not find expected ',' or '}'", "the mapping in braces lacks a comma or its closing brace"),
    ("did not find expected '-' indicator", "this is indented like a list item but is none"),
    ("did not find expected <document start>", "another document must begin with ---"),
    ("did not find expected alphabetic or numeric character", "an anchor or alias needs a name of letters and digits"),
    ("did not find expected comment or line break", "only a comment may follow here"),
    ("did not find expected digit or '.' character", "the version of the directive is malformed"),
    ("did not find expected hexdecimal number", "an escape needs hexadecimal digits"),
    ("did not find expected key", "this is indented like a key but is none"),
    ("did not find expected node content", "a value is missing"),
    ("did not find expected version number", "the directive lacks its version"),
    ("did not find expected whitespace", "a blank is missing"),
    ("did not find expected whitespace or line break", "a blank or a line break is missing"),
    ("found a tab character that violates indentation", "a tab cannot indent, use spaces"),
    ("found a tab character where an indentation space is expected", "a tab cannot indent, use spaces"),
    ("found an indentation indicator equal to 0", "a block cannot be indented by 0"),
    ("found character that cannot start any token", "no value can begin with this character"),
    ("found duplicate %TAG directive", "the directive %TAG is given twice"),
    ("found duplicate %YAML directive", "the directive %YAML is given twice"),
    ("found incompatible YAML document", "only %YAML 1.1 is understood"),
    ("found invalid Unicode character escape code", "the escape names no character"),
    ("found undefined tag handle", "the tag has a prefix that no directive defines"),
    ("found unexpected ':'", "a colon cannot stand here"),
    ("found unexpected document indicator", "the document ends within a text in quotes"),
    ("found unknown directive name", "the directive is unknown"),
    ("found unknown escape character", "the escape is unknown"),
    ("mapping keys are not allowed in this context", "a key cannot stand here"),
    ("mapping values are not allowed in this context", "a key and its value cannot stand here"),
];

/// The place of a mark, which counts from 0.
pub(super) fn place(mark: Mark) -> Place {
    let from_one = |position: u64| u32::try_from(position).unwrap_or(u32::MAX).saturating_add(1);
    Place { line: from_one(mark.line), column: from_one(mark.column) }
}

/// What the reader ran into.
pub(super) fn refusal(error: &Error, text: &str) -> Refusal {
    let problem = error.problem();
    let mark = error.problem_mark();
    if problem == "found unexpected end of stream" {
        return (
            error.context_mark().or(mark).map_or(Place::START, place),
            "a text in quotes is not closed".to_owned(),
        );
    }
    let at_end = mark.is_none_or(|mark| is_end(text, place(mark)));
    let begun = error.context_mark().filter(|_| at_end && problem.ends_with('\''));
    let place = begun.or(mark).map_or_else(|| end_of(text), place);
    let known = REASONS.iter().find(|(name, _)| *name == problem).map(|(_, reason)| *reason);
    let reason = match known {
        Some("no value can begin with this character") if is_tab(text, place) => "a tab cannot indent, use spaces",
        Some(reason) => reason,
        None => "this is not YAML",
    };
    (place, reason.to_owned())
}

fn is_end(text: &str, place: Place) -> bool {
    text.lines().skip(place.line as usize - 1).all(|line| line.trim().is_empty())
}

fn is_tab(text: &str, place: Place) -> bool {
    let line = text.lines().nth(place.line as usize - 1).unwrap_or_default();
    line.chars().nth(place.column as usize - 1) == Some('\t')
}

/// JSON's `\/`, which the YAML reader of Flipt does not know and ours does.
pub(super) struct Escapes<'a> {
    /// The whole text, if it may hold such an escape.
    text: Option<&'a str>,
}

impl<'a> Escapes<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text: Some(text).filter(|text| text.contains("\\/")) }
    }

    pub(super) fn check(&self, event: &Event) -> Result<(), Refusal> {
        let (Some(text), EventData::Scalar { style: ScalarStyle::DoubleQuoted, .. }) = (self.text, &event.data) else {
            return Ok(());
        };
        // Marks count bytes.
        let index = |mark: Mark| usize::try_from(mark.index).unwrap_or(usize::MAX).min(text.len());
        let (start, end) = (index(event.start_mark), index(event.end_mark));
        let mut escaped = false;
        for (at, &byte) in text.as_bytes().get(start..end).unwrap_or_default().iter().enumerate() {
            if escaped && byte == b'/' {
                return Err((
                    end_of(text.get(..start + at - 1).unwrap_or_default()),
                    "the escape is unknown".to_owned(),
                ));
            }
            escaped = !escaped && byte == b'\\';
        }
        Ok(())
    }
}

/// Words of a file in a message.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", shortened(text))
}
