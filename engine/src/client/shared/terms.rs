use std::hash::{BuildHasher, RandomState};

use crate::config::{Config, SourceConfig};

/// The options that the first handle settled for all.
pub(in crate::client) struct Terms {
    /// Without what the identity says, and without the snapshot.
    config: Config,
    /// Of the text of the snapshot, which is too long to be kept.
    snapshot: Option<u64>,
    bootstrap: Option<u64>,
    hasher: RandomState,
}

impl Terms {
    pub(in crate::client) fn new(config: &Config) -> Self {
        let hasher = RandomState::new();
        let snapshot = config.snapshot.as_ref().map(|text| hasher.hash_one(text));
        let bootstrap = config.bootstrap.as_ref().map(|bootstrap| hasher.hash_one(bootstrap));
        let config = Config { snapshot: None, bootstrap: None, authentication: Vec::new(), ..config.clone() };
        Self { config, snapshot, bootstrap, hasher }
    }

    /// The names of the options that a later handle has otherwise.
    pub(super) fn differences(&self, later: &Config) -> Vec<&'static str> {
        // Without a rest, so that no option is forgotten here.
        let Config {
            // The identity.
            url: _,
            environment: _,
            namespace: _,
            reference: _,
            authentication: _,
            // Each handle's own.
            init_timeout: _,
            error_strategy: _,
            // Not an option.
            process_environment: _,
            // Its path is of the identity.
            source,
            update_interval,
            request_timeout,
            connect_timeout,
            retry,
            max_snapshot_bytes,
            server_compatibility,
            credential_grace_period,
            snapshot: _,
            fetch_mode,
            stream_idle_timeout,
            safety_poll_interval,
            max_stream_retries,
            stale_after,
            tls,
            proxy,
            cache,
            offline,
            bootstrap: _,
            overrides,
            allow_overrides_in_production,
        } = &self.config;
        let snapshot = later.snapshot.as_ref().map(|text| self.hasher.hash_one(text));
        let bootstrap = later.bootstrap.as_ref().map(|bootstrap| self.hasher.hash_one(bootstrap));
        let watch = |source: &Option<SourceConfig>| source.as_ref().map(|source| source.watch);
        let compared = [
            ("source.watch", watch(source) == watch(&later.source)),
            ("updateInterval", *update_interval == later.update_interval),
            ("requestTimeout", *request_timeout == later.request_timeout),
            ("connectTimeoutMs", *connect_timeout == later.connect_timeout),
            ("retry", *retry == later.retry),
            ("maxSnapshotBytes", *max_snapshot_bytes == later.max_snapshot_bytes),
            ("serverCompatibility", *server_compatibility == later.server_compatibility),
            ("credentialGracePeriodMs", *credential_grace_period == later.credential_grace_period),
            ("snapshot", self.snapshot == snapshot),
            ("fetchMode", *fetch_mode == later.fetch_mode),
            ("streamIdleTimeoutMs", *stream_idle_timeout == later.stream_idle_timeout),
            ("safetyPollIntervalMs", *safety_poll_interval == later.safety_poll_interval),
            ("maxStreamRetries", *max_stream_retries == later.max_stream_retries),
            ("staleAfterMs", *stale_after == later.stale_after),
            ("tlsConfig", *tls == later.tls),
            ("proxy", *proxy == later.proxy),
            ("cache", *cache == later.cache),
            ("offline", *offline == later.offline),
            ("bootstrap", self.bootstrap == bootstrap),
            ("overrides", *overrides == later.overrides),
            ("allowOverridesInProduction", *allow_overrides_in_production == later.allow_overrides_in_production),
        ];
        compared.into_iter().filter(|(_, is_same)| !is_same).map(|(name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn config(options: &Value) -> Config {
        Config::from_json(options).unwrap()
    }

    #[test]
    fn every_option_that_differs_is_named() {
        let terms = Terms::new(&config(&json!({ "snapshot": "e30=" })));
        let differing = json!({
            "updateInterval": 7, "requestTimeout": 3, "connectTimeoutMs": 7, "retry": { "jitter": false },
            "maxSnapshotBytes": 7, "serverCompatibility": "v1", "credentialGracePeriodMs": 7,
            "fetchMode": "streaming", "streamIdleTimeoutMs": 7, "safetyPollIntervalMs": 7, "maxStreamRetries": 7,
            "staleAfterMs": 7, "tlsConfig": { "insecureSkipVerify": true }, "proxy": false, "cache": { "path": "x" },
            "offline": true, "bootstrap": { "dark-mode": true }, "overrides": { "dark-mode": false },
            "allowOverridesInProduction": true,
        });
        let mut names: Vec<&str> = differing.as_object().unwrap().keys().map(String::as_str).collect();
        // The first has one, and the later one has none.
        names.push("snapshot");
        let mut named = terms.differences(&config(&differing));
        named.sort_unstable();
        names.sort_unstable();
        assert_eq!(named, names);
    }

    #[test]
    fn of_a_source_the_watching_can_differ() {
        let source = |watch: bool| config(&json!({ "source": { "path": "flags", "watch": watch } }));
        assert_eq!(Terms::new(&source(true)).differences(&source(false)), ["source.watch"]);
        assert_eq!(Terms::new(&source(true)).differences(&source(true)), [""; 0]);
    }

    #[test]
    fn of_long_texts_a_digest_is_compared() {
        let snapshot = |text: &str| config(&json!({ "snapshot": text }));
        assert_eq!(Terms::new(&snapshot("e30=")).differences(&snapshot("e30")), ["snapshot"]);
        assert_eq!(Terms::new(&snapshot("e30=")).differences(&snapshot("e30=")), [""; 0]);
        let bootstrap = |on: bool| config(&json!({ "bootstrap": { "dark-mode": on } }));
        assert_eq!(Terms::new(&bootstrap(true)).differences(&bootstrap(false)), ["bootstrap"]);
        assert_eq!(Terms::new(&bootstrap(true)).differences(&bootstrap(true)), [""; 0]);
    }

    #[test]
    fn a_default_is_a_default_however_it_is_spelled() {
        let terms = Terms::new(&config(&json!({})));
        let spelled = json!({
            "updateInterval": 120, "snapshot": null, "retry": {}, "fetchMode": "polling", "namespace": "other",
            "errorStrategy": "fallback", "initTimeoutMs": 7, "authentication": { "clientToken": "t" },
        });
        assert_eq!(terms.differences(&config(&spelled)), [""; 0]);
    }
}
