//! Which flags differ between two snapshots.

use super::Snapshot;

/// The keys of flags that answer differently, each list in the newer (for `removed`: the older) snapshot's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Flags that the older snapshot does not have.
    pub added: Vec<String>,
    /// Flags that the newer snapshot does not have.
    pub removed: Vec<String>,
    /// Flags whose definition differs in anything that decides an answer.
    pub modified: Vec<String>,
}

impl Change {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.modified.is_empty()
    }
}

pub(super) fn between(older: &Snapshot, newer: &Snapshot) -> Change {
    let mut change = Change::default();
    for (position, flag) in (0u32..).zip(newer.flags()) {
        if newer.position(flag.key()) != Some(position) {
            continue;
        }
        match older.flag(flag.key()) {
            None => change.added.push(flag.key().to_owned()),
            Some(before) if before.fingerprint != flag.fingerprint => change.modified.push(flag.key().to_owned()),
            Some(_) => {}
        }
    }
    for (position, flag) in (0u32..).zip(older.flags()) {
        if older.position(flag.key()) == Some(position) && newer.position(flag.key()).is_none() {
            change.removed.push(flag.key().to_owned());
        }
    }
    change
}
