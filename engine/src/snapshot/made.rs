//! Flags made of plain values: each answers everyone with its value, on every way of asking.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Number, Value, json};

use super::build::{BOOLEAN, VARIANT};
use super::ordered::Ordered;
use crate::error::Problem;

/// The key of the variant that an object or an array becomes the attachment of.
const ATTACHED: &str = "value";
/// What a value may be.
const ALLOWED: &str = "true, false, a text, a number, an object or an array";
/// Integers up to here are the same in 64-bit floats.
const SAFE: f64 = 9_007_199_254_740_991.0;

/// Definitions of flags, as a server would send them.
///
/// | value | flag |
/// |---|---|
/// | `true`, `false` | boolean, without rollouts |
/// | a text | variant, enabled, without rules; its default variant has this key and no attachment |
/// | a number | the same, the key being the number's text and the attachment the number |
/// | an object, an array | the same, the key being `value` and the attachment the value's JSON |
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Made(Vec<Definition>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Definition {
    key: Box<str>,
    text: Box<str>,
}

impl Made {
    /// Reads a JSON object of values by flag key; the last one of a key counts.
    ///
    /// # Errors
    /// Every value that makes no flag, each named by its key; the empty key alone when the text is not an object.
    pub fn read(text: &str) -> Result<Self, Vec<Problem>> {
        let values: Ordered<Box<RawValue>> = serde_json::from_str(text).map_err(|error| {
            let what = if error.is_data() { "JSON that is not an object" } else { "text that is not JSON" };
            let place = format!("{what} (line {}, column {})", error.line(), error.column());
            vec![problem("", place, "a JSON object of values by flag key")]
        })?;
        let mut made = Self::default();
        let mut problems = Vec::new();
        for (key, value) in values.0 {
            match define(&key, value.get()) {
                Ok(text) => made.put(key, text),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(made.distinct()) } else { Err(problems) }
    }

    /// Reads a JSON array of `{ "key", "value" }`, a plain value, and `{ "key", "flag" }`, a flag as a server would send it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn compose(text: &str) -> Result<Self, Vec<Problem>> {
        #[derive(Deserialize)]
        struct Entry<'a> {
            key: String,
            #[serde(borrow)]
            value: Option<&'a RawValue>,
            #[serde(borrow)]
            flag: Option<&'a RawValue>,
        }
        let entries: Vec<Entry<'_>> = serde_json::from_str(text)
            .map_err(|_| vec![problem("", "another form of JSON", "a JSON array of keys and values")])?;
        let mut made = Self::default();
        let mut problems = Vec::new();
        for Entry { key, value, flag } in entries {
            match (flag, value) {
                (Some(flag), _) => made.put(key, flag.get().to_owned()),
                (None, value) => match define(&key, value.map_or("null", RawValue::get)) {
                    Ok(text) => made.put(key, text),
                    Err(problem) => problems.push(problem),
                },
            }
        }
        if problems.is_empty() { Ok(made.distinct()) } else { Err(problems) }
    }

    /// How many flags there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The body of a server that has these flags and no others.
    pub(super) fn body(&self, namespace: &str) -> String {
        let flags: Vec<&str> = self.definitions().collect();
        format!(r#"{{"namespace":{{"key":{}}},"flags":[{}]}}"#, Value::from(namespace), flags.join(","))
    }

    pub(super) fn definitions(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|definition| &*definition.text)
    }

    fn put(&mut self, key: String, text: String) {
        self.0.push(Definition { key: key.into(), text: text.into() });
    }

    /// Every key once.
    fn distinct(mut self) -> Self {
        let mut later = HashSet::with_capacity(self.0.len());
        self.0.reverse();
        self.0.retain(|definition| later.insert(definition.key.clone()));
        self.0.reverse();
        self
    }
}

fn define(key: &str, text: &str) -> Result<String, Problem> {
    if key.is_empty() {
        return Err(problem(key, "an empty flag key", "a flag key that is not empty"));
    }
    let value: Value =
        serde_json::from_str(text).map_err(|_| problem(key, "a number beyond 64-bit floats", ALLOWED))?;
    if let Some(received) = inexpressible(&value) {
        return Err(problem(key, received, ALLOWED));
    }
    let definition = match &value {
        Value::Null => return Err(problem(key, "null", ALLOWED)),
        Value::Bool(enabled) => json!({ "key": key, "type": BOOLEAN, "enabled": enabled }),
        Value::String(variant) if variant.is_empty() => {
            return Err(problem(key, "an empty text", "a text that is not empty, for a variant's key"));
        }
        Value::String(variant) => variant_flag(key, variant, None),
        Value::Number(number) => {
            let number = plain(number);
            variant_flag(key, &number, Some(&number))
        }
        Value::Array(_) | Value::Object(_) => variant_flag(key, ATTACHED, Some(text)),
    };
    Ok(definition.to_string())
}

fn variant_flag(key: &str, variant: &str, attachment: Option<&str>) -> Value {
    json!({
        "key": key,
        "type": VARIANT,
        "enabled": true,
        "defaultVariant": { "id": variant, "key": variant, "attachment": attachment },
    })
}

/// A whole number without a fraction, as people write it.
fn plain(number: &Number) -> String {
    match number.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "whole numbers up to 2^53 are exact in both")]
        Some(float) if float.fract() == 0.0 && float.abs() <= SAFE => (float as i64).to_string(),
        _ => number.to_string(),
    }
}

/// The description that stands for a value which JSON cannot express, however deep.
fn inexpressible(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => items.iter().find_map(inexpressible),
        Value::Object(fields) => match fields.get("$js").and_then(Value::as_str) {
            Some(description) => Some(description.chars().filter(|c| !c.is_control()).take(64).collect()),
            None => fields.values().find_map(inexpressible),
        },
        _ => None,
    }
}

