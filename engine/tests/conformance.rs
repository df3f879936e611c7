//! Answers recorded from real Flipt servers (`test/conformance/vectors`), asked of the engine: every case from the snapshot
//! as served and again after a round through the portable form, single and in batches.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "conformance/answer.rs"]
mod answer;
#[path = "conformance/explained.rs"]
mod explained;
#[path = "conformance/vectors.rs"]
mod vectors;

use std::collections::BTreeSet;

use answer::Answer;
use flipt_engine::evaluate::{self, Request};
use flipt_engine::snapshot::{Compatibility, Snapshot};
use vectors::{Case, Group, Kind, Question};

/// Evaluations of v1 flags whose matching rule has no segments, which a v1 snapshot leaves out.
const NOT_IN_V1_SNAPSHOTS: usize = 17;

#[test]
fn v2_answers_are_the_servers() {
    let groups = vectors::groups("p-");
    let counted: usize = groups.iter().map(|group| verify(group, Compatibility::V2)).sum();
    assert!(counted >= 19_331, "only {counted} cases of v2 were found");
}

#[test]
fn v1_answers_are_the_servers() {
    let groups = vectors::groups("v1-");
    let counted: usize = groups.iter().map(|group| verify(group, Compatibility::V1)).sum();
    assert!(counted >= 7_786, "only {counted} cases of v1 were found");
}

#[test]
fn the_demo_shop_answers_as_recorded() {
    for group in vectors::demo() {
        assert!(verify(&group, Compatibility::V2) > 0);
    }
}

/// The only recorded answers that no snapshot gives, derived anew from case and snapshot; each of them really differs.
#[test]
fn only_v1_matches_of_rules_without_segments_cannot_be_reproduced() {
    let mut known = BTreeSet::new();
    for group in vectors::groups("p-").iter().chain(&vectors::groups("v1-")) {
        let snapshot = group.snapshot(None);
        for case in &group.cases {
            for (item, wanted) in case.answers.iter().enumerate().filter(|(_, wanted)| group.lacks_the_rule_of(wanted))
            {
                let given = single(&snapshot, &case.questions[item], Kind::Variant);
                assert_ne!(&given, wanted, "{} is reproduced after all", case.id);
                assert_eq!(group.name, "v1-misc", "{}", case.id);
                known.insert(case.id.clone());
            }
        }
    }
    assert_eq!(known.len(), NOT_IN_V1_SNAPSHOTS, "{known:?}");
}

#[test]
fn every_answer_is_explained() {
    for (prefix, compatibility, least) in [("p-", Compatibility::V2, 19_331), ("v1-", Compatibility::V1, 7_786)] {
        let mut seen = explained::Seen::default();
        for group in vectors::groups(prefix).iter().chain(&vectors::demo()) {
            let served = group.snapshot(Some(compatibility));
            explained::verify(group, &served, &group.body(), 1, &mut seen);
            let imported = Snapshot::import(&served.export(), served.namespace(), None).unwrap();
            explained::verify(group, &imported, &group.body(), 40, &mut seen);
        }
        assert!(seen.cases >= least, "{seen:?}");
        let each = [seen.constraints, seen.splits, seen.thresholds, seen.not_reached, seen.errors];
        assert!(each.iter().all(|&count| count > 100), "{seen:?}");
        assert_eq!(seen.beyond_all_shares > 0, compatibility == Compatibility::V1, "{seen:?}");
    }
}

/// Asks every case of a group in every way and returns how many there are.
fn verify(group: &Group, expected: Compatibility) -> usize {
    let served = group.snapshot(None);
    assert_eq!(served.compatibility(), expected, "{}", group.name);
    let imported = Snapshot::import(&served.export(), served.namespace(), None).unwrap();
    assert_eq!(imported.compatibility(), expected, "{}", group.name);
    let again = Snapshot::import(&imported.export(), imported.namespace(), None).unwrap();

    let mut differences = Vec::new();
    for (way, snapshot) in [("as served", &served), ("after import", &imported), ("after two imports", &again)] {
        for case in &group.cases {
            let given = match case.kind {
                Kind::Batch => batch(snapshot, &case.questions),
                kind => vec![single(snapshot, &case.questions[0], kind)],
            };
            note(&mut differences, group, case, way, &given);
        }
        // A batch decides the kind by the flag: what a single call refuses for its kind has no counterpart there.
        let singles: Vec<&Case> =
            group.cases.iter().filter(|case| case.kind != Kind::Batch && case.status != 400).collect();
        let questions: Vec<Question> = singles.iter().map(|case| case.questions[0].clone()).collect();
        for (case, given) in singles.iter().zip(batch(snapshot, &questions)) {
            note(&mut differences, group, case, way, &[given]);
        }
    }
    let shown: Vec<&str> = differences.iter().take(5).map(String::as_str).collect();
    assert!(differences.is_empty(), "{}: {} differences\n{}", group.name, differences.len(), shown.join("\n"));
    group.cases.len()
}

fn note(differences: &mut Vec<String>, group: &Group, case: &Case, way: &str, given: &[Answer]) {
    if case.answers.len() != given.len() {
        differences.push(format!("{} {way}: {} answers, not {}", case.id, given.len(), case.answers.len()));
    }
    for (item, (wanted, given)) in case.answers.iter().zip(given).enumerate() {
        if wanted != given && !group.lacks_the_rule_of(wanted) {
            let question = &case.questions[item];
            differences.push(format!("{} {way}: {question:?}\n  wanted {wanted:?}\n  given  {given:?}", case.id));
        }
    }
}

fn single(snapshot: &Snapshot, question: &Question, kind: Kind) -> Answer {
    let request = Request::new(&question.flag, &question.entity, &question.context);
    match kind {
        Kind::Boolean => {
            evaluate::boolean(snapshot, &request).map_or_else(|error| Answer::of_error(&error), Answer::of_boolean)
        }
        _ => evaluate::variant(snapshot, &request).map_or_else(|error| Answer::of_error(&error), Answer::of_variant),
    }
}

fn batch(snapshot: &Snapshot, questions: &[Question]) -> Vec<Answer> {
    let requests = questions.iter().map(|question| Request::new(&question.flag, &question.entity, &question.context));
    evaluate::batch(snapshot, requests).into_iter().map(Answer::of_item).collect()
}
