//! Edits of a namespace, and which flags a change must name for them.

use std::collections::BTreeSet;

use crate::model::{Flag, Namespace, PROPERTIES, Rollout, RolloutKind, Rule, Segment, TYPES, Uses, Variant};

/// One kind of edit.
pub(crate) struct Edit {
    pub(crate) name: &'static str,
    /// What is edited, or nothing where the namespace has nothing to edit.
    make: fn(&mut Namespace, &mut Picks) -> Option<Touched>,
}

/// What an edit touches.
enum Touched {
    /// Nothing that decides.
    Nothing,
    /// A flag, by its position.
    Flag(usize),
    /// All that uses a segment.
    Segment(usize),
    /// A flag that was there or is there.
    Key(String),
}

/// Choices out of one number.
struct Picks(u32);

impl Picks {
    fn below(&mut self, limit: usize) -> Option<usize> {
        let limit = u32::try_from(limit).unwrap();
        let pick = self.0.checked_rem(limit)?;
        self.0 = (self.0 / limit).wrapping_mul(0x9e37_79b1) ^ pick;
        Some(pick as usize)
    }

    fn of<'a, T>(&mut self, list: &'a mut [T]) -> Option<&'a mut T> {
        let position = self.below(list.len())?;
        list.get_mut(position)
    }

    /// A flag of a kind, with its position.
    fn flag<'a>(&mut self, flags: &'a mut [Flag], fits: fn(&Flag) -> bool) -> Option<(usize, &'a mut Flag)> {
        let mut fitting: Vec<(usize, &mut Flag)> =
            flags.iter_mut().enumerate().filter(|(_, flag)| fits(flag)).collect();
        let chosen = self.below(fitting.len())?;
        Some(fitting.swap_remove(chosen))
    }
}

/// Makes an edit and returns the keys that a change must name; nothing where it cannot be made.
pub(crate) fn apply(edit: &Edit, namespace: &mut Namespace, at: u32) -> Option<BTreeSet<String>> {
    let touched = (edit.make)(namespace, &mut Picks(at))?;
    let count = namespace.segments.len();
    let users = |segment: usize| move |flag: &&Flag| used(flag).any(|position| position % count == segment);
    Some(match touched {
        Touched::Nothing => BTreeSet::new(),
        Touched::Flag(position) => [namespace.flags[position].key.clone()].into(),
        Touched::Segment(segment) => {
            namespace.flags.iter().filter(users(segment)).map(|flag| flag.key.clone()).collect()
        }
        Touched::Key(key) => [key].into(),
    })
}

/// The segments that a flag's answers depend on.
fn used(flag: &Flag) -> impl Iterator<Item = usize> {
    let rules = flag.rules.iter().filter(|_| !flag.is_boolean).map(|rule| &rule.uses);
    let rollouts = flag.rollouts.iter().filter(|_| flag.is_boolean).filter_map(|rollout| match &rollout.kind {
        RolloutKind::Segments(uses) => Some(uses),
        _ => None,
    });
    rules.chain(rollouts).flat_map(|uses| uses.segments.iter().copied())
}

/// Edits that decide no answer.
pub(crate) const SILENT: &[Edit] = &[
    Edit {
        name: "names, descriptions, ids, times, digest",
        make: |namespace, _| {
            namespace.noise += 1;
            Some(Touched::Nothing)
        },
    },
    Edit {
        name: "defaults written out or left out",
        make: |namespace, _| {
            namespace.is_explicit = !namespace.is_explicit;
            Some(Touched::Nothing)
        },
    },
    Edit {
        name: "ranks that are the positions written out",
        make: |namespace, _| {
            for flag in &mut namespace.flags {
                for (position, rule) in (1..).zip(&mut flag.rules) {
                    rule.rank.get_or_insert(position);
                }
                for (position, rollout) in (1..).zip(&mut flag.rollouts) {
                    rollout.rank.get_or_insert(position);
                }
            }
            Some(Touched::Nothing)
        },
    },
    Edit {
        name: "order of segments in a rule",
        make: |namespace, picks| {
            let (_, flag) = picks.flag(&mut namespace.flags, |flag| !flag.rules.is_empty())?;
            let segments = &mut picks.of(&mut flag.rules)?.uses.segments;
            (segments.len() > 1).then(|| segments.reverse())?;
            Some(Touched::Nothing)
        },
    },
    Edit {
        name: "order of segments in a rollout",
        make: |namespace, picks| {
            let (_, uses) = segment_rollout(namespace, picks)?;
            (uses.segments.len() > 1).then(|| uses.segments.rotate_left(1))?;
            Some(Touched::Nothing)
        },
    },
    Edit {
        name: "a segment twice in a rule",
        make: |namespace, picks| {
            let (_, flag) = picks.flag(&mut namespace.flags, |flag| !flag.rules.is_empty())?;
            let segments = &mut picks.of(&mut flag.rules)?.uses.segments;
            let again = *picks.of(segments)?;
            segments.push(again);
            Some(Touched::Nothing)
        },
    },
    Edit {
        name: "order of constraints in a segment",
        make: |namespace, picks| {
            let constraints = &mut picks.of(&mut namespace.segments)?.constraints;
            (constraints.len() > 1).then(|| constraints.reverse())?;
            Some(Touched::Nothing)
        },
    },
    Edit {
        name: "order of flags",
        make: |namespace, _| {
            let last = namespace.flags.pop()?;
            namespace.flags.insert(0, last);
            Some(Touched::Nothing)
        },
    },
    Edit {
        name: "what a boolean flag has for a variant flag",
        make: |namespace, picks| {
            let (_, flag) = picks.flag(&mut namespace.flags, |flag| flag.is_boolean)?;
            flag.rules.clear();
            flag.default = None;
            Some(Touched::Nothing)
        },
    },
    Edit {
        name: "what a variant flag has for a boolean flag",
        make: |namespace, picks| {
            let (_, flag) = picks.flag(&mut namespace.flags, |flag| !flag.is_boolean)?;
            flag.rollouts.clear();
            Some(Touched::Nothing)
        },
    },
];