fn problem(field: &str, received: impl Into<String>, allowed: &str) -> Problem {
    Problem { field: field.to_owned(), received: received.into(), allowed: allowed.to_owned(), suggestion: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{self, Request};
    use crate::snapshot::Snapshot;

    fn snapshot(values: &Value) -> Snapshot {
        Snapshot::made("shop", &Made::read(&values.to_string()).unwrap()).unwrap()
    }

    #[test]
    fn every_kind_of_value_answers_everyone() {
        let snapshot = snapshot(&json!({
            "on": true, "off": false, "plan": "pro", "limit": 500, "half": 0.5, "minus": -3.0,
            "theme": { "dark": true }, "list": [1, 2],
        }));
        assert_eq!((snapshot.namespace(), snapshot.flags().len(), snapshot.warnings().len()), ("shop", 8, 0));
        for (key, on) in [("on", true), ("off", false)] {
            assert_eq!(evaluate::boolean(&snapshot, &Request::new(key, "", &())).unwrap().enabled, on, "{key}");
        }
        for (key, variant, attachment) in [
            ("plan", "pro", "null"),
            ("limit", "500", "500"),
            ("half", "0.5", "0.5"),
            ("minus", "-3", "-3"),
            ("theme", "value", r#"{"dark":true}"#),
            ("list", "value", "[1,2]"),
        ] {
            let answer = evaluate::variant(&snapshot, &Request::new(key, "", &())).unwrap();
            let answered = (&*answer.variant_key, &*answer.variant_attachment, answer.reason);
            assert_eq!(answered, (variant, attachment, "DEFAULT_EVALUATION_REASON"), "{key}");
        }
    }

    #[test]
    fn an_attachment_keeps_the_order_and_the_digits_of_its_text() {
        let made = Made::read(r#"{"b":{"z":1,"a":0.10},"a":true,"b":{"z":2,"a":0.10}}"#).unwrap();
        let snapshot = Snapshot::made("n", &made).unwrap();
        let keys: Vec<&str> = snapshot.flags().iter().map(|flag| flag.key()).collect();
        assert_eq!(keys, ["a", "b"]);
        let answer = evaluate::variant(&snapshot, &Request::new("b", "", &())).unwrap();
        assert_eq!(answer.variant_attachment, r#"{"z":2,"a":0.10}"#);
    }

    #[test]
    fn values_and_definitions_are_composed_in_order() {
        let text = r#"[{"key":"b","value":{"z":1,"a":2}},{"key":"c","value":true},{"key":"a","value":null,
            "flag":{"key":"a","type":"BOOLEAN_FLAG_TYPE","enabled":true}},{"key":"c","value":"x"}]"#;
        let snapshot = Snapshot::made("n", &Made::compose(text).unwrap()).unwrap();
        let keys: Vec<&str> = snapshot.flags().iter().map(|flag| flag.key()).collect();
        assert_eq!(keys, ["b", "a", "c"]);
        assert!(evaluate::boolean(&snapshot, &Request::new("a", "", &())).unwrap().enabled);
        for (text, field) in [(r#"[{"key":"x","value":null}]"#, "x"), (r#"[{"key":"y"}]"#, "y"), ("{}", "")] {
            assert_eq!(Made::compose(text).unwrap_err()[0].field, field);
        }
    }

    #[test]
    fn what_makes_no_flag_is_named() {
        let text = r#"{"a":null,"":true,"c":{"$js":"function"},"d":[{"x":{"$js":"NaN"}}],"e":1e999,"f":"","g":true}"#;
        let problems = Made::read(text).unwrap_err();
        let told: Vec<(&str, &str)> = problems.iter().map(|one| (one.field.as_str(), one.received.as_str())).collect();
        assert_eq!(
            told,
            [
                ("a", "null"),
                ("", "an empty flag key"),
                ("c", "function"),
                ("d", "NaN"),
                ("e", "a number beyond 64-bit floats"),
                ("f", "an empty text"),
            ]
        );
        for (text, received) in [
            ("[1]", "JSON that is not an object (line 1, column 0)"),
            ("{", "text that is not JSON (line 1, column 1)"),
        ] {
            assert_eq!(Made::read(text).unwrap_err()[0].received, received);
        }
    }

    #[test]
    fn forced_flags_replace_and_join_what_is_there_and_leave_its_text_alone() {
        let body = br#"{"namespace":{"key":"n"},"digest":"d","flags":[
            {"key":"a","type":"BOOLEAN_FLAG_TYPE","enabled":true},{"key":"b","type":"BOOLEAN_FLAG_TYPE"}]}"#;
        let plain = Snapshot::parse(body, None).unwrap();
        let export = plain.export();
        let made = Made::read(r#"{"b":"pro","c":true}"#).unwrap();
        let forced = Snapshot::parse(body, None).unwrap().with_forced(&made);
        let keys: Vec<&str> = forced.flags().iter().map(|flag| flag.key()).collect();
        assert_eq!(keys, ["a", "b", "c"]);
        assert_eq!(evaluate::variant(&forced, &Request::new("b", "", &())).unwrap().variant_key, "pro");
        assert_eq!((forced.export(), forced.text()), (export, plain.text()));
        let change = forced.changed_since(&plain);
        assert_eq!((change.added, change.modified), (vec!["c".to_owned()], vec!["b".to_owned()]));
        let again = Snapshot::parse(body, None).unwrap().with_forced(&made);
        assert!(again.changed_since(&forced).is_empty());
    }
}
