//! The recorded feature files, and what becomes of them here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use flipt_engine::features::{self, Features, File};
use serde_json::Value;

/// One recorded case.
#[derive(serde::Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    /// The path in the repository and the file of the case that lay there.
    files: BTreeMap<String, String>,
    /// The namespaces that were asked and the file with the answer; none when the server knew no such namespace.
    #[serde(default)]
    namespaces: BTreeMap<String, Option<String>>,
    pub(crate) result: String,
}

/// The first finding of a refused case, which the table of ours holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub(crate) struct Refusal {
    pub(crate) file: String,
    pub(crate) line: Option<u32>,
    pub(crate) field: String,
}

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../test/conformance/features")
}

pub(crate) fn all() -> Vec<Case> {
    serde_json::from_slice(&std::fs::read(folder().join("cases.json")).unwrap()).unwrap()
}

/// Where each refused case is refused here, in the order of the findings.
pub(crate) fn refusals() -> BTreeMap<String, Vec<Refusal>> {
    serde_json::from_slice(&std::fs::read(folder().join("../feature-refusals.json")).unwrap()).unwrap()
}

impl Case {
    pub(crate) fn read(&self) -> Features {
        let folder = folder().join(&self.id);
        let contents: Vec<(&str, Vec<u8>)> =
            self.files.iter().map(|(path, file)| (path.as_str(), std::fs::read(folder.join(file)).unwrap())).collect();
        let files: Vec<File<'_>> = contents.iter().map(|(path, bytes)| File { path, bytes }).collect();
        features::read_folder(&files)
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.result == "refused"
    }

    /// Everything in what was read that is not as recorded, or not as the table of ours says.
    pub(crate) fn differences(&self, features: &Features, refusals: &BTreeMap<String, Vec<Refusal>>) -> Vec<String> {
        let mut differences = Vec::new();
        if self.is_refused() {
            self.compare_refusal(features, refusals, &mut differences);
        } else {
            differences.extend(features.problems().iter().map(|problem| format!("a problem: {problem}")));
            for (namespace, file) in &self.namespaces {
                let recorded = file.as_ref().map(|file| std::fs::read(folder().join(&self.id).join(file)).unwrap());
                let recorded = recorded.map(|bytes| scrubbed(&bytes));
                let ours = features.served(namespace).map(|text| scrubbed(text.as_bytes()));
                if ours != recorded {
                    differences.push(format!("namespace {namespace:?}\n  recorded {recorded:?}\n  ours     {ours:?}"));
                }
            }
        }
        let dropped = features.warnings().iter().any(|warning| warning.reason.contains("is left out"));
        if self.result == "segment dropped" && !dropped {
            differences.push("no warning of the segment that is dropped".to_owned());
        }
        differences
    }

    fn compare_refusal(
        &self,
        features: &Features,
        refusals: &BTreeMap<String, Vec<Refusal>>,
        differences: &mut Vec<String>,
    ) {
        let ours: Vec<Refusal> = features.problems().iter().map(Refusal::of).collect();
        if ours.is_empty() {
            differences.push("served, though the server refuses it".to_owned());
        }
        if features.problems().iter().any(|problem| problem.reason.is_empty()) {
            differences.push("a problem without a reason".to_owned());
        }
        match refusals.get(&self.id) {
            Some(wanted) if *wanted == ours => {}
            Some(wanted) => differences.push(format!("places\n  table {wanted:?}\n  ours  {ours:?}")),
            None => differences.push("not in the table of refusals".to_owned()),
        }
    }
}

impl Refusal {
    fn of(problem: &features::Finding) -> Self {
        Self { file: problem.file.clone(), line: problem.line, field: problem.field.clone() }
    }
}

/// A snapshot without what differs between any two: the ids of rules, and times.
fn scrubbed(snapshot: &[u8]) -> String {
    let snapshot: Value = serde_json::from_slice(snapshot).unwrap();
    scrub(snapshot).to_string()
}

fn scrub(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(scrub).collect(),
        Value::Object(fields) => {
            let is_rule = fields.contains_key("distributions");
            let kept = fields.into_iter().filter(|(name, _)| match name.as_str() {
                "createdAt" | "updatedAt" | "ruleId" => false,
                "id" => !is_rule,
                _ => true,
            });
            Value::Object(kept.map(|(name, value)| (name, scrub(value))).collect())
        }
        // Protocol buffers write a whole double without a point.
        Value::Number(number) => number.as_f64().map_or(Value::Null, |number| number.to_string().into()),
        other => other,
    }
}
