//! What a Flipt v2 server made of feature files (`test/conformance/features`), and what is made of them here.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "features/cases.rs"]
mod cases;
#[path = "features/scalars.rs"]
mod scalars;

use flipt_engine::evaluate::{self, Request};
use flipt_engine::features;
use flipt_engine::snapshot::Snapshot;
use serde_json::Value;

#[test]
fn every_recorded_case_is_served_or_refused_as_by_the_server() {
    let refusals = cases::refusals();
    let cases = cases::all();
    let mut differences = Vec::new();
    for case in &cases {
        let found = case.differences(&case.read(), &refusals);
        differences.extend(found.iter().map(|difference| format!("{}: {difference}", case.id)));
    }
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
    let count = |result: &str| cases.iter().filter(|case| case.result == result).count();
    assert_eq!((count("served"), count("refused"), count("segment dropped")), (58, 113, 10));
    assert_eq!(refusals.len(), 113);
}

#[test]
fn only_segments_of_earlier_documents_are_served_otherwise_than_evaluated() {
    let mut different = Vec::new();
    for case in cases::all().iter().filter(|case| !case.is_refused()) {
        let features = case.read();
        let differs = features.namespaces().any(|namespace| features.snapshot(namespace) != features.served(namespace));
        if differs {
            different.push(case.id.clone());
        }
    }
    assert_eq!(different, ["ok/28-documents-same-namespace", "ok/31-files-several-directories"]);
}

#[test]
fn every_served_snapshot_is_one() {
    for case in cases::all().iter().filter(|case| !case.is_refused()) {
        let features = case.read();
        for namespace in features.namespaces() {
            let text = features.snapshot(namespace).unwrap();
            let snapshot = Snapshot::parse(text.as_bytes(), None).unwrap();
            assert_eq!(snapshot.namespace(), namespace, "{}", case.id);
            assert_eq!(snapshot.flags().len(), features.flag_count(namespace), "{}", case.id);
            assert!(snapshot.warnings().is_empty(), "{}: {:?}", case.id, snapshot.warnings());
        }
    }
}

#[test]
fn segments_of_earlier_documents_evaluate_as_on_the_server() {
    let id = "ok/28-documents-same-namespace";
    let recorded = std::fs::read(cases::folder().join(id).join("evaluations.json")).unwrap();
    let recorded: Vec<Value> = serde_json::from_slice(&recorded).unwrap();
    let features = cases::all().into_iter().find(|case| case.id == id).unwrap().read();
    let snapshot = Snapshot::parse(features.snapshot("same").unwrap().as_bytes(), None).unwrap();
    for asked in &recorded {
        let (request, response) = (&asked["request"], &asked["response"]);
        let question = Request::new(request["flagKey"].as_str().unwrap(), request["entityId"].as_str().unwrap(), &());
        let keys: Vec<&str> = response["segmentKeys"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let (value, segments) = if asked["endpoint"] == "/evaluate/v1/boolean" {
            let answer = evaluate::boolean(&snapshot, &question).unwrap();
            (Value::from(answer.enabled), answer.segment_keys.iter().map(ToString::to_string).collect::<Vec<_>>())
        } else {
            let answer = evaluate::variant(&snapshot, &question).unwrap();
            (Value::from(&*answer.variant_key), answer.segment_keys.iter().map(ToString::to_string).collect())
        };
        assert_eq!(
            (value, segments),
            (
                response.get("enabled").or(response.get("variantKey")).unwrap().clone(),
                keys.iter().map(ToString::to_string).collect()
            )
        );
    }
    assert_eq!(recorded.len(), 2);
}

#[test]
fn scalars_mean_what_they_mean_to_the_server() {
    let differences = scalars::differences();
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn a_file_at_the_root_is_skipped_with_a_warning_and_read_by_its_name() {
    let text = b"namespace: root\nflags: [{key: a, name: A}]\n";
    let file = features::File { path: "features.yaml", bytes: text };
    let folder = features::read_folder(&[file]);
    assert_eq!((folder.files(), folder.warnings().len(), folder.namespaces().count()), (0, 1, 0));
    assert_eq!(folder.warnings()[0].file, "features.yaml");
    let alone = features::read_file("features.yaml", text);
    assert_eq!(alone.namespaces().collect::<Vec<_>>(), ["root"]);
    assert!(alone.warnings().is_empty());
}

#[test]
fn all_mistakes_of_all_files_are_told_at_once() {
    let files = [
        features::File {
            path: "b/features.yaml",
            bytes: b"flags:\n- key: a b\n  colour: red\n  enabled: yes\n  rules:\n  - segment: gone\n---\nflags: [\n",
        },
        features::File { path: "a/features.json", bytes: b"{\"flags\": [{\"key\": 1, \"name\": \"\"}]}" },
    ];
    let told: Vec<String> = features::read_folder(&files).problems().iter().map(ToString::to_string).collect();
    let places: Vec<&str> = told.iter().map(|line| line.rsplit_once(": ").unwrap().0).collect();
    assert_eq!(
        places,
        [
            "a/features.json:1:20: flags[0].key",
            "a/features.json:1:31: flags[0].name",
            "b/features.yaml:2:3: flags[0].name",
            "b/features.yaml:2:8: flags[0].key",
            "b/features.yaml:3:3: flags[0].colour",
            "b/features.yaml:4:12: flags[0].enabled",
            "b/features.yaml:6:14: flags[0].rules[0].segment",
            "b/features.yaml:9:1",
        ]
    );
}
