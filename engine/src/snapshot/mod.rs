//! A snapshot: bytes from a server or a portable text, indexed once so that evaluation is cheap.

mod build;
mod condition;
pub mod datetime;
mod decision;
mod definition;
mod diff;
mod export;
mod fingerprint;
mod list;
mod made;
mod model;
mod normalise;
pub mod number;
mod ordered;
mod wire;

use std::collections::HashMap;

use foldhash::fast::FixedState;

pub(crate) use condition::is_malformed;
pub use decision::{Decision, Why};
pub(crate) use definition::{ConstraintText, Definition, RuleText, SegmentText};
pub use diff::Change;
pub use made::Made;
pub(crate) use model::{
    BooleanRule, Condition, Constraint, Decider, Operator, Rule, Segment, Segments, StringTest, Subject,
};
pub use model::{Compatibility, Flag, FlagKind, Outcome, Reason};

use crate::error::{Error, ErrorKind, ResponseReason, Result};

/// The flags of one namespace, immutable and indexed.
#[derive(Debug)]
pub struct Snapshot {
    namespace: Box<str>,
    digest: Option<Box<str>>,
    compatibility: Compatibility,
    flags: Box<[Flag]>,
    by_key: HashMap<Box<str>, u32, FixedState>,
    warnings: Box<[String]>,
    source: Source,
}

/// The bytes a snapshot was made of. Exporting is rare, so it reads them again instead of keeping a second model.
#[derive(Debug)]
enum Source {
    Body(Box<[u8]>),
    Portable(Box<[u8]>),
}

