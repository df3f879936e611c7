//! Flipt's own feature files: read, checked and turned into the snapshots that a Flipt v2 server makes of them.
//!
//! Bytes in, texts and findings out; nothing here opens a file. The rules are those of Flipt v2 after release 2.11, as
//! recorded in `test/conformance/features`. Everything wrong is found at once, and names its place.
//!
//! ```
//! use flipt_engine::features;
//! use flipt_engine::snapshot::Snapshot;
//!
//! let text = b"namespace: shop\nflags:\n- {key: dark-mode, name: Dark mode, type: BOOLEAN_FLAG_TYPE, enabled: true}\n";
//! let read = features::read_file("features.yaml", text);
//! assert!(read.problems().is_empty());
//! let snapshot = Snapshot::parse(read.snapshot("shop").unwrap_or_default().as_bytes(), None)?;
//! assert!(snapshot.flag("dark-mode").is_some());
//!
//! let read = features::read_file("features.yaml", b"flags:\n- {key: dark mode}\n");
//! let places: Vec<_> = read.problems().iter().map(|problem| (problem.line, problem.field.as_str())).collect();
//! assert_eq!(places, [(Some(2), "flags[0].name"), (Some(2), "flags[0].key")]);
//! # Ok::<(), flipt_engine::Error>(())
//! ```
//!
//! # Where this differs from a server
//!
//! A server sends a rule without the segments that an earlier document of the namespace defines, and evaluates with
//! them itself. [`Features::snapshot`] has them, [`Features::served`] has not.

mod attachment;
mod check;
mod convert;
mod encoding;
mod fields;
mod figure;
mod finding;
mod json;
mod model;
mod namespace;
mod scalar;
mod settings;
mod syntax;
mod timestamp;
mod tree;
mod wellformed;

use std::cmp::Ordering;

use check::Findings;
pub use finding::Finding;
use finding::{Place, TOLD};
use model::Document;
use namespace::{Namespace, Reach};

use crate::error::{Error, ErrorKind, Result};

/// The names that feature files have; a folder's other files are not read.
pub const NAMES: [&str; 3] = ["features.json", "features.yaml", "features.yml"];

/// One file of a folder.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Its path below the folder, with `/` between the names.
    pub path: &'a str,
    /// What it holds.
    pub bytes: &'a [u8],
}

/// What feature files say.
#[derive(Debug, Default)]
pub struct Features {
    documents: Vec<Document>,
    namespaces: Vec<Namespace>,
    files: usize,
    problems: Vec<Finding>,
    warnings: Vec<Finding>,
}

/// Whether a file of a folder says anything: a feature file, or the settings at the root.
#[must_use]
pub fn is_read(path: &str) -> bool {
    is_feature_file(path) || settings::is_settings(path)
}

