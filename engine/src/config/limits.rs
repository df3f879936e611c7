use std::time::Duration;

use super::{Config, authentication, source};
use crate::error::Problem;

/// The numbers that an option may be, in the unit of its name.
pub(super) struct Limit {
    pub(super) field: &'static str,
    pub(super) allowed: &'static str,
    pub(super) min: f64,
    pub(super) max: f64,
    pub(super) whole: bool,
}

const MILLISECONDS: &str = "1 to 3600000 (milliseconds)";

/// Zero is dealt with before this limit is asked.
pub(super) const UPDATE_INTERVAL: Limit = Limit {
    field: "updateInterval",
    allowed: "0 (polling is off), or 0.01 to 86400 (seconds)",
    min: 0.01,
    max: 86_400.0,
    whole: false,
};
pub(super) const REQUEST_TIMEOUT: Limit =
    Limit { field: "requestTimeout", allowed: "0.001 to 3600 (seconds)", min: 0.001, max: 3_600.0, whole: false };
pub(super) const CONNECT_TIMEOUT: Limit = milliseconds("connectTimeoutMs");
pub(super) const INIT_TIMEOUT: Limit = milliseconds("initTimeoutMs");
pub(super) const BASE_DELAY: Limit = milliseconds("retry.baseDelayMs");
pub(super) const MAX_DELAY: Limit = milliseconds("retry.maxDelayMs");
pub(super) const MAX_RETRIES: Limit =
    Limit { field: "retry.maxRetries", allowed: "a whole number from 0 to 100", min: 0.0, max: 100.0, whole: true };
pub(super) const MAX_SNAPSHOT_BYTES: Limit = Limit {
    field: "maxSnapshotBytes",
    allowed: "a whole number from 1 to 1073741824 (1 GiB)",
    min: 1.0,
    max: 1_073_741_824.0,
    whole: true,
};

pub(super) const STREAM_IDLE_TIMEOUT: Limit = up_to_a_day("streamIdleTimeoutMs");
pub(super) const SAFETY_POLL_INTERVAL: Limit = up_to_a_day("safetyPollIntervalMs");
pub(super) const STALE_AFTER: Limit = up_to_a_month("staleAfterMs");
pub(super) const CREDENTIAL_GRACE_PERIOD: Limit =
    Limit { min: 0.0, allowed: "0 to 86400000 (milliseconds)", ..up_to_a_day("credentialGracePeriodMs") };
pub(super) const CACHE_MAX_AGE: Limit = up_to_a_month("cache.maxAgeMs");
pub(super) const MAX_STREAM_RETRIES: Limit =
    Limit { field: "maxStreamRetries", allowed: "a whole number from 0 to 1000", min: 0.0, max: 1000.0, whole: true };

pub(super) const LOCAL_PORT: Limit =
    Limit { field: "localPort", allowed: "a whole number from 1 to 65535", min: 1.0, max: 65_535.0, whole: true };

const fn up_to_a_day(field: &'static str) -> Limit {
    Limit { field, allowed: "1 to 86400000 (milliseconds)", min: 1.0, max: 86_400_000.0, whole: false }
}

const fn up_to_a_month(field: &'static str) -> Limit {
    Limit { field, allowed: "1 to 2678400000 (milliseconds)", min: 1.0, max: 2_678_400_000.0, whole: false }
}

const fn milliseconds(field: &'static str) -> Limit {
    Limit { field, allowed: MILLISECONDS, min: 1.0, max: 3_600_000.0, whole: false }
}

impl Limit {
    pub(super) fn problem(&self, received: impl Into<String>) -> Problem {
        Problem {
            field: self.field.to_owned(),
            received: received.into(),
            allowed: self.allowed.to_owned(),
            suggestion: None,
        }
    }

    pub(super) fn check(&self, value: f64) -> Result<f64, Problem> {
        let fits = value >= self.min && value <= self.max && (!self.whole || value.fract() == 0.0);
        if fits { Ok(value) } else { Err(self.problem(value.to_string())) }
    }

    fn check_duration(&self, value: Duration, in_seconds: bool) -> Result<f64, Problem> {
        self.check(value.as_secs_f64() * if in_seconds { 1.0 } else { 1000.0 })
    }
}

/// What is wrong with a text that goes into a URL or a header, said without repeating it.
pub(super) fn text_flaw(text: &str) -> Option<&'static str> {
    if text.trim().is_empty() {
        Some("a blank text")
    } else if text.chars().any(char::is_control) {
        Some("text with control characters")
    } else {
        None
    }
}

