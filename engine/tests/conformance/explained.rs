//! Explanations of recorded cases: each agrees with the evaluation and with itself.

use std::collections::HashMap;

use flipt_engine::Error;
use flipt_engine::evaluate::{
    self, Evaluation, ExplainedAnswer, ExplainedRule, ExplainedSegment, Explainer, Explanation, Request, RuleOutcome,
};
use flipt_engine::snapshot::Snapshot;
use serde_json::Value;

use crate::vectors::{Group, Question};

/// What explanations were seen to hold, so that a test can tell that it looked at all of it.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) cases: usize,
    pub(crate) constraints: usize,
    pub(crate) splits: usize,
    pub(crate) beyond_all_shares: usize,
    pub(crate) thresholds: usize,
    pub(crate) not_reached: usize,
    pub(crate) errors: usize,
}

/// Explains every question of every `step`th case of a group. `texts` is the response body that the snapshot was once made of.
pub(crate) fn verify(group: &Group, snapshot: &Snapshot, texts: &Value, step: usize, seen: &mut Seen) {
    let mut explainers = HashMap::new();
    for case in group.cases.iter().step_by(step) {
        for question in &case.questions {
            let (explainer, sent) = explainers
                .entry(question.flag.as_str())
                .or_insert_with(|| (Explainer::new(snapshot, &question.flag), Some(segments(texts, &question.flag))));
            let explanation = explainer.explain(&question.entity, &question.context);
            let request = Request::new(&question.flag, &question.entity, &question.context);
            agrees(&explanation, evaluate::any(snapshot, &request), &case.id);
            // The texts are the flag's, whoever is asked about.
            let texts = sent.take().map_or(Ok(()), |sent| quoted(&explanation, &sent));
            let checked = texts.and_then(|()| consistent(&explanation, question, seen));
            assert_eq!(checked, Ok(()), "{}: {question:?}\n{explanation:#?}", case.id);
            seen.cases += 1;
        }
    }
}

fn agrees(explanation: &Explanation, evaluated: Result<Evaluation<'_>, Error>, case: &str) {
    let wanted = match evaluated {
        Ok(Evaluation::Boolean(given)) => ExplainedAnswer::Boolean {
            enabled: given.enabled,
            reason: given.reason.to_owned(),
            segment_keys: given.segment_keys.into_iter().map(Into::into).collect(),
        },
        Ok(Evaluation::Variant(given)) => ExplainedAnswer::Variant {
            matched: given.matched,
            reason: given.reason.to_owned(),
            segment_keys: given.segment_keys.into_iter().map(Into::into).collect(),
            variant_key: given.variant_key.into(),
            variant_attachment: given.variant_attachment.into(),
        },
        Err(error) => ExplainedAnswer::Error { code: error.code(), message: error.to_string() },
    };
    assert_eq!(explanation.answer, wanted, "{case}");
}

type Checked = Result<(), &'static str>;

fn require(holds: bool, otherwise: &'static str) -> Checked {
    if holds { Ok(()) } else { Err(otherwise) }
}

/// The parts imply the whole: constraints their segment, segments their rule, the rules the answer.
fn consistent(explanation: &Explanation, question: &Question, seen: &mut Seen) -> Checked {
    let is_boolean = explanation.type_name.as_deref() == Some("BOOLEAN_FLAG_TYPE");
    let mut reached = is_boolean || explanation.enabled == Some(true);
    let mut decided = None;
    for (number, rule) in (1..).zip(&explanation.rules) {
        let noun = if is_boolean { "rollout" } else { "rule" };
        require(rule.rule_id == format!("{}#{noun}-{number}", question.flag), "the id of a rule")?;
        for segment in &rule.segments {
            segment_holds(segment, question)?;
            seen.constraints += segment.constraints.len();
        }
        let holds = rule_holds(rule)?;
        let outcome = match (reached, holds) {
            (false, _) => RuleOutcome::NotReached,
            (true, true) => RuleOutcome::Matched,
            (true, false) => RuleOutcome::NotMatched,
        };
        require(rule.outcome == outcome, "the outcome of a rule")?;
        if outcome == RuleOutcome::Matched {
            decided = Some(rule);
            reached = false;
        }
        seen.not_reached += usize::from(outcome == RuleOutcome::NotReached);
        seen.splits += usize::from(rule.split.is_some());
        seen.thresholds += usize::from(rule.threshold.is_some());
    }
    require(explanation.decided_by.as_ref() == decided.map(|rule| &rule.rule_id), "which rule decided")?;
    answered(explanation, decided, seen)
}

