use std::time::Duration;

use serde_json::{Map, Value};

use super::authentication::ALLOWED_TOKEN;
use super::limits::{self, Limit};
use super::suggestion::nearest;
use super::{Authentication, Config, ErrorStrategy, Retry, ServerUrl, refuse};
use crate::error::{Problem, Result};
use crate::redact::Secret;
use crate::snapshot::Compatibility;

const OPTIONS: &[&str] = &[
    "url",
    "environment",
    "namespace",
    "reference",
    "updateInterval",
    "requestTimeout",
    "connectTimeoutMs",
    "initTimeoutMs",
    "retry",
    "maxSnapshotBytes",
    "serverCompatibility",
    "errorStrategy",
    "authentication",
    "snapshot",
    "fetcher",
    "hook",
    "logger",
    "signal",
];
const RETRY: &[&str] = &["maxRetries", "baseDelayMs", "maxDelayMs", "jitter"];
const AUTHENTICATION: &[&str] = &["clientToken", "jwtToken"];
const ALLOWED_AUTHENTICATION: &str = "{ clientToken } or { jwtToken }, exactly one of them";

pub(super) fn read(options: &Value) -> Result<Config> {
    let mut problems = Vec::new();
    let mut config = Config::default();
    if !options.is_null() {
        match object(options) {
            Some(fields) => Reader { fields, path: "", problems: &mut problems }.options(&mut config),
            None => problems.push(problem("options", received(options), "an object")),
        }
    }
    refuse(problems)?;
    Ok(config)
}

