use std::path::PathBuf;
use std::time::Duration;

use super::limits;
use super::reader::Reader;

const FIELDS: &[&str] = &["path", "maxAgeMs"];

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
        fields.note("path", "nothing", "the path of a file");
    }
    *target = fields.file("path").map(|path| CacheConfig { path, max_age });
}
