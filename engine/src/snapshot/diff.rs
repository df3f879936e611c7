//! Which flags differ between two snapshots.

use super::Snapshot;

/// The keys of flags that answer differently, each list in the newer (for `removed`: the older) snapshot's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Flags that the older snapshot does not have.
    pub added: Vec<String>,
    /// Flags that the newer snapshot does not have.
    pub removed: Vec<String>,
    /// Flags whose definition differs in anything that decides an answer.
    pub modified: Vec<String>,
}

impl Change {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.modified.is_empty()
    }
}

pub(super) fn between(older: &Snapshot, newer: &Snapshot) -> Change {
    let mut change = Change::default();
    for (position, flag) in (0u32..).zip(newer.flags()) {
        if newer.position(flag.key()) != Some(position) {
            continue;
        }
        match older.flag(flag.key()) {
            None => change.added.push(flag.key().to_owned()),
            Some(before) if before.fingerprint != flag.fingerprint => change.modified.push(flag.key().to_owned()),
            Some(_) => {}
        }
    }
    for (position, flag) in (0u32..).zip(older.flags()) {
        if older.position(flag.key()) == Some(position) && newer.position(flag.key()).is_none() {
            change.removed.push(flag.key().to_owned());
        }
    }
    change
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Compatibility;

    const FLAG: &str = r#"{"key":"f","name":"F","description":"d","enabled":true,"type":"VARIANT_FLAG_TYPE","createdAt":"1","updatedAt":"2",
        "defaultVariant":{"id":"x","key":"dv","attachment":"{}"},
        "rules":[{"id":"r1","rank":1,"segmentOperator":"OR_SEGMENT_OPERATOR","segments":[
            {"key":"a","name":"A","matchType":"ALL_SEGMENT_MATCH_TYPE","constraints":[
              {"id":"c","type":"STRING_CONSTRAINT_COMPARISON_TYPE","property":"p","operator":"eq","value":"1"}]},
            {"key":"b","name":"B","matchType":"ANY_SEGMENT_MATCH_TYPE","constraints":[]}],
          "distributions":[{"ruleId":"r1","variantKey":"v","variantAttachment":"1","rollout":40},{"variantKey":"w","rollout":60}]}],
        "rollouts":[]}"#;
    const ROLLOUTS: &str = r#"{"key":"g","enabled":false,"type":"BOOLEAN_FLAG_TYPE","rollouts":[
        {"type":"THRESHOLD_ROLLOUT_TYPE","rank":1,"threshold":{"percentage":10,"value":true}},
        {"type":"SEGMENT_ROLLOUT_TYPE","rank":2,"segment":{"value":true,"segmentOperator":"AND_SEGMENT_OPERATOR","segments":[]}}]}"#;

    fn snapshot(flags: &[&str]) -> Snapshot {
        let body = format!(r#"{{"namespace":{{"key":"n"}},"digest":"d","flags":[{}]}}"#, flags.join(","));
        Snapshot::parse(body.as_bytes(), None).unwrap()
    }

    fn edited(flag: &str, from: &str, to: &str) -> Change {
        assert!(flag.contains(from), "{from}");
        snapshot(&[&flag.replacen(from, to, 1)]).changed_since(&snapshot(&[flag]))
    }

    #[test]
    fn what_decides_no_answer_is_no_change() {
        for (from, to) in [
            (r#""name":"F""#, r#""name":"G""#),
            (r#""description":"d""#, r#""description":"e""#),
            (r#""createdAt":"1""#, r#""createdAt":"3""#),
            (r#""updatedAt":"2""#, r#""updatedAt":"3""#),
            (r#""id":"r1""#, r#""id":"r2""#),
            (r#""id":"c""#, r#""id":"cc""#),
            (r#""id":"x""#, r#""id":"y""#),
            (r#""name":"A""#, r#""name":"AA""#),
            (r#""ruleId":"r1","#, ""),
            (r#""rank":1,"#, ""),
        ] {
            assert_eq!(edited(FLAG, from, to), Change::default(), "{from}");
        }
        let (head, rest) = FLAG.split_once(r#"{"key":"a""#).unwrap();
        let (a, rest) = rest
            .split_once(
                r#"},
            {"key":"b""#,
            )
            .unwrap();
        let (b, tail) = rest.split_once("}]").unwrap();
        let swapped = format!(r#"{head}{{"key":"b"{b}}},{{"key":"a"{a}}}]{tail}"#);
        assert!(snapshot(&[&swapped]).changed_since(&snapshot(&[FLAG])).is_empty(), "the order of segments");
    }

    #[test]
    fn every_edit_of_what_decides_names_its_flag() {
        for (from, to) in [
            (r#""enabled":true"#, r#""enabled":false"#),
            (r#""key":"dv""#, r#""key":"dw""#),
            (r#""attachment":"{}""#, r#""attachment":"[]""#),
            (r#""rank":1"#, r#""rank":2"#),
            ("OR_SEGMENT_OPERATOR", "AND_SEGMENT_OPERATOR"),
            ("ALL_SEGMENT_MATCH_TYPE", "ANY_SEGMENT_MATCH_TYPE"),
            ("STRING_CONSTRAINT", "NUMBER_CONSTRAINT"),
            (r#""property":"p""#, r#""property":"q""#),
            (r#""operator":"eq""#, r#""operator":"neq""#),
            (r#""value":"1""#, r#""value":"1.0""#),
            (r#""variantKey":"v""#, r#""variantKey":"u""#),
            (r#""variantAttachment":"1""#, r#""variantAttachment":"2""#),
            (r#""rollout":40"#, r#""rollout":41"#),
            ("VARIANT_FLAG_TYPE", "BOOLEAN_FLAG_TYPE"),
        ] {
            assert_eq!(edited(FLAG, from, to).modified, ["f"], "{from}");
        }
        for (from, to) in [
            (r#""percentage":10"#, r#""percentage":11"#),
            (r#""value":true}"#, r#""value":false}"#),
            (r#""value":true,"#, r#""value":false,"#),
            (r#""rank":2"#, r#""rank":3"#),
            ("AND_SEGMENT_OPERATOR", "OR_SEGMENT_OPERATOR"),
            ("SEGMENT_ROLLOUT_TYPE", "UNKNOWN_ROLLOUT_TYPE"),
        ] {
            assert_eq!(edited(ROLLOUTS, from, to).modified, ["g"], "{from}");
        }
    }

    #[test]
    fn of_two_segments_with_one_key_the_first_counts() {
        let flag = |first: &str, second: &str| {
            let segment = |kind| format!(r#"{{"key":"s","matchType":"{kind}_SEGMENT_MATCH_TYPE"}}"#);
            format!(r#"{{"key":"f","rules":[{{"segments":[{},{}]}}]}}"#, segment(first), segment(second))
        };
        let edited = |before: (&str, &str), after: (&str, &str)| {
            let [before, after] = [before, after].map(|(first, second)| snapshot(&[&flag(first, second)]));
            after.changed_since(&before)
        };
        assert_eq!(edited(("ANY", "ALL"), ("ALL", "ANY")).modified, ["f"]);
        assert!(edited(("ANY", "ALL"), ("ANY", "ANY")).is_empty());
    }

    #[test]
    fn a_servers_arithmetic_matters_where_something_is_split() {
        const ON: &str = r#"{"key":"on","type":"BOOLEAN_FLAG_TYPE","enabled":true}"#;
        const WHOLE: &str = r#"{"key":"whole","rules":[{"segments":[{"key":"s"}]}]}"#;
        let body = format!(r#"{{"flags":[{FLAG},{ON},{WHOLE}]}}"#);
        let [v1, v2] = [Compatibility::V1, Compatibility::V2]
            .map(|compatibility| Snapshot::parse(body.as_bytes(), Some(compatibility)).unwrap());
        assert_eq!(v2.changed_since(&v1).modified, ["f"]);
    }

    #[test]
    fn added_and_removed_flags_are_told_apart() {
        let (both, one) = (snapshot(&[FLAG, ROLLOUTS]), snapshot(&[ROLLOUTS]));
        assert_eq!(both.changed_since(&one), Change { added: vec!["f".to_owned()], ..Change::default() });
        assert_eq!(one.changed_since(&both), Change { removed: vec!["f".to_owned()], ..Change::default() });
    }

    #[test]
    fn an_exported_snapshot_comes_back_unchanged() {
        let before = snapshot(&[FLAG, ROLLOUTS, r#"{"key":"bad","enabled":7}"#]);
        let after = Snapshot::import(&before.export(), "n", None).unwrap();
        assert!(after.changed_since(&before).is_empty());
        assert_eq!(after.compatibility(), before.compatibility());
        assert_eq!(after.warnings(), before.warnings());
        assert_eq!(after.flags().len(), 3);
    }

    #[test]
    fn the_last_of_two_flags_with_one_key_stays_the_last_in_an_export() {
        const BROKEN: &str = r#"{"key":"f","enabled":7}"#;
        for flags in [[FLAG, BROKEN], [BROKEN, FLAG]] {
            let before = snapshot(&flags);
            let after = Snapshot::import(&before.export(), "n", None).unwrap();
            assert!(after.changed_since(&before).is_empty(), "{flags:?}");
        }
    }
}
