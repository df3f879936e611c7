//! What stands in a cache file. Numbers are little-endian.
//!
//! | at | what |
//! |---|---|
//! | 0 | [`MAGIC`] |
//! | 8 | the number of this format, 32 bits |
//! | 12 | the CRC-32 (IEEE) of everything before and behind it, 32 bits |
//! | 16 | the length of the head, 32 bits |
//! | 20 | the length of the text, 32 bits |
//! | 24 | the head as JSON: whose flag state it is, its ETag, its form, when it was saved |
//! | behind | the text that the flag state was read from, byte for byte |

use std::fmt;
use std::time::{Duration, SystemTime};

use crc32fast::Hasher;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::error::Error;
use crate::snapshot::{Compatibility, Snapshot};
use crate::store::Installed;

/// No text file begins like this, and a copy that mends line ends destroys it.
const MAGIC: &[u8; 8] = b"flipt\r\n\x1a";
const FORMAT: u32 = 1;
/// What stands before the head.
const PREFIX: usize = 24;
/// The longest head, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// How far a file's clock may be ahead of ours.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(24 * 60 * 60);

/// Whose flag state it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    /// Without credentials and without a query.
    url: String,
    environment: String,
    namespace: String,
    reference: Option<String>,
}

impl Identity {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            url: config.url.to_string(),
            environment: config.environment.clone(),
            namespace: config.namespace.clone(),
            reference: config.reference.clone(),
        }
    }

    /// The first option in which the two differ.
    fn difference(&self, other: &Self) -> Option<&'static str> {
        [
            ("url", self.url != other.url),
            ("environment", self.environment != other.environment),
            ("namespace", self.namespace != other.namespace),
            ("reference", self.reference != other.reference),
        ]
        .into_iter()
        .find_map(|(option, differs)| differs.then_some(option))
    }
}

/// What a reader demands of a file.
#[derive(Debug, Clone)]
pub(super) struct Demands {
    pub(super) identity: Identity,
    pub(super) compatibility: Option<Compatibility>,
    pub(super) max_age: Option<Duration>,
    pub(super) max_snapshot_bytes: usize,
}

