//! What stands behind a flag's outcomes: which rule decided, by a split or not, and whether the entity's id counts.

use super::model::{BooleanRule, Condition, Decider, Flag, NONE, Outcome, Reason, Rule, Segments, Subject};

/// Why a flag has its value, in words that do not depend on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A rule or rollout applied to the entity.
    TargetingMatch,
    /// The entity's place in a split decided.
    Split,
    /// Nothing applied, or what applied names no variant.
    Default,
    /// The flag has neither rules nor rollouts.
    Static,
    /// The flag is disabled.
    Disabled,
}

impl Why {
    /// The reason's name as `OpenFeature` has it, for example `TARGETING_MATCH`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TargetingMatch => "TARGETING_MATCH",
            Self::Split => "SPLIT",
            Self::Default => "DEFAULT",
            Self::Static => "STATIC",
            Self::Disabled => "DISABLED",
        }
    }
}

/// What stands behind an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Why.
    pub why: Why,
    /// Whether the flag's answer can depend on the entity's id: the flag splits, or a constraint looks at the id.
    pub needs_entity: bool,
    /// The position of the rule or rollout, else [`NONE`].
    source: u32,
    is_rollout: bool,
}

impl Decision {
    /// The name of the rule or rollout that decided, `<flag>#rule-2` or `<flag>#rollout-2` for the second one. It depends
    /// on nothing but the order of the definition, so that a server's restart does not change it.
    #[must_use]
    pub fn rule_id(&self, flag: &str) -> Option<String> {
        let number = self.source.checked_add(1)?;
        let noun = if self.is_rollout { "rollout" } else { "rule" };
        Some(format!("{flag}#{noun}-{number}"))
    }
}

impl Flag {
    /// What stands behind one of the flag's outcomes.
    #[must_use]
    pub fn decision(&self, outcome: &Outcome) -> Decision {
        let is_rollout = matches!(self.decider, Decider::Boolean(_));
        Decision { why: self.why(outcome), needs_entity: self.needs_entity, source: outcome.source, is_rollout }
    }

    /// Whether an answer can depend on the entity's id: the flag splits, or a constraint looks at the id.
    #[must_use]
    pub fn needs_entity(&self) -> bool {
        self.needs_entity
    }

    fn why(&self, outcome: &Outcome) -> Why {
        if outcome.reason == Reason::FlagDisabled {
            return Why::Disabled;
        }
        let position = outcome.source as usize;
        match &self.decider {
            Decider::Boolean(rules) if rules.is_empty() => Why::Static,
            Decider::Boolean(rules) => rules.get(position).map_or(Why::Default, BooleanRule::why),
            Decider::Variant(rules) if rules.is_empty() && outcome.variant != NONE => Why::Static,
            Decider::Variant(rules) => rules.get(position).map_or(Why::Default, |rule| rule.why(outcome)),
            Decider::Unknown => Why::Default,
        }
    }
}

impl Decider {
    /// Whether the entity's id can make a difference. A disabled variant flag looks at nothing.
    pub(super) fn needs_entity(&self, enabled: bool) -> bool {
        match self {
            Self::Boolean(rules) => rules.iter().any(BooleanRule::needs_entity),
            Self::Variant(rules) => enabled && rules.iter().any(|rule| rule.splits || rule.segments.need_entity()),
            Self::Unknown => false,
        }
    }
}

impl BooleanRule {
    fn why(&self) -> Why {
        if self.splits() { Why::Split } else { Why::TargetingMatch }
    }

    fn splits(&self) -> bool {
        matches!(self, Self::Threshold { percentage } if *percentage > 0.0 && *percentage < 100.0)
    }

    fn needs_entity(&self) -> bool {
        match self {
            Self::Threshold { .. } => self.splits(),
            Self::Segments { segments } => segments.need_entity(),
        }
    }
}

impl Rule {
    fn why(&self, outcome: &Outcome) -> Why {
        match (self.boundaries.is_empty() || !outcome.on, self.splits) {
            (true, _) => Why::Default,
            (false, true) => Why::Split,
            (false, false) => Why::TargetingMatch,
        }
    }
}

