//! What must hold for any bytes whatsoever: one function for each place where bytes of others are read, called by the
//! targets of `engine/fuzz` and, with its corpus and seeded mutations of it, by the tests below.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::cache;
use crate::evaluate::{self, BatchItem, Request, frame};
use crate::features;
use crate::snapshot::{Compatibility, Flag, Snapshot};
use crate::store::{Store, StoreWriter, store};
use crate::sync::{LineDecoder, TooLong};

const ENTITIES: [&str; 3] = ["", "user-1", "é"];
const VALUES: [Option<&str>; 8] =
    [None, Some(""), Some("pro"), Some("1"), Some("-2.5e3"), Some("true"), Some("2024-01-01"), Some(" x ")];

/// The body of a response: it is refused, or it is a snapshot that answers, and that a round through the portable form
/// changes in nothing.
pub fn snapshot(bytes: &[u8]) {
    for compatibility in [None, Some(Compatibility::V1), Some(Compatibility::V2)] {
        let Ok(snapshot) = Snapshot::parse(bytes, compatibility) else { return };
        assert_eq!(snapshot.text(), bytes);
        assert!(snapshot.changed_since(&snapshot).is_empty());
        survives_export(&snapshot);
    }
}

/// The JSON of a portable snapshot, or its whole text: the same.
pub fn portable(bytes: &[u8]) {
    let namespace = std::str::from_utf8(bytes).unwrap_or_default();
    let _ = Snapshot::import(namespace, "default", None);
    if let Ok(snapshot) = Snapshot::parse_portable(bytes.into(), "default", None) {
        assert_eq!(snapshot.text(), bytes);
        survives_export(&snapshot);
    }
}

/// A feature file, as YAML and as JSON: every mistake has a place in it and a reason, and without one there is a snapshot
/// of each namespace that reads without a warning.
pub fn features(bytes: &[u8]) {
    for name in ["features.yaml", "features.json"] {
        let read = features::read_file(name, bytes);
        for finding in read.problems().iter().chain(read.warnings()) {
            assert!(!finding.reason.is_empty() && !finding.reason.contains("broke"), "{finding}");
        }
        for namespace in read.namespaces() {
            for text in [read.snapshot(namespace), read.served(namespace)] {
                let snapshot = text.as_ref().map(|text| Snapshot::parse(text.as_bytes(), None));
                assert_eq!(snapshot.is_none(), !read.problems().is_empty());
                if let Some(snapshot) = snapshot {
                    assert!(snapshot.is_ok_and(|snapshot| snapshot.warnings().is_empty()));
                }
            }
        }
    }
}

/// A stream: its lines are those of the text as a whole, however the bytes arrive. The square of the first byte is
/// the length that is allowed, the second one says where to cut.
pub fn lines(bytes: &[u8]) {
    let [max, seed, text @ ..] = bytes else { return };
    let max = usize::from(*max).pow(2);
    let expected = lines_of(text, max);
    let mut sizes = (1..).map(|step: usize| 1 + step.wrapping_mul(usize::from(*seed)) % 7);
    let mut uneven = Vec::new();
    let mut rest = text;
    while let Some((chunk, behind)) = rest.split_at_checked(sizes.next().unwrap_or(1).min(rest.len())) {
        uneven.push(chunk);
        if behind.is_empty() {
            break;
        }
        rest = behind;
    }
    for chunks in [vec![text], text.chunks(1).collect(), uneven] {
        assert_eq!(decoded(&chunks, max), expected);
    }
}

/// A cache file, as it is and with the checksum that it should have: it is refused, or what it holds is saved and read
/// again alike.
pub fn cache(bytes: &[u8]) {
    let _ = cache::fuzz(bytes);
}

/// A frame of the fast call, as it is and with the right generation: it is refused or answered, and nothing but the
/// answer is written.
pub fn frame(bytes: &[u8]) {
    let _ = is_answered(bytes);
}

