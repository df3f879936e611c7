//! The buffer in which JavaScript asks and is answered, without an object crossing the border.
//!
//! All numbers are little-endian and all positions are in bytes. JavaScript writes
//!
//! | at | what |
//! |---|---|
//! | 0 | generation that the flag positions belong to, 64 bits |
//! | 8 | number of items, 32 bits |
//! | 16 | the items, one behind the other, each beginning at a multiple of 4 |
//!
//! and for each item
//!
//! | at | what |
//! |---|---|
//! | 0 | position of the flag, 32 bits |
//! | 4 | where the entity id stands in the buffer, and its length, 32 bits each |
//! | 12 | the same for the value of each context key that the flag reads; length 0 when absent |
//!
//! Texts are UTF-8 and may stand anywhere in the buffer, so that JavaScript can leave those that it asks about again and
//! again where they are.
//!
//! The answer overwrites the beginning with a [`Status`] (32 bits), the whole duration in nanoseconds (32 bits) and the
//! time in milliseconds of a clock that never goes back (a 64-bit float); and each item's first 12 bytes with the
//! position of its outcome, the mask of matched segments and its duration in nanoseconds.
//!
//! Whatever the bytes are, reading them is safe: everything is checked here, in safe code.

use super::decide;
use super::types::Values;
use crate::snapshot::Flag;
use crate::store::{Installed, Store};

/// Where the items begin.
pub const HEADER: usize = 16;
/// How many bytes of an item stand before the values of its keys.
pub const ITEM_HEADER: usize = 12;
/// How many bytes say where a text stands.
const TEXT: usize = 8;

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
    let status = if store.is_closed() {
        Status::Closed
    } else {
        match &*store.load() {
            None => Status::NotReady,
            Some(installed) => items(installed, buffer, started, &now).unwrap_or(Status::Malformed),
        }
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
fn items(installed: &Installed, buffer: &mut [u8], started: u64, now: &impl Fn() -> u64) -> Option<Status> {
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
    head[8..].copy_from_slice(&milliseconds(before).to_le_bytes());
    Some(Status::Answered)
}

/// One item, borrowed from the buffer.
struct Item<'a> {
    flag: &'a Flag,
    entity: &'a str,
    buffer: &'a [u8],
    /// Where the texts of the values stand, [`TEXT`] bytes each.
    values: &'a [u8],
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
        let readable = values.chunks_exact(TEXT).all(|place| text(buffer, place).is_some());
        readable.then_some(Self { flag, entity, buffer, values, end })
    }
}

impl Values for Item<'_> {
    fn value(&self, _: &Flag, position: u32) -> &str {
        let place = self.values.get(position as usize * TEXT..).unwrap_or_default();
        text(self.buffer, place).unwrap_or_default()
    }
}

/// The text that stands where `place` says: its beginning and its length.
fn text<'a>(buffer: &'a [u8], place: &[u8]) -> Option<&'a str> {
    let begin = read(place, 0)? as usize;
    let length = read(place, 4)? as usize;
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
