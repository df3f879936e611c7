use super::shape::Shape;
use super::{Checker, Fields, Version};
use crate::features::fields::{fields, is_merge};
use crate::features::model::{Flag, Variant};
use crate::features::scalar::Value;
use crate::features::tree::{Content, NodeId};

impl Checker<'_> {
    pub(super) fn flag(&mut self, id: NodeId, path: &str) -> Flag {
        let mut flag = Flag::default();
        let Some(mut fields) = self.mapping(id, path) else { return flag };
        if let Some(key) = self.required(&mut fields, "key") {
            flag.key = self.key(key, &fields.path("key"));
        }
        if let Some(name) = self.required(&mut fields, "name") {
            self.line(name, &fields.path("name"));
        }
        self.description(&mut fields);
        if let Some(enabled) = fields.take("enabled") {
            flag.enabled = self.boolean(enabled, &fields.path("enabled"));
        }
        if self.version >= Version::WithRollouts
            && let Some(kind) = fields.take("type")
        {
            let kinds = [("BOOLEAN_FLAG_TYPE", true), ("VARIANT_FLAG_TYPE", false)];
            // Of a flag of unknown type nothing else is wrong for being of the other one.
            flag.boolean = self.choice(kind, &fields.path("type"), &kinds).unwrap_or(true);
        }
        if self.version >= Version::WithMetadata
            && let Some(metadata) = fields.take("metadata")
        {
            self.metadata(metadata, &fields.path("metadata"));
        }
        if let Some(variants) = fields.take("variants") {
            let path = fields.path("variants");
            flag.variants = self.list(variants, &path).map(|(item, path)| self.flags_variant(item, &path)).collect();
        }
        if let Some(rules) = fields.take("rules") {
            let path = fields.path("rules");
            flag.rules = self.list(rules, &path).map(|(item, path)| self.rule(item, &path, &flag.variants)).collect();
        }
        self.rollouts(&mut fields, &mut flag);
        self.leftovers(&fields, "a flag");
        flag
    }

    fn rollouts(&mut self, fields: &mut Fields<'_>, flag: &mut Flag) {
        if self.version < Version::WithRollouts {
            return;
        }
        let path = fields.path("rollouts");
        let key = fields.rest.iter().find(|field| field.name == "rollouts").map(|field| field.key);
        match (fields.take("rollouts"), key) {
            (Some(_), Some(key)) if !flag.boolean => {
                self.problem(self.place(key), path, "only a flag of type BOOLEAN_FLAG_TYPE has rollouts");
            }
            (Some(rollouts), _) => {
                flag.rollouts = self.list(rollouts, &path).map(|(item, path)| self.rollout(item, &path)).collect();
            }
            (None, _) => {}
        }
    }

    fn flags_variant(&mut self, id: NodeId, path: &str) -> Variant {
        let mut variant = Variant::default();
        let Some(mut fields) = self.mapping(id, path) else { return variant };
        if let Some(key) = self.required(&mut fields, "key") {
            variant.key = self.line(key, &fields.path("key"));
        }
        if let Some(name) = fields.take("name") {
            self.line(name, &fields.path("name"));
        }
        self.description(&mut fields);
        if let Some(attachment) = fields.take("attachment") {
            let path = fields.path("attachment");
            match self.shape(attachment) {
                Shape::List | Shape::Map | Shape::Null => self.walk(attachment),
                _ => self.mismatch(attachment, &path, "a mapping, a list or null"),
            }
            variant.attachment = Some(attachment);
        }
        if self.version >= Version::WithMetadata
            && let Some(default) = fields.take("default")
        {
            variant.default = self.boolean(default, &fields.path("default"));
        }
        self.leftovers(&fields, "a variant");
        variant
    }

    fn metadata(&mut self, id: NodeId, path: &str) {
        if self.shape(id) != Shape::Map {
            return self.mismatch(id, path, "a mapping");
        }
        for field in fields(self.tree, id) {
            let path = format!("{path}.{}", self.tree.label(field.key));
            match self.shape(field.value) {
                Shape::Null => self.problem(self.place(field.value), path, "must not be null"),
                _ => self.walk(field.value),
            }
        }
    }

    /// What may hold anything still cannot hold what JSON has no word for.
    fn walk(&mut self, id: NodeId) {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let target = self.tree.target(id);
            if !self.walked.insert(target) {
                continue;
            }
            let from = open.len();
            match &self.tree.node(target).content {
                Content::List(items) => open.extend(items),
                Content::Map(pairs) => {
                    for &(key, value) in pairs {
                        if !is_merge(self.tree, key) && !self.is_text(key) {
                            let reason = "a key must be a text here, put it in quotes";
                            self.problem(self.place(key), self.tree.path(key), reason);
                        }
                        open.push(value);
                    }
                }
                _ if matches!(self.value(id), Some(Value::Date(_))) => {
                    let reason = "a date without quotes cannot stand here, put it in quotes";
                    self.problem(self.place(id), self.tree.path(id), reason);
                }
                _ => {}
            }
            open[from..].reverse();
        }
    }

    /// Whether schema and decoder take a scalar for a text; what has no meaning is told elsewhere.
    fn is_text(&self, id: NodeId) -> bool {
        let by_schema = matches!(self.shape(id), Shape::Text | Shape::Broken);
        by_schema && self.value(id).is_none_or(|value| matches!(value, Value::Text(_)))
    }
}
