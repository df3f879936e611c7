//! Events that wait for a host which reads them when it has time.

use std::collections::{BTreeMap, VecDeque};
use std::mem::{discriminant, take};
use std::sync::Arc;

use super::{Changed, Event, LogLevel};
use crate::snapshot::Change;

/// Log lines that wait; later ones are left out and counted.
const LINES: usize = 1024;
/// Changes that wait as they came, and the keys in all of them.
const CHANGES: usize = 256;
const KEYS: usize = 16_384;
/// Passages from one status to another that wait as they came.
const STATUSES: usize = 256;
/// [`Event::Stale`] and [`Event::Recovered`] together.
const TURNS: usize = 64;
/// Errors that wait; of more than these the newest.
const ERRORS: usize = 64;

/// Keeps events in order until they are taken, in bounded memory however long that takes.
///
/// So many of each kind wait as they came. Beyond that, changes are merged into one that names what differs in the end,
/// passages of the status into one from the first to the last, an [`Event::Stale`] and the [`Event::Recovered`] after
/// it cancel each other out, the newest errors stay, and log lines are left out, which one more line tells.
#[derive(Debug, Default)]
pub struct Mailbox {
    waiting: VecDeque<Event>,
    left_out: usize,
}

impl Mailbox {
    /// Adds an event.
    pub fn push(&mut self, event: Event) {
        match event {
            Event::Log { .. } if self.count(is_line) >= LINES => self.left_out += 1,
            Event::Changed(later) if self.has_enough_changes(&later) => self.merge_change(later),
            Event::Status { .. } if self.count(is_status) >= STATUSES => self.merge_status(event),
            Event::Stale | Event::Recovered if self.count(is_turn) >= TURNS => self.cancel_out(event),
            Event::Error(_) if self.count(is_error) >= ERRORS => {
                self.remove_first(is_error);
                self.waiting.push_back(event);
            }
            event => self.waiting.push_back(event),
        }
    }

    /// Takes what waits, in order.
    pub fn take(&mut self) -> Vec<Event> {
        let mut events: Vec<Event> = take(&mut self.waiting).into();
        let left_out = take(&mut self.left_out);
        if left_out > 0 {
            let message = format!("{left_out} further lines were left out, for nobody read them in time");
            events.push(Event::Log { level: LogLevel::Warn, message });
        }
        events
    }

    fn count(&self, pick: fn(&Event) -> bool) -> usize {
        self.waiting.iter().filter(|event| pick(event)).count()
    }

    fn remove_first(&mut self, pick: fn(&Event) -> bool) {
        if let Some(index) = self.waiting.iter().position(pick) {
            self.waiting.remove(index);
        }
    }

    fn take_last(&mut self, pick: fn(&Event) -> bool) -> Option<Event> {
        let index = self.waiting.iter().rposition(pick)?;
        self.waiting.remove(index)
    }

    fn has_enough_changes(&self, next: &Changed) -> bool {
        let sizes = self.waiting.iter().filter_map(|event| match event {
            Event::Changed(changed) => Some(size(&changed.change)),
            _ => None,
        });
        let (changes, keys) = sizes.fold((0, size(&next.change)), |(changes, keys), size| (changes + 1, keys + size));
        changes >= CHANGES || changes > 0 && keys > KEYS
    }

    fn merge_change(&mut self, later: Changed) {
        let Some(Event::Changed(earlier)) = self.take_last(is_change) else { return };
        let change = merged(&earlier.change, &later.change);
        if !change.is_empty() {
            self.waiting.push_back(Event::Changed(Changed { change: Arc::new(change), ..later }));
        }
    }

    fn merge_status(&mut self, later: Event) {
        let (Some(Event::Status { previous, .. }), Event::Status { current, .. }) = (self.take_last(is_status), later)
        else {
            return;
        };
        if current.differs(&previous) {
            self.waiting.push_back(Event::Status { previous, current });
        }
    }

    fn cancel_out(&mut self, later: Event) {
        match self.take_last(is_turn) {
            Some(earlier) if discriminant(&earlier) == discriminant(&later) => self.waiting.push_back(later),
            _ => {}
        }
    }
}

fn is_line(event: &Event) -> bool {
    matches!(event, Event::Log { .. })
}

fn is_change(event: &Event) -> bool {
    matches!(event, Event::Changed(_))
}

fn is_status(event: &Event) -> bool {
    matches!(event, Event::Status { .. })
}

fn is_turn(event: &Event) -> bool {
    matches!(event, Event::Stale | Event::Recovered)
}

