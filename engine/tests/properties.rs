//! That a change names exactly the flags that answer differently, over generated pairs of snapshots: the second is an
//! edited copy of the first.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "properties/answers.rs"]
mod answers;
#[path = "properties/edits.rs"]
mod edits;
#[path = "properties/model.rs"]
mod model;

use std::collections::BTreeSet;

use answers::{Contexts, answer};
use edits::{Edit, NAMING, SILENT, apply};
use flipt_engine::snapshot::{Change, Compatibility, Snapshot};
use model::namespace;
use proptest::prelude::*;

/// Contexts that each flag is asked in that a change does not name.
const CONTEXTS: usize = 1_000;

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_flag_that_is_not_named_answers_alike(
        namespace in namespace(),
        edits in prop::collection::vec((0..SILENT.len() + NAMING.len(), any::<u32>()), 0..4),
        seed in any::<u64>(),
    ) {
        let before = namespace.snapshot();
        let mut edited = namespace.clone();
        for (position, at) in edits {
            let edit = SILENT.iter().chain(NAMING).nth(position).unwrap();
            apply(edit, &mut edited, at);
        }
        let after = edited.snapshot();
        let change = after.changed_since(&before);
        let mut contexts = Contexts::new(seed);
        for key in keys(&before).intersection(&keys(&after)).filter(|key| !change.modified.contains(key)) {
            for _context in 0..CONTEXTS {
                let context = contexts.next();
                prop_assert_eq!(answer(&before, key, &context), answer(&after, key, &context), "{}", key);
            }
        }
        prop_assert_eq!(sorted(&change.added), missing(&after, &before));
        prop_assert_eq!(sorted(&change.removed), missing(&before, &after));
    }
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn what_decides_no_answer_names_nothing(namespace in namespace(), at in any::<u32>()) {
        let before = namespace.snapshot();
        for edit in SILENT {
            let mut edited = namespace.clone();
            if apply(edit, &mut edited, at).is_some() {
                prop_assert_eq!(edited.snapshot().changed_since(&before), Change::default(), "{}", edit.name);
            }
        }
    }

    #[test]
    fn what_decides_names_exactly_its_flags(namespace in namespace(), at in any::<u32>()) {
        let before = namespace.snapshot();
        for edit in NAMING {
            let mut edited = namespace.clone();
            let Some(expected) = apply(edit, &mut edited, at) else { continue };
            let change = edited.snapshot().changed_since(&before);
            let named: BTreeSet<String> =
                change.modified.iter().chain(&change.added).chain(&change.removed).cloned().collect();
            prop_assert_eq!(named, expected, "{}: {:?}", edit.name, change);
        }
    }

    #[test]
    fn a_round_through_the_portable_form_names_nothing(namespace in namespace(), seed in any::<u64>()) {
        for compatibility in [Compatibility::V1, Compatibility::V2] {
            let before = Snapshot::parse(&namespace.body(), Some(compatibility)).unwrap();
            let after = Snapshot::import(&before.export(), "n", None).unwrap();
            prop_assert_eq!(after.changed_since(&before), Change::default());
            let mut contexts = Contexts::new(seed);
            for key in keys(&before) {
                let context = contexts.next();
                prop_assert_eq!(answer(&before, &key, &context), answer(&after, &key, &context));
            }
        }
    }
}

/// The edits above can be made in what is generated; without this the properties could hold for nothing.
#[test]
fn every_edit_is_tried() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut untried: Vec<&Edit> = SILENT.iter().chain(NAMING).collect();
    for at in 0..100 {
        let namespace = namespace().new_tree(&mut runner).unwrap().current();
        untried.retain(|edit| apply(edit, &mut namespace.clone(), at).is_none());
    }
    let untried: Vec<&str> = untried.iter().map(|edit| edit.name).collect();
    assert!(untried.is_empty(), "{untried:?}");
}

#[test]
fn every_edit_can_follow_one_that_left_nothing() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut nothing = namespace().new_tree(&mut TestRunner::deterministic()).unwrap().current();
    nothing.flags.clear();
    nothing.segments.clear();
    for edit in SILENT.iter().chain(NAMING) {
        let mut edited = nothing.clone();
        apply(edit, &mut edited, 7);
        assert_eq!(
            edited.snapshot().changed_since(&nothing.snapshot()).modified,
            Vec::<String>::new(),
            "{}",
            edit.name
        );
    }
}

fn keys(snapshot: &Snapshot) -> BTreeSet<String> {
    snapshot.flags().iter().map(|flag| flag.key().to_owned()).collect()
}

/// The keys that only the first one has, each once however many flags have it.
fn missing(these: &Snapshot, those: &Snapshot) -> Vec<String> {
    keys(these).into_iter().filter(|key| those.flag(key).is_none()).collect()
}

fn sorted(keys: &[String]) -> Vec<String> {
    let mut keys = keys.to_vec();
    keys.sort();
    keys
}