/// `.` and `..` would change the path of the URL that a name is part of, in whatever way they are encoded.
pub(super) fn namespace_flaw(text: &str) -> Option<&'static str> {
    text_flaw(text).or(matches!(text, "." | "..").then_some("a relative path"))
}

pub(super) const TEXT: &str = "text that is not blank, without control characters";

pub(super) fn text_problem(field: &str, received: &str) -> Problem {
    Problem { field: field.to_owned(), received: received.to_owned(), allowed: TEXT.to_owned(), suggestion: None }
}

pub(super) fn streaming_with_a_fetcher() -> Problem {
    Problem {
        field: "fetchMode".to_owned(),
        received: "'streaming' together with a fetcher".to_owned(),
        allowed: "'polling' when a fetcher makes the requests".to_owned(),
        suggestion: None,
    }
}

/// The checks that hold however a [`Config`] was made.
pub(super) fn check(config: &Config, problems: &mut Vec<Problem>) {
    let texts = [
        ("environment", namespace_flaw(&config.environment)),
        ("namespace", namespace_flaw(&config.namespace)),
        ("reference", config.reference.as_deref().and_then(text_flaw)),
    ];
    problems.extend(texts.into_iter().filter_map(|(field, flaw)| Some(text_problem(field, flaw?))));
    let retry = &config.retry;
    let checks = [
        config.update_interval.map_or(Ok(0.0), |every| UPDATE_INTERVAL.check_duration(every, true)),
        REQUEST_TIMEOUT.check_duration(config.request_timeout, true),
        CONNECT_TIMEOUT.check_duration(config.connect_timeout, false),
        INIT_TIMEOUT.check_duration(config.init_timeout, false),
        MAX_RETRIES.check(f64::from(retry.max_retries)),
        BASE_DELAY.check_duration(retry.base_delay, false),
        MAX_DELAY.check_duration(retry.max_delay, false),
        CREDENTIAL_GRACE_PERIOD.check_duration(config.credential_grace_period, false),
        STREAM_IDLE_TIMEOUT.check_duration(config.stream_idle_timeout, false),
        SAFETY_POLL_INTERVAL.check_duration(config.safety_poll_interval, false),
        MAX_STREAM_RETRIES.check(f64::from(config.max_stream_retries)),
        config.stale_after.map_or(Ok(0.0), |after| STALE_AFTER.check_duration(after, false)),
        config
            .cache
            .as_ref()
            .and_then(|cache| cache.max_age)
            .map_or(Ok(0.0), |age| CACHE_MAX_AGE.check_duration(age, false)),
        #[expect(clippy::cast_precision_loss, reason = "the limit is far below 2^53")]
        MAX_SNAPSHOT_BYTES.check(config.max_snapshot_bytes as f64),
    ];
    problems.extend(checks.into_iter().filter_map(Result::err));
    if config.bootstrap.is_some() && config.snapshot.is_some() {
        problems.push(Problem {
            field: "bootstrap".to_owned(),
            received: "'bootstrap' together with 'snapshot'".to_owned(),
            allowed: "one of the two".to_owned(),
            suggestion: None,
        });
    }
    authentication::check(&config.authentication, problems);
    config.tls.check(problems);
    config.proxy.check(problems);
    source::check(config, problems);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Authentication, Retry};
    use crate::error::ErrorKind;
    use crate::redact::Secret;

    #[test]
    fn a_config_made_in_code_is_held_to_the_same_limits() {
        Config::default().validate().unwrap();
        let config = Config {
            environment: String::new(),
            namespace: "..".to_owned(),
            reference: Some("\n".to_owned()),
            update_interval: Some(Duration::ZERO),
            request_timeout: Duration::ZERO,
            connect_timeout: Duration::ZERO,
            init_timeout: Duration::MAX,
            max_snapshot_bytes: 0,
            retry: Retry { max_retries: 101, base_delay: Duration::ZERO, max_delay: Duration::MAX, jitter: true },
            authentication: vec![Authentication::ClientToken(Secret::new("hunter2\n").into())],
            ..Config::default()
        };
        let error = config.validate().unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        let ErrorKind::Options(problems) = error.kind() else { panic!("{error}") };
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "environment",
                "namespace",
                "reference",
                "updateInterval",
                "requestTimeout",
                "connectTimeoutMs",
                "initTimeoutMs",
                "retry.maxRetries",
                "retry.baseDelayMs",
                "retry.maxDelayMs",
                "maxSnapshotBytes",
                "authentication.clientToken",
            ]
        );
    }
}
