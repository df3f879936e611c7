//! What evaluation reads: flags with their constraints parsed, their splits cut and their outcomes listed.

use super::datetime::Instant;
use super::list::TextSet;

/// The arithmetic of splits: which servers' answers to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compatibility {
    /// Flipt v1 and v2 before 2.9: shares are cut as they are, an entity beyond their sum gets nothing.
    V1,
    /// Flipt v2: shares are normalised to their total.
    V2,
}

/// What a flag can be evaluated as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlagKind {
    /// `BOOLEAN_FLAG_TYPE`.
    Boolean,
    /// `VARIANT_FLAG_TYPE`.
    Variant,
    /// A type this version does not know: it is listed, and evaluates as neither.
    Unknown,
}

/// Why an evaluation gave its answer, in the server's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A rule or rollout decided.
    Match,
    /// Nothing decided; the flag's default answered.
    Default,
    /// The variant flag is disabled.
    FlagDisabled,
    /// Nothing decided and the variant flag has no default.
    Unknown,
}

impl Reason {
    /// The server's name of the reason, for example `MATCH_EVALUATION_REASON`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Match => "MATCH_EVALUATION_REASON",
            Self::Default => "DEFAULT_EVALUATION_REASON",
            Self::FlagDisabled => "FLAG_DISABLED_EVALUATION_REASON",
            Self::Unknown => "UNKNOWN_EVALUATION_REASON",
        }
    }
}

/// One flag.
#[derive(Debug)]
pub struct Flag {
    pub(crate) key: Box<str>,
    pub(crate) enabled: bool,
    pub(crate) type_name: Box<str>,
    pub(crate) description: Option<Box<str>>,
    /// Why the flag cannot be evaluated, when its definition could not be read.
    pub(crate) broken: Option<Box<str>>,
    pub(crate) decider: Decider,
    /// The context keys that the constraints read; `Subject::Key` counts in here.
    pub(crate) keys: Box<[Box<str>]>,
    /// Every variant that an outcome can name.
    pub(crate) variants: Box<[Variant]>,
    /// Every answer this flag can give but for the subset of segments that matched.
    pub(crate) outcomes: Box<[Outcome]>,
    /// The CRC-32 after the flag's key, where the hash of a split starts.
    pub(crate) key_crc: u32,
    /// Equal for definitions that answer alike.
    pub(crate) fingerprint: u64,
    /// Whether an answer can depend on the entity's id.
    pub(crate) needs_entity: bool,
}

impl Flag {
    /// The key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether the flag is enabled; for a boolean flag this is its default value.
    #[must_use]
    pub fn enabled(&self) -> bool {
        self.enabled
    }

    /// The server's name of the type, for example `BOOLEAN_FLAG_TYPE`.
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// The description, empty in recent servers' snapshots.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// What the flag can be evaluated as.
    #[must_use]
    pub fn kind(&self) -> FlagKind {
        match &self.decider {
            Decider::Boolean(_) => FlagKind::Boolean,
            Decider::Variant(_) => FlagKind::Variant,
            Decider::Unknown => FlagKind::Unknown,
        }
    }

    /// The context keys that this flag's constraints read.
    #[must_use]
    pub fn keys(&self) -> &[Box<str>] {
        &self.keys
    }

    /// Every answer this flag can give but for the subset of segments that matched.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The key and attachment of the variant that an outcome names; empty where it names none.
    #[must_use]
    pub fn variant(&self, outcome: &Outcome) -> (&str, &str) {
        self.variants.get(outcome.variant as usize).map_or(("", ""), |variant| (&variant.key, &variant.attachment))
    }

    /// The segments whose keys an outcome may list, in the order in which they are listed.
    pub fn segment_keys(&self, outcome: &Outcome) -> impl ExactSizeIterator<Item = &str> {
        self.segments(outcome).iter().map(|segment| &*segment.key)
    }

    pub(crate) fn segments(&self, outcome: &Outcome) -> &[Segment] {
        let position = outcome.source as usize;
        let segments = match &self.decider {
            Decider::Variant(rules) => rules.get(position).map(|rule| &rule.segments),
            Decider::Boolean(rules) => rules.get(position).and_then(|rule| match rule {
                BooleanRule::Segments { segments, .. } => Some(segments),
                BooleanRule::Threshold { .. } => None,
            }),
            Decider::Unknown => None,
        };
        segments.map_or(&[], |segments| &segments.list)
    }
}

/// No position: an outcome without a rule or without a variant.
pub(crate) const NONE: u32 = u32::MAX;

/// One answer that a flag can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// `enabled` of a boolean answer, `match` of a variant answer.
    pub on: bool,
    /// The reason to report.
    pub reason: Reason,
    /// The rule or rollout whose segments are reported, else [`NONE`].
    pub(crate) source: u32,
    /// The position in the flag's variants, else [`NONE`].
    pub(crate) variant: u32,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    pub(crate) key: Box<str>,
    pub(crate) attachment: Box<str>,
}

/// How a flag decides.
#[derive(Debug)]
pub(crate) enum Decider {
    /// Outcome 0 is the default, outcome `1 + n` that of rule `n`.
    Boolean(Box<[BooleanRule]>),
    /// Outcome 0: no rule matched. Outcome 1: the flag is disabled. The others belong to the rules.
    Variant(Box<[Rule]>),
    Unknown,
}

#[derive(Debug)]
pub(crate) enum BooleanRule {
    Threshold { percentage: f32 },
    Segments { segments: Segments },
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) segments: Segments,
    /// Where this rule's outcomes begin: first the one of an entity without a share, then one for each share.
    pub(crate) first_outcome: u32,
    /// Upper ends of the shares, in thousandths; the first one above the bucket wins.
    pub(crate) boundaries: Box<[u32]>,
    /// Whether entities that match part ways here.
    pub(crate) splits: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
}

#[derive(Debug)]
pub(crate) struct Segments {
    pub(crate) operator: Operator,
    pub(crate) list: Box<[Segment]>,
}

#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) key: Box<str>,
    /// One matching constraint is enough.
    pub(crate) any: bool,
    pub(crate) constraints: Box<[Constraint]>,
}

#[derive(Debug)]
pub(crate) struct Constraint {
    pub(crate) subject: Subject,
    pub(crate) condition: Condition,
}

/// Which value a constraint looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Entity,
    /// A position in the flag's keys.
    Key(u32),
}

#[derive(Debug)]
pub(crate) enum Condition {
    /// An unknown type or operator, or a value that makes the constraint unable to match.
    Never,
    /// The trimmed value is not empty (`notempty`, `present`).
    Present,
    /// The trimmed value is empty (`empty`, `notpresent`).
    Absent,
    Text(StringTest, Box<str>),
    TextIn(TextSet),
    TextNotIn(TextSet),
    Number(Comparison, f64),
    NumberIn(Box<[f64]>),
    NumberNotIn(Box<[f64]>),
    Truth(bool),
    Time(Comparison, Instant),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StringTest {
    Equal,
    NotEqual,
    Contains,
    NotContains,
    Prefix,
    Suffix,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// Whether the comparison holds; values that have no order (NaN) are different and nothing else.
    pub(crate) fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}
