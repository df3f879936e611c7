//! Why an evaluation gives its answer: every rule, segment, constraint and bucket, by the code that evaluates.

use super::explanation::{
    ExplainedAnswer, ExplainedConstraint, ExplainedRule, ExplainedSegment, ExplainedShare, ExplainedSplit,
    ExplainedThreshold, Explanation, RuleOutcome,
};
use super::types::{ByName, Context, Evaluation, Request};
use super::{any, bucket, constraint, decide, find, segment};
use crate::snapshot::{
    BooleanRule, Compatibility, Constraint, ConstraintText, Decider, Definition, Flag, FlagKind, Operator, Rule,
    RuleText, Segment, SegmentText, Segments, Snapshot,
};

/// Explains one evaluation. What evaluation refuses is explained, too: the answer is then an error.
///
/// Reads the flag's texts again, so that it takes far longer than evaluating; to ask about one flag again and again, keep
/// an [`Explainer`].
#[must_use]
pub fn explain(snapshot: &Snapshot, request: &Request<'_>) -> Explanation {
    Explainer::new(snapshot, request.flag).explain(request.entity, request.context)
}

/// Explains evaluations of one flag.
#[derive(Debug)]
pub struct Explainer<'s> {
    snapshot: &'s Snapshot,
    key: String,
    flag: Option<(&'s Flag, Definition)>,
}

impl<'s> Explainer<'s> {
    /// Looks a flag up and reads its texts.
    #[must_use]
    pub fn new(snapshot: &'s Snapshot, flag_key: &str) -> Self {
        let flag = find(snapshot, flag_key).ok().map(|(_, flag)| (flag, snapshot.definition(flag)));
        Self { snapshot, key: flag_key.to_owned(), flag }
    }

    /// Explains the evaluation for one entity.
    #[must_use]
    pub fn explain(&self, entity: &str, context: &dyn Context) -> Explanation {
        let rules = match &self.flag {
            Some((flag, definition)) => Explaining { flag, entity, context }.rules(definition),
            None => Vec::new(),
        };
        let listed = self.snapshot.flag(&self.key);
        let decided = rules.iter().find(|rule| rule.outcome == RuleOutcome::Matched);
        Explanation {
            flag_key: self.key.clone(),
            entity_id: entity.to_owned(),
            namespace_key: self.snapshot.namespace().to_owned(),
            digest: self.snapshot.digest().unwrap_or_default().to_owned(),
            type_name: listed.map(|flag| flag.type_name().to_owned()),
            enabled: listed.map(Flag::enabled),
            arithmetic: match self.snapshot.compatibility() {
                Compatibility::V1 => "v1",
                Compatibility::V2 => "v2",
            },
            decided_by: decided.map(|rule| rule.rule_id.clone()),
            answer: answer(self.snapshot, &Request::new(&self.key, entity, context)),
            rules,
        }
    }
}

fn answer(snapshot: &Snapshot, request: &Request<'_>) -> ExplainedAnswer {
    let texts = |keys: Vec<std::borrow::Cow<'_, str>>| keys.into_iter().map(Into::into).collect();
    match any(snapshot, request) {
        Ok(Evaluation::Boolean(evaluation)) => ExplainedAnswer::Boolean {
            enabled: evaluation.enabled,
            reason: evaluation.reason.to_owned(),
            segment_keys: texts(evaluation.segment_keys),
        },
        Ok(Evaluation::Variant(evaluation)) => ExplainedAnswer::Variant {
            matched: evaluation.matched,
            reason: evaluation.reason.to_owned(),
            segment_keys: texts(evaluation.segment_keys),
            variant_key: evaluation.variant_key.into(),
            variant_attachment: evaluation.variant_attachment.into(),
        },
        Err(error) => ExplainedAnswer::Error { code: error.code(), message: error.to_string() },
    }
}

/// One flag asked about one entity.
struct Explaining<'a> {
    flag: &'a Flag,
    entity: &'a str,
    context: &'a dyn Context,
}

