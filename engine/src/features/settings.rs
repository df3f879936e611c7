//! The `flipt.yaml` at the root of a folder: of interest for its version only, which can stop everything.

use super::encoding;
use super::fields::{fields, text};
use super::finding::{Finding, Place};
use super::syntax::quoted;
use super::tree::{self, Content, Tree};

const NAMES: [&str; 2] = ["flipt.yaml", "flipt.yml"];

/// The newest version that is understood.
const NEWEST: [u64; 3] = [2, 0, 0];

/// Whether a file at the root of a folder is one.
pub(super) fn is_settings(name: &str) -> bool {
    NAMES.contains(&name)
}

/// What is wrong with its version, if anything is.
pub(super) fn check(name: &str, bytes: &[u8]) -> Option<Finding> {
    const FIELD: &str = "version";
    let refuse = |place: Place, field: &str, reason: &str| Some(Finding::at(name, place, field, reason));
    let written = match encoding::text(bytes) {
        Ok(written) => written,
        Err((place, reason)) => return refuse(place, "", &reason),
    };
    let (documents, refusal) = tree::read(&written);
    if let Some((place, reason)) = refusal {
        return refuse(place, "", &reason);
    }
    let document = documents.first();
    let found = document.and_then(|tree| fields(tree, Tree::ROOT).into_iter().find(|field| field.name == FIELD));
    let (Some(tree), Some(field)) = (document, found) else {
        let place = document.map_or(Place::START, |tree| tree.place);
        return refuse(place, FIELD, "is missing, it must have three parts, for example 2.0.0");
    };
    let place = tree.node(field.value).place;
    let is_text = matches!(tree.node(tree.target(field.value)).content, Content::Plain(_) | Content::Quoted(_));
    let version = text(tree, field.value).filter(|_| is_text).unwrap_or_default();
    match parts(version) {
        None => refuse(place, FIELD, &format!("{} must have three parts, for example 2.0.0", quoted(version))),
        Some(parts) if parts > NEWEST => {
            refuse(place, FIELD, &format!("{} is newer than 2.0.0, the newest one that is understood", quoted(version)))
        }
        Some(_) => None,
    }
}

fn parts(version: &str) -> Option<[u64; 3]> {
    let core = version.split(['-', '+']).next()?;
    let mut numbers = core.split('.').map(|part| {
        let formed = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u64>().ok().filter(|_| formed && (part.len() == 1 || !part.starts_with('0')))
    });
    let parts = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_parts_up_to_two() {
        for text in ["version: 2.0.0", "version: '1.9.12'", "version: 2.0.0-rc.1\ntemplates: {}"] {
            assert_eq!(check("flipt.yaml", text.as_bytes()), None, "{text}");
        }
        for text in [
            "",
            "templates: {}",
            "version: 2",
            "version: 2.0",
            "version: 2.1.0",
            "version: 3.0.0",
            "version: []",
            "version: 01.0.0",
            "a: [",
            "version: 2.0.0.0",
        ] {
            assert!(check("flipt.yaml", text.as_bytes()).is_some(), "{text}");
        }
    }
}