/// Edits that decide.
pub(crate) const NAMING: &[Edit] = &[
    Edit {
        name: "enabled",
        make: |namespace, picks| {
            let (position, flag) = picks.flag(&mut namespace.flags, |_| true)?;
            flag.is_enabled = !flag.is_enabled;
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "type",
        make: |namespace, picks| {
            let (position, flag) = picks.flag(&mut namespace.flags, |_| true)?;
            flag.is_boolean = !flag.is_boolean;
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "default variant gone",
        make: |namespace, picks| {
            let (position, flag) =
                picks.flag(&mut namespace.flags, |flag| !flag.is_boolean && flag.default.is_some())?;
            flag.default = None;
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "empty default variant",
        make: |namespace, picks| {
            let (position, flag) =
                picks.flag(&mut namespace.flags, |flag| !flag.is_boolean && flag.default.is_none())?;
            flag.default = Some(Variant { key: String::new(), attachment: None });
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "default variant's key",
        make: |namespace, picks| {
            let (position, variant) = default_variant(namespace, picks)?;
            variant.key.push('x');
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "default variant's attachment",
        make: |namespace, picks| {
            let (position, variant) = default_variant(namespace, picks)?;
            other_attachment(variant);
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "rule gone",
        make: |namespace, picks| {
            let (position, flag) = variant_flag(namespace, picks)?;
            let rule = picks.below(flag.rules.len())?;
            // The positions of the others are their ranks.
            (rule + 1 == flag.rules.len()).then(|| flag.rules.pop())?;
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "rule added",
        make: |namespace, picks| {
            let (position, flag) = variant_flag(namespace, picks)?;
            let uses = Uses { is_and: true, segments: Vec::new() };
            flag.rules.push(Rule { rank: None, uses, shares: Vec::new() });
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "rule's operator",
        make: |namespace, picks| {
            let (position, rule) = rule(namespace, picks)?;
            rule.uses.is_and = !rule.uses.is_and;
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "rule's segments",
        make: |namespace, picks| {
            let count = namespace.segments.len();
            let (position, rule) = rule(namespace, picks)?;
            let free = (0..count).find(|free| rule.uses.segments.iter().all(|used| used % count != *free))?;
            rule.uses.segments.push(free);
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "rule's rank",
        make: |namespace, picks| {
            let (position, flag) = variant_flag(namespace, picks)?;
            let beyond = 100 + flag.rules.iter().filter_map(|rule| rule.rank).max().unwrap_or_default();
            picks.of(&mut flag.rules)?.rank = Some(beyond);
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "share",
        make: |namespace, picks| {
            let (position, rule) = rule(namespace, picks)?;
            picks.of(&mut rule.shares)?.1 += 1;
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "share added",
        make: |namespace, picks| {
            let (position, rule) = rule(namespace, picks)?;
            rule.shares.push((Variant { key: "new".to_owned(), attachment: None }, 10));
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "share's variant",
        make: |namespace, picks| {
            let (position, rule) = rule(namespace, picks)?;
            picks.of(&mut rule.shares)?.0.key.push('x');
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "share's attachment",
        make: |namespace, picks| {
            let (position, rule) = rule(namespace, picks)?;
            other_attachment(&mut picks.of(&mut rule.shares)?.0);
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "rollout gone",
        make: |namespace, picks| {
            let (position, flag) =
                picks.flag(&mut namespace.flags, |flag| flag.is_boolean && !flag.rollouts.is_empty())?;
            flag.rollouts.pop();
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "rollout's value",
        make: |namespace, picks| {
            let (position, rollout) = rollout(namespace, picks)?;
            rollout.value = !rollout.value;
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "rollout's rank",
        make: |namespace, picks| {
            let (position, rollout) = rollout(namespace, picks)?;
            rollout.rank = Some(100 + rollout.rank.unwrap_or_default());
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "rollout's percentage",
        make: |namespace, picks| {
            let (position, rollout) = rollout(namespace, picks)?;
            let RolloutKind::Threshold(percentage) = &mut rollout.kind else { return None };
            *percentage += 1;
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "rollout's operator",
        make: |namespace, picks| {
            let (position, uses) = segment_rollout(namespace, picks)?;
            uses.is_and = !uses.is_and;
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "rollout's type",
        make: |namespace, picks| {
            let (position, rollout) = rollout(namespace, picks)?;
            rollout.kind = RolloutKind::Unknown;
            Some(Touched::Flag(position))
        },
    },
    Edit {
        name: "match type",
        make: |namespace, picks| {
            segment(namespace, picks, |segment, _| {
                segment.is_any = !segment.is_any;
                Some(())
            })
        },
    },
    Edit {
        name: "constraint's operator",
        make: |namespace, picks| {
            segment(namespace, picks, |segment, picks| {
                let constraint = picks.of(&mut segment.constraints)?;
                let (_, operators, _) = TYPES[constraint.kind];
                let position = operators.iter().position(|operator| *operator == constraint.operator)?;
                constraint.operator = operators[(position + 1) % operators.len()].to_owned();
                Some(())
            })
        },
    },
    Edit {
        name: "constraint's value",
        make: |namespace, picks| {
            segment(namespace, picks, |segment, picks| {
                picks.of(&mut segment.constraints)?.value.push('7');
                Some(())
            })
        },
    },
    Edit {
        name: "constraint's property",
        make: |namespace, picks| {
            segment(namespace, picks, |segment, picks| {
                let constraint = picks.of(&mut segment.constraints)?;
                let position = PROPERTIES.iter().position(|property| *property == constraint.property)?;
                constraint.property = PROPERTIES[(position + 1) % PROPERTIES.len()].to_owned();
                Some(())
            })
        },
    },
    Edit {
        name: "constraint's type",
        make: |namespace, picks| {
            segment(namespace, picks, |segment, picks| {
                let constraint = picks.of(&mut segment.constraints)?;
                constraint.kind = (constraint.kind + 1) % TYPES.len();
                Some(())
            })
        },
    },
    Edit {
        name: "constraint gone",
        make: |namespace, picks| segment(namespace, picks, |segment, _| segment.constraints.pop().map(|_| ())),
    },
    Edit {
        name: "flag added",
        make: |namespace, _| {
            let mut flag = namespace.flags.first()?.clone();
            flag.key = "new".to_owned();
            namespace.flags.push(flag);
            Some(Touched::Key("new".to_owned()))
        },
    },
    Edit {
        name: "flag removed",
        make: |namespace, picks| {
            let position = picks.below(namespace.flags.len())?;
            Some(Touched::Key(namespace.flags.remove(position).key))
        },
    },
];

fn variant_flag<'a>(namespace: &'a mut Namespace, picks: &mut Picks) -> Option<(usize, &'a mut Flag)> {
    picks.flag(&mut namespace.flags, |flag| !flag.is_boolean)
}

fn default_variant<'a>(namespace: &'a mut Namespace, picks: &mut Picks) -> Option<(usize, &'a mut Variant)> {
    let (position, flag) = picks.flag(&mut namespace.flags, |flag| !flag.is_boolean && flag.default.is_some())?;
    flag.default.as_mut().map(|variant| (position, variant))
}

fn rule<'a>(namespace: &'a mut Namespace, picks: &mut Picks) -> Option<(usize, &'a mut Rule)> {
    let (position, flag) = variant_flag(namespace, picks)?;
    picks.of(&mut flag.rules).map(|rule| (position, rule))
}

/// A rollout that may decide.
fn rollout<'a>(namespace: &'a mut Namespace, picks: &mut Picks) -> Option<(usize, &'a mut Rollout)> {
    let (position, flag) = picks.flag(&mut namespace.flags, |flag| flag.is_boolean)?;
    let rollout = picks.of(&mut flag.rollouts)?;
    (!matches!(rollout.kind, RolloutKind::Unknown)).then_some((position, rollout))
}

fn segment_rollout<'a>(namespace: &'a mut Namespace, picks: &mut Picks) -> Option<(usize, &'a mut Uses)> {
    let (position, rollout) = rollout(namespace, picks)?;
    match &mut rollout.kind {
        RolloutKind::Segments(uses) => Some((position, uses)),
        _ => None,
    }
}

fn segment(
    namespace: &mut Namespace,
    picks: &mut Picks,
    edit: fn(&mut Segment, &mut Picks) -> Option<()>,
) -> Option<Touched> {
    let position = picks.below(namespace.segments.len())?;
    edit(&mut namespace.segments[position], picks)?;
    Some(Touched::Segment(position))
}

fn other_attachment(variant: &mut Variant) {
    variant.attachment = Some(match variant.attachment.as_deref() {
        Some("[]") => "{}".to_owned(),
        _ => "[]".to_owned(),
    });
}
