//! The buffer in which JavaScript asks and is answered, without an object crossing the border.
//!
//! All numbers are little-endian and all positions are in bytes. JavaScript writes
//!
//! | at | what |
//! |---|---|
//! | 0 | generation that the flag positions belong to, 64 bits |
//! | 8 | number of items, 32 bits |
//! | 24 | the items, one behind the other, each beginning at a multiple of 4 |
//!
//! and for each item
//!
//! | at | what |
//! |---|---|
//! | 0 | position of the flag, 32 bits |
//! | 4 | where the entity id stands in the buffer, and its length, 32 bits each |
//! | 12 | the same for the value of each context key that the flag reads; length 0, wherever, when absent |
//!
//! Texts are UTF-8 and may stand anywhere in the buffer, so that JavaScript can leave those that it asks about again and
//! again where they are.
//!
//! The answer overwrites the beginning with a [`Status`] (32 bits), the whole duration in nanoseconds (32 bits) and the
//! time in milliseconds of a clock that never goes back (a 64-bit float) and whether the flag state is stale (1 or 0, 32
//! bits); and each item's first 12 bytes with the position of its outcome, the mask of matched segments and its duration
//! in nanoseconds.
//!
//! Whatever the bytes are, reading them is safe: everything is checked here, in safe code.

use super::decide;
use super::types::Values;
use crate::snapshot::Flag;
use crate::store::{Installed, Store};

/// The number of this layout. It changes with the tables above, so that two that do not fit never meet.
pub const LAYOUT: u32 = 3;
/// Where the items begin.
pub const HEADER: usize = 24;
/// How many bytes of an item stand before the values of its keys.
pub const ITEM_HEADER: usize = 12;
/// How many bytes say where a text stands.
const TEXT: usize = 8;
/// How many values are read ahead.
const FIRST: usize = 6;

/// How a frame was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// Every item has its answer.
    Answered = 0,
    /// The flag positions belong to another snapshot.
    Stale = 1,
    /// The client is closed.
    Closed = 2,
    /// No snapshot has been installed.
    NotReady = 3,
    /// The bytes are not a frame.
    Malformed = 4,
    /// Answering panicked; the caller that catches it writes this.
    Panicked = 5,
}

/// Answers the frame in a buffer from the snapshot in force. `now` is a clock in nanoseconds that never goes back.
pub fn answer(store: &Store, buffer: &mut [u8], now: impl Fn() -> u64) {
    let started = now();
    let status = match &*store.load() {
        Some(installed) => items(installed, buffer, started, store.is_stale(), &now).unwrap_or(Status::Malformed),
        None if store.is_closed() => Status::Closed,
        None => Status::NotReady,
    };
    if status != Status::Answered {
        write_status(buffer, status);
    }
}

/// Writes a status alone, for a caller that could not answer.
pub fn write_status(buffer: &mut [u8], status: Status) {
    if let Some(head) = buffer.first_chunk_mut() {
        *head = (status as u32).to_le_bytes();
    }
}

/// `None` when the bytes are not a frame.
fn items(
    installed: &Installed,
    buffer: &mut [u8],
    started: u64,
    is_stale: bool,
    now: &impl Fn() -> u64,
) -> Option<Status> {
    let generation = u64::from(read(buffer, 0)?) | u64::from(read(buffer, 4)?) << 32;
    if generation != installed.generation {
        return Some(Status::Stale);
    }
    let count = read(buffer, 8)?;
    let mut at = HEADER;
    let mut before = started;
    for _ in 0..count {
        let item = Item::read(installed, buffer, at)?;
        let answer = decide::flag(item.flag, item.entity, &item);
        let next = item.end;
        let after = now();
        let slots = buffer.get_mut(at..)?.first_chunk_mut::<ITEM_HEADER>()?;
        slots[..4].copy_from_slice(&answer.outcome.to_le_bytes());
        slots[4..8].copy_from_slice(&answer.segments.to_le_bytes());
        slots[8..].copy_from_slice(&elapsed(before, after).to_le_bytes());
        before = after;
        at = next;
    }
    let head = buffer.first_chunk_mut::<HEADER>()?;
    head[..4].copy_from_slice(&(Status::Answered as u32).to_le_bytes());
    head[4..8].copy_from_slice(&elapsed(started, before).to_le_bytes());
    head[8..16].copy_from_slice(&milliseconds(before).to_le_bytes());
    head[16..20].copy_from_slice(&u32::from(is_stale).to_le_bytes());
    Some(Status::Answered)
}

/// One item, borrowed from the buffer.
struct Item<'a> {
    flag: &'a Flag,
    entity: &'a str,
    buffer: &'a [u8],
    /// Where the texts of the values stand, [`TEXT`] bytes each.
    values: &'a [u8],
    /// The first values, so that few flags read a text twice.
    first: [&'a str; FIRST],
    end: usize,
}