/// Whether it is answered under the right generation.
fn is_answered(bytes: &[u8]) -> bool {
    static STORE: OnceLock<(StoreWriter, Store)> = OnceLock::new();
    let (_, store) = STORE.get_or_init(|| {
        let (writer, store) = store();
        if let Ok(snapshot) = Snapshot::parse(FLAGS, None) {
            writer.install(snapshot, None);
        }
        (writer, store)
    });
    let Ok(installed) = store.installed() else { return false };
    let mut current = bytes.to_vec();
    if let Some(generation) = current.first_chunk_mut() {
        *generation = installed.generation.to_le_bytes();
    }
    let [_, is_answered] = [bytes, &current].map(|asked| {
        let mut answered = asked.to_vec();
        frame::answer(store, &mut answered, || 7_000_000);
        is_an_answer(asked, &answered, installed.snapshot.flags())
    });
    is_answered
}

/// What must be true of an answer; whether there is one.
fn is_an_answer(asked: &[u8], answered: &[u8], flags: &[Flag]) -> bool {
    assert_eq!(asked.len(), answered.len());
    let status = number(answered, 0);
    if status.is_none() {
        assert_eq!(asked, answered, "there is no room for an answer");
    }
    if status != Some(frame::Status::Answered as u32) {
        let refusals = [frame::Status::Stale, frame::Status::Malformed].map(|status| status as u32);
        assert!(status.is_none_or(|status| refusals.contains(&status)));
        // What stands before the item that is malformed has its answer already.
        return false;
    }
    let mut expected = answered.to_vec();
    let mut restore = |at: usize, length: usize| expected[at..at + length].copy_from_slice(&asked[at..at + length]);
    restore(0, frame::HEADER);
    let mut at = frame::HEADER;
    for _item in 0..number(asked, 8).unwrap_or_default() {
        // Items lie behind each other, so that no answer can stand where a later one asks.
        let flag = number(asked, at).and_then(|position| flags.get(position as usize));
        let outcome = number(answered, at).map(|outcome| outcome as usize);
        assert!(flag.is_some_and(|flag| outcome.is_some_and(|outcome| outcome < flag.outcomes().len())));
        restore(at, frame::ITEM_HEADER);
        at += frame::ITEM_HEADER + flag.map_or(0, |flag| flag.keys().len()) * 8;
    }
    assert_eq!(expected, asked, "only the answer is written");
    true
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn survives_export(snapshot: &Snapshot) {
    let imported = Snapshot::import(&snapshot.export(), snapshot.namespace(), None);
    assert!(imported.is_ok(), "{imported:?}");
    let Ok(imported) = imported else { return };
    assert_eq!(imported.compatibility(), snapshot.compatibility());
    assert!(imported.changed_since(snapshot).is_empty(), "{:?}", imported.changed_since(snapshot));
    for (entity, value) in ENTITIES.into_iter().cycle().zip(VALUES) {
        assert_eq!(answers(snapshot, entity, value), answers(&imported, entity, value));
    }
}

/// What every key answers when each context key has one value.
fn answers(snapshot: &Snapshot, entity: &str, value: Option<&str>) -> BTreeSet<String> {
    let context = Everywhere(value);
    let requests = snapshot.flags().iter().map(|flag| Request::new(flag.key(), entity, &context));
    evaluate::batch(snapshot, requests).into_iter().map(text_of).collect()
}

fn text_of(item: BatchItem<'_>) -> String {
    match item {
        BatchItem::Error { flag, error } => format!("{flag}: {}", error.code()),
        answer => format!("{answer:?}"),
    }
}

/// A context in which every key has one value.
struct Everywhere<'a>(Option<&'a str>);

impl evaluate::Context for Everywhere<'_> {
    fn value(&self, _: &str) -> Option<&str> {
        self.0
    }
}

/// The lines of a text, until one is too long.
fn lines_of(text: &[u8], max: usize) -> Vec<Result<Vec<u8>, TooLong>> {
    let mut lines = Vec::new();
    let mut segments = text.split(|byte| *byte == b'\n').peekable();
    while let Some(segment) = segments.next() {
        if segment.len() > max {
            lines.push(Err(TooLong));
            break;
        }
        if segments.peek().is_some() && !segment.trim_ascii().is_empty() {
            lines.push(Ok(segment.to_vec()));
        }
    }
    lines
}