impl Segments {
    fn need_entity(&self) -> bool {
        let mut constraints = self.list.iter().flat_map(|segment| &*segment.constraints);
        constraints.any(|constraint| {
            constraint.subject == Subject::Entity && !matches!(constraint.condition, Condition::Never)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::{self, Evaluation, Request};
    use crate::snapshot::{Compatibility, Snapshot};

    fn snapshot(flags: &str, compatibility: Option<Compatibility>) -> Snapshot {
        Snapshot::parse(format!(r#"{{"digest":"d","flags":[{flags}]}}"#).as_bytes(), compatibility).unwrap()
    }

    fn variant_flag(rules: &str, more: &str) -> String {
        format!(r#"{{"key":"f","type":"VARIANT_FLAG_TYPE","enabled":true,"rules":[{rules}]{more}}}"#)
    }

    fn rule(constraints: &str, shares: &[(&str, f32)]) -> String {
        let shares: Vec<_> =
            shares.iter().map(|(key, share)| format!(r#"{{"variantKey":"{key}","rollout":{share}}}"#)).collect();
        format!(
            r#"{{"segments":[{{"key":"s","matchType":"ALL_SEGMENT_MATCH_TYPE","constraints":[{constraints}]}}],
            "distributions":[{}]}}"#,
            shares.join(",")
        )
    }

    fn boolean_flag(rollouts: &str) -> String {
        format!(r#"{{"key":"f","type":"BOOLEAN_FLAG_TYPE","enabled":true,"rollouts":[{rollouts}]}}"#)
    }

    fn threshold(percentage: f32) -> String {
        format!(r#"{{"type":"THRESHOLD_ROLLOUT_TYPE","threshold":{{"percentage":{percentage},"value":false}}}}"#)
    }

    const PRO: &str = r#"{"type":"STRING_CONSTRAINT_COMPARISON_TYPE","property":"plan","operator":"eq","value":"pro"}"#;
    const ENTITY: &str =
        r#"{"type":"ENTITY_ID_CONSTRAINT_COMPARISON_TYPE","property":"entityId","operator":"eq","value":"e"}"#;

    /// Why, by which rule, and whether the id counts, for entity `e` on plan `pro`.
    fn decided(flag: &str, compatibility: Option<Compatibility>) -> (Why, Option<String>, bool) {
        let snapshot = snapshot(flag, compatibility);
        let context = [("plan", "pro")];
        let request = Request::new("f", "e", &context);
        let decision = match evaluate::any(&snapshot, &request).unwrap() {
            Evaluation::Boolean(evaluation) => evaluation.decision,
            Evaluation::Variant(evaluation) => evaluation.decision,
        };
        (decision.why, decision.rule_id("f"), decision.needs_entity)
    }

    fn named(rule: &str) -> Option<String> {
        Some(rule.to_owned())
    }

    #[test]
    fn rules_and_splits_are_told_apart() {
        let never = PRO.replace("pro", "free");
        let one = rule(PRO, &[("a", 100.0)]);
        let two = rule(PRO, &[("a", 50.0), ("b", 50.0)]);
        let cases = [
            (one.clone(), Why::TargetingMatch, named("f#rule-1"), false),
            (rule(PRO, &[("a", 30.0)]), Why::TargetingMatch, named("f#rule-1"), false),
            (two.clone(), Why::Split, named("f#rule-1"), true),
            (rule(PRO, &[("a", 100.0), ("b", 0.0)]), Why::TargetingMatch, named("f#rule-1"), false),
            (format!("{},{two}", rule(&never, &[("a", 100.0)])), Why::Split, named("f#rule-2"), true),
            (format!("{one},{two}"), Why::TargetingMatch, named("f#rule-1"), true),
            (rule(ENTITY, &[("a", 100.0)]), Why::TargetingMatch, named("f#rule-1"), true),
            (rule(PRO, &[]), Why::Default, named("f#rule-1"), false),
            (rule(&never, &[("a", 100.0)]), Why::Default, None, false),
            (String::new(), Why::Default, None, false),
        ];
        for (rules, why, id, needs_entity) in cases {
            assert_eq!(decided(&variant_flag(&rules, ""), None), (why, id, needs_entity), "{rules}");
        }
    }

    #[test]
    fn flags_without_rules_are_static_and_disabled_ones_disabled() {
        let default = r#","defaultVariant":{"key":"d"}"#;
        assert_eq!(decided(&variant_flag("", default), None), (Why::Static, None, false));
        let split = variant_flag(&rule(PRO, &[("a", 50.0), ("b", 50.0)]), default);
        let disabled = split.replace(r#""enabled":true"#, r#""enabled":false"#);
        assert_eq!(decided(&disabled, None), (Why::Disabled, None, false));
        assert_eq!(decided(&boolean_flag(""), None), (Why::Static, None, false));
    }

    #[test]
    fn thresholds_split_between_nobody_and_everybody() {
        let cases = [
            (0.0, Why::Default, None, false),
            (100.0, Why::TargetingMatch, named("f#rollout-1"), false),
            (150.0, Why::TargetingMatch, named("f#rollout-1"), false),
            (99.999, Why::Split, named("f#rollout-1"), true),
            (0.001, Why::Default, None, true),
        ];
        for (percentage, why, id, needs_entity) in cases {
            assert_eq!(decided(&boolean_flag(&threshold(percentage)), None), (why, id, needs_entity), "{percentage}");
        }
        let segment = format!(
            r#"{{"type":"SEGMENT_ROLLOUT_TYPE","segment":{{"value":true,"segments":[{{"key":"s","constraints":[{PRO}]}}]}}}}"#
        );
        let second = boolean_flag(&format!("{},{segment}", threshold(0.0)));
        assert_eq!(decided(&second, None), (Why::TargetingMatch, named("f#rollout-2"), false));
    }

    #[test]
    fn shares_below_the_whole_split_where_they_are_cut_as_they_are() {
        let partial = variant_flag(&rule(PRO, &[("a", 99.0)]), "");
        assert_eq!(decided(&partial, Some(Compatibility::V2)), (Why::TargetingMatch, named("f#rule-1"), false));
        assert_eq!(decided(&partial, Some(Compatibility::V1)), (Why::Split, named("f#rule-1"), true));
        let tiny = variant_flag(&rule(PRO, &[("a", 0.01)]), "");
        assert_eq!(
            decided(&tiny, Some(Compatibility::V1)),
            (Why::Default, named("f#rule-1"), true),
            "beyond its share"
        );
    }
}