impl Explaining<'_> {
    fn rules(&self, definition: &Definition) -> Vec<ExplainedRule> {
        let none = RuleText::default();
        let text = |position: usize| definition.rules.get(position).unwrap_or(&none);
        let mut rules: Vec<ExplainedRule> = match &self.flag.decider {
            Decider::Boolean(rules) => {
                rules.iter().enumerate().map(|(position, rule)| self.rollout(rule, text(position))).collect()
            }
            Decider::Variant(rules) => {
                rules.iter().enumerate().map(|(position, rule)| self.rule(rule, text(position))).collect()
            }
            Decider::Unknown => Vec::new(),
        };
        let (noun, mut reached) = match self.flag.kind() {
            FlagKind::Boolean => ("rollout", true),
            _ => ("rule", self.flag.enabled),
        };
        for (number, rule) in (1..).zip(&mut rules) {
            rule.rule_id = format!("{}#{noun}-{number}", self.flag.key);
            if !reached {
                rule.outcome = RuleOutcome::NotReached;
            }
            reached &= rule.outcome != RuleOutcome::Matched;
        }
        rules
    }

    fn rule(&self, rule: &Rule, text: &RuleText) -> ExplainedRule {
        ExplainedRule { split: self.split(rule, text), ..self.by_segments(&rule.segments, text) }
    }

    fn rollout(&self, rule: &BooleanRule, text: &RuleText) -> ExplainedRule {
        match rule {
            BooleanRule::Segments { segments } => self.by_segments(segments, text),
            BooleanRule::Threshold { percentage } => {
                let bucket = bucket::hundredth(self.flag, self.entity);
                let matched = decide::is_below(bucket, *percentage);
                ExplainedRule {
                    rule_id: String::new(),
                    outcome: outcome(matched),
                    operator: None,
                    segments: Vec::new(),
                    value: text.value,
                    threshold: Some(ExplainedThreshold { bucket, percentage: *percentage, matched }),
                    split: None,
                }
            }
        }
    }

    fn by_segments(&self, segments: &Segments, text: &RuleText) -> ExplainedRule {
        let none = SegmentText::default();
        let matched = segment::matched(segments, self.flag, self.entity, &ByName(self.context)).is_some();
        let explained = segments.list.iter().enumerate();
        let explained =
            explained.map(|(position, segment)| self.segment(segment, text.segments.get(position).unwrap_or(&none)));
        ExplainedRule {
            rule_id: String::new(),
            outcome: outcome(matched),
            operator: Some(match segments.operator {
                Operator::Or => "OR",
                Operator::And => "AND",
            }),
            segments: explained.collect(),
            value: text.value,
            threshold: None,
            split: None,
        }
    }

    fn segment(&self, segment: &Segment, text: &SegmentText) -> ExplainedSegment {
        let none = ConstraintText::default();
        let constraints =
            segment.constraints.iter().enumerate().map(|(position, constraint)| {
                self.constraint(constraint, text.constraints.get(position).unwrap_or(&none))
            });
        ExplainedSegment {
            key: segment.key.to_string(),
            match_type: if segment.any { "ANY" } else { "ALL" },
            matched: segment::matches(segment, self.flag, self.entity, &ByName(self.context)),
            constraints: constraints.collect(),
        }
    }

    fn constraint(&self, constraint: &Constraint, text: &ConstraintText) -> ExplainedConstraint {
        let actual = if text.is_of_entity() { Some(self.entity) } else { self.context.value(&text.property) };
        ExplainedConstraint {
            property: text.property.clone(),
            kind: text.kind.clone(),
            operator: text.operator.clone(),
            value: text.value.clone(),
            actual: actual.map(str::to_owned),
            matched: constraint::matches(constraint, self.flag, self.entity, &ByName(self.context)),
        }
    }

    /// The shares with their ranges: each begins where the furthest of those before it ends.
    fn split(&self, rule: &Rule, text: &RuleText) -> Option<ExplainedSplit> {
        if rule.boundaries.is_empty() {
            return None;
        }
        let bucket = bucket::thousandth(self.flag, self.entity);
        let hit = decide::share_of(rule, bucket);
        let mut from = 0;
        let shares =
            (1u32..).zip(&*rule.boundaries).zip(&text.shares).map(|((number, &end), (variant_key, rollout))| {
                let begin = from;
                from = from.max(end);
                ExplainedShare {
                    variant_key: variant_key.clone(),
                    rollout: *rollout,
                    from: begin,
                    to: from,
                    hit: number == hit,
                }
            });
        Some(ExplainedSplit { bucket, shares: shares.collect() })
    }
}

