use std::collections::HashSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::features::{Finding, is_read};

/// Folders that are looked into, so that a path named by mistake does not keep a disk busy.
const MOST_FOLDERS: usize = 10_000;

/// What a Kubernetes volume calls the link to the version in force.
const CURRENT: &str = "..data";

/// What there is at a path.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) is_folder: bool,
    /// The files that say anything, by their names below the folder.
    pub(super) found: Vec<Found>,
    failure: Option<(PathBuf, String)>,
}

/// A file, and what tells one state of it from the next.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// Where a link leads; what is no link is where it is.
    link: Option<PathBuf>,
    state: State,
}

type State = Option<(u64, Option<std::time::SystemTime>, (u64, i64, i64))>;

impl Listing {
    /// Why nothing of it can be used.
    pub(super) fn refused(&self, root: &Path, shown: &str) -> Option<Finding> {
        let (place, reason) = self.failure.as_ref()?;
        let below = place.strip_prefix(root).unwrap_or(place).to_string_lossy();
        let file = if below.is_empty() { shown.to_owned() } else { super::joined(shown, &below) };
        Some(Finding::of_file(&file, reason.clone()))
    }
}

/// Looks at a path without reading any file.
pub(super) fn list(path: &Path) -> Listing {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return failed(path, reason(&error)),
    };
    if metadata.is_dir() {
        return folder(path);
    }
    if !metadata.is_file() {
        return failed(path, "is neither a file nor a folder".to_owned());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Listing { is_folder: false, found: vec![found(name, path.to_owned(), true, Some(&metadata))], failure: None }
}

fn failed(path: &Path, reason: String) -> Listing {
    Listing { failure: Some((path.to_owned(), reason)), ..Listing::default() }
}

fn folder(root: &Path) -> Listing {
    let mut listing = Listing { is_folder: true, ..Listing::default() };
    let mut open = vec![(root.to_owned(), String::new())];
    let mut looked = 0;
    while let Some((folder, prefix)) = open.pop() {
        looked += 1;
        if looked > MOST_FOLDERS {
            return failed(root, format!("holds more than {MOST_FOLDERS} folders"));
        }
        let entries = match fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            // A folder that went away while we looked is one that is not there.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !prefix.is_empty() => continue,
            Err(error) => return failed(&folder, reason(&error)),
        };
        let current = fs::read_link(folder.join(CURRENT)).ok();
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(kind) = entry.file_type() else { continue };
            let path = entry.path();
            if kind.is_dir() {
                let outdated = name.starts_with("..")
                    && current
                        .as_ref()
                        .is_some_and(|current| current.file_name() != Some(entry.file_name().as_os_str()));
                if name != ".git" && !outdated {
                    open.push((path, format!("{prefix}{name}/")));
                }
                continue;
            }
            let name = format!("{prefix}{name}");
            if is_read(&name) {
                let metadata = fs::metadata(&path).ok();
                // What is no file, such as a pipe, has no content to wait for.
                if metadata.as_ref().is_none_or(Metadata::is_file) {
                    listing.found.push(found(name, path, kind.is_symlink(), metadata.as_ref()));
                }
            }
        }
    }
    without_second_names(root, &mut listing.found);
    listing.found.sort_by(|one, other| one.name.cmp(&other.name));
    listing
}

/// A link to a file that is found by its own name as well says nothing new.
fn without_second_names(root: &Path, found: &mut Vec<Found>) {
    if found.iter().all(|file| file.link.is_none()) {
        return;
    }
    let Ok(root) = fs::canonicalize(root) else { return };
    let own = found.iter().filter(|file| file.link.is_none()).map(|file| root.join(&file.name));
    let own: HashSet<PathBuf> = own.collect();
    found.retain(|file| file.link.as_ref().is_none_or(|link| !own.contains(link)));
}

fn found(name: String, path: PathBuf, is_link: bool, metadata: Option<&Metadata>) -> Found {
    let link = is_link.then(|| fs::canonicalize(&path).unwrap_or_default());
    let state = metadata.map(|metadata| (metadata.len(), metadata.modified().ok(), identity(metadata)));
    Found { name, path, link, state }
}

/// Which file it is, and when anything about it changed last.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn identity(_metadata: &Metadata) -> (u64, i64, i64) {
    (0, 0, 0)
}

/// What a file holds; nothing when that is more than `most` bytes.
pub(super) fn content(path: &Path, most: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= most).then_some(bytes))
}

/// Why a path cannot be read.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "cannot be read: there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "cannot be read: access is denied".to_owned(),
        kind => format!("cannot be read: {kind}"),
    }
}
