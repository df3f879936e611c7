//! Namespaces as an author has them: segments by themselves, flags that use them.

use flipt_engine::snapshot::Snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) const STRINGS: &[&str] =
    &["eq", "neq", "contains", "notcontains", "prefix", "suffix", "isoneof", "isnotoneof", "empty", "notempty"];
pub(crate) const NUMBERS: &[&str] = &["eq", "neq", "lt", "lte", "gt", "gte", "isoneof", "present", "notpresent"];
pub(crate) const BOOLEANS: &[&str] = &["true", "false", "present", "notpresent"];
pub(crate) const TIMES: &[&str] = &["eq", "neq", "lt", "lte", "gt", "gte", "present", "notpresent"];

/// The types of constraints, with their operators and with values for constraints and contexts.
pub(crate) const TYPES: &[(&str, &[&str], &[&str])] = &[
    ("STRING_CONSTRAINT_COMPARISON_TYPE", STRINGS, &["pro", "p", "free", "", r#"["pro","free"]"#]),
    ("ENTITY_ID_CONSTRAINT_COMPARISON_TYPE", STRINGS, &["e1", "e", r#"["e1","e2"]"#, "2"]),
    ("NUMBER_CONSTRAINT_COMPARISON_TYPE", NUMBERS, &["1", "2.5", "-1", "x", "[1,2]"]),
    ("BOOLEAN_CONSTRAINT_COMPARISON_TYPE", BOOLEANS, &["", "true"]),
    ("DATETIME_CONSTRAINT_COMPARISON_TYPE", TIMES, &["2024-01-01", "2024-01-01T12:00:00Z", "soon"]),
];

pub(crate) const PROPERTIES: &[&str] = &["plan", "age", "on", "since"];

#[derive(Debug, Clone)]
pub(crate) struct Namespace {
    pub(crate) segments: Vec<Segment>,
    pub(crate) flags: Vec<Flag>,
    /// What names, descriptions, ids and times are made of.
    pub(crate) noise: u32,
    /// Whether values that are the default are written out.
    pub(crate) is_explicit: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) is_any: bool,
    pub(crate) constraints: Vec<Constraint>,
}

#[derive(Debug, Clone)]
pub(crate) struct Constraint {
    /// A position in [`TYPES`].
    pub(crate) kind: usize,
    pub(crate) operator: String,
    pub(crate) property: String,
    pub(crate) value: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Flag {
    pub(crate) key: String,
    pub(crate) is_boolean: bool,
    pub(crate) is_enabled: bool,
    pub(crate) default: Option<Variant>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) rollouts: Vec<Rollout>,
}

#[derive(Debug, Clone)]
pub(crate) struct Variant {
    pub(crate) key: String,
    pub(crate) attachment: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) rank: Option<i64>,
    pub(crate) uses: Uses,
    pub(crate) shares: Vec<(Variant, u32)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Rollout {
    pub(crate) rank: Option<i64>,
    pub(crate) value: bool,
    pub(crate) kind: RolloutKind,
}

#[derive(Debug, Clone)]
pub(crate) enum RolloutKind {
    Threshold(u32),
    Segments(Uses),
    Unknown,
}

/// Segments by their position in the namespace, and the operator between them.
#[derive(Debug, Clone)]
pub(crate) struct Uses {
    pub(crate) is_and: bool,
    pub(crate) segments: Vec<usize>,
}

impl Namespace {
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot::parse(&self.body(), None).unwrap()
    }

    /// What a server would send.
    pub(crate) fn body(&self) -> Vec<u8> {
        let flags: Vec<Value> = self.flags.iter().map(|flag| self.flag(flag)).collect();
        let digest = format!("digest {}", self.noise);
        json!({ "namespace": { "key": "n" }, "digest": digest, "flags": flags }).to_string().into_bytes()
    }

    fn flag(&self, flag: &Flag) -> Value {
        let Flag { key, is_boolean, is_enabled, default, rules, rollouts } = flag;
        let noise = self.noise;
        let rules = rules.iter().enumerate().map(|(position, rule)| {
            let id = format!("{noise} {key} {position}");
            let shares = rule.shares.iter().map(|(variant, share)| {
                self.sparse(json!({
                    "ruleId": id, "variantId": noise, "variantKey": variant.key,
                    "variantAttachment": self.attachment(variant), "rollout": share,
                }))
            });
            self.sparse(json!({
                "id": id, "rank": rule.rank, "segmentOperator": self.operator(&rule.uses),
                "segments": self.segments(&rule.uses), "distributions": shares.collect::<Vec<_>>(),
            }))
        });
        let rollouts = rollouts.iter().map(|rollout| {
            let Rollout { rank, value, kind } = rollout;
            self.sparse(match kind {
                RolloutKind::Threshold(percentage) => json!({
                    "type": "THRESHOLD_ROLLOUT_TYPE", "rank": rank,
                    "threshold": self.sparse(json!({ "percentage": percentage, "value": value })),
                }),
                RolloutKind::Segments(uses) => json!({
                    "type": "SEGMENT_ROLLOUT_TYPE", "rank": rank, "segment": self.sparse(json!({
                        "value": value, "segmentOperator": self.operator(uses), "segments": self.segments(uses),
                    })),
                }),
                RolloutKind::Unknown => json!({
                    "type": if self.is_explicit { Some("UNKNOWN_ROLLOUT_TYPE") } else { None }, "rank": rank,
                    "threshold": { "percentage": 50, "value": value },
                }),
            })
        });
        let default = default.as_ref().map(|variant| {
            self.sparse(json!({
                "id": format!("{noise}"), "key": variant.key, "attachment": self.attachment(variant),
            }))
        });
        let kind = match is_boolean {
            true => Some("BOOLEAN_FLAG_TYPE"),
            false => self.is_explicit.then_some("VARIANT_FLAG_TYPE"),
        };
        self.sparse(json!({
            "key": key, "name": format!("Flag {noise}"), "description": format!("About {noise}"),
            "createdAt": format!("2024-01-01T00:00:{:02}Z", noise % 60), "updatedAt": format!("{noise}"),
            "enabled": is_enabled, "type": kind, "defaultVariant": default,
            "rules": rules.collect::<Vec<_>>(), "rollouts": rollouts.collect::<Vec<_>>(),
        }))
    }

    fn segments(&self, uses: &Uses) -> Value {
        let noise = self.noise;
        let segment = |&position: &usize| {
            let position = position % self.segments.len();
            let Segment { is_any, constraints } = &self.segments[position];
            let constraints = constraints.iter().enumerate().map(|(number, constraint)| {
                let Constraint { kind, operator, property, value } = constraint;
                let kind = TYPES[*kind].0;
                self.sparse(json!({
                    "id": format!("{noise} {number}"), "type": kind, "property": property, "operator": operator,
                    "value": value,
                }))
            });
            let kind = if *is_any { Some("ANY_SEGMENT_MATCH_TYPE") } else { self.default("ALL_SEGMENT_MATCH_TYPE") };
            self.sparse(json!({
                "key": format!("s{position}"), "name": format!("Segment {noise}"), "description": format!("{noise}"),
                "createdAt": noise, "matchType": kind, "constraints": constraints.collect::<Vec<_>>(),
            }))
        };
        uses.segments.iter().map(segment).collect()
    }

    fn operator(&self, uses: &Uses) -> Option<&'static str> {
        if uses.is_and { Some("AND_SEGMENT_OPERATOR") } else { self.default("OR_SEGMENT_OPERATOR") }
    }

    /// A server's text for no attachment is `null`.
    fn attachment<'a>(&self, variant: &'a Variant) -> Option<&'a str> {
        variant.attachment.as_deref().or_else(|| self.default("null"))
    }

    fn default(&self, text: &'static str) -> Option<&'static str> {
        self.is_explicit.then_some(text)
    }

    /// The object without its fields that say nothing, unless those are to be written out.
    fn sparse(&self, mut object: Value) -> Value {
        if let (Value::Object(fields), false) = (&mut object, self.is_explicit) {
            let says_nothing = |value: &Value| match value {
                Value::Null | Value::Bool(false) => true,
                Value::String(text) => text.is_empty(),
                Value::Array(items) => items.is_empty(),
                Value::Number(number) => number.as_f64() == Some(0.0),
                Value::Bool(true) | Value::Object(_) => false,
            };
            fields.retain(|_, value| !says_nothing(value));
        }
        object
    }
}

