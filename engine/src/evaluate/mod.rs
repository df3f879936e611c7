//! Answers from a snapshot, as the Flipt server would give them.
//!
//! Nothing here takes a lock, reads a clock or does I/O, and nothing is allocated beyond the result; only [`explain`]
//! reads texts again.

mod bucket;
mod constraint;
mod decide;
mod explain;
mod explanation;
pub mod frame;
mod segment;
mod types;

pub use explain::{Explainer, explain};
pub use explanation::{
    ExplainedAnswer, ExplainedConstraint, ExplainedRule, ExplainedSegment, ExplainedShare, ExplainedSplit,
    ExplainedThreshold, Explanation, RuleOutcome,
};
pub use types::{BatchItem, BooleanEvaluation, Context, Evaluation, Request, VariantEvaluation};

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};
use crate::snapshot::{Flag, FlagKind, Outcome, Snapshot};
use decide::Answer;

/// Evaluates a boolean flag.
///
/// # Errors
/// [`ErrorKind::FlagNotFound`], [`ErrorKind::FlagType`] for a variant flag, [`ErrorKind::FlagInvalid`].
pub fn boolean<'s>(snapshot: &'s Snapshot, request: &Request<'_>) -> Result<BooleanEvaluation<'s>> {
    let (_, flag) = find(snapshot, request.flag)?;
    require(flag, FlagKind::Boolean, "boolean")?;
    let (outcome, answer) = decide(flag, request)?;
    Ok(boolean_of(flag, outcome, answer, request))
}

/// Evaluates a variant flag.
///
/// # Errors
/// [`ErrorKind::FlagNotFound`], [`ErrorKind::FlagType`] for a boolean flag, [`ErrorKind::FlagInvalid`].
pub fn variant<'s>(snapshot: &'s Snapshot, request: &Request<'_>) -> Result<VariantEvaluation<'s>> {
    let (_, flag) = find(snapshot, request.flag)?;
    require(flag, FlagKind::Variant, "variant")?;
    let (outcome, answer) = decide(flag, request)?;
    Ok(variant_of(flag, outcome, answer, request))
}

/// Evaluates a flag of either kind.
///
/// # Errors
/// [`ErrorKind::FlagNotFound`], [`ErrorKind::FlagType`] for a flag of an unknown type, [`ErrorKind::FlagInvalid`].
pub fn any<'s>(snapshot: &'s Snapshot, request: &Request<'_>) -> Result<Evaluation<'s>> {
    let (_, flag) = find(snapshot, request.flag)?;
    match flag.kind() {
        FlagKind::Boolean => {
            let (outcome, answer) = decide(flag, request)?;
            Ok(Evaluation::Boolean(boolean_of(flag, outcome, answer, request)))
        }
        FlagKind::Variant => {
            let (outcome, answer) = decide(flag, request)?;
            Ok(Evaluation::Variant(variant_of(flag, outcome, answer, request)))
        }
        FlagKind::Unknown => Err(mistyped(flag, "boolean or variant")),
    }
}

/// Evaluates requests in order from one snapshot; one that fails is an item of its own and harms no other.
pub fn batch<'s, 'a>(snapshot: &'s Snapshot, requests: impl IntoIterator<Item = Request<'a>>) -> Vec<BatchItem<'s>> {
    let item = |request: Request<'_>| match any(snapshot, &request) {
        Ok(Evaluation::Boolean(evaluation)) => BatchItem::Boolean(evaluation),
        Ok(Evaluation::Variant(evaluation)) => BatchItem::Variant(evaluation),
        Err(error) => BatchItem::Error { flag: request.flag.to_owned(), error },
    };
    requests.into_iter().map(item).collect()
}

/// The flag that evaluates under a key, and its position in the snapshot.
///
/// # Errors
/// [`ErrorKind::FlagNotFound`], [`ErrorKind::FlagInvalid`].
pub fn find<'s>(snapshot: &'s Snapshot, key: &str) -> Result<(u32, &'s Flag)> {
    let found = snapshot.position(key).and_then(|position| Some((position, snapshot.flags().get(position as usize)?)));
    let (position, flag) = found
        .ok_or_else(|| ErrorKind::FlagNotFound { namespace: snapshot.namespace().to_owned(), flag: key.to_owned() })?;
    match &flag.broken {
        None => Ok((position, flag)),
        Some(reason) => Err(ErrorKind::FlagInvalid { flag: key.to_owned(), reason: reason.to_string() }.into()),
    }
}

fn require(flag: &Flag, kind: FlagKind, wanted: &'static str) -> Result<()> {
    if flag.kind() == kind { Ok(()) } else { Err(mistyped(flag, wanted)) }
}

fn mistyped(flag: &Flag, wanted: &'static str) -> Error {
    ErrorKind::FlagType { flag: flag.key().to_owned(), wanted }.into()
}

fn decide<'s>(flag: &'s Flag, request: &Request<'_>) -> Result<(&'s Outcome, Answer)> {
    let answer = decide::flag(flag, request.entity, &types::ByName(request.context));
    // An answer always names one of the flag's outcomes; should it ever not, that flag alone fails.
    let outcome = flag.outcomes().get(answer.outcome as usize);
    outcome.map(|outcome| (outcome, answer)).ok_or_else(|| ErrorKind::Panic.into())
}

fn boolean_of<'s>(flag: &'s Flag, outcome: &Outcome, answer: Answer, request: &Request<'_>) -> BooleanEvaluation<'s> {
    BooleanEvaluation {
        flag: flag.key().into(),
        enabled: outcome.on,
        reason: outcome.reason.as_str(),
        segment_keys: segment_keys(flag, outcome, answer, request),
        decision: flag.decision(outcome),
    }
}

fn variant_of<'s>(flag: &'s Flag, outcome: &Outcome, answer: Answer, request: &Request<'_>) -> VariantEvaluation<'s> {
    let (key, attachment) = flag.variant(outcome);
    VariantEvaluation {
        flag: flag.key().into(),
        matched: outcome.on,
        reason: outcome.reason.as_str(),
        variant_key: key.into(),
        variant_attachment: attachment.into(),
        segment_keys: segment_keys(flag, outcome, answer, request),
        decision: flag.decision(outcome),
    }
}

/// The keys of the segments that matched, in the rule's order. The answer's mask has room for 32 of them.
fn segment_keys<'s>(flag: &'s Flag, outcome: &Outcome, answer: Answer, request: &Request<'_>) -> Vec<Cow<'s, str>> {
    let values = types::ByName(request.context);
    let matched = |(position, segment)| match 1u32.checked_shl(position) {
        Some(bit) => answer.segments & bit != 0,
        None => segment::matches(segment, flag, request.entity, &values),
    };
    let segments = (0u32..).zip(flag.segments(outcome)).filter(|&(position, segment)| matched((position, segment)));
    segments.map(|(_, segment)| Cow::Borrowed(&*segment.key)).collect()
}