impl<'a> Item<'a> {
    fn read(installed: &'a Installed, buffer: &'a [u8], at: usize) -> Option<Self> {
        let flag = installed.snapshot.flags().get(read(buffer, at)? as usize)?;
        if flag.outcomes().is_empty() {
            return None;
        }
        let values_at = at.checked_add(ITEM_HEADER)?;
        let end = values_at.checked_add(flag.keys.len().checked_mul(TEXT)?)?;
        let entity = text(buffer, buffer.get(at + 4..values_at)?)?;
        let values = buffer.get(values_at..end)?;
        let mut first = [""; FIRST];
        for (position, place) in values.chunks_exact(TEXT).enumerate() {
            let value = text(buffer, place)?;
            if let Some(slot) = first.get_mut(position) {
                *slot = value;
            }
        }
        Some(Self { flag, entity, buffer, values, first, end })
    }
}

impl Values for Item<'_> {
    fn value(&self, _: &Flag, position: u32) -> &str {
        let position = position as usize;
        self.first.get(position).copied().unwrap_or_else(|| {
            let place = self.values.get(position * TEXT..).unwrap_or_default();
            text(self.buffer, place).unwrap_or_default()
        })
    }
}

/// The text that stands where `place` says: its beginning and its length.
fn text<'a>(buffer: &'a [u8], place: &[u8]) -> Option<&'a str> {
    let length = read(place, 4)? as usize;
    if length == 0 {
        return Some("");
    }
    let begin = read(place, 0)? as usize;
    std::str::from_utf8(buffer.get(begin..begin.checked_add(length)?)?).ok()
}

fn read(buffer: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*buffer.get(at..)?.first_chunk()?))
}