fn is_error(event: &Event) -> bool {
    matches!(event, Event::Error(_))
}

fn size(change: &Change) -> usize {
    change.added.len() + change.removed.len() + change.modified.len()
}

/// How one flag differs.
#[derive(Clone, Copy)]
enum Kind {
    Added,
    Removed,
    Modified,
}

/// What two changes, one after the other, come to. The keys are in alphabetical order.
fn merged(earlier: &Change, later: &Change) -> Change {
    let mut kinds: BTreeMap<&str, Kind> = kinds(earlier).collect();
    for (key, kind) in self::kinds(later) {
        let kind = match (kinds.get(key), kind) {
            (Some(Kind::Added), Kind::Removed) => None,
            (Some(Kind::Added), _) => Some(Kind::Added),
            (Some(Kind::Removed), Kind::Added) => Some(Kind::Modified),
            (_, kind) => Some(kind),
        };
        match kind {
            Some(kind) => kinds.insert(key, kind),
            None => kinds.remove(key),
        };
    }
    let mut change = Change::default();
    for (key, kind) in kinds {
        let keys = match kind {
            Kind::Added => &mut change.added,
            Kind::Removed => &mut change.removed,
            Kind::Modified => &mut change.modified,
        };
        keys.push(key.to_owned());
    }
    change
}

