//! The JSON lists of `isoneof` and `isnotoneof`, as Go's `encoding/json` reads them into a slice.

use std::borrow::Cow;
use std::collections::HashSet;

use foldhash::fast::FixedState;
use serde::Deserialize;

/// Up to this length a list is searched faster than hashed.
const FEW: usize = 16;

/// A set of texts, kept as what is asked fastest.
#[derive(Debug)]
pub(crate) enum TextSet {
    Few(Box<[Box<str>]>),
    Many(HashSet<Box<str>, FixedState>),
}

impl TextSet {
    pub(crate) fn contains(&self, text: &str) -> bool {
        match self {
            Self::Few(members) => members.iter().any(|member| **member == *text),
            Self::Many(members) => members.contains(text),
        }
    }
}

/// The members of a list of strings; `null` is the empty list, a `null` member the empty string.
pub(super) fn strings(text: &str) -> Option<TextSet> {
    let members: Option<Vec<Option<String>>> = read(text)?;
    let members = members.unwrap_or_default().into_iter().map(|member| Box::from(member.unwrap_or_default()));
    let members: Box<[Box<str>]> = members.collect();
    Some(if members.len() <= FEW { TextSet::Few(members) } else { TextSet::Many(members.into_iter().collect()) })
}

/// The members of a list of numbers; a `null` member is 0, a number beyond float64 spoils the list.
pub(super) fn numbers(text: &str) -> Option<Box<[f64]>> {
    let members: Option<Vec<Option<f64>>> = read(text)?;
    Some(members.unwrap_or_default().into_iter().map(Option::unwrap_or_default).collect())
}

fn read<T: for<'a> Deserialize<'a>>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&without_lone_surrogates(text)?).ok())
}

/// Go reads an escaped surrogate without its other half as U+FFFD; `None` when there is no escaped surrogate at all.
fn without_lone_surrogates(text: &str) -> Option<Cow<'_, str>> {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    let mut found = false;
    while let Some(at) = rest.find('\\') {
        mended.push_str(&rest[..at]);
        rest = &rest[at..];
        let taken = match (escaped_unit(rest), escaped_unit(rest.get(6..).unwrap_or_default())) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                found = true;
                mended.push_str("\\ufffd");
                rest = &rest[6..];
                continue;
            }
            (Some(_), _) => 6,
            (None, _) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        mended.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    mended.push_str(rest);
    found.then_some(Cow::Owned(mended))
}

/// The code unit of a `\uXXXX` escape at the beginning of a text.
fn escaped_unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lists_as_go_does() {
        let has = |text: &str, member: &str| strings(text).is_some_and(|set| set.contains(member));
        assert!(has(r#"["a\u0062"]"#, "ab"));
        assert!(has(r#"[null]"#, ""));
        assert!(has(r#"["\ud800x"]"#, "\u{fffd}x"));
        assert!(has(r#"["\ud83d\ude00"]"#, "😀"));
        assert!(has(r#"["\udc00\ud83d\ude00\\u"]"#, "\u{fffd}😀\\u"));
        assert!(strings("null").is_some_and(|set| !set.contains("")));
        let many: String = (0..40).map(|n| format!("\"m{n}\",")).collect();
        assert!(has(&format!("[{many}\"last\"]"), "last") && has(&format!("[{many}\"last\"]"), "m0"));
        assert!(!has(&format!("[{many}\"last\"]"), "m40"));
        for text in ["", "a", "[1]", "[\"a\"", "{}", "\"a\"", "[\"\\ud800]"] {
            assert!(strings(text).is_none(), "{text}");
        }
        assert_eq!(numbers("[1,2.5,null,1e3]").as_deref(), Some(&[1.0, 2.5, 0.0, 1000.0][..]));
        // Correctly rounded to the last bit.
        assert_eq!(numbers("[111.57142857142857]").as_deref(), Some(&[111.571_428_571_428_57][..]));
        assert!(numbers("[\"1\"]").is_none());
        assert!(numbers("[1e400]").is_none());
    }
}
