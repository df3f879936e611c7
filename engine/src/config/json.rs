use serde_json::Value;

use super::authentication::Sources;
use super::reader::{Reader, assign, object, problem, received};
use super::{
    Config, ErrorStrategy, FetchMode, ProcessEnvironment, Retry, ServerUrl, authentication, cache, limits, local,
    proxy, refuse, source, tls,
};
use crate::error::Result;
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
    "credentialGracePeriodMs",
    "snapshot",
    "fetchMode",
    "streamIdleTimeoutMs",
    "safetyPollIntervalMs",
    "maxStreamRetries",
    "staleAfterMs",
    "tlsConfig",
    "proxy",
    "cache",
    "offline",
    "bootstrap",
    "localPort",
    "allowLocalPortInProduction",
    "overrides",
    "allowOverridesInProduction",
    "source",
    "fetcher",
    "hook",
    "hooks",
    "logger",
    "onError",
    "onReady",
    "onUpdate",
    "signal",
];
const RETRY: &[&str] = &["maxRetries", "baseDelayMs", "maxDelayMs", "jitter"];

pub(super) fn read(options: &Value, sources: &Sources<'_>, environment: &ProcessEnvironment) -> Result<Config> {
    let mut problems = Vec::new();
    let mut config = Config::default();
    if !options.is_null() {
        match object(options) {
            Some(fields) => {
                let mut reader = Reader { fields, path: "".into(), problems: &mut problems };
                reader.options(sources, &mut config);
                local::read(&mut reader, environment, &mut config);
            }
            None => problems.push(problem("options", received(options), "an object")),
        }
    }
    refuse(problems)?;
    Ok(config)
}

impl Reader<'_> {
    fn options(&mut self, sources: &Sources<'_>, config: &mut Config) {
        self.unknown(OPTIONS);
        if let Some(text) = self.string("url", "an http:// or https:// URL") {
            match ServerUrl::read(&text) {
                Ok(url) => config.url = url,
                Err(problem) => self.problems.push(problem),
            }
        }
        self.text("environment", limits::namespace_flaw, &mut config.environment);
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
        authentication::read(self, sources, &mut config.authentication);
        assign(
            &mut config.credential_grace_period,
            self.milliseconds("credentialGracePeriodMs", &limits::CREDENTIAL_GRACE_PERIOD),
        );
        self.streaming(config);
        tls::read(self, &mut config.tls);
        proxy::read(self, &mut config.proxy);
        cache::read(self, &mut config.cache);
        source::read(self, config);
        if config.fetch_mode == FetchMode::Streaming && self.value("fetcher").is_some() {
            self.note(
                "fetchMode",
                "'streaming' together with a fetcher",
                "'polling' when a fetcher makes the requests",
            );
        }
    }

    fn streaming(&mut self, config: &mut Config) {
        let modes = [("polling", FetchMode::Polling), ("streaming", FetchMode::Streaming)];
        assign(&mut config.fetch_mode, self.choice("fetchMode", &modes));
        assign(&mut config.stream_idle_timeout, self.milliseconds("streamIdleTimeoutMs", &limits::STREAM_IDLE_TIMEOUT));
        assign(
            &mut config.safety_poll_interval,
            self.milliseconds("safetyPollIntervalMs", &limits::SAFETY_POLL_INTERVAL),
        );
        assign(&mut config.max_stream_retries, self.whole("maxStreamRetries", &limits::MAX_STREAM_RETRIES));
        if let Some(after) = self.milliseconds("staleAfterMs", &limits::STALE_AFTER) {
            config.stale_after = Some(after);
        }
    }

    fn retry(&mut self, retry: &mut Retry) {
        self.unknown(RETRY);
        assign(&mut retry.max_retries, self.whole("maxRetries", &limits::MAX_RETRIES));
        assign(&mut retry.base_delay, self.milliseconds("baseDelayMs", &limits::BASE_DELAY));
        assign(&mut retry.max_delay, self.milliseconds("maxDelayMs", &limits::MAX_DELAY));
        assign(&mut retry.jitter, self.flag("jitter"));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Map, json};

    use super::*;
    use crate::config::{Authentication, Token};
    use crate::error::{ErrorKind, Problem};
    use crate::redact::Secret;

    fn read(options: &Value) -> Result<Config> {
        Config::from_json(options)
    }

    fn token(text: &str) -> Token {
        Token::Fixed(Secret::new(text))
    }

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
            assert_eq!(config.authentication, []);
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
            "fetcher": { "$js": "function" }, "hook": {}, "hooks": [], "logger": { "$js": "an object" }, "signal": {},
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
        assert_eq!(config.authentication, [Authentication::Jwt(token("a.b.c"))]);
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
            (json!({ "hoks": 1 }), "hoks", Some("hooks")),
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
        let options = json!({ "authentication": { "clientToken": "t", "jwtToken": null } });
        let config = read(&options).unwrap();
        assert_eq!(config.authentication, [Authentication::ClientToken(token("t"))]);
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