fn outcome(matched: bool) -> RuleOutcome {
    if matched { RuleOutcome::Matched } else { RuleOutcome::NotMatched }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::snapshot::Made;

    const BODY: &str = r#"{"namespace":{"key":"n"},"digest":"d","flags":[
        {"key":"plan","type":"VARIANT_FLAG_TYPE","enabled":true},
        {"key":"plan","type":"VARIANT_FLAG_TYPE","enabled":true,"defaultVariant":{"key":"none"},"rules":[
          {"id":"late","rank":2,"segmentOperator":"AND_SEGMENT_OPERATOR","segments":[]},
          {"id":"early","rank":1,"segmentOperator":"OR_SEGMENT_OPERATOR","segments":[
            {"key":"adults","matchType":"ANY_SEGMENT_MATCH_TYPE","constraints":[
              {"type":"NUMBER_CONSTRAINT_COMPARISON_TYPE","property":"age","operator":"gte","value":"18"},
              {"type":"NUMBER_CONSTRAINT_COMPARISON_TYPE","property":"age","operator":"like","value":"18"}]},
            {"key":"adults","constraints":[]}],
           "distributions":[{"variantKey":"a","rollout":30},{"variantKey":"zero"},{"variantKey":"b","rollout":70}]}]},
        {"key":"switch","type":"BOOLEAN_FLAG_TYPE","rollouts":[{"type":"NEW"},
          {"type":"THRESHOLD_ROLLOUT_TYPE","threshold":{"percentage":"Infinity","value":true}}]},
        {"key":"off","type":"VARIANT_FLAG_TYPE","rules":[{"segmentOperator":"AND_SEGMENT_OPERATOR"}]},
        {"key":"torn","enabled":"yes"},{"key":"odd","type":"NEW"}]}"#;

    fn explained(flag: &str, context: &[(&str, &str)]) -> Value {
        let snapshot = Snapshot::parse(BODY.as_bytes(), None).unwrap();
        let explanation = explain(&snapshot, &Request::new(flag, "e", &context.to_vec()));
        let imported = Snapshot::import(&snapshot.export(), "n", None).unwrap();
        let again = explain(&imported, &Request::new(flag, "e", &context.to_vec()));
        assert_eq!((again.rules, again.answer), (explanation.rules.clone(), explanation.answer.clone()));
        serde_json::to_value(explanation).unwrap()
    }

    #[test]
    fn tells_rules_in_the_order_in_which_they_are_tried() {
        let told = explained("plan", &[("age", "20")]);
        assert_eq!(
            told["rules"][0],
            json!({
                "ruleId": "plan#rule-1", "outcome": "matched", "operator": "OR",
                "segments": [{ "key": "adults", "matchType": "ANY", "matched": true, "constraints": [
                    { "property": "age", "type": "NUMBER_CONSTRAINT_COMPARISON_TYPE", "operator": "gte", "value": "18",
                      "actual": "20", "matched": true },
                    { "property": "age", "type": "NUMBER_CONSTRAINT_COMPARISON_TYPE", "operator": "like", "value": "18",
                      "actual": "20", "matched": false }] }],
                "split": { "bucket": 280, "shares": [
                    { "variantKey": "a", "rollout": 30.0, "from": 0, "to": 300, "hit": true },
                    { "variantKey": "b", "rollout": 70.0, "from": 300, "to": 1000, "hit": false }] },
            })
        );
        assert_eq!(told["rules"][1]["outcome"], "not reached");
        assert_eq!(told["decidedBy"], "plan#rule-1");
        assert_eq!(told["answer"]["variantKey"], "a");

        let told = explained("plan", &[]);
        assert_eq!(told["rules"][0]["outcome"], "not matched");
        assert_eq!(told["rules"][0]["segments"][0]["constraints"][0].get("actual"), None);
        assert_eq!(told["decidedBy"], "plan#rule-2");
    }

    #[test]
    fn skipped_rollouts_have_no_number() {
        let told = explained("switch", &[]);
        assert_eq!(told["rules"].as_array().map(Vec::len), Some(1));
        assert_eq!(told["rules"][0]["ruleId"], "switch#rollout-1");
        assert_eq!(told["rules"][0]["threshold"]["percentage"], 1e39);
        assert_eq!(
            told["answer"],
            json!({
                "kind": "boolean", "enabled": true, "reason": "MATCH_EVALUATION_REASON", "segmentKeys": [],
            })
        );
    }

    #[test]
    fn a_forced_flag_has_no_rules() {
        let forced = Made::read(r#"{"plan":"z"}"#).unwrap();
        let snapshot = Snapshot::parse(BODY.as_bytes(), None).unwrap().with_forced(&forced);
        let told = explain(&snapshot, &Request::new("plan", "e", &[("age", "20")]));
        assert_eq!((told.rules.len(), told.decided_by), (0, None));
        assert!(matches!(told.answer, ExplainedAnswer::Variant { variant_key, .. } if variant_key == "z"));
    }

    #[test]
    fn what_is_not_evaluated_is_told_all_the_same() {
        let told = explained("off", &[]);
        assert_eq!(told["rules"][0]["outcome"], "not reached");
        assert_eq!(told["answer"]["reason"], "FLAG_DISABLED_EVALUATION_REASON");
        for (flag, code, kind) in [
            ("nobody", "FLIPT_FLAG_NOT_FOUND", None),
            ("torn", "FLIPT_FLAG_INVALID", Some("VARIANT_FLAG_TYPE")),
            ("odd", "FLIPT_FLAG_TYPE_MISMATCH", Some("NEW")),
        ] {
            let told = explained(flag, &[]);
            assert_eq!(told["answer"]["code"], code, "{flag}");
            assert_eq!(told.get("type").and_then(Value::as_str), kind, "{flag}");
            assert_eq!(told["rules"], json!([]), "{flag}");
        }
    }
}