impl Snapshot {
    /// The text that this snapshot was read from: a response body, or the JSON of a portable snapshot.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        match &self.source {
            Source::Body(text) | Source::Portable(text) => text,
        }
    }

    /// Whether the text is the JSON of a portable snapshot.
    #[cfg(feature = "sync")]
    pub(crate) fn is_portable(&self) -> bool {
        matches!(self.source, Source::Portable(_))
    }

    /// Reads the body of a snapshot response.
    ///
    /// `compatibility` decides the arithmetic of splits; `None` recognises a v1 server by the absent `digest`.
    ///
    /// # Errors
    /// [`ErrorKind::Response`] when the body is not JSON, is HTML, or is JSON of another shape. A single bad flag is a
    /// [warning](Self::warnings) and an error when that flag is evaluated, never an error here.
    pub fn parse(body: &[u8], compatibility: Option<Compatibility>) -> Result<Self> {
        let document = wire::read(body)?;
        let recognised = if document.digest.is_some() { Compatibility::V2 } else { Compatibility::V1 };
        Self::build(document, compatibility.unwrap_or(recognised), Source::Body(body.into()))
    }

    /// Reads a portable snapshot: base64 text as [`export`](Self::export) and Flipt's own clients write it.
    ///
    /// Without a marker of ours in the text, `None` for `compatibility` means v2.
    ///
    /// # Errors
    /// [`ErrorKind::Snapshot`] when the text is not base64 of that form, of another version or another namespace.
    pub fn import(text: &str, namespace: &str, compatibility: Option<Compatibility>) -> Result<Self> {
        Self::parse_portable(export::decode(text)?.into(), namespace, compatibility)
    }

    /// Reads the JSON of a portable snapshot, as [`text`](Self::text) returns it.
    pub(crate) fn parse_portable(
        json: Box<[u8]>,
        namespace: &str,
        compatibility: Option<Compatibility>,
    ) -> Result<Self> {
        let (document, marked) = export::read(&json)?;
        if document.namespace != namespace {
            return Err(Error::new(ErrorKind::Snapshot(crate::error::SnapshotReason::Namespace))
                .with_context(format!("it is of namespace {}, not {namespace}", document.namespace)));
        }
        Self::build(document, compatibility.or(marked).unwrap_or(Compatibility::V2), Source::Portable(json))
    }

    /// A snapshot of made flags and no others.
    ///
    /// # Errors
    /// [`ErrorKind::Response`] when there are more flags than a snapshot can hold.
    pub fn made(namespace: &str, made: &Made) -> Result<Self> {
        Self::parse(made.body(namespace).as_bytes(), Some(Compatibility::V2))
    }

    /// The same flags with made ones in their place, and beside them. Its text, and with it an export, stay as they were.
    #[must_use]
    pub fn with_forced(mut self, made: &Made) -> Self {
        let mut flags = std::mem::take(&mut self.flags).into_vec();
        let mut warnings = build::Warnings::default();
        for definition in made.definitions() {
            let Some(flag) = build::flag(wire::entry(definition), self.compatibility, &mut warnings) else { continue };
            match self.by_key.get(&*flag.key) {
                Some(&position) => flags[position as usize] = flag,
                None => {
                    let Ok(position) = u32::try_from(flags.len()) else { break };
                    self.by_key.insert(flag.key.clone(), position);
                    flags.push(flag);
                }
            }
        }
        self.flags = flags.into();
        self
    }

    /// [`with_forced`](Self::with_forced) where there is something to force.
    #[cfg(feature = "sync")]
    pub(crate) fn forced_by(self, made: Option<&Made>) -> Self {
        match made {
            Some(made) => self.with_forced(made),
            None => self,
        }
    }

    /// The portable snapshot text, interchangeable with Flipt's own clients: base64 of JSON, version 1.
    #[must_use]
    pub fn export(&self) -> String {
        export::write(self.document(), self.compatibility)
    }

    /// The namespace that the flags belong to.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The body's digest; v1 servers send none. Never a response's ETag.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The arithmetic in force for splits.
    #[must_use]
    pub fn compatibility(&self) -> Compatibility {
        self.compatibility
    }

    /// All flags in the snapshot's order. A key that stands twice is listed twice; the last one evaluates.
    #[must_use]
    pub fn flags(&self) -> &[Flag] {
        &self.flags
    }

    /// What was tolerated while reading: unknown enum values and unreadable flags, one text each.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// How many bytes of JSON this snapshot was made of.
    #[must_use]
    pub fn source_bytes(&self) -> usize {
        match &self.source {
            Source::Body(bytes) | Source::Portable(bytes) => bytes.len(),
        }
    }

    /// The position in [`flags`](Self::flags) of the flag that evaluates under a key.
    #[must_use]
    pub fn position(&self, key: &str) -> Option<u32> {
        self.by_key.get(key).copied()
    }

    /// The flag that evaluates under a key.
    #[must_use]
    pub fn flag(&self, key: &str) -> Option<&Flag> {
        self.flags.get(self.position(key)? as usize)
    }

    /// Which flags answer differently from an older snapshot; ids, names, descriptions and times do not count.
    #[must_use]
    pub fn changed_since(&self, older: &Self) -> Change {
        diff::between(older, self)
    }

    fn build(document: wire::Document, compatibility: Compatibility, source: Source) -> Result<Self> {
        if u32::try_from(document.flags.len()).is_err() {
            return Err(Error::new(ErrorKind::Response(ResponseReason::TooLarge)));
        }
        let mut warnings = build::Warnings::default();
        let flags: Vec<Flag> =
            document.flags.into_iter().filter_map(|entry| build::flag(entry, compatibility, &mut warnings)).collect();
        let mut by_key = HashMap::with_capacity_and_hasher(flags.len(), FixedState::default());
        for (position, flag) in (0u32..).zip(&flags) {
            by_key.insert(flag.key.clone(), position);
        }
        Ok(Self {
            namespace: document.namespace.into(),
            digest: document.digest.map(String::into_boxed_str),
            compatibility,
            flags: flags.into(),
            by_key,
            warnings: warnings.into_texts(),
            source,
        })
    }

    /// The texts of a flag's definition, read again from the bytes that the snapshot was made of.
    pub(crate) fn definition(&self, flag: &Flag) -> Definition {
        let sent = match &self.source {
            Source::Body(bytes) => wire::find(bytes, &flag.key),
            Source::Portable(_) => {
                let readable = |entry| match entry {
                    wire::Entry::Readable(sent) if *sent.key == *flag.key => Some(sent),
                    _ => None,
                };
                self.document().flags.into_iter().rev().find_map(readable)
            }
        };
        Definition::new(sent.unwrap_or_default(), self.compatibility)
    }

    /// The snapshot as it was read. Its source was read before, so that it reads again.
    fn document(&self) -> wire::Document {
        let read = match &self.source {
            Source::Body(bytes) => wire::read(bytes),
            Source::Portable(bytes) => export::read(bytes).map(|(document, _)| document),
        };
        let mut document = read.unwrap_or_default();
        document.namespace = self.namespace.to_string();
        document
    }
}
