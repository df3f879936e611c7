use super::shape::Shape;
use super::{Checker, Fields};
use crate::features::fields::text;
use crate::features::model::{Distribution, Reference, Rollout, Rule, Variant};
use crate::features::syntax::quoted;
use crate::features::tree::NodeId;

const OPERATORS: &[(&str, bool)] = &[("OR_SEGMENT_OPERATOR", false), ("AND_SEGMENT_OPERATOR", true)];

impl Checker<'_> {
    pub(super) fn rule(&mut self, id: NodeId, path: &str, variants: &[Variant]) -> Rule {
        let mut rule = Rule::default();
        let Some(mut fields) = self.mapping(id, path) else { return rule };
        if let Some(segment) = self.required(&mut fields, "segment") {
            self.rule_segments(segment, &fields.path("segment"), &mut rule);
        }
        if let Some(rank) = fields.take("rank") {
            match self.shape(rank) {
                Shape::Int(0..) => {}
                _ => self.mismatch(rank, &fields.path("rank"), "a whole number from 0 on"),
            }
        }
        if let Some(distributions) = fields.take("distributions") {
            let path = fields.path("distributions");
            let items = self.list(distributions, &path);
            rule.distributions = items.filter_map(|(item, path)| self.distribution(item, &path, variants)).collect();
        }
        self.leftovers(&fields, "a rule");
        rule
    }

    fn rule_segments(&mut self, id: NodeId, path: &str, rule: &mut Rule) {
        match self.shape(id) {
            Shape::Text if self.json => {
                self.problem(self.place(id), path, "must be a mapping with keys, because the file is JSON");
            }
            Shape::Text => {
                let key = self.key(id, path);
                rule.segments.push(self.reference(id, key, path));
            }
            Shape::Map => {
                let Some(mut fields) = self.mapping(id, path) else { return };
                rule.segments = self.segment_keys(&mut fields);
                rule.and = self.segment_operator(&mut fields);
                self.leftovers(&fields, "the segment of a rule");
            }
            _ => self.mismatch(id, path, "the key of a segment, or a mapping with keys"),
        }
    }

    fn distribution(&mut self, id: NodeId, path: &str, variants: &[Variant]) -> Option<Distribution> {
        let mut fields = self.mapping(id, path)?;
        let named = self.required(&mut fields, "variant").and_then(|variant| {
            let path = fields.path("variant");
            let key = self.line(variant, &path);
            let found = variants.iter().position(|known| known.key == key);
            if found.is_none() && self.shape(variant) == Shape::Text && !key.is_empty() {
                self.problem(self.place(variant), path, format!("the flag has no variant {}", quoted(&key)));
            }
            found
        });
        let rollout = self.required(&mut fields, "rollout").map(|rollout| {
            let path = fields.path("rollout");
            match self.percentage(rollout) {
                Some(share) if (0.0..=100.0).contains(&share) => {}
                Some(_) => self.mismatch(rollout, &path, "from 0 to 100"),
                None => self.mismatch(rollout, &path, "a number from 0 to 100"),
            }
            self.single(rollout)
        });
        self.leftovers(&fields, "a distribution");
        Some(Distribution { variant: named?, rollout: rollout? })
    }

    pub(super) fn rollout(&mut self, id: NodeId, path: &str) -> Rollout {
        let Some(mut fields) = self.mapping(id, path) else { return Rollout::Empty };
        self.description(&mut fields);
        let (segment, threshold) = (fields.take("segment"), fields.take("threshold"));
        self.leftovers(&fields, "a rollout");
        match (segment, threshold) {
            (None, None) => Rollout::Empty,
            (Some(_), Some(_)) => {
                self.problem(fields.place, path, "a rollout has a segment or a threshold, not both");
                Rollout::Empty
            }
            (Some(segment), None) => self.segment_rollout(segment, &fields.path("segment")),
            (None, Some(threshold)) => self.threshold(threshold, &fields.path("threshold")),
        }
    }

    fn segment_rollout(&mut self, id: NodeId, path: &str) -> Rollout {
        let Some(mut fields) = self.mapping(id, path) else { return Rollout::Empty };
        let key = fields.take("key");
        let segments = match (key, fields.rest.iter().any(|field| field.name == "keys")) {
            (Some(_), true) => {
                self.problem(fields.place, path, "the segment of a rollout has a key or keys, not both");
                fields.take("keys");
                Vec::new()
            }
            (Some(id), false) => {
                let path = fields.path("key");
                fields.take("keys");
                let key = self.key(id, &path);
                vec![self.reference(id, key, &path)]
            }
            (None, true) => self.segment_keys(&mut fields),
            (None, false) => {
                self.problem(fields.place, path, "the segment of a rollout needs a key or keys");
                fields.take("keys");
                Vec::new()
            }
        };
        let and = self.segment_operator(&mut fields);
        let value = self.outcome(&mut fields);
        self.leftovers(&fields, "the segment of a rollout");
        Rollout::Segment { segments, and, value }
    }

    fn threshold(&mut self, id: NodeId, path: &str) -> Rollout {
        let Some(mut fields) = self.mapping(id, path) else { return Rollout::Empty };
        let percentage = self.required(&mut fields, "percentage").map(|percentage| {
            let path = fields.path("percentage");
            if self.percentage(percentage).is_none() {
                self.mismatch(percentage, &path, "a number");
            } else if self.json && self.single(percentage).is_infinite() {
                self.problem(self.place(percentage), path, "is too large for a JSON file");
            }
            self.single(percentage)
        });
        let value = self.outcome(&mut fields);
        self.leftovers(&fields, "a threshold");
        Rollout::Threshold { percentage: percentage.unwrap_or_default(), value }
    }

    fn outcome(&mut self, fields: &mut Fields<'_>) -> bool {
        let value = fields.take("value");
        value.is_some_and(|value| self.boolean(value, &fields.path("value")))
    }

    fn segment_keys(&mut self, fields: &mut Fields<'_>) -> Vec<Reference> {
        let path = fields.path("keys");
        let Some(keys) = fields.take("keys") else { return Vec::new() };
        self.list(keys, &path)
            .map(|(item, path)| {
                let key = self.text(item, &path).unwrap_or_default();
                self.reference(item, key, &path)
            })
            .collect()
    }

    fn segment_operator(&mut self, fields: &mut Fields<'_>) -> bool {
        let path = fields.path("operator");
        match fields.take("operator") {
            Some(operator) if self.shape(operator) != Shape::Null => {
                self.choice(operator, &path, OPERATORS).unwrap_or_default()
            }
            _ => false,
        }
    }

    fn reference(&self, id: NodeId, key: String, path: &str) -> Reference {
        // Only what could be a key is looked for; anything else was told of already.
        let key = if self.shape(id) == Shape::Text { key } else { String::new() };
        Reference { key, place: self.place(id), field: path.to_owned() }
    }

    #[expect(clippy::cast_precision_loss, reason = "a share is no larger than 100")]
    fn percentage(&self, id: NodeId) -> Option<f64> {
        match self.shape(id) {
            Shape::Int(value) => Some(value as f64),
            Shape::Float(value) => Some(value),
            _ => None,
        }
    }

    /// The server keeps shares as 32-bit floats, which the JSON reader makes without a detour.
    #[expect(clippy::cast_possible_truncation, reason = "that is what the server does")]
    fn single(&self, id: NodeId) -> f32 {
        let direct = text(self.tree, id).filter(|_| self.json).and_then(|text| text.parse().ok());
        direct.unwrap_or_else(|| self.percentage(id).unwrap_or_default() as f32)
    }
}
