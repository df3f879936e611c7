//! `scalars.tsv`: one scalar in eight places of a file.

use flipt_engine::features;
use serde_json::Value;

use crate::cases::folder;

const SEGMENT: &str = "segments:\n- key: s\n  name: S\n  match_type: ALL_MATCH_TYPE\n";

/// Every row that does not come out as recorded.
pub(crate) fn differences() -> Vec<String> {
    let table = std::fs::read_to_string(folder().join("scalars.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), 8 * 87);
    rows.iter().filter_map(|row| verify(row[0], row[1], row[2], row[3])).collect()
}

fn verify(position: &str, scalar: &str, result: &str, recorded: &str) -> Option<String> {
    let (text, pointer) = file(position, scalar);
    let read = features::read_file("features.yaml", text.as_bytes());
    let snapshot = read.served("default");
    let served = snapshot.map(|text| {
        let snapshot: Value = serde_json::from_str(&text).unwrap();
        snapshot.pointer(pointer).cloned().unwrap_or_else(|| "(segment dropped)".into())
    });
    let wanted = (result == "served").then(|| serde_json::from_str::<Value>(recorded).unwrap());
    let same = match (&served, &wanted) {
        (Some(Value::Number(ours)), Some(Value::Number(theirs))) => ours.as_f64() == theirs.as_f64(),
        _ => served == wanted,
    };
    let problems = read.problems().iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    (!same).then(|| format!("{position} {scalar}: recorded {wanted:?}, ours {served:?} {problems}"))
}

/// The file, and where its snapshot has what became of the scalar.
fn file(position: &str, scalar: &str) -> (String, &'static str) {
    let flag = "flags:\n- key: f\n  name: F\n";
    let rule = "  rules:\n  - segment: s\n    distributions: [{variant: v, rollout: 100}]\n";
    let variant = "  variants:\n  - key: v\n";
    let constraint = |kind: &str, operator: &str, value: &str| {
        format!(
            "{flag}{variant}{rule}{SEGMENT}  constraints:\n  - type: {kind}_COMPARISON_TYPE\n    property: p\n    operator: {operator}\n    value:{value}\n"
        )
    };
    const VALUE: &str = "/flags/0/rules/0/segments/0/constraints/0/value";
    match position {
        "attachment-default" => (
            format!("{flag}{variant}    default: true\n    attachment:\n      x: {scalar}\n"),
            "/flags/0/defaultVariant/attachment",
        ),
        "attachment-distribution" => (
            format!("{flag}{variant}    attachment:\n      x: {scalar}\n{rule}{SEGMENT}"),
            "/flags/0/rules/0/distributions/0/variantAttachment",
        ),
        "constraint-value" => (constraint("STRING", "eq", &format!(" {scalar}")), VALUE),
        "string-list-element" => (constraint("STRING", "isoneof", &format!("\n    - {scalar}")), VALUE),
        "number-list-element" => (constraint("NUMBER", "isoneof", &format!("\n    - {scalar}")), VALUE),
        "variant-key" => {
            (format!("{flag}  variants:\n  - key: {scalar}\n    default: true\n"), "/flags/0/defaultVariant/key")
        }
        "enabled" => (format!("{flag}  enabled: {scalar}\n"), "/flags/0/enabled"),
        "threshold-percentage" => (
            format!(
                "{flag}  type: BOOLEAN_FLAG_TYPE\n  rollouts:\n  - threshold:\n      percentage: {scalar}\n      value: true\n"
            ),
            "/flags/0/rollouts/0/threshold/percentage",
        ),
        other => unreachable!("unknown position {other}"),
    }
}