/// Reads the files of a folder as a Flipt server reads a repository, in its order, whatever theirs.
///
/// Feature files directly in the folder are skipped, each with a warning; files of other names are ignored. One problem
/// anywhere and no file is served.
#[must_use]
pub fn read_folder(files: &[File<'_>]) -> Features {
    let mut sorted: Vec<&File<'_>> = files.iter().filter(|file| is_read(file.path)).collect();
    sorted.sort_by(|one, other| order(one.path, other.path));
    let mut features = Features::default();
    let mut read = Vec::new();
    for file in sorted {
        if settings::is_settings(file.path) {
            features.problems.extend(settings::check(file.path, file.bytes));
        } else if file.path.contains('/') {
            read.push(file);
        } else {
            let reason = "is skipped because it stands directly in the folder; move it down, or name it as the path";
            features.warnings.push(Finding::of_file(file.path, reason));
        }
    }
    features.add(&read);
    features
}

/// Reads one file, wherever it stands. Whether it is JSON is told by its name.
#[must_use]
pub fn read_file(path: &str, bytes: &[u8]) -> Features {
    let mut features = Features::default();
    features.add(&[&File { path, bytes }]);
    features
}

/// The snapshot of a namespace from the text of one features document, YAML or JSON.
///
/// # Errors
/// [`ErrorKind::Source`] with everything that is wrong with it; findings name the file `features document`.
pub fn convert(text: &str, namespace: &str) -> Result<String> {
    const NAME: &str = "features document";
    let features = read_file(NAME, text.as_bytes());
    features.snapshot(namespace).ok_or_else(|| features.refusal(namespace, NAME))
}

impl Features {
    /// Why there is no snapshot of a namespace.
    pub(crate) fn refusal(&self, namespace: &str, name: &str) -> Error {
        let mut problems = self.problems.clone();
        if problems.is_empty() {
            let reason = format!("no feature file has the namespace {}", syntax::quoted(namespace));
            problems.push(Finding::of_file(name, reason));
        }
        Error::new(ErrorKind::Source(problems))
    }

    /// Everything that keeps the files from being served, in the order of files and lines.
    #[must_use]
    pub fn problems(&self) -> &[Finding] {
        &self.problems
    }

    /// What is served all the same, but probably not meant.
    #[must_use]
    pub fn warnings(&self) -> &[Finding] {
        &self.warnings
    }

    /// How many files were read.
    #[must_use]
    pub fn files(&self) -> usize {
        self.files
    }

    /// The keys of the namespaces, in the order in which the files name them.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.namespaces.iter().map(|namespace| namespace.key.as_str())
    }

    /// How many flags the files give a namespace.
    #[must_use]
    pub fn flag_count(&self, namespace: &str) -> usize {
        let documents = self.namespace(namespace).map(|namespace| namespace.documents.as_slice()).unwrap_or_default();
        documents.iter().filter_map(|position| self.documents.get(*position)).map(|document| document.flags.len()).sum()
    }

    /// The snapshot of a namespace as JSON text, to evaluate as the server itself does; `None` when there is a problem
    /// anywhere, or no such namespace.
    #[must_use]
    pub fn snapshot(&self, namespace: &str) -> Option<String> {
        self.written(namespace, Reach::Namespace)
    }

    /// The snapshot as a server sends it, without the segments of earlier documents.
    #[must_use]
    pub fn served(&self, namespace: &str) -> Option<String> {
        self.written(namespace, Reach::Document)
    }

    /// The digest that a server gives the snapshot of a namespace.
    #[must_use]
    pub fn digest(&self, namespace: &str) -> Option<&str> {
        self.namespace(namespace).map(|namespace| namespace.digest.as_str())
    }

    /// Files that could not be read at all.
    #[cfg(feature = "sync")]
    pub(crate) fn refused(problem: Finding) -> Self {
        Self { problems: vec![problem], ..Self::default() }
    }

    #[cfg(feature = "sync")]
    pub(crate) fn add_problems(&mut self, problems: Vec<Finding>) {
        self.problems.extend(problems);
    }

    /// The same with other names of the files.
    #[cfg(feature = "sync")]
    pub(crate) fn renamed(mut self, name: impl Fn(&str) -> String) -> Self {
        for finding in self.problems.iter_mut().chain(&mut self.warnings) {
            finding.file = name(&finding.file);
        }
        self
    }

    fn written(&self, namespace: &str, reach: Reach) -> Option<String> {
        let namespace = self.namespace(namespace).filter(|_| self.problems.is_empty())?;
        Some(convert::snapshot(namespace, &self.documents, reach))
    }

    fn namespace(&self, key: &str) -> Option<&Namespace> {
        self.namespaces.iter().find(|namespace| namespace.key == key)
    }

    fn add(&mut self, files: &[&File<'_>]) {
        let mut digests = Vec::new();
        let mut names = Vec::new();
        for (position, file) in files.iter().enumerate() {
            digests.push(namespace::hash(file.bytes));
            names.push(file.path);
            let found = self.file(position, file);
            self.problems.extend(bounded(found.problems, file.path));
            self.warnings.extend(bounded(found.warnings, file.path));
        }
        self.files = files.len();
        self.namespaces = namespace::group(&self.documents, &digests);
        for namespace in &self.namespaces {
            self.problems.extend(namespace::dangling(namespace, &self.documents, &names));
        }
        let position = |finding: &Finding| names.iter().position(|name| *name == finding.file);
        self.problems.sort_by_key(|finding| (position(finding), finding.line, finding.column));
        self.problems.dedup();
    }

    /// Reads one file as far as it can be read.
    fn file(&mut self, position: usize, file: &File<'_>) -> Findings {
        let mut found = Findings::default();
        let note = |found: &mut Findings, (place, reason): (Place, String)| {
            found.problems.push(Finding::at(file.path, place, "", reason));
        };
        let json = file.path.ends_with(".json");
        let text = match encoding::text(file.bytes) {
            Ok(text) => text,
            Err(refusal) => {
                note(&mut found, refusal);
                return found;
            }
        };
        let (trees, refusal) = tree::read(&text);
        let mut is_json = json;
        if json && refusal.is_none() && !trees.is_empty() {
            if matches!(file.bytes, [0xef, 0xbb, 0xbf, ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
                note(&mut found, (Place::START, "a JSON file is UTF-8 without a byte order mark".to_owned()));
            }
            if let Err(refusal) = json::check(&text) {
                note(&mut found, refusal);
                is_json = false;
            }
        }
        if let Some(refusal) = refusal {
            note(&mut found, refusal);
        }
        for tree in trees {
            let flaws = wellformed::check(&tree, is_json);
            let at = |(place, field, reason)| Finding::at(file.path, place, field, reason);
            found.problems.extend(flaws.flaws.into_iter().map(at));
            if !flaws.is_excessive {
                let (document, more) = check::document(tree, (position, file.path), json);
                self.documents.push(document);
                found.problems.extend(more.problems);
                found.warnings.extend(more.warnings);
            }
        }
        found
    }
}

fn is_feature_file(path: &str) -> bool {
    NAMES.contains(&path.rsplit('/').next().unwrap_or(path))
}

/// Depth first, the names of each folder by their bytes.
fn order(one: &str, other: &str) -> Ordering {
    one.split('/').map(str::as_bytes).cmp(other.split('/').map(str::as_bytes))
}

fn bounded(mut findings: Vec<Finding>, file: &str) -> Vec<Finding> {
    findings.sort_by_key(|finding| (finding.line, finding.column));
    findings.dedup();
    if findings.len() > TOLD {
        findings.truncate(TOLD);
        findings.push(Finding::of_file(file, "further findings are left out"));
    }
    findings
}