impl Demands {
    /// The largest file that can fulfil them, in bytes.
    pub(super) fn max_bytes(&self) -> u64 {
        let bytes = self.max_snapshot_bytes.saturating_add(PREFIX + MAX_HEAD);
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// Flag state to start from.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) snapshot: Snapshot,
    /// What to send as `If-None-Match`.
    pub(crate) etag: Option<String>,
    pub(crate) saved_at: SystemTime,
}

/// Why a file is not used.
#[derive(Debug, Clone)]
pub(super) enum Refusal {
    NotRegular,
    TooLarge,
    NotOurs,
    OtherFormat(u32),
    Incomplete,
    Checksum,
    Head,
    /// It belongs to a client with another value of this option.
    Foreign(&'static str),
    FromTheFuture,
    TooOld(Duration),
    Unreadable(Error),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(flatten)]
    identity: Identity,
    etag: Option<String>,
    form: Form,
    /// Milliseconds since 1970.
    saved_at: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    Body,
    Portable,
}

/// What stands in the file before the text; nothing when the head is too long to be read back.
pub(super) fn head(identity: &Identity, installed: &Installed, now: SystemTime) -> Option<Vec<u8>> {
    let Installed { snapshot, etag, .. } = installed;
    let head = Head {
        identity: identity.clone(),
        etag: etag.clone(),
        form: if snapshot.is_portable() { Form::Portable } else { Form::Body },
        saved_at: milliseconds(now),
    };
    let head = serde_json::to_vec(&head).ok().filter(|head| head.len() <= MAX_HEAD)?;
    let lengths = [u32::try_from(head.len()).ok()?, u32::try_from(snapshot.text().len()).ok()?];
    let mut bytes = Vec::with_capacity(PREFIX + head.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    lengths.iter().for_each(|length| bytes.extend_from_slice(&length.to_le_bytes()));
    bytes.extend_from_slice(&head);
    let checksum = checksum(&[&bytes[..12], &bytes[16..], snapshot.text()]);
    bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
    Some(bytes)
}

/// The flag state in a file, if the file is whole and what is demanded.
pub(super) fn read(bytes: &[u8], demands: &Demands, now: SystemTime) -> Result<Restored, Refusal> {
    let (head, text) = split(bytes)?;
    let saved_at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(head.saved_at)).ok_or(Refusal::Head)?;
    if let Some(option) = head.identity.difference(&demands.identity) {
        return Err(Refusal::Foreign(option));
    }
    if saved_at.duration_since(now).is_ok_and(|ahead| ahead > CLOCK_TOLERANCE) {
        return Err(Refusal::FromTheFuture);
    }
    let age = now.duration_since(saved_at).unwrap_or_default();
    if demands.max_age.is_some_and(|max| age > max) {
        return Err(Refusal::TooOld(age));
    }
    if text.len() > demands.max_snapshot_bytes {
        return Err(Refusal::TooLarge);
    }
    let snapshot = match head.form {
        Form::Body => Snapshot::parse(text, demands.compatibility),
        Form::Portable => Snapshot::parse_portable(text.into(), &demands.identity.namespace, demands.compatibility),
    };
    Ok(Restored { snapshot: snapshot.map_err(Refusal::Unreadable)?, etag: head.etag, saved_at })
}

/// The two parts of a whole file.
fn split(bytes: &[u8]) -> Result<(Head, &[u8]), Refusal> {
    let magic = bytes.len().min(MAGIC.len());
    if bytes[..magic] != MAGIC[..magic] {
        return Err(Refusal::NotOurs);
    }
    let number = |at: usize| bytes.get(at..).and_then(|rest| rest.first_chunk()).map(|four| u32::from_le_bytes(*four));
    let format = number(8).ok_or(Refusal::Incomplete)?;
    if format != FORMAT {
        return Err(Refusal::OtherFormat(format));
    }
    let [checksum_sent, head, text] = [number(12), number(16), number(20)];
    let length = |number: Option<u32>| number.map(|number| number as usize).ok_or(Refusal::Incomplete);
    let (head, text) = (length(head)?, length(text)?);
    let rest = &bytes[PREFIX..];
    if head.checked_add(text) != Some(rest.len()) {
        return Err(Refusal::Incomplete);
    }
    if checksum_sent != Some(checksum(&[&bytes[..12], &bytes[16..]])) {
        return Err(Refusal::Checksum);
    }
    let (head, text) = rest.split_at(head);
    Ok((serde_json::from_slice(head).map_err(|_| Refusal::Head)?, text))
}

fn checksum(parts: &[&[u8]]) -> u32 {
    let mut hasher = Hasher::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize()
}

fn milliseconds(at: SystemTime) -> u64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// What [`crate::fuzz::cache`] holds this format to; whether the file is read once its checksum is right.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(bytes: &[u8]) -> bool {
    let mut sealed = bytes.to_vec();
    if sealed.len() >= PREFIX {
        let checksum = checksum(&[&sealed[..12], &sealed[16..]]);
        sealed[12..16].copy_from_slice(&checksum.to_le_bytes());
    }
    let config = Config::default();
    let demands = Demands {
        identity: Identity::new(&config),
        compatibility: None,
        max_age: None,
        max_snapshot_bytes: config.max_snapshot_bytes,
    };
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    assert!(bytes == sealed || read(bytes, &demands, now).is_err(), "the checksum is wrong");
    let Ok(Restored { snapshot, etag, .. }) = read(&sealed, &demands, now) else { return false };
    let (writer, store) = crate::store::store();
    writer.install(snapshot, etag);
    let Ok(installed) = store.installed() else { return false };
    if let Some(mut saved) = head(&demands.identity, &installed, now) {
        saved.extend_from_slice(installed.snapshot.text());
        let restored = read(&saved, &demands, now);
        assert!(restored.is_ok_and(|restored| {
            restored.etag == installed.etag && restored.snapshot.changed_since(&installed.snapshot).is_empty()
        }));
    }
    true
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRegular => f.write_str("it is not a regular file"),
            Self::TooLarge => f.write_str("it is larger than maxSnapshotBytes allows"),
            Self::NotOurs => f.write_str("it is not a file of this cache"),
            Self::OtherFormat(format) => write!(f, "it has format {format}, which this version does not read"),
            Self::Incomplete => f.write_str("its length is not what it should be"),
            Self::Checksum => f.write_str("its checksum is wrong"),
            Self::Head => f.write_str("its head cannot be read"),
            Self::Foreign(option) => write!(f, "it was saved by a client with another {option}"),
            Self::FromTheFuture => f.write_str("it was saved in the future"),
            Self::TooOld(age) => write!(f, "it is {} s old, more than cache.maxAgeMs allows", age.as_secs()),
            Self::Unreadable(error) => write!(f, "its flag state cannot be read: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::testing::{at, body, config, in_force, installed};
    use super::*;
    use crate::config::{Authentication, Token};
    use crate::redact::Secret;

    const DAY: u64 = 24 * 60 * 60;

    fn demands(config: &Config) -> Demands {
        Demands {
            identity: Identity::new(config),
            compatibility: None,
            max_age: None,
            max_snapshot_bytes: config.max_snapshot_bytes,
        }
    }

    fn file(installed: &Arc<Installed>) -> Vec<u8> {
        let mut bytes = head(&Identity::new(&config("f")), installed, at(0)).unwrap();
        bytes.extend_from_slice(installed.snapshot.text());
        bytes
    }

    fn refusal(bytes: &[u8], demands: &Demands, now: SystemTime) -> String {
        read(bytes, demands, now).unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_is_read() {
        let demands = demands(&config("f"));
        let restored = read(&file(&installed("d1")), &demands, at(60)).unwrap();
        assert_eq!(restored.snapshot.text(), body("d1"));
        assert_eq!(restored.snapshot.digest(), Some("d1"));
        assert_eq!((restored.etag.as_deref(), restored.saved_at), (Some("d1"), at(0)));
    }

    #[test]
    fn a_portable_snapshot_and_one_of_a_v1_server_stay_what_they_are() {
        let demands = demands(&config("f"));
        let v1 = br#"{"namespace":{"key":"default"},"flags":[{"key":"a","type":"BOOLEAN_FLAG_TYPE"}]}"#;
        let served = Snapshot::parse(v1, None).unwrap();
        let imported = Snapshot::import(&served.export(), "default", None).unwrap();
        for snapshot in [served, imported] {
            let before = in_force(snapshot, Some("W/\"odd\"".to_owned()));
            let restored = read(&file(&before), &demands, at(0)).unwrap();
            assert_eq!(restored.snapshot.compatibility(), Compatibility::V1);
            assert_eq!(restored.snapshot.text(), before.snapshot.text());
            assert_eq!(restored.snapshot.is_portable(), before.snapshot.is_portable());
            assert!(restored.snapshot.changed_since(&before.snapshot).is_empty());
            assert_eq!(restored.etag, before.etag);
        }
    }

    #[test]
    fn no_flipped_bit_goes_unnoticed() {
        let demands = demands(&config("f"));
        let whole = file(&installed("d1"));
        for position in 0..whole.len() {
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[position] ^= 1 << bit;
                assert!(read(&bytes, &demands, at(0)).is_err(), "byte {position}, bit {bit}");
            }
        }
    }

    #[test]
    fn no_other_length_goes_unnoticed() {
        let demands = demands(&config("f"));
        let mut bytes = file(&installed("d1"));
        bytes.push(0);
        assert!(read(&bytes, &demands, at(0)).is_err());
        bytes.pop();
        assert!(read(&bytes, &demands, at(0)).is_ok());
        while bytes.pop().is_some() {
            assert_eq!(refusal(&bytes, &demands, at(0)), Refusal::Incomplete.to_string(), "{} bytes", bytes.len());
        }
    }

    proptest! {
        #[test]
        fn random_bytes_are_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..300), known in 0usize..30) {
            let whole = file(&installed("d1"));
            for (byte, known) in bytes.iter_mut().zip(&whole[..known]) {
                *byte = *known;
            }
            prop_assert!(read(&bytes, &demands(&config("f")), at(0)).is_err());
        }
    }

    #[test]
    fn a_valid_checksum_makes_no_head_valid() {
        let demands = demands(&config("f"));
        for (head, text) in [("", "{}"), ("{}", ""), ("[]", "x"), ("{\"url\":1}", ""), ("null", "{\"flags\":[]}")] {
            let mut bytes = [&MAGIC[..], &FORMAT.to_le_bytes(), &[0; 4]].concat();
            for part in [head, text] {
                bytes.extend_from_slice(&u32::try_from(part.len()).unwrap().to_le_bytes());
            }
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(text.as_bytes());
            let sum = checksum(&[&bytes[..12], &bytes[16..]]);
            bytes[12..16].copy_from_slice(&sum.to_le_bytes());
            assert_eq!(refusal(&bytes, &demands, at(0)), Refusal::Head.to_string(), "{head}");
        }
    }

    #[test]
    fn a_file_of_another_client_is_told_by_the_option_that_differs() {
        let bytes = file(&installed("d1"));
        let base = config("f");
        for (other, option) in [
            (Config { url: "http://localhost:8081".parse().unwrap(), ..base.clone() }, "url"),
            (Config { url: "http://localhost:8080/base".parse().unwrap(), ..base.clone() }, "url"),
            (Config { environment: "staging".to_owned(), ..base.clone() }, "environment"),
            (Config { namespace: "other".to_owned(), ..base.clone() }, "namespace"),
            (Config { reference: Some("main".to_owned()), ..base.clone() }, "reference"),
        ] {
            let expected = format!("it was saved by a client with another {option}");
            assert_eq!(refusal(&bytes, &demands(&other), at(0)), expected);
        }
        let other_path = config("g");
        assert!(read(&bytes, &demands(&other_path), at(0)).is_ok(), "a file may be moved");
    }

    #[test]
    fn age_counts_by_the_time_of_saving() {
        let bytes = file(&installed("d1"));
        let any = demands(&config("f"));
        let hour = Demands { max_age: Some(Duration::from_secs(3600)), ..any.clone() };
        assert!(read(&bytes, &any, at(1000 * DAY)).is_ok(), "any age");
        assert!(read(&bytes, &hour, at(3600)).is_ok());
        assert_eq!(refusal(&bytes, &hour, at(3601)), "it is 3601 s old, more than cache.maxAgeMs allows");
        let before = |seconds| at(0) - Duration::from_secs(seconds);
        assert!(read(&bytes, &hour, before(DAY)).is_ok(), "a clock may be a day behind");
        assert_eq!(refusal(&bytes, &any, before(DAY + 1)), "it was saved in the future");
        assert_eq!(refusal(&bytes, &any, SystemTime::UNIX_EPOCH), "it was saved in the future");
    }

    #[test]
    fn another_format_and_too_large_a_text_are_refused() {
        let mut bytes = file(&installed("d1"));
        let small = Demands { max_snapshot_bytes: body("d1").len() - 1, ..demands(&config("f")) };
        assert_eq!(refusal(&bytes, &small, at(0)), Refusal::TooLarge.to_string());
        bytes[8] = 2;
        assert_eq!(refusal(&bytes, &small, at(0)), "it has format 2, which this version does not read");
    }

    #[test]
    fn a_head_that_could_not_be_read_back_is_not_written() {
        let long = Config { environment: "e".repeat(MAX_HEAD), ..config("f") };
        assert!(head(&Identity::new(&long), &installed("d1"), at(0)).is_none());
    }

    #[test]
    fn no_credential_is_written() {
        let token = Secret::new("hunter2");
        let config = Config { authentication: vec![Authentication::ClientToken(Token::Fixed(token))], ..config("f") };
        let head = head(&Identity::new(&config), &installed("d1"), at(0)).unwrap();
        let text = String::from_utf8_lossy(&head);
        assert!(text.contains("http://localhost:8080/") && !text.contains("hunter2"), "{text}");
    }
}
