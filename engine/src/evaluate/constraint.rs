//! Whether one constraint matches.

use super::types::Values;
use crate::snapshot::{Condition, Constraint, Flag, StringTest, Subject, datetime, number};

pub(super) fn matches(constraint: &Constraint, flag: &Flag, entity: &str, values: &impl Values) -> bool {
    let value = match constraint.subject {
        Subject::Entity => entity,
        Subject::Key(position) => values.value(flag, position),
    };
    holds(&constraint.condition, value)
}

/// An absent value is an empty one; but for the two that ask about presence, an empty value is a non-match.
fn holds(condition: &Condition, value: &str) -> bool {
    match condition {
        Condition::Never => false,
        // Rust's white space is Unicode White_Space, which is what Go trims.
        Condition::Present => !value.trim().is_empty(),
        Condition::Absent => value.trim().is_empty(),
        _ if value.is_empty() => false,
        Condition::Text(test, wanted) => text(*test, value, wanted),
        Condition::TextIn(list) => list.contains(value),
        Condition::TextNotIn(list) => !list.contains(value),
        Condition::Number(comparison, wanted) => {
            number::parse(value).is_some_and(|value| comparison.holds(&value, wanted))
        }
        Condition::NumberIn(list) => number::parse(value).is_some_and(|value| list.contains(&value)),
        Condition::NumberNotIn(list) => number::parse(value).is_some_and(|value| !list.contains(&value)),
        Condition::Truth(wanted) => truth(value) == Some(*wanted),
        Condition::Time(comparison, wanted) => {
            datetime::parse(value).is_some_and(|value| comparison.holds(&value, wanted))
        }
    }
}

/// `prefix` and `suffix` trim the value that they look at; the others compare it as it is.
fn text(test: StringTest, value: &str, wanted: &str) -> bool {
    match test {
        StringTest::Equal => value == wanted,
        StringTest::NotEqual => value != wanted,
        StringTest::Contains => value.contains(wanted),
        StringTest::NotContains => !value.contains(wanted),
        StringTest::Prefix => value.trim().starts_with(wanted),
        StringTest::Suffix => value.trim().ends_with(wanted),
    }
}

/// Go's `strconv.ParseBool`.
fn truth(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}