/// A namespace with up to six segments and up to five flags, each key once.
pub(crate) fn namespace() -> impl Strategy<Value = Namespace> {
    let parts = (prop::collection::vec(segment(), 1..6), prop::collection::vec(flag(), 1..6), any::<bool>());
    parts.prop_map(|(segments, mut flags, is_explicit)| {
        for (position, flag) in flags.iter_mut().enumerate() {
            flag.key = format!("f{position}");
        }
        Namespace { segments, flags, noise: 0, is_explicit }
    })
}

fn segment() -> impl Strategy<Value = Segment> {
    let parts = (any::<bool>(), prop::collection::vec(constraint(), 0..4));
    parts.prop_map(|(is_any, constraints)| Segment { is_any, constraints })
}

fn constraint() -> impl Strategy<Value = Constraint> {
    (0..TYPES.len()).prop_flat_map(|kind| {
        let (_, operators, values) = TYPES[kind];
        let [operator, property, value] = [operators, PROPERTIES, values].map(prop::sample::select);
        (operator, property, value).prop_map(move |(operator, property, value)| Constraint {
            kind,
            operator: operator.to_owned(),
            property: property.to_owned(),
            value: value.to_owned(),
        })
    })
}

fn flag() -> impl Strategy<Value = Flag> {
    let lists = (prop::collection::vec(rule(), 0..4), prop::collection::vec(rollout(), 0..4));
    (any::<bool>(), any::<bool>(), prop::option::of(variant()), lists).prop_map(
        |(is_boolean, is_enabled, default, (rules, rollouts))| Flag {
            key: String::new(),
            is_boolean,
            is_enabled,
            default,
            rules,
            rollouts,
        },
    )
}

