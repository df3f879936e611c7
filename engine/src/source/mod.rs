//! Feature files on disk: found, read, and watched for changes.

mod files;
mod folder;
mod watch;

use std::path::Path;

pub(crate) use files::{FileFetch, Files};

use crate::features::{self, Features, File, Finding};

/// Reads, checks and converts the feature files at a path, as the option `source` does: a file by itself, or all that
/// are below a folder. A path that cannot be read is a problem like any other.
///
/// Findings name files by `path` and what follows it. Files of more than `most_bytes` together are refused.
///
/// A folder is read as a Flipt server reads a repository, with three additions: `.git` is left out; links to files are
/// followed, links to folders are not; and of a Kubernetes volume, which holds a link `..data`, only the version that
/// it points to is read.
#[must_use]
pub fn read(path: &Path, most_bytes: usize) -> Features {
    read_as(path, &path.to_string_lossy(), most_bytes)
}

/// The same under another name for the path.
fn read_as(path: &Path, shown: &str, most_bytes: usize) -> Features {
    let listing = folder::list(path);
    if let Some(finding) = listing.refused(path, shown) {
        return Features::refused(finding);
    }
    let mut left = most_bytes;
    let mut contents = Vec::new();
    let mut unreadable = Vec::new();
    for found in &listing.found {
        match folder::content(&found.path, left) {
            Ok(Some(bytes)) => {
                left = left.saturating_sub(bytes.len());
                contents.push((found.name.as_str(), bytes));
            }
            Ok(None) => {
                let reason = format!("the feature files are larger than {most_bytes} bytes together");
                unreadable.push(Finding::of_file(&found.name, reason));
            }
            Err(error) => unreadable.push(Finding::of_file(&found.name, folder::reason(&error))),
        }
    }
    let mut features = if listing.is_folder {
        let files: Vec<File<'_>> = contents.iter().map(|(path, bytes)| File { path, bytes }).collect();
        features::read_folder(&files)
    } else {
        contents.first().map(|(name, bytes)| features::read_file(name, bytes)).unwrap_or_default()
    };
    features.add_problems(unreadable);
    if listing.is_folder {
        features.renamed(|name| joined(shown, name))
    } else {
        features.renamed(|_| shown.to_owned())
    }
}

/// A path in messages: as the caller writes it, with `/` before what follows.
fn joined(shown: &str, name: &str) -> String {
    format!("{}/{name}", shown.trim_end_matches(['/', std::path::MAIN_SEPARATOR]))
}
