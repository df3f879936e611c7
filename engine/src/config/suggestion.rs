/// The known name that an unknown one most likely meant.
///
/// Case, `_` and `-` do not count; beyond that one edit in four characters is forgiven, and never more than three.
pub(super) fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let wanted = fold(unknown);
    let allowance = (wanted.len() / 4).clamp(1, 3);
    known
        .iter()
        .map(|name| (distance(&wanted, &fold(name)), *name))
        .filter(|(edits, name)| *edits <= allowance && *edits < name.len())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| name)
}

fn fold(name: &str) -> Vec<char> {
    name.chars().take(64).filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect()
}

/// Edits between two names; two neighbours that changed places are one edit.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before = vec![0; right.len() + 1];
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, a) in left.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, b) in right.iter().enumerate() {
            let replaced = last[column] + usize::from(a != b);
            let mut edits = replaced.min(last[column + 1] + 1).min(next[column] + 1);
            if row > 0 && column > 0 && *a == right[column - 1] && left[row - 1] == *b {
                edits = edits.min(before[column - 1] + 1);
            }
            next.push(edits);
        }
        before = std::mem::replace(&mut last, next);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["url", "namespace", "updateInterval", "requestTimeout", "retry"];
        for (unknown, expected) in [
            ("updateinterval", Some("updateInterval")),
            ("update_interval", Some("updateInterval")),
            ("updateIntervall", Some("updateInterval")),
            ("updateInterva", Some("updateInterval")),
            ("updtaeInterval", Some("updateInterval")),
            ("namspace", Some("namespace")),
            ("ulr", Some("url")),
            ("uri", Some("url")),
            ("retries", None),
            ("token", None),
            ("", None),
        ] {
            assert_eq!(nearest(unknown, &known), expected, "{unknown}");
        }
    }
}
