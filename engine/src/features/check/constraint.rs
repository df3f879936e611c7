use super::shape::Shape;
use super::{Checker, Version};
use crate::features::fields::text;
use crate::features::figure::{html_safe_text, json_f64, printed};
use crate::features::finding::Finding;
use crate::features::model::Constraint;
use crate::features::scalar::Value;
use crate::features::syntax::quoted;
use crate::features::tree::NodeId;
use crate::snapshot::is_malformed;

/// The types, with the operators that each has.
const TYPES: &[(&str, &[&str])] = &[
    ("STRING_COMPARISON_TYPE", TEXT),
    ("NUMBER_COMPARISON_TYPE", NUMBER),
    ("BOOLEAN_COMPARISON_TYPE", &["true", "false", "present", "notpresent"]),
    ("DATETIME_COMPARISON_TYPE", &["eq", "neq", "present", "notpresent", "lt", "lte", "gt", "gte"]),
    ("ENTITY_ID_COMPARISON_TYPE", TEXT),
];
const TEXT: &[&str] =
    &["eq", "neq", "empty", "notempty", "prefix", "suffix", "contains", "notcontains", "isoneof", "isnotoneof"];
const NUMBER: &[&str] = &["eq", "neq", "present", "notpresent", "lt", "lte", "gt", "gte", "isoneof", "isnotoneof"];

impl Checker<'_> {
    /// A constraint, and whether its value does not fit.
    pub(super) fn constraint(&mut self, id: NodeId, path: &str, segment: &str) -> Option<(Constraint, bool)> {
        let mut fields = self.mapping(id, path)?;
        let kind = self.required(&mut fields, "type");
        let kind = kind.and_then(|kind| {
            let names: Vec<(&str, usize)> = TYPES.iter().enumerate().map(|(at, (name, _))| (*name, at)).collect();
            self.choice(kind, &fields.path("type"), &names)
        });
        let property =
            self.required(&mut fields, "property").map(|property| self.line(property, &fields.path("property")));
        let operator = self.required(&mut fields, "operator");
        let operator = operator.and_then(|operator| self.operator(operator, &fields.path("operator"), kind));
        self.description(&mut fields);
        let (value, place) = (fields.take("value"), fields.place);
        let value_path = fields.path("value");
        self.leftovers(&fields, "a constraint");

        let (kind, operator) = (TYPES.get(kind?)?.0, operator?);
        let problems = self.findings.problems.len();
        let text = match value {
            Some(value) => self.constraint_value(value, &value_path, kind, operator)?,
            None if is_list(operator) && self.version < Version::WithLists => {
                self.problem(place, value_path, format!("is missing, {operator} needs a list"));
                return None;
            }
            None => String::new(),
        };
        let type_name = format!("{}_CONSTRAINT_COMPARISON_TYPE", kind.trim_end_matches("_COMPARISON_TYPE"));
        let malformed = self.findings.problems.len() == problems && is_malformed(&type_name, operator, &text);
        if malformed {
            let flaw = match value {
                Some(_) => format!("{} does not fit {operator} of {kind}", quoted(&text)),
                None => format!("is missing, {operator} needs a list"),
            };
            let reason = format!("{flaw}; segment {} is left out of every rule and rollout", quoted(segment));
            let place = value.map_or(place, |value| self.place(value));
            self.findings.warnings.push(Finding::at(self.file, place, value_path, reason));
        }
        let constraint = Constraint {
            type_name,
            property: property.unwrap_or_default(),
            operator: operator.to_owned(),
            value: text,
        };
        Some((constraint, malformed))
    }

    fn operator(&mut self, id: NodeId, path: &str, kind: Option<usize>) -> Option<&'static str> {
        let allowed: Vec<(&'static str, &'static str)> = match kind.and_then(|kind| TYPES.get(kind)) {
            Some((_, operators)) => operators.iter().map(|name| (*name, *name)).collect(),
            None => {
                let mut all: Vec<_> = TYPES.iter().flat_map(|(_, names)| *names).map(|name| (*name, *name)).collect();
                all.sort_unstable();
                all.dedup();
                all
            }
        };
        match self.shape(id) {
            Shape::Bool(_) => {
                self.mismatch(id, path, "a text, put it in quotes");
                None
            }
            _ => self.choice(id, path, &allowed),
        }
    }

    fn constraint_value(&mut self, id: NodeId, path: &str, kind: &str, operator: &str) -> Option<String> {
        let wants_list = is_list(operator) && self.version >= Version::WithLists;
        if wants_list {
            if self.shape(id) != Shape::List {
                self.mismatch(id, path, &format!("a list, because the operator is {operator}"));
                return None;
            }
            return Some(self.list_value(id, path, kind));
        }
        if self.shape(id) != Shape::Text {
            let wanted = match self.shape(id) {
                Shape::List if is_list(operator) => "the JSON text of a list before version 1.6",
                Shape::Int(_) | Shape::Float(_) | Shape::Bool(_) => "a text, put it in quotes",
                _ => "a text",
            };
            self.mismatch(id, path, wanted);
            return None;
        }
        Some(match self.value(id)? {
            Value::Date(date) => date.to_string(),
            Value::Float(value) => printed(value),
            _ => text(self.tree, id)?.to_owned(),
        })
    }

    /// The JSON text of a list, compact and in the order of the file.
    fn list_value(&mut self, id: NodeId, path: &str, kind: &str) -> String {
        let numbers = kind == "NUMBER_COMPARISON_TYPE";
        let mut list = String::from("[");
        for (item, path) in self.list(id, path) {
            let fits = match self.shape(item) {
                Shape::Int(_) | Shape::Float(_) => numbers,
                Shape::Text => !numbers,
                _ => false,
            };
            if !fits {
                let wanted = if numbers { "a number, as in every list for NUMBER" } else { "a text, put it in quotes" };
                self.mismatch(item, &path, wanted);
            }
            if list.len() > 1 {
                list.push(',');
            }
            self.list_item(item, &mut list);
        }
        list.push(']');
        list
    }

    fn list_item(&self, id: NodeId, list: &mut String) {
        match self.value(id) {
            Some(Value::Int(_) | Value::Float(_)) if self.json => {
                let number = text(self.tree, id).and_then(|text| text.parse().ok());
                list.push_str(&json_f64(number.unwrap_or_default()));
            }
            Some(Value::Int(value)) if value > i128::from(i64::MAX) => html_safe_text(&value.to_string(), list),
            Some(Value::Int(value)) => list.push_str(&value.to_string()),
            Some(Value::Float(value)) => list.push_str(&json_f64(value)),
            Some(Value::Date(date)) => html_safe_text(&date.to_string(), list),
            Some(Value::Text(value)) => html_safe_text(&value, list),
            _ => list.push_str("null"),
        }
    }
}

fn is_list(operator: &str) -> bool {
    matches!(operator, "isoneof" | "isnotoneof")
}