fn kinds(change: &Change) -> impl Iterator<Item = (&str, Kind)> {
    let lists = [(&change.added, Kind::Added), (&change.removed, Kind::Removed), (&change.modified, Kind::Modified)];
    lists.into_iter().flat_map(|(keys, kind)| keys.iter().map(move |key| (key.as_str(), kind)))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use proptest::prelude::*;

    use super::super::{Source, Status};
    use super::*;
    use crate::error::ErrorKind;

    fn keys(keys: &[&str]) -> Vec<String> {
        keys.iter().map(ToString::to_string).collect()
    }

    fn change(added: &[&str], removed: &[&str], modified: &[&str]) -> Change {
        Change { added: keys(added), removed: keys(removed), modified: keys(modified) }
    }

    fn changed(change: Change, number: u64) -> Event {
        Event::Changed(Changed {
            change: Arc::new(change),
            digest: Some(number.to_string()),
            source: Source::Server,
            at: SystemTime::UNIX_EPOCH + Duration::from_secs(number),
        })
    }

    fn line(number: usize) -> Event {
        Event::Log { level: LogLevel::Info, message: number.to_string() }
    }

    fn status(attempt: u32) -> Arc<Status> {
        Arc::new(Status { attempt, ..Status::default() })
    }

    fn passage(from: u32, to: u32) -> Event {
        Event::Status { previous: status(from), current: status(to) }
    }

    fn changes(events: &[Event]) -> Vec<&Changed> {
        events.iter().filter_map(only_changes).collect()
    }

    fn only_changes(event: &Event) -> Option<&Changed> {
        match event {
            Event::Changed(changed) => Some(changed),
            _ => None,
        }
    }

    #[test]
    fn what_fits_is_taken_once_and_in_order() {
        let mut mailbox = Mailbox::default();
        let events = [
            line(1),
            Event::Ready,
            passage(1, 2),
            changed(change(&["a"], &[], &[]), 1),
            Event::Stale,
            Event::Error(ErrorKind::Status(500).into()),
            passage(2, 3),
            Event::Recovered,
            changed(change(&[], &["a"], &[]), 2),
            line(2),
            Event::Closed,
        ];
        for event in events.clone() {
            mailbox.push(event);
        }
        assert_eq!(format!("{:?}", mailbox.take()), format!("{events:?}"));
        assert!(mailbox.take().is_empty());
    }

    #[test]
    fn lines_beyond_the_limit_are_counted_in_one() {
        let mut mailbox = Mailbox::default();
        (0..LINES + 7).for_each(|number| mailbox.push(line(number)));
        let events = mailbox.take();
        assert_eq!(events.len(), LINES + 1);
        let Some(Event::Log { message, .. }) = events.last() else { panic!("{events:?}") };
        assert!(message.starts_with("7 further lines"), "{message}");
        mailbox.push(line(0));
        assert_eq!(mailbox.take().len(), 1);
    }

    #[test]
    fn changes_beyond_the_limit_are_merged_into_the_last() {
        let mut mailbox = Mailbox::default();
        (0..1000).for_each(|number: u64| mailbox.push(changed(change(&[&number.to_string()], &[], &["z"]), number)));
        let events = mailbox.take();
        let changes = changes(&events);
        assert_eq!(changes.len(), CHANGES);
        let last = changes[CHANGES - 1];
        assert_eq!(last.change.added.len(), 1000 - CHANGES + 1);
        assert_eq!(last.change.modified, ["z"]);
        assert_eq!(last.digest.as_deref(), Some("999"));
        assert_eq!(last.at, SystemTime::UNIX_EPOCH + Duration::from_secs(999));
    }

    #[test]
    fn large_changes_are_merged_earlier() {
        let many: Vec<String> = (0..KEYS - 1).map(|number| number.to_string()).collect();
        let large = Change { modified: many, ..Change::default() };
        let mut mailbox = Mailbox::default();
        (0..3).for_each(|number| mailbox.push(changed(large.clone(), number)));
        mailbox.push(changed(change(&[], &["0"], &["1"]), 3));
        let events = mailbox.take();
        let changes = changes(&events);
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].change.removed, ["0"]);
        assert_eq!(changes[0].change.modified.len(), KEYS - 2);
    }

    #[test]
    fn passages_errors_and_turns_are_bounded() {
        let mut mailbox = Mailbox::default();
        for number in 0..5000 {
            mailbox.push(passage(number, number + 1));
            mailbox.push(Event::Stale);
            mailbox.push(Event::Error(ErrorKind::Status(400 + u16::try_from(number % 100).unwrap()).into()));
            mailbox.push(Event::Recovered);
        }
        mailbox.push(Event::Stale);
        let events = mailbox.take();
        let passages: Vec<(u32, u32)> = events
            .iter()
            .filter_map(|event| match event {
                Event::Status { previous, current } => Some((previous.attempt, current.attempt)),
                _ => None,
            })
            .collect();
        assert_eq!(passages.len(), STATUSES);
        assert!(passages.windows(2).all(|pair| pair[0].1 == pair[1].0));
        assert_eq!(passages.last().unwrap().1, 5000);
        let turns: Vec<bool> =
            events.iter().filter(|event| is_turn(event)).map(|event| matches!(event, Event::Stale)).collect();
        assert!(turns.len() <= TURNS + 1 && turns.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!((turns[0], turns[turns.len() - 1]), (true, true));
        let errors: Vec<&Event> = events.iter().filter(|event| is_error(event)).collect();
        assert_eq!(errors.len(), ERRORS);
        assert!(matches!(errors[ERRORS - 1], Event::Error(error) if *error.kind() == ErrorKind::Status(499)));
    }

    #[test]
    fn a_passage_that_leads_back_is_none() {
        let mut mailbox = Mailbox::default();
        for number in 0..u32::try_from(STATUSES).unwrap() {
            mailbox.push(passage(number, number + 1));
        }
        mailbox.push(passage(u32::try_from(STATUSES).unwrap(), u32::try_from(STATUSES - 1).unwrap()));
        assert_eq!(mailbox.take().len(), STATUSES - 1);
    }

    #[test]
    fn a_change_that_leads_back_is_none() {
        let mut mailbox = Mailbox::default();
        (0..256).for_each(|number| mailbox.push(changed(change(&["a"], &[], &[]), number)));
        mailbox.push(changed(change(&[], &["a"], &[]), 256));
        assert_eq!(mailbox.take().len(), CHANGES - 1);
    }

    /// States of five flags, each absent or in one of three forms.
    fn states() -> impl Strategy<Value = Vec<[u8; 5]>> {
        proptest::collection::vec(proptest::array::uniform5(0u8..4), 2..6)
    }

    fn between(older: [u8; 5], newer: [u8; 5]) -> Change {
        let mut change = Change::default();
        for (index, pair) in older.into_iter().zip(newer).enumerate() {
            match pair {
                (0, 0) => {}
                (0, _) => change.added.push(index.to_string()),
                (_, 0) => change.removed.push(index.to_string()),
                (before, after) if before != after => change.modified.push(index.to_string()),
                _ => {}
            }
        }
        change
    }

    proptest! {
        #[test]
        fn merged_changes_name_what_differs_in_the_end(states in states()) {
            let steps = states.windows(2).map(|pair| between(pair[0], pair[1]));
            let merged = steps.reduce(|earlier, later| merged(&earlier, &later)).unwrap();
            let whole = between(states[0], states[states.len() - 1]);
            prop_assert_eq!(&merged.added, &whole.added);
            prop_assert_eq!(&merged.removed, &whole.removed);
            // A flag that was changed and changed back is named all the same.
            prop_assert!(whole.modified.iter().all(|key| merged.modified.contains(key)));
        }
    }
}