/// One object of options; every problem is noted under the path of its field.
struct Reader<'a> {
    fields: &'a Map<String, Value>,
    path: &'static str,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn options(&mut self, config: &mut Config) {
        self.unknown(OPTIONS);
        if let Some(text) = self.string("url", "an http:// or https:// URL") {
            match ServerUrl::read(&text) {
                Ok(url) => config.url = url,
                Err(problem) => self.problems.push(problem),
            }
        }
        self.text("environment", limits::text_flaw, &mut config.environment);
        self.text("namespace", limits::namespace_flaw, &mut config.namespace);
        let mut reference = String::new();
        if self.text("reference", limits::text_flaw, &mut reference) {
            config.reference = Some(reference);
        }
        match self.value("updateInterval").and_then(Value::as_f64) {
            Some(0.0) => config.update_interval = None,
            _ => {
                if let Some(every) = self.seconds("updateInterval", &limits::UPDATE_INTERVAL) {
                    config.update_interval = Some(every);
                }
            }
        }
        assign(&mut config.request_timeout, self.seconds("requestTimeout", &limits::REQUEST_TIMEOUT));
        assign(&mut config.connect_timeout, self.milliseconds("connectTimeoutMs", &limits::CONNECT_TIMEOUT));
        assign(&mut config.init_timeout, self.milliseconds("initTimeoutMs", &limits::INIT_TIMEOUT));
        assign(&mut config.max_snapshot_bytes, self.whole("maxSnapshotBytes", &limits::MAX_SNAPSHOT_BYTES));
        let compatibilities = [("auto", None), ("v1", Some(Compatibility::V1)), ("v2", Some(Compatibility::V2))];
        assign(&mut config.server_compatibility, self.choice("serverCompatibility", &compatibilities));
        let strategies = [("fail", ErrorStrategy::Fail), ("fallback", ErrorStrategy::Fallback)];
        assign(&mut config.error_strategy, self.choice("errorStrategy", &strategies));
        config.snapshot = self.string("snapshot", "the text of an exported snapshot");
        if let Some(mut retry) = self.nested("retry", "retry.", "an object") {
            retry.retry(&mut config.retry);
        }
        if let Some(mut authentication) = self.nested("authentication", "authentication.", ALLOWED_AUTHENTICATION) {
            config.authentication = authentication.authentication();
        }
    }

    fn retry(&mut self, retry: &mut Retry) {
        self.unknown(RETRY);
        assign(&mut retry.max_retries, self.whole("maxRetries", &limits::MAX_RETRIES));
        assign(&mut retry.base_delay, self.milliseconds("baseDelayMs", &limits::BASE_DELAY));
        assign(&mut retry.max_delay, self.milliseconds("maxDelayMs", &limits::MAX_DELAY));
        match self.value("jitter") {
            Some(Value::Bool(jitter)) => retry.jitter = *jitter,
            Some(other) => self.note("jitter", received(other), "true or false"),
            None => {}
        }
    }

    fn authentication(&mut self) -> Option<Authentication> {
        let before = self.problems.len();
        self.unknown(AUTHENTICATION);
        let client =
            self.string("clientToken", ALLOWED_TOKEN).map(|text| Authentication::ClientToken(Secret::new(text)));
        let jwt = self.string("jwtToken", ALLOWED_TOKEN).map(|text| Authentication::Jwt(Secret::new(text)));
        if self.problems.len() > before {
            return None;
        }
        match (client, jwt) {
            (Some(authentication), None) | (None, Some(authentication)) => {
                authentication.check(self.problems);
                Some(authentication)
            }
            (Some(_), Some(_)) => {
                self.problems.push(problem("authentication", "both", ALLOWED_AUTHENTICATION));
                None
            }
            (None, None) => {
                self.problems.push(problem("authentication", "an object without a token", ALLOWED_AUTHENTICATION));
                None
            }
        }
    }

    /// `null` is what a caller has for "not set".
    fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    fn note(&mut self, name: &str, received: impl Into<String>, allowed: &str) {
        self.problems.push(problem(format!("{}{name}", self.path), received, allowed));
    }

    fn unknown(&mut self, known: &[&str]) {
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

    fn string(&mut self, name: &str, allowed: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text.clone()),
            other => {
                let received = received(other);
                self.note(name, received, allowed);
                None
            }
        }
    }

    fn text(&mut self, name: &str, flaw: fn(&str) -> Option<&'static str>, target: &mut String) -> bool {
        let Some(text) = self.string(name, limits::TEXT) else { return false };
        match flaw(&text) {
            Some(received) => self.note(name, received, limits::TEXT),
            None => *target = text,
        }
        true
    }

    fn number(&mut self, name: &str, limit: &Limit) -> Option<f64> {
        let value = self.value(name)?;
        let checked = match value.as_f64() {
            Some(number) => limit.check(number),
            None => Err(limit.problem(received(value))),
        };
        checked.map_err(|problem| self.problems.push(problem)).ok()
    }

    fn seconds(&mut self, name: &str, limit: &Limit) -> Option<Duration> {
        self.number(name, limit).map(Duration::from_secs_f64)
    }

    fn milliseconds(&mut self, name: &str, limit: &Limit) -> Option<Duration> {
        self.number(name, limit).map(|number| Duration::from_secs_f64(number / 1000.0))
    }

    fn whole<T: TryFrom<u64>>(&mut self, name: &str, limit: &Limit) -> Option<T> {
        let number = self.number(name, limit)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the limit allows small whole numbers"
        )]
        T::try_from(number as u64).ok()
    }

    /// The value of one of several words. The received text is shown when it is short, for it is a word, not a secret.
    fn choice<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
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

    fn nested(&mut self, name: &str, path: &'static str, allowed: &str) -> Option<Reader<'_>> {
        let value = self.fields.get(name).filter(|value| !value.is_null())?;
        match object(value) {
            Some(fields) => Some(Reader { fields, path, problems: self.problems }),
            None => {
                self.note(name, received(value), allowed);
                None
            }
        }
    }
}

fn assign<T>(target: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *target = value;
    }
}

fn problem(field: impl Into<String>, received: impl Into<String>, allowed: &str) -> Problem {
    Problem { field: field.into(), received: received.into(), allowed: allowed.to_owned(), suggestion: None }
}

/// An object of options; the stand-in for what JSON cannot express is not one.
fn object(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object().filter(|fields| !fields.contains_key("$js"))
}

/// Describes a value without repeating any text of it.
fn received(value: &Value) -> String {
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
