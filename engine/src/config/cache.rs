use std::path::PathBuf;
use std::time::Duration;

use super::limits;
use super::reader::Reader;

const FIELDS: &[&str] = &["path", "maxAgeMs"];
const ALLOWED: &str = "the path of a file";

/// Where the last good flag state is kept on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheConfig {
    /// The file.
    pub path: PathBuf,
    /// How old its flag state may be to start from it; `None` means any age.
    pub max_age: Option<Duration>,
}

/// Reads the option `cache`.
pub(super) fn read(options: &mut Reader<'_>, target: &mut Option<CacheConfig>) {
    let Some(mut fields) = options.nested("cache", "cache.", "an object with a path") else { return };
    fields.unknown(FIELDS);
    let max_age = fields.milliseconds("maxAgeMs", &limits::CACHE_MAX_AGE);
    if fields.value("path").is_none() {
        fields.note("path", "nothing", ALLOWED);
    }
    let path = fields.file("path");
    if path.as_ref().is_some_and(|path| path.file_name().is_none()) {
        fields.note("path", "a path without the name of a file", ALLOWED);
    }
    *target = path.map(|path| CacheConfig { path, max_age });
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::Config;
    use crate::error::ErrorKind;

    fn problem(cache: &Value) -> (String, String) {
        let error = Config::from_json(&json!({ "cache": cache })).unwrap_err();
        match error.kind() {
            ErrorKind::Options(problems) if problems.len() == 1 => {
                (problems[0].field.clone(), problems[0].received.clone())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_path_is_wanted_and_an_age_is_not() {
        let read = |cache: Value| Config::from_json(&json!({ "cache": cache })).unwrap().cache;
        let cache = |max_age| Some(CacheConfig { path: "/a/b".into(), max_age });
        assert_eq!(read(Value::Null), None);
        assert_eq!(read(json!({ "path": "/a/b" })), cache(None));
        assert_eq!(read(json!({ "path": "/a/b", "maxAgeMs": 1500 })), cache(Some(Duration::from_millis(1500))));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (cache, field, received) in [
            (json!({}), "cache.path", "nothing"),
            (json!({ "path": 7 }), "cache.path", "7"),
            (json!({ "path": " " }), "cache.path", "a blank text or one with a NUL"),
            (json!({ "path": "a\u{0}b" }), "cache.path", "a blank text or one with a NUL"),
            (json!({ "path": "/" }), "cache.path", "a path without the name of a file"),
            (json!({ "path": "a/.." }), "cache.path", "a path without the name of a file"),
            (json!({ "path": "a", "maxAgeMs": 0 }), "cache.maxAgeMs", "0"),
            (json!({ "path": "a", "maxAge": 1 }), "cache.maxAge", "an unknown option (1)"),
            (json!("a"), "cache", "a text"),
        ] {
            assert_eq!(problem(&cache), (field.to_owned(), received.to_owned()), "{cache}");
        }
    }
}