fn elapsed(from: u64, to: u64) -> u32 {
    u32::try_from(to.saturating_sub(from)).unwrap_or(u32::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of an uptime are far below 2^53")]
fn milliseconds(nanos: u64) -> f64 {
    (nanos / 1_000_000) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evaluate::{self, Request};
    use crate::snapshot::Snapshot;
    use crate::store::{StoreWriter, store};

    const BODY: &[u8] = br#"{"namespace":{"key":"n"},"digest":"d","flags":[
        {"key":"plain","type":"BOOLEAN_FLAG_TYPE","enabled":true},
        {"key":"split","type":"VARIANT_FLAG_TYPE","enabled":true,"rules":[{"id":"r","segmentOperator":"OR_SEGMENT_OPERATOR",
          "segments":[{"key":"all","matchType":"ALL_SEGMENT_MATCH_TYPE","constraints":[
            {"type":"STRING_CONSTRAINT_COMPARISON_TYPE","property":"plan","operator":"prefix","value":"p"},
            {"type":"NUMBER_CONSTRAINT_COMPARISON_TYPE","property":"age","operator":"gt","value":"3"}]},
           {"key":"some","matchType":"ANY_SEGMENT_MATCH_TYPE","constraints":[
            {"type":"STRING_CONSTRAINT_COMPARISON_TYPE","property":"plan","operator":"contains","value":"o"}]}],
          "distributions":[{"variantKey":"a","rollout":40},{"variantKey":"b","rollout":60}]}]},
        {"key":"odd","type":"NEW_FLAG_TYPE"}]}"#;

    fn installed() -> (StoreWriter, Store) {
        let (writer, store) = store();
        writer.install(Snapshot::parse(BODY, None).unwrap(), None);
        (writer, store)
    }

    fn generation(store: &Store) -> u64 {
        store.installed().unwrap().generation
    }

    /// A frame as JavaScript writes it: items first, texts behind them.
    fn frame(generation: u64, items: &[(u32, &str, Vec<&str>)]) -> Vec<u8> {
        let mut head = Vec::from(generation.to_le_bytes());
        head.extend_from_slice(&u32::try_from(items.len()).unwrap().to_le_bytes());
        head.resize(HEADER, 0);
        let size: usize = items.iter().map(|(_, _, values)| ITEM_HEADER + values.len() * TEXT).sum();
        let mut texts = Vec::new();
        let mut place = |text: &str| {
            let begin = u32::try_from(HEADER + size + texts.len()).unwrap();
            texts.extend_from_slice(text.as_bytes());
            [begin.to_le_bytes(), u32::try_from(text.len()).unwrap().to_le_bytes()].concat()
        };
        for (flag, entity, values) in items {
            head.extend_from_slice(&flag.to_le_bytes());
            head.extend(place(entity));
            values.iter().for_each(|value| head.extend(place(value)));
        }
        head.extend(texts);
        head
    }

    fn ask(store: &Store, buffer: &mut [u8]) -> u32 {
        let clock = std::cell::Cell::new(0);
        answer(store, buffer, || clock.replace(clock.get() + 7_000_000));
        read(buffer, 0).unwrap_or(u32::MAX)
    }

    #[test]
    fn an_answer_has_status_outcome_mask_and_times() {
        let (_writer, store) = installed();
        let mut buffer = frame(generation(&store), &[(0, "e", vec![]), (1, "e", vec!["pro", "4"])]);
        assert_eq!(ask(&store, &mut buffer), Status::Answered as u32);
        assert_eq!(read(&buffer, 4), Some(14_000_000), "both items together");
        assert_eq!(buffer[8..16], 14.0f64.to_le_bytes(), "the clock in milliseconds");
        assert_eq!(read(&buffer, 16), Some(0), "not stale");
        assert_eq!((read(&buffer, 24), read(&buffer, 28), read(&buffer, 32)), (Some(0), Some(0), Some(7_000_000)));
        assert_eq!(read(&buffer, 40), Some(0b11), "both segments matched");
    }

    #[cfg(feature = "sync")]
    #[test]
    fn an_answer_says_whether_flag_state_is_stale() {
        let (_writer, store) = installed();
        for stale in [true, false] {
            store.set_stale(stale);
            let mut buffer = frame(generation(&store), &[(0, "e", vec![])]);
            assert_eq!(ask(&store, &mut buffer), Status::Answered as u32);
            assert_eq!(read(&buffer, 16), Some(stale.into()));
        }
    }

    #[test]
    fn frames_that_cannot_be_answered_say_why() {
        let (writer, store) = installed();
        let generation = generation(&store);
        let ask_plain = |generation| ask(&store, &mut frame(generation, &[(0, "e", vec![])]));
        assert_eq!(ask_plain(generation + 1), Status::Stale as u32);
        assert_eq!(ask(&store, &mut frame(generation, &[(2, "e", vec![])])), Status::Malformed as u32, "unknown type");
        assert_eq!(ask(&store, &mut frame(generation, &[(3, "e", vec![])])), Status::Malformed as u32, "no such flag");
        writer.install(Snapshot::parse(BODY, None).unwrap(), None);
        assert_eq!(ask_plain(generation), Status::Stale as u32);
        let (_, empty) = crate::store::store();
        assert_eq!(ask(&empty, &mut frame(generation, &[])), Status::NotReady as u32);
        #[cfg(feature = "sync")]
        {
            store.close();
            assert_eq!(ask_plain(generation), Status::Closed as u32);
        }
    }

    proptest! {
        #[test]
        fn a_frame_answers_as_a_request_does(entity in ".{0,12}", plan in ".{0,6}|pro|o", age in ".{0,4}|[0-9]{1,3}") {
            let (_writer, store) = installed();
            let mut buffer = frame(generation(&store), &[(1, &entity, vec![&plan, &age])]);
            prop_assert_eq!(ask(&store, &mut buffer), Status::Answered as u32);
            let installed = store.installed().unwrap();
            let flag = installed.snapshot.flag("split").unwrap();
            let outcome = &flag.outcomes()[read(&buffer, HEADER).unwrap() as usize];
            let context = [("plan", plan.as_str()), ("age", age.as_str())];
            let expected = evaluate::variant(&installed.snapshot, &Request::new("split", &entity, &context)).unwrap();
            prop_assert_eq!(outcome.on, expected.matched);
            prop_assert_eq!(outcome.reason.as_str(), expected.reason);
            prop_assert_eq!(flag.variant(outcome).0, expected.variant_key);
            let mask = read(&buffer, HEADER + 4).unwrap();
            let keys: Vec<&str> = flag.segment_keys(outcome).enumerate().filter(|(bit, _)| mask >> bit & 1 == 1).map(|(_, key)| key).collect();
            prop_assert_eq!(keys, expected.segment_keys);
        }

        #[test]
        fn hostile_bytes_are_refused_or_answered(mut bytes in prop::collection::vec(any::<u8>(), 0..200), valid in any::<bool>()) {
            let (_writer, store) = installed();
            if let Some(head) = bytes.first_chunk_mut().filter(|_| valid) {
                *head = generation(&store).to_le_bytes();
            }
            let before = bytes.len();
            let status = ask(&store, &mut bytes);
            prop_assert_eq!(bytes.len(), before);
            prop_assert!(before < 4 || status <= Status::Malformed as u32);
        }

        #[test]
        fn a_frame_with_any_number_replaced_is_refused_or_answered(
            at in 2usize..22, number in prop_oneof![any::<u32>(), 0u32..200, Just(u32::MAX), Just(u32::MAX - 7)], cut in 0usize..80,
        ) {
            let (_writer, store) = installed();
            let mut buffer = frame(generation(&store), &[(1, "ents", vec!["prö", "4"]), (0, "e", vec![])]);
            if let Some(slot) = buffer.get_mut(at * 4..at * 4 + 4) {
                slot.copy_from_slice(&number.to_le_bytes());
            }
            buffer.truncate(buffer.len() - cut.min(buffer.len()));
            let status = ask(&store, &mut buffer);
            prop_assert!(buffer.len() < 4 || status == Status::Answered as u32 || status == Status::Malformed as u32 || status == Status::Stale as u32);
        }
    }

    #[test]
    fn texts_cut_inside_a_character_are_refused() {
        let (_writer, store) = installed();
        let mut buffer = frame(generation(&store), &[(1, "e", vec!["prö", "4"])]);
        let length = HEADER + ITEM_HEADER + 4;
        buffer[length..length + 4].copy_from_slice(&3u32.to_le_bytes());
        assert_eq!(ask(&store, &mut buffer), Status::Malformed as u32);
    }
}