fn variant() -> impl Strategy<Value = Variant> {
    let attachments = prop::sample::select(&["{}", r#"{"a":1}"#, "1", "null"][..]);
    (prop::sample::select(&["a", "b", "c", ""][..]), prop::option::of(attachments))
        .prop_map(|(key, attachment)| Variant { key: key.to_owned(), attachment: attachment.map(str::to_owned) })
}

fn rule() -> impl Strategy<Value = Rule> {
    (rank(), uses(), prop::collection::vec((variant(), 0u32..100), 0..4)).prop_map(|(rank, uses, shares)| Rule {
        rank,
        uses,
        shares,
    })
}

fn rollout() -> impl Strategy<Value = Rollout> {
    let kind = prop_oneof![
        3 => (0u32..101).prop_map(RolloutKind::Threshold),
        3 => uses().prop_map(RolloutKind::Segments),
        1 => Just(RolloutKind::Unknown),
    ];
    (rank(), any::<bool>(), kind).prop_map(|(rank, value, kind)| Rollout { rank, value, kind })
}

fn rank() -> impl Strategy<Value = Option<i64>> {
    prop::option::of(prop_oneof![4 => 1i64..5, 1 => 1i64..20])
}

fn uses() -> impl Strategy<Value = Uses> {
    (any::<bool>(), prop::collection::vec(0usize..6, 0..4)).prop_map(|(is_and, segments)| Uses { is_and, segments })
}