fn decoded(chunks: &[&[u8]], max: usize) -> Vec<Result<Vec<u8>, TooLong>> {
    let mut decoder = LineDecoder::new(max);
    let mut lines = Vec::new();
    for chunk in chunks {
        decoder.push(chunk);
        while let Some(line) = decoder.next_line() {
            lines.push(line.map(|line| line.to_vec()));
            if lines.last().is_some_and(Result::is_err) {
                return lines;
            }
        }
    }
    lines
}

/// Flags of every kind, for frames to ask about.
const FLAGS: &[u8] = br#"{"namespace":{"key":"default"},"digest":"d","flags":[
    {"key":"plain","type":"BOOLEAN_FLAG_TYPE","enabled":true},
    {"key":"rolled","type":"BOOLEAN_FLAG_TYPE","rollouts":[
      {"type":"THRESHOLD_ROLLOUT_TYPE","threshold":{"percentage":50,"value":true}},
      {"type":"SEGMENT_ROLLOUT_TYPE","segment":{"value":true,"segments":[{"key":"s","constraints":[
        {"type":"STRING_CONSTRAINT_COMPARISON_TYPE","property":"plan","operator":"prefix","value":"p"}]}]}}]},
    {"key":"split","enabled":true,"rules":[{"segments":[
      {"key":"a","matchType":"ANY_SEGMENT_MATCH_TYPE","constraints":[
        {"type":"NUMBER_CONSTRAINT_COMPARISON_TYPE","property":"age","operator":"gt","value":"3"},
        {"type":"DATETIME_CONSTRAINT_COMPARISON_TYPE","property":"since","operator":"lt","value":"2024-01-01"},
        {"type":"BOOLEAN_CONSTRAINT_COMPARISON_TYPE","property":"on","operator":"true"},
        {"type":"STRING_CONSTRAINT_COMPARISON_TYPE","property":"k4","operator":"notempty"},
        {"type":"STRING_CONSTRAINT_COMPARISON_TYPE","property":"k5","operator":"notempty"},
        {"type":"STRING_CONSTRAINT_COMPARISON_TYPE","property":"k6","operator":"notempty"},
        {"type":"STRING_CONSTRAINT_COMPARISON_TYPE","property":"k7","operator":"notempty"}]},
      {"key":"b"}],
      "distributions":[{"variantKey":"x","rollout":40},{"variantKey":"y","rollout":60}]}]},
    {"key":"odd","type":"NEW_FLAG_TYPE"}]}"#;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Mutations of the corpus that each property is tried with.
    const MUTATIONS: usize = 2_000;

    #[test]
    fn snapshots() {
        hold("snapshot", snapshot);
    }

    #[test]
    fn portable_snapshots() {
        hold("portable", portable);
    }

    #[test]
    fn feature_files() {
        hold("features", features);
    }

    #[test]
    fn streams() {
        hold("lines", lines);
    }

    #[test]
    fn cache_files() {
        hold("cache", cache);
    }

    #[test]
    fn frames() {
        hold("frame", frame);
    }

    /// A corpus of inputs that are all refused would say little.
    #[test]
    fn the_corpus_is_read() {
        for (name, bytes) in corpus("snapshot") {
            let is_error = ["empty-namespace.json", "not-found.json", "unauthenticated.json"].contains(&&*name);
            assert_eq!(Snapshot::parse(&bytes, None).is_err(), is_error, "{name}");
        }
        for (name, bytes) in corpus("portable") {
            assert!(Snapshot::parse_portable(bytes.into(), "default", None).is_ok(), "{name}");
        }
        for (name, bytes) in corpus("features") {
            let refused = !features::read_file(&name, &bytes).problems().is_empty();
            let dropped = ["bad-114", "bad-115", "bad-122"].iter().any(|dropped| name.starts_with(dropped));
            assert_eq!(refused, name.starts_with("bad") && !dropped, "{name}");
        }
        assert!(corpus("lines").iter().any(|(_, bytes)| lines_of(&bytes[2..], usize::MAX).len() > 1));
        for (name, bytes) in corpus("frame") {
            assert_eq!(is_answered(&bytes), !["cut", "unknown-type"].contains(&&*name), "{name}");
        }
        for (name, bytes) in corpus("cache") {
            assert!(cache::fuzz(&bytes), "{name}");
        }
    }

    /// Tries a property with the corpus of its target and with mutations of it, the same in every run.
    fn hold(target: &str, property: fn(&[u8])) {
        let corpus = corpus(target);
        for (_, bytes) in &corpus {
            tried(bytes, property);
        }
        let mut random = Random(0x5eed);
        for _mutation in 0..MUTATIONS {
            let mut bytes = corpus[random.below(corpus.len())].1.clone();
            for _change in 0..=random.below(4) {
                random.mutate(&mut bytes, &corpus);
            }
            tried(&bytes, property);
        }
    }

    fn tried(bytes: &[u8], property: fn(&[u8])) {
        /// Shows the input of a property that panics.
        struct Shown<'a>(&'a [u8]);

        impl Drop for Shown<'_> {
            fn drop(&mut self) {
                if std::thread::panicking() {
                    println!("the input was b\"{}\"", self.0.escape_ascii());
                }
            }
        }

        let _shown = Shown(bytes);
        property(bytes);
    }

    fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join("corpus").join(target);
        let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
            .collect();
        assert!(!files.is_empty());
        files.sort_unstable();
        files
    }

    const TOKENS: [&[u8]; 24] = [
        b"null",
        b"true",
        b"\"\"",
        b"{}",
        b"[]",
        b"{",
        b"]",
        b",",
        b":",
        b"\"",
        b"0",
        b"-1",
        b"1e999",
        b"\"NaN\"",
        b"\"Infinity\"",
        b"1.5",
        b"9223372036854775808",
        b"\\ud800",
        b"\\u0000",
        b"\xff",
        b"\n",
        b"\xef\xbb\xbf",
        b"\"AND_SEGMENT_OPERATOR\"",
        b"\"BOOLEAN_FLAG_TYPE\"",
    ];

    /// Splitmix64: the same numbers on every machine.
    struct Random(u64);

    impl Random {
        fn number(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut bits = self.0;
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            bits ^ (bits >> 31)
        }

        fn below(&mut self, limit: usize) -> usize {
            usize::try_from(self.number() % u64::try_from(limit.max(1)).unwrap()).unwrap()
        }

        /// A short range inside `length`.
        fn range(&mut self, length: usize) -> std::ops::Range<usize> {
            let start = self.below(length + 1);
            start..start + self.below((length - start).min(40) + 1)
        }

        fn mutate(&mut self, bytes: &mut Vec<u8>, corpus: &[(String, Vec<u8>)]) {
            let range = self.range(bytes.len());
            let at = range.start;
            match self.below(8) {
                0 => bytes.truncate(at),
                1 => drop(bytes.drain(range)),
                2 => {
                    let again = bytes[range].to_vec();
                    let at = self.below(bytes.len() + 1);
                    drop(bytes.splice(at..at, again));
                }
                3 => {
                    let token = TOKENS[self.below(TOKENS.len())];
                    drop(bytes.splice(range, token.iter().copied()));
                }
                4 => {
                    let other = &corpus[self.below(corpus.len())].1;
                    let from = self.range(other.len());
                    drop(bytes.splice(range, other[from].iter().copied()));
                }
                5 => {
                    let number = [0, 1, 8, 16, 255, 0x7fff_ffff, u32::MAX][self.below(7)].to_le_bytes();
                    bytes.iter_mut().skip(at / 4 * 4).zip(number).for_each(|(byte, new)| *byte = new);
                }
                6 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << (at % 8)),
                _ => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = (at % 251) as u8),
            }
        }
    }
}
