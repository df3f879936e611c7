//! Nanoseconds of an evaluation without JavaScript: `cargo bench -p flipt-engine`.
//!
//! The workload is the one of `test/bench/workload.mjs`, built from the same arithmetic; equal checksums show that both
//! ask the same and are answered the same. One line a row: name, minimum, median, checksum.
#![expect(clippy::print_stdout, reason = "a benchmark reports on the terminal")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use flipt_engine::evaluate::{self, Request, frame};
use flipt_engine::snapshot::Snapshot;
use flipt_engine::store::{self, Store};
use flipt_engine::{ErrorKind, Result};

const COUNTRIES: [&str; 10] = ["DE", "AT", "CH", "FR", "IT", "ES", "NL", "BE", "PL", "SE"];
const USERS: u32 = 10_000;
const ROUNDS: usize = 201;
/// Calls of a round, and as many as `test/bench` sums up for its checksums.
const CALLS: u32 = 20_000;

struct User {
    id: String,
    context: [(&'static str, String); 3],
}

fn users() -> Vec<User> {
    let user = |index: u32| {
        let hash = (index + 1).wrapping_mul(2_654_435_761);
        let country = COUNTRIES[(hash >> 8) as usize % COUNTRIES.len()].to_owned();
        let plan = if (hash >> 16) % 10 < 7 { "pro" } else { "free" }.to_owned();
        let age = (18 + (hash >> 4) % 50).to_string();
        User { id: format!("user-{hash:08x}"), context: [("country", country), ("plan", plan), ("age", age)] }
    };
    (0..USERS).map(user).collect()
}

/// A body of boolean flags: targeting by three constraints, and for every second flag a percentage behind it.
fn body(flags: usize) -> String {
    let mut body = String::from(r#"{"namespace":{"key":"bench"},"digest":"bench","flags":["#);
    for index in 0..flags {
        let comma = if index == 0 { "" } else { "," };
        let plan = if index.is_multiple_of(5) { "free" } else { "pro" };
        let countries: Vec<_> = (0..7).map(|offset| format!(r#"\"{}\""#, COUNTRIES[(index + offset) % 10])).collect();
        let (countries, age) = (countries.join(","), 20 + index % 10);
        let threshold = if index.is_multiple_of(2) {
            String::new()
        } else {
            let percentage = 10 + index * 7 % 81;
            format!(
                r#",{{"type":"THRESHOLD_ROLLOUT_TYPE","rank":2,"threshold":{{"percentage":{percentage},"value":true}}}}"#
            )
        };
        let _ = write!(
            body,
            r#"{comma}{{"key":"flag-{index}","type":"BOOLEAN_FLAG_TYPE","enabled":false,"rollouts":[{{"type":"SEGMENT_ROLLOUT_TYPE","rank":1,"segment":{{"value":true,"segmentOperator":"OR_SEGMENT_OPERATOR","segments":[{{"key":"segment-{index}","matchType":"ALL_SEGMENT_MATCH_TYPE","constraints":[{{"type":"STRING_CONSTRAINT_COMPARISON_TYPE","property":"plan","operator":"eq","value":"{plan}"}},{{"type":"STRING_CONSTRAINT_COMPARISON_TYPE","property":"country","operator":"isoneof","value":"[{countries}]"}},{{"type":"NUMBER_CONSTRAINT_COMPARISON_TYPE","property":"age","operator":"gt","value":"{age}"}}]}}]}}}}{threshold}]}}"#
        );
    }
    body.push_str("]}");
    body
}

/// Users one after the other, flags round robin, shifted by one whenever the users start again.
struct Walk {
    user: usize,
    flag: usize,
    flags: usize,
}

impl Walk {
    fn step(&mut self) {
        self.user += 1;
        if self.user == USERS as usize {
            self.user = 0;
            self.flag += 1;
        }
        self.flag += 1;
        if self.flag >= self.flags {
            self.flag -= self.flags;
        }
    }
}

/// Measures rounds of calls and prints minimum and median; the checksum is that of the first calls, before any timing.
///
/// A word on the command line leaves only the rows whose names contain it.
fn report(name: &str, flags: usize, mut call: impl FnMut(usize, usize) -> Result<u64>) -> Result<()> {
    let mut words = std::env::args().skip(1).filter(|word| !word.starts_with('-'));
    if words.next().is_some_and(|word| !name.contains(&word)) {
        return Ok(());
    }
    let mut walk = Walk { user: 0, flag: 0, flags };
    let mut round = |calls: u32| -> Result<u64> {
        let mut sum = 0;
        for _ in 0..calls {
            sum += call(walk.flag, walk.user)?;
            walk.step();
        }
        Ok(black_box(sum))
    };
    let checksum = round(CALLS)?;
    let mut nanos = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        round(CALLS)?;
        nanos.push(started.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS));
    }
    nanos.sort_by(f64::total_cmp);
    println!("{name}: min {:.1} ns, median {:.1} ns, checksum {checksum}", nanos[0], nanos[ROUNDS / 2]);
    Ok(())
}

/// The buffer as JavaScript fills it for one evaluation; the answer overwrites what was asked.
fn ask(buffer: &mut [u8], generation: u64, flag: usize, user: &User, keys: &[Box<str>]) {
    let word = |buffer: &mut [u8], at: usize, value: usize| {
        buffer[at..at + 4].copy_from_slice(&u32::try_from(value).unwrap_or_default().to_le_bytes());
    };
    buffer[..8].copy_from_slice(&generation.to_le_bytes());
    word(buffer, 8, 1);
    word(buffer, frame::HEADER, flag);
    let value = |key: &str| user.context.iter().find(|(name, _)| *name == key).map_or("", |(_, value)| value.as_str());
    let texts = std::iter::once(user.id.as_str()).chain(keys.iter().map(|key| value(key)));
    let mut place = frame::HEADER + 4;
    let mut at = frame::HEADER + frame::ITEM_HEADER + 8 * keys.len();
    for text in texts {
        word(buffer, place, at);
        word(buffer, place + 4, text.len());
        buffer[at..at + text.len()].copy_from_slice(text.as_bytes());
        place += 8;
        at += text.len();
    }
}

/// The whole native half of a fast call: the buffer filled, decoded, decided and answered, with its clock.
///
/// The checksum adds up whether the answers are on, as it would with `evaluate::boolean`.
fn through_frame(store: &Store, users: &[User], flags: usize, name: &str) -> Result<()> {
    let anchor = Instant::now();
    let now = || u64::try_from(anchor.elapsed().as_nanos()).unwrap_or_default();
    let guard = store.load();
    let Some(installed) = &*guard else { return Ok(()) };
    let mut buffer = vec![0u8; 4096];
    report(name, flags, |flag, user| {
        let definition = &installed.snapshot.flags()[flag];
        ask(&mut buffer, installed.generation, flag, &users[user], definition.keys());
        frame::answer(store, &mut buffer, now);
        let outcome = usize::from(buffer[frame::HEADER]);
        let answered = buffer[0] == frame::Status::Answered as u8;
        let outcome = definition.outcomes().get(outcome).filter(|_| answered).ok_or(ErrorKind::Panic)?;
        Ok(u64::from(outcome.on))
    })
}

fn main() -> Result<()> {
    let users = users();
    let body = body(1000);
    let started = Instant::now();
    let snapshot = Snapshot::parse(body.as_bytes(), None)?;
    println!("parse 1000 flags ({} bytes): {:.2} ms", body.len(), started.elapsed().as_secs_f64() * 1e3);

    let keys: Vec<String> = snapshot.flags().iter().map(|flag| flag.key().to_owned()).collect();
    for (name, flags) in [("boolean hot", 20), ("boolean wide", 1000)] {
        report(name, flags, |flag, user| {
            let user = &users[user];
            let answer = evaluate::boolean(&snapshot, &Request::new(&keys[flag], &user.id, &user.context))?;
            Ok(u64::from(answer.enabled) + answer.reason.len() as u64 + answer.segment_keys.len() as u64)
        })?;
    }
    let (writer, store) = store::store();
    writer.install(snapshot, None);
    through_frame(&store, &users, 20, "frame hot")?;
    through_frame(&store, &users, 1000, "frame wide")
}
