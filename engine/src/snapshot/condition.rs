//! Constraints with their operators resolved and their values parsed.

use super::model::{Comparison, Condition, StringTest};
use super::{datetime, list, number};

/// The constraint type that looks at the entity id.
pub(super) const ENTITY_ID: &str = "ENTITY_ID_CONSTRAINT_COMPARISON_TYPE";

/// The condition of a constraint, or nothing when its type or operator is unknown.
///
/// A value that cannot be read makes a condition that never matches, as on the server.
pub(super) fn parse(kind: &str, operator: &str, value: &str) -> Option<Condition> {
    match kind {
        "STRING_CONSTRAINT_COMPARISON_TYPE" | ENTITY_ID => text(operator, value),
        "NUMBER_CONSTRAINT_COMPARISON_TYPE" => numeric(operator, value),
        "BOOLEAN_CONSTRAINT_COMPARISON_TYPE" => boolean(operator),
        "DATETIME_CONSTRAINT_COMPARISON_TYPE" => time(operator, value),
        _ => None,
    }
}

/// Whether a server leaves a segment out for such a constraint: a value that cannot be read. No value at all is only
/// wrong where a list is wanted.
pub(crate) fn is_malformed(kind: &str, operator: &str, value: &str) -> bool {
    let list = matches!(operator, "isoneof" | "isnotoneof");
    (list || !value.is_empty()) && matches!(parse(kind, operator, value), Some(Condition::Never))
}

fn text(operator: &str, value: &str) -> Option<Condition> {
    let test = match operator {
        "empty" => return Some(Condition::Absent),
        "notempty" => return Some(Condition::Present),
        "isoneof" => return Some(list::strings(value).map_or(Condition::Never, Condition::TextIn)),
        "isnotoneof" => return Some(list::strings(value).map_or(Condition::Never, Condition::TextNotIn)),
        "eq" => StringTest::Equal,
        "neq" => StringTest::NotEqual,
        "contains" => StringTest::Contains,
        "notcontains" => StringTest::NotContains,
        "prefix" => StringTest::Prefix,
        "suffix" => StringTest::Suffix,
        _ => return None,
    };
    Some(Condition::Text(test, value.into()))
}

fn numeric(operator: &str, value: &str) -> Option<Condition> {
    match operator {
        "present" => Some(Condition::Present),
        "notpresent" => Some(Condition::Absent),
        "isoneof" => Some(list::numbers(value).map_or(Condition::Never, Condition::NumberIn)),
        "isnotoneof" => Some(list::numbers(value).map_or(Condition::Never, Condition::NumberNotIn)),
        _ => {
            let comparison = comparison(operator)?;
            Some(number::parse(value).map_or(Condition::Never, |value| Condition::Number(comparison, value)))
        }
    }
}

fn boolean(operator: &str) -> Option<Condition> {
    match operator {
        "true" => Some(Condition::Truth(true)),
        "false" => Some(Condition::Truth(false)),
        "present" => Some(Condition::Present),
        "notpresent" => Some(Condition::Absent),
        _ => None,
    }
}

fn time(operator: &str, value: &str) -> Option<Condition> {
    match operator {
        "present" => Some(Condition::Present),
        "notpresent" => Some(Condition::Absent),
        _ => {
            let comparison = comparison(operator)?;
            Some(datetime::parse(value).map_or(Condition::Never, |value| Condition::Time(comparison, value)))
        }
    }
}

fn comparison(operator: &str) -> Option<Comparison> {
    Some(match operator {
        "eq" => Comparison::Equal,
        "neq" => Comparison::NotEqual,
        "lt" => Comparison::Less,
        "lte" => Comparison::LessOrEqual,
        "gt" => Comparison::Greater,
        "gte" => Comparison::GreaterOrEqual,
        _ => return None,
    })
}
