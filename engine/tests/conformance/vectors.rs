//! Reads the recorded cases: gzipped JSON lines beside the snapshot of the same moment.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use flipt_engine::snapshot::{Compatibility, Snapshot};
use serde_json::Value;

use crate::answer::{Answer, text};

/// The cases that one state of one namespace answered.
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) cases: Vec<Case>,
    body: Vec<u8>,
    /// For each flag, whether every rule in the snapshot has a segment.
    rules_have_segments: BTreeMap<String, bool>,
}

/// One recorded request.
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) status: u16,
    /// One, or those of a batch.
    pub(crate) questions: Vec<Question>,
    /// As many as there are questions.
    pub(crate) answers: Vec<Answer>,
}

/// The endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    Variant,
    Batch,
}

#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) flag: String,
    pub(crate) entity: String,
    pub(crate) context: BTreeMap<String, String>,
}

/// Every group whose name starts with `prefix`.
pub(crate) fn groups(prefix: &str) -> Vec<Group> {
    let folder = folder("vectors");
    let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> =
        names.filter_map(|name| name.strip_suffix(".cases.jsonl.gz").map(str::to_owned)).collect();
    names.retain(|name| name.starts_with(prefix));
    names.sort_unstable();
    let read = |file: String| {
        let mut bytes = Vec::new();
        GzDecoder::new(fs::File::open(folder.join(file)).unwrap()).read_to_end(&mut bytes).unwrap();
        bytes
    };
    names
        .into_iter()
        .map(|name| {
            Group::read(&name, read(format!("{name}.snapshot.json.gz")), &read(format!("{name}.cases.jsonl.gz")))
        })
        .collect()
}

/// The shop that the demonstration shows, before and after its change.
pub(crate) fn demo() -> Vec<Group> {
    let folder = folder("demo");
    let read = |file: String| fs::read(folder.join(file)).unwrap();
    ["shop", "shop-changed"]
        .map(|name| Group::read(name, read(format!("{name}.snapshot.json")), &read(format!("{name}.cases.jsonl"))))
        .into()
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../test/conformance").join(name)
}

impl Group {
    fn read(name: &str, body: Vec<u8>, lines: &[u8]) -> Self {
        let snapshot: Value = serde_json::from_slice(&body).unwrap();
        let flags = snapshot["flags"].as_array().unwrap().iter();
        let rules_have_segments = flags
            .map(|flag| {
                let has_segments = |rule: &Value| !rule["segments"].as_array().unwrap().is_empty();
                (text(&flag["key"]), flag["rules"].as_array().unwrap().iter().all(has_segments))
            })
            .collect();
        // Other characters that count as line ends elsewhere stand inside the texts.
        let cases = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(Case::read).collect();
        Self { name: name.to_owned(), cases, body, rules_have_segments }
    }

    pub(crate) fn snapshot(&self, compatibility: Option<Compatibility>) -> Snapshot {
        Snapshot::parse(&self.body, compatibility).unwrap()
    }

    /// The response that the snapshot is made of.
    pub(crate) fn body(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Whether an answer comes from a rule that the snapshot does not hold: a match without a segment, though every rule
    /// there has one. v1 servers leave rules without segments out, and still match those that require all segments.
    pub(crate) fn lacks_the_rule_of(&self, answer: &Answer) -> bool {
        match answer {
            Answer::Variant { flag, matched: true, segments, .. } => {
                segments.is_empty() && self.rules_have_segments[flag]
            }
            _ => false,
        }
    }
}

impl Case {
    fn read(line: &[u8]) -> Self {
        let case: Value = serde_json::from_slice(line).unwrap();
        let (request, response, namespace) = (&case["request"], &case["response"], text(&case["namespace"]));
        let kind = match case["kind"].as_str().unwrap() {
            "boolean" => Kind::Boolean,
            "variant" => Kind::Variant,
            _ => Kind::Batch,
        };
        let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
        let questions: Vec<Question> = match kind {
            Kind::Batch => request["requests"].as_array().unwrap().iter().map(Question::read).collect(),
            _ => vec![Question::read(request)],
        };
        let flag = || questions[0].flag.clone();
        let answers = match (status, kind) {
            (200, Kind::Boolean) => vec![Answer::recorded_boolean(response)],
            (200, Kind::Variant) => vec![Answer::recorded_variant(response)],
            (200, Kind::Batch) => response["responses"].as_array().unwrap().iter().map(item).collect(),
            (404, _) => vec![Answer::NotFound { namespace, flag: flag() }],
            _ => vec![Answer::WrongType { flag: flag(), wanted: text(&case["kind"]) }],
        };
        Self { id: text(&case["id"]), kind, status, questions, answers }
    }
}

impl Question {
    fn read(request: &Value) -> Self {
        let context = request["context"].as_object().unwrap().iter();
        Self {
            flag: text(&request["flagKey"]),
            entity: text(&request["entityId"]),
            context: context.map(|(key, value)| (key.clone(), text(value))).collect(),
        }
    }
}

fn item(item: &Value) -> Answer {
    match item["type"].as_str().unwrap() {
        "BOOLEAN_EVALUATION_RESPONSE_TYPE" => Answer::recorded_boolean(&item["booleanResponse"]),
        "VARIANT_EVALUATION_RESPONSE_TYPE" => Answer::recorded_variant(&item["variantResponse"]),
        _ => {
            let error = &item["errorResponse"];
            match error["reason"].as_str().unwrap() {
                "NOT_FOUND_ERROR_EVALUATION_REASON" => {
                    Answer::NotFound { namespace: text(&error["namespaceKey"]), flag: text(&error["flagKey"]) }
                }
                reason => Answer::Failed(reason.to_owned()),
            }
        }
    }
}
