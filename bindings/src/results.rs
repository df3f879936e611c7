//! The slow path: requests and answers as objects, every batch from one snapshot.

use std::borrow::Cow;

use flipt_engine::Error;
use flipt_engine::client::monotonic_nanos;
use flipt_engine::evaluate::{self, Evaluation, Request};
use flipt_engine::snapshot::{Decision, Snapshot};
use napi_derive::napi;

use crate::request::NativeRequest;

/// An answer, or the error that stands in its place.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct NativeAnswer {
    /// `boolean`, `variant` or `error`.
    pub kind: &'static str,
    /// `enabled` or `match`.
    pub on: bool,
    /// The reason.
    pub reason: &'static str,
    /// The variant's key.
    pub variant_key: String,
    /// The variant's attachment.
    pub variant_attachment: String,
    /// The segments that matched.
    pub segment_keys: Vec<String>,
    /// How long it took.
    pub duration_nanos: f64,
    /// The error's code.
    pub code: Option<&'static str>,
    /// The error's message.
    pub message: Option<String>,
    /// The reason in the words of `OpenFeature`.
    pub why: &'static str,
    /// The rule or rollout that decided.
    pub rule_id: Option<String>,
    /// Whether the answer can depend on the entity's id.
    pub needs_entity: bool,
}

/// The answers of a batch.
#[napi(object, object_from_js = false)]
pub struct NativeBatch {
    /// One for each request.
    pub answers: Vec<NativeAnswer>,
    /// How long all of them took.
    pub duration_nanos: f64,
    /// The snapshot's digest, empty without one.
    pub digest: String,
    /// Whether the flag state is stale.
    pub stale: bool,
}

/// Evaluates a flag as the wanted kind, `boolean` or `variant`.
pub(crate) fn single(snapshot: &Snapshot, kind: &str, request: &NativeRequest) -> Result<NativeAnswer, Error> {
    let started = monotonic_nanos();
    let context = request.context();
    let request = Request::new(&request.flag_key, &request.entity_id, &context);
    let evaluation = match kind {
        "variant" => Evaluation::Variant(evaluate::variant(snapshot, &request)?),
        _ => Evaluation::Boolean(evaluate::boolean(snapshot, &request)?),
    };
    Ok(answer(Ok(evaluation), started))
}

/// Evaluates every request from one snapshot; one that fails harms no other.
pub(crate) fn batch(snapshot: &Snapshot, stale: bool, requests: &[NativeRequest]) -> NativeBatch {
    let started = monotonic_nanos();
    let evaluated = requests.iter().map(|request| {
        let started = monotonic_nanos();
        let context = request.context();
        answer(evaluate::any(snapshot, &Request::new(&request.flag_key, &request.entity_id, &context)), started)
    });
    NativeBatch::new(snapshot, stale, evaluated.collect(), started)
}

/// Evaluates flags for one entity and context from one snapshot.
pub(crate) fn each(snapshot: &Snapshot, stale: bool, flag_keys: &[String], request: &NativeRequest) -> NativeBatch {
    let started = monotonic_nanos();
    let context = request.context();
    let evaluated = flag_keys.iter().map(|key| {
        let started = monotonic_nanos();
        answer(evaluate::any(snapshot, &Request::new(key, &request.entity_id, &context)), started)
    });
    NativeBatch::new(snapshot, stale, evaluated.collect(), started)
}

impl NativeBatch {
    fn new(snapshot: &Snapshot, stale: bool, answers: Vec<NativeAnswer>, started: u64) -> Self {
        let digest = snapshot.digest().unwrap_or_default().to_owned();
        Self { answers, duration_nanos: since(started), digest, stale }
    }
}

fn answer(evaluated: Result<Evaluation<'_>, Error>, started: u64) -> NativeAnswer {
    let answer = match evaluated {
        Ok(Evaluation::Boolean(evaluation)) => NativeAnswer {
            kind: "boolean",
            on: evaluation.enabled,
            reason: evaluation.reason,
            segment_keys: texts(evaluation.segment_keys),
            ..decided(evaluation.decision, &evaluation.flag)
        },
        Ok(Evaluation::Variant(evaluation)) => NativeAnswer {
            kind: "variant",
            on: evaluation.matched,
            reason: evaluation.reason,
            variant_key: evaluation.variant_key.into_owned(),
            variant_attachment: evaluation.variant_attachment.into_owned(),
            segment_keys: texts(evaluation.segment_keys),
            ..decided(evaluation.decision, &evaluation.flag)
        },
        Err(error) => NativeAnswer {
            kind: "error",
            code: Some(error.code()),
            message: Some(error.to_string()),
            ..NativeAnswer::default()
        },
    };
    NativeAnswer { duration_nanos: since(started), ..answer }
}

fn decided(decision: Decision, flag: &str) -> NativeAnswer {
    let (why, needs_entity) = (decision.why.as_str(), decision.needs_entity);
    NativeAnswer { why, rule_id: decision.rule_id(flag), needs_entity, ..NativeAnswer::default() }
}

fn texts(keys: Vec<Cow<'_, str>>) -> Vec<String> {
    keys.into_iter().map(Cow::into_owned).collect()
}

#[expect(clippy::cast_precision_loss, reason = "durations are far below 2^53 nanoseconds")]
fn since(started: u64) -> f64 {
    monotonic_nanos().saturating_sub(started) as f64
}
