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
        // Empty is how the default set of options of Flipt's own client says "none".
        let is_given = self.value("reference") != Some(&Value::String(String::new()));
        if is_given && self.text("reference", limits::text_flaw, &mut reference) {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::ErrorKind;

    fn problems(options: &Value) -> Vec<Problem> {
        match read(options).unwrap_err().kind() {
            ErrorKind::Options(problems) => problems.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn only(options: &Value) -> Problem {
        let mut problems = problems(options);
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems.remove(0)
    }

    #[test]
    fn absent_and_null_options_have_the_documented_defaults() {
        let all_null: Map<String, Value> = OPTIONS.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
        for options in
            [json!(null), json!({}), Value::Object(all_null), json!({ "retry": {} }), json!({ "reference": "" })]
        {
            let config = read(&options).unwrap();
            assert_eq!(config.url.to_string(), "http://localhost:8080/");
            assert_eq!((config.environment.as_str(), config.namespace.as_str()), ("default", "default"));
            assert_eq!(config.reference, None);
            assert_eq!(config.update_interval, Some(Duration::from_secs(120)));
            assert_eq!(config.request_timeout, Duration::from_secs(10));
            assert_eq!(config.connect_timeout, Duration::from_millis(5_000));
            assert_eq!(config.init_timeout, Duration::from_millis(10_000));
            assert_eq!(config.retry.max_retries, 3);
            assert_eq!(config.retry.base_delay, Duration::from_millis(1_000));
            assert_eq!(config.retry.max_delay, Duration::from_millis(30_000));
            assert!(config.retry.jitter);
            assert_eq!(config.max_snapshot_bytes, 67_108_864);
            assert_eq!(config.server_compatibility, None);
            assert_eq!(config.error_strategy, ErrorStrategy::Fail);
            assert_eq!(config.authentication, None);
            assert_eq!(config.snapshot, None);
            config.validate().unwrap();
        }
    }

    #[test]
    fn every_option_is_read_in_its_unit() {
        let config = read(&json!({
            "url": "https://flags.example/base/", "environment": "staging", "namespace": "shop", "reference": "v1.2",
            "updateInterval": 0.5, "requestTimeout": 2.5, "connectTimeoutMs": 300, "initTimeoutMs": 700,
            "retry": { "maxRetries": 0, "baseDelayMs": 5, "maxDelayMs": 50, "jitter": false },
            "maxSnapshotBytes": 1024, "serverCompatibility": "v1", "errorStrategy": "fallback",
            "authentication": { "jwtToken": "a.b.c" }, "snapshot": "e30=",
            "fetcher": { "$js": "function" }, "hook": {}, "logger": { "$js": "an object" }, "signal": {},
        }))
        .unwrap();
        assert_eq!(config.url.to_string(), "https://flags.example:443/base");
        assert_eq!((config.environment.as_str(), config.namespace.as_str()), ("staging", "shop"));
        assert_eq!(config.reference.as_deref(), Some("v1.2"));
        assert_eq!(config.update_interval, Some(Duration::from_millis(500)));
        assert_eq!(config.request_timeout, Duration::from_millis(2_500));
        assert_eq!(config.connect_timeout, Duration::from_millis(300));
        assert_eq!(config.init_timeout, Duration::from_millis(700));
        let retry = Retry {
            max_retries: 0,
            base_delay: Duration::from_millis(5),
            max_delay: Duration::from_millis(50),
            jitter: false,
        };
        assert_eq!(config.retry, retry);
        assert_eq!(config.max_snapshot_bytes, 1024);
        assert_eq!(config.server_compatibility, Some(Compatibility::V1));
        assert_eq!(config.error_strategy, ErrorStrategy::Fallback);
        assert_eq!(config.authentication, Some(Authentication::Jwt(Secret::new("a.b.c"))));
        assert_eq!(config.snapshot.as_deref(), Some("e30="));
    }

    #[test]
    fn polling_is_off_at_zero_and_bounded_otherwise() {
        assert_eq!(read(&json!({ "updateInterval": 0 })).unwrap().update_interval, None);
        assert_eq!(read(&json!({ "updateInterval": 0.0 })).unwrap().update_interval, None);
        for fits in [json!(0.01), json!(1), json!(86_400)] {
            read(&json!({ "updateInterval": fits })).unwrap();
        }
        for (value, received) in [
            (json!(0.009), "0.009"),
            (json!(-1), "-1"),
            (json!(86_401), "86401"),
            (json!(1e300), "1000000000000000000"),
            (json!("120"), "a text"),
            (json!(true), "true"),
            (json!([]), "an array"),
            (json!({}), "an object"),
            (json!({ "$js": "NaN" }), "NaN"),
            (json!({ "$js": "Infinity" }), "Infinity"),
        ] {
            let problem = only(&json!({ "updateInterval": value }));
            assert_eq!(problem.field, "updateInterval");
            assert!(problem.received.starts_with(received), "{problem}");
            assert_eq!(problem.allowed, "0 (polling is off), or 0.01 to 86400 (seconds)");
        }
    }

    #[test]
    fn every_number_has_its_limits() {
        for (field, values) in [
            ("requestTimeout", [json!(0), json!(3601), json!(-1)]),
            ("connectTimeoutMs", [json!(0), json!(3_600_001), json!(-1)]),
            ("initTimeoutMs", [json!(0), json!(3_600_001), json!(-1)]),
            ("maxSnapshotBytes", [json!(0), json!(1.5), json!(1_073_741_825)]),
        ] {
            for value in values {
                assert_eq!(only(&json!({ field: value })).field, field, "{value}");
            }
        }
        for (field, value) in [
            ("maxRetries", json!(101)),
            ("maxRetries", json!(-1)),
            ("maxRetries", json!(1.5)),
            ("baseDelayMs", json!(0)),
            ("maxDelayMs", json!("1")),
            ("jitter", json!("yes")),
        ] {
            assert_eq!(only(&json!({ "retry": { field: value } })).field, format!("retry.{field}"));
        }
    }

    #[test]
    fn all_problems_are_collected() {
        let problems = problems(&json!({
            "url": "ftp://x", "namespace": " ", "environment": "a\nb", "reference": 7, "updateInterval": -1,
            "retry": { "maxRetrys": 1 }, "authentication": {}, "errorStrategy": "fial", "colour": 1,
        }));
        let mut fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "authentication",
                "colour",
                "environment",
                "errorStrategy",
                "namespace",
                "reference",
                "retry.maxRetrys",
                "updateInterval",
                "url"
            ]
        );
    }

    #[test]
    fn unknown_names_get_a_suggestion_when_one_is_near() {
        for (options, field, suggestion) in [
            (json!({ "updateInterva": 1 }), "updateInterva", Some("updateInterval")),
            (json!({ "update_interval": 1 }), "update_interval", Some("updateInterval")),
            (json!({ "fetchr": 1 }), "fetchr", Some("fetcher")),
            (json!({ "hooks": 1 }), "hooks", Some("hook")),
            (json!({ "token": "hunter2" }), "token", None),
            (json!({ "retry": { "jiter": true } }), "retry.jiter", Some("retry.jitter")),
            (
                json!({ "authentication": { "clienttoken": "hunter2" } }),
                "authentication.clienttoken",
                Some("authentication.clientToken"),
            ),
        ] {
            let problem = only(&options);
            assert_eq!(problem.field, field);
            assert_eq!(problem.suggestion.as_deref(), suggestion);
            assert!(!problem.to_string().contains("hunter2"), "{problem}");
        }
        let problem = only(&json!({ "errorStrategy": "Fail" }));
        assert_eq!((problem.received.as_str(), problem.suggestion.as_deref()), ("\"Fail\"", Some("'fail'")));
    }

    #[test]
    fn no_secret_is_ever_repeated() {
        for options in [
            json!({ "authentication": "hunter2-hunter2-hunter2" }),
            json!({ "authentication": { "clientToken": "hunter2\n" } }),
            json!({ "authentication": { "jwtToken": "hunter2 hunter2" } }),
            json!({ "authentication": { "clientToken": "hunter2", "jwtToken": "hunter2" } }),
            json!({ "authentication": ["hunter2"] }),
            json!({ "url": "http://me:hunter2@host" }),
            json!({ "url": "hunter2" }),
            json!({ "namespace": "hunter2\u{0}" }),
            json!({ "environment": ["hunter2"] }),
            json!({ "requestTimeout": "hunter2" }),
            json!({ "snapshot": { "hunter2": 1 } }),
            json!({ "password": "hunter2" }),
            json!({ "serverCompatibility": "hunter2-hunter2-hunter2" }),
            json!("hunter2"),
        ] {
            let error = read(&options).unwrap_err();
            assert_eq!(error.code(), "FLIPT_OPTION_INVALID");
            assert!(!error.to_string().contains("hunter2"), "{error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn exactly_one_token_is_wanted() {
        let token = json!({ "authentication": { "clientToken": "t", "jwtToken": null } });
        let config = read(&token).unwrap();
        assert_eq!(config.authentication, Some(Authentication::ClientToken(Secret::new("t"))));
        assert!(!format!("{config:?}").contains("\"t\""));
        for (authentication, received) in [
            (json!({}), "an object without a token"),
            (json!({ "clientToken": null }), "an object without a token"),
            (json!({ "clientToken": "a", "jwtToken": "b" }), "both"),
            (json!("t"), "a text"),
            (json!({ "$js": "function" }), "function"),
        ] {
            let problem = only(&json!({ "authentication": authentication }));
            assert_eq!((problem.field.as_str(), problem.received.as_str()), ("authentication", received));
        }
        assert_eq!(only(&json!({ "authentication": { "clientToken": 7 } })).field, "authentication.clientToken");
        assert_eq!(only(&json!({ "authentication": { "clientToken": "" } })).received, "an empty text");
    }

    #[test]
    fn only_an_object_holds_options() {
        for (options, received) in
            [(json!([]), "an array"), (json!("x"), "a text"), (json!(7), "7"), (json!({ "$js": "a Map" }), "a Map")]
        {
            let problem = only(&options);
            assert_eq!((problem.field.as_str(), problem.received.as_str()), ("options", received));
        }
    }

    #[test]
    fn a_namespace_cannot_climb_out_of_its_path() {
        for namespace in [".", ".."] {
            assert_eq!(only(&json!({ "namespace": namespace })).received, "a relative path");
        }
        for namespace in ["...", "a/../b", "%2e%2e", "é"] {
            assert_eq!(read(&json!({ "namespace": namespace })).unwrap().namespace, namespace);
        }
    }
}
