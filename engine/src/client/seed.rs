//! What a client starts from before it hears of a server, and what is forced upon all flag state.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::bootstrap;
use crate::config::{Bootstrap, Config, Overrides, below};
use crate::error::{Error, ErrorKind, Problem, Result, SnapshotReason};
use crate::snapshot::{Made, Snapshot};
use crate::status::Source;

/// The largest file of overrides that is read.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

const FILE: &str = "a JSON file with an object of values by flag key, up to 4 MiB";

/// Flag state and where it is from.
pub(super) struct Seed {
    pub(super) snapshot: Snapshot,
    /// Where the server is known to have sent it.
    pub(super) etag: Option<String>,
    pub(super) source: Source,
}

impl Seed {
    /// What the options bring along, if they do. It has no `ETag`: no server vouched for it.
    pub(super) fn of(config: &Config) -> Result<Option<Self>> {
        let (snapshot, source) = match (&config.snapshot, &config.bootstrap) {
            (Some(text), _) => (portable(text, config)?, Source::Snapshot),
            (None, Some(Bootstrap::Values(made))) => (Snapshot::made(&config.namespace, made)?, Source::Bootstrap),
            (None, Some(Bootstrap::Text(text))) => (bootstrap::read(text, config)?, Source::Bootstrap),
            (None, None) => return Ok(None),
        };
        Ok(Some(Self { snapshot, etag: None, source }.forced(config)))
    }

    /// No flags but those that are forced.
    pub(super) fn empty(config: &Config) -> Result<Self> {
        let snapshot = Snapshot::made(&config.namespace, &Made::default())?;
        Ok(Self { snapshot, etag: None, source: Source::Empty }.forced(config))
    }

    pub(super) fn forced(self, config: &Config) -> Self {
        Self { snapshot: self.snapshot.forced_by(config.forced().as_deref()), ..self }
    }
}

/// The text of an exported snapshot.
pub(super) fn portable(text: &str, config: &Config) -> Result<Snapshot> {
    if text.len() / 4 * 3 > config.max_snapshot_bytes {
        return Err(Error::new(ErrorKind::Snapshot(SnapshotReason::TooLarge)));
    }
    Snapshot::import(text, &config.namespace, config.server_compatibility)
}

/// The options with the file of overrides read, and without overrides where they do not count, which `dangers` then say.
pub(super) fn with_overrides(config: Config, dangers: &mut Vec<String>) -> Result<Config> {
    let Some(overrides) = &config.overrides else { return Ok(config) };
    if config.process_environment.is_production() && !config.allow_overrides_in_production {
        let ignored = "overrides are ignored where NODE_ENV is production, unless allowOverridesInProduction is true";
        dangers.push(ignored.to_owned());
        return Ok(Config { overrides: None, ..config });
    }
    let Overrides::File(path) = overrides else { return Ok(config) };
    let made = read_file(path).map_err(|problems| Error::new(ErrorKind::Options(problems)))?;
    Ok(Config { overrides: Some(Overrides::Values(made)), ..config })
}

fn read_file(path: &Path) -> std::result::Result<Made, Vec<Problem>> {
    let shown = path.display();
    let unusable = |what: String| {
        let received = format!("the file {shown}, which {what}");
        vec![Problem { field: "overrides".to_owned(), received, allowed: FILE.to_owned(), suggestion: None }]
    };
    let text = match text(path) {
        Ok(Some(text)) => text,
        Ok(None) => return Err(unusable("is larger than that".to_owned())),
        Err(error) => return Err(unusable(format!("cannot be read: {error}"))),
    };
    Made::read(text.trim_start_matches('\u{feff}')).map_err(|problems| {
        let named = |problem: Problem| {
            let received = format!("{} in the file {shown}", problem.received);
            below("overrides", Problem { received, ..problem })
        };
        problems.into_iter().map(named).collect()
    })
}

/// The text of a file; `None` for one that is too large.
fn text(path: &Path) -> io::Result<Option<String>> {
    let mut text = String::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    Ok((text.len() as u64 <= MAX_BYTES).then_some(text))
}