fn segment_holds(segment: &ExplainedSegment, question: &Question) -> Checked {
    let mut constraints = segment.constraints.iter();
    let holds = match segment.match_type {
        "ANY" => segment.constraints.is_empty() || constraints.any(|constraint| constraint.matched),
        _ => constraints.all(|constraint| constraint.matched),
    };
    require(segment.matched == holds, "constraints do not imply their segment")?;
    let is_asked = segment.constraints.iter().all(|constraint| match &*constraint.kind {
        "ENTITY_ID_CONSTRAINT_COMPARISON_TYPE" => constraint.actual.as_deref() == Some(&question.entity),
        _ => constraint.actual.as_ref() == question.context.get(&constraint.property),
    });
    require(is_asked, "the value that was asked with")
}

fn rule_holds(rule: &ExplainedRule) -> Result<bool, &'static str> {
    let mut segments = rule.segments.iter();
    Ok(match (rule.operator, &rule.threshold) {
        (Some("AND"), None) => segments.all(|segment| segment.matched),
        (Some("OR"), None) => segments.any(|segment| segment.matched),
        (None, Some(threshold)) => {
            require(threshold.bucket < 100, "a bucket of hundredths")?;
            require(
                threshold.matched == (f64::from(threshold.bucket) < f64::from(threshold.percentage)),
                "bucket and percentage do not imply the threshold",
            )?;
            threshold.matched
        }
        _ => return Err("either segments or a threshold"),
    })
}

fn answered(explanation: &Explanation, decided: Option<&ExplainedRule>, seen: &mut Seen) -> Checked {
    let matched_keys = || -> Vec<&String> {
        let segments = decided.iter().flat_map(|rule| &rule.segments);
        segments.filter(|segment| segment.matched).map(|segment| &segment.key).collect()
    };
    match &explanation.answer {
        ExplainedAnswer::Error { .. } => {
            seen.errors += 1;
            require(explanation.rules.is_empty(), "rules of a flag that cannot be evaluated")
        }
        ExplainedAnswer::Boolean { enabled, segment_keys, .. } => {
            let value = decided.map_or(explanation.enabled, |rule| rule.value);
            require(value == Some(*enabled), "the deciding rollout does not imply the value")?;
            require(segment_keys.iter().collect::<Vec<_>>() == matched_keys(), "the keys of matched segments")
        }
        ExplainedAnswer::Variant { matched, segment_keys, variant_key, .. } => {
            require(segment_keys.iter().collect::<Vec<_>>() == matched_keys(), "the keys of matched segments")?;
            let Some(split) = decided.and_then(|rule| rule.split.as_ref()) else {
                return require(*matched == decided.is_some(), "a match without a rule");
            };
            require(split.bucket < 1000, "a bucket of thousandths")?;
            require(split.shares.windows(2).all(|pair| pair[0].to == pair[1].from), "shares stand side by side")?;
            let within = |from: u32, to: u32| (from..to).contains(&split.bucket);
            require(
                split.shares.iter().all(|share| share.hit == within(share.from, share.to)),
                "the share that was hit",
            )?;
            let hit = split.shares.iter().find(|share| share.hit);
            seen.beyond_all_shares += usize::from(hit.is_none());
            require(hit.is_some() || explanation.arithmetic == "v1", "no share in normalised arithmetic")?;
            require(hit.is_some() == *matched, "a match without a share")?;
            require(hit.is_none_or(|share| share.variant_key == *variant_key), "the variant of the share")
        }
    }
}

/// Every segment of a flag's rules as it was sent.
fn segments<'t>(texts: &'t Value, flag: &str) -> Vec<&'t Value> {
    let list = |value: &'t Value| value.as_array().into_iter().flatten();
    let Some(flag) = list(&texts["flags"]).rev().find(|sent| sent["key"] == *flag) else { return Vec::new() };
    let rules = list(&flag["rules"]).flat_map(|rule| list(&rule["segments"]));
    let rollouts = list(&flag["rollouts"]).flat_map(|rollout| list(&rollout["segment"]["segments"]));
    rules.chain(rollouts).collect()
}

/// Constraints are told in the words of the snapshot, all of them and in its order.
fn quoted(explanation: &Explanation, sent: &[&Value]) -> Checked {
    let told = |segment: &ExplainedSegment, sent: &Value| {
        let constraints = sent["constraints"].as_array().map_or(&[][..], Vec::as_slice);
        sent["key"] == *segment.key
            && constraints.len() == segment.constraints.len()
            && constraints.iter().zip(&segment.constraints).all(|(sent, told)| {
                let same = |name: &str, text: &str| sent[name].as_str().unwrap_or_default() == text;
                same("type", &told.kind)
                    && same("property", &told.property)
                    && same("operator", &told.operator)
                    && same("value", &told.value)
            })
    };
    let mut segments = explanation.rules.iter().flat_map(|rule| &rule.segments);
    require(
        segments.all(|segment| sent.iter().any(|sent| told(segment, sent))),
        "a segment in other words than the snapshot's",
    )
}
