use std::path::PathBuf;

use super::reader::{Reader, problem};
use super::{Config, FetchMode, limits};
use crate::error::Problem;

const FIELDS: &[&str] = &["path", "watch", "namespace"];
const ALLOWED: &str = "the path of a feature file, or of a folder with feature files";

/// Feature files in the place of a server. What is about requests has no effect beside them: `url`, credentials,
/// proxies, TLS, retries, intervals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceConfig {
    /// A file, or a folder whose feature files are read at any depth below it.
    pub path: PathBuf,
    /// Whether changes are noticed; otherwise the files are read at the start and by a refresh.
    pub watch: bool,
}

/// Reads the option `source`; its namespace takes the place of the client's.
pub(super) fn read(options: &mut Reader<'_>, config: &mut Config) {
    let Some(mut fields) = options.nested("source", "source.", "an object with a path") else { return };
    fields.unknown(FIELDS);
    let watch = fields.flag("watch").unwrap_or(true);
    fields.text("namespace", limits::namespace_flaw, &mut config.namespace);
    if fields.value("path").is_none() {
        fields.note("path", "nothing", ALLOWED);
    }
    config.source = fields.file("path").map(|path| SourceConfig { path, watch });
    if config.source.is_some() && options.value("fetcher").is_some() {
        options.problems.push(with_a_fetcher());
    }
}

/// What cannot be combined with files: whatever else flag state would come from.
pub(super) fn check(config: &Config, problems: &mut Vec<Problem>) {
    if config.source.is_none() {
        return;
    }
    if config.fetch_mode == FetchMode::Streaming {
        let allowed = "'polling' beside feature files, whose changes are noticed without asking a server";
        problems.push(problem("fetchMode", "'streaming' together with a source", allowed));
    }
    if config.cache.is_some() {
        let allowed = "no cache beside feature files, which are on this machine already";
        problems.push(problem("cache", "a cache together with a source", allowed));
    }
    if config.offline {
        let allowed = "false beside feature files, which need no network";
        problems.push(problem("offline", "true together with a source", allowed));
    }
}

pub(super) fn with_a_fetcher() -> Problem {
    problem(
        "source",
        "a source together with a fetcher",
        "one of the two, because both say where flag state comes from",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::error::ErrorKind;

    fn problems(options: &Value) -> Vec<(String, String)> {
        let read = Config::from_json(options).and_then(|config| config.validate());
        match read.unwrap_err().kind() {
            ErrorKind::Options(problems) => {
                problems.iter().map(|problem| (problem.field.clone(), problem.received.clone())).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_path_is_wanted_and_the_rest_has_defaults() {
        let read = |source: Value| Config::from_json(&json!({ "namespace": "a", "source": source })).unwrap();
        assert_eq!(read(Value::Null).source, None);
        let config = read(json!({ "path": "flags" }));
        assert_eq!(config.source, Some(SourceConfig { path: "flags".into(), watch: true }));
        assert_eq!(config.namespace, "a");
        let config = read(json!({ "path": "flags", "watch": false, "namespace": "b" }));
        assert_eq!(config.source, Some(SourceConfig { path: "flags".into(), watch: false }));
        assert_eq!(config.namespace, "b");
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (options, field, received) in [
            (json!({ "source": {} }), "source.path", "nothing"),
            (json!({ "source": "flags" }), "source", "a text"),
            (json!({ "source": { "path": 7 } }), "source.path", "7"),
            (json!({ "source": { "path": " " } }), "source.path", "a blank text or one with a NUL"),
            (json!({ "source": { "path": "a", "watch": "yes" } }), "source.watch", "a text"),
            (json!({ "source": { "path": "a", "namespace": " " } }), "source.namespace", "a blank text"),
            (json!({ "source": { "path": "a", "wach": true } }), "source.wach", "an unknown option (true)"),
            (
                json!({ "source": { "path": "a" }, "fetcher": { "$js": "function" } }),
                "source",
                "a source together with a fetcher",
            ),
            (
                json!({ "source": { "path": "a" }, "fetchMode": "streaming" }),
                "fetchMode",
                "'streaming' together with a source",
            ),
            (json!({ "source": { "path": "a" }, "cache": { "path": "b" } }), "cache", "a cache together with a source"),
            (json!({ "source": { "path": "a" }, "offline": true }), "offline", "true together with a source"),
        ] {
            assert_eq!(problems(&options), [(field.to_owned(), received.to_owned())], "{options}");
        }
    }
}
