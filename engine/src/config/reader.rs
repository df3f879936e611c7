use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};

use super::limits::{self, Limit};
use super::suggestion::nearest;
use crate::error::Problem;

/// One object of options; every problem is noted under the path of its field.
pub(super) struct Reader<'a> {
    pub(super) fields: &'a Map<String, Value>,
    pub(super) path: Cow<'static, str>,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    /// `null` is what a caller has for "not set".
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn note(&mut self, name: &str, received: impl Into<String>, allowed: &str) {
        self.problems.push(problem(format!("{}{name}", self.path), received, allowed));
    }

    pub(super) fn unknown(&mut self, known: &[&str]) {
        for (name, value) in self.fields.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
            let allowed = format!("one of {}", known.join(", "));
            self.problems.push(Problem {
                field: format!("{}{shown}", self.path),
                received: format!("an unknown option ({})", received(value)),
                allowed,
                suggestion: nearest(name, known).map(|name| format!("{}{name}", self.path)),
            });
        }
    }

    pub(super) fn string(&mut self, name: &str, allowed: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text.clone()),
            other => {
                let received = received(other);
                self.note(name, received, allowed);
                None
            }
        }
    }

    pub(super) fn text(&mut self, name: &str, flaw: fn(&str) -> Option<&'static str>, target: &mut String) -> bool {
        let Some(text) = self.string(name, limits::TEXT) else { return false };
        match flaw(&text) {
            Some(received) => self.note(name, received, limits::TEXT),
            None => *target = text,
        }
        true
    }

    pub(super) fn number(&mut self, name: &str, limit: &Limit) -> Option<f64> {
        let value = self.value(name)?;
        let checked = match value.as_f64() {
            Some(number) => limit.check(number),
            None => Err(limit.problem(received(value))),
        };
        checked.map_err(|problem| self.problems.push(problem)).ok()
    }

    pub(super) fn seconds(&mut self, name: &str, limit: &Limit) -> Option<Duration> {
        self.number(name, limit).map(Duration::from_secs_f64)
    }

    pub(super) fn milliseconds(&mut self, name: &str, limit: &Limit) -> Option<Duration> {
        self.number(name, limit).map(|number| Duration::from_secs_f64(number / 1000.0))
    }

    pub(super) fn whole<T: TryFrom<u64>>(&mut self, name: &str, limit: &Limit) -> Option<T> {
        let number = self.number(name, limit)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the limit allows small whole numbers"
        )]
        T::try_from(number as u64).ok()
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::Bool(value) => Some(*value),
            other => {
                let received = received(other);
                self.note(name, received, "true or false");
                None
            }
        }
    }

    /// A path; empty ones and ones with a NUL name no file.
    pub(super) fn file(&mut self, name: &str) -> Option<PathBuf> {
        const ALLOWED: &str = "the path of a file";
        let text = self.string(name, ALLOWED)?;
        if text.trim().is_empty() || text.contains('\0') {
            self.note(name, "a blank text or one with a NUL", ALLOWED);
            return None;
        }
        Some(text.into())
    }

    /// The value of one of several words. The received text is shown when it is short, for it is a word, not a secret.
    pub(super) fn choice<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let value = self.value(name)?;
        if let Some((_, choice)) = words.iter().find(|(word, _)| value.as_str() == Some(word)) {
            return Some(*choice);
        }
        let shown = match value.as_str() {
            Some(text) if text.len() <= 16 => format!("{text:?}"),
            _ => received(value),
        };
        let allowed = words.iter().map(|(word, _)| format!("'{word}'")).collect::<Vec<_>>().join(" or ");
        let suggestion =
            value.as_str().and_then(|text| nearest(text, &words.iter().map(|(word, _)| *word).collect::<Vec<_>>()));
        let suggestion = suggestion.map(|word| format!("'{word}'"));
        self.problems.push(Problem { field: name.to_owned(), received: shown, allowed, suggestion });
        None
    }

    pub(super) fn nested(
        &mut self,
        name: &str,
        path: impl Into<Cow<'static, str>>,
        allowed: &str,
    ) -> Option<Reader<'_>> {
        let value = self.fields.get(name).filter(|value| !value.is_null())?;
        match object(value) {
            Some(fields) => Some(Reader { fields, path: path.into(), problems: self.problems }),
            None => {
                self.note(name, received(value), allowed);
                None
            }
        }
    }
}

pub(super) fn assign<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

pub(super) fn problem(field: impl Into<String>, received: impl Into<String>, allowed: &str) -> Problem {
    Problem { field: field.into(), received: received.into(), allowed: allowed.to_owned(), suggestion: None }
}

/// An object of options; the stand-in for what JSON cannot express is not one.
pub(super) fn object(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object().filter(|fields| !fields.contains_key("$js"))
}

/// Describes a value without repeating any text of it.
pub(super) fn received(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(text) if text.is_empty() => "an empty text".to_owned(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(fields) => match fields.get("$js").and_then(Value::as_str) {
            Some(description) => description.chars().filter(|c| !c.is_control()).take(64).collect(),
            None => "an object".to_owned(),
        },
    }
}
