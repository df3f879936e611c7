//! What a flag answers, in a form in which answers compare.

use flipt_engine::evaluate::{self, BooleanEvaluation, Request, VariantEvaluation};
use flipt_engine::snapshot::{Flag, FlagKind, Snapshot};

use crate::model::{PROPERTIES, TYPES};

/// An entity and its attributes.
#[derive(Debug)]
pub(crate) struct Context {
    entity: String,
    values: Vec<(&'static str, String)>,
}

/// Contexts whose values are near those of the constraints, from a generator of their own: a thousand for each flag.
pub(crate) struct Contexts(u64);

impl Contexts {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> Context {
        let entity = format!("e{}", self.below(1_000));
        let values = PROPERTIES.iter().filter_map(|property| {
            let (_, _, values) = TYPES[self.below(TYPES.len())];
            let value = values[self.below(values.len())];
            match self.below(6) {
                0 => None,
                1 => Some((*property, format!(" {value}"))),
                2 => Some((*property, format!("{value}1"))),
                _ => Some((*property, value.to_owned())),
            }
        });
        Context { values: values.collect(), entity }
    }

    /// Splitmix64.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ (bits >> 31)) % limit as u64).unwrap()
    }
}

/// An answer without what says nothing: the order of segment keys, which a server's answers have at random.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer<'s> {
    Boolean(BooleanEvaluation<'s>),
    Variant(VariantEvaluation<'s>),
    Error(String),
}

/// What a flag answers as the kind that it is.
pub(crate) fn answer<'s>(snapshot: &'s Snapshot, key: &str, context: &Context) -> Answer<'s> {
    let request = Request::new(key, &context.entity, &context.values);
    let answered = match snapshot.flag(key).map(Flag::kind) {
        Some(FlagKind::Boolean) => evaluate::boolean(snapshot, &request).map(|mut answer| {
            answer.segment_keys.sort_unstable();
            Answer::Boolean(answer)
        }),
        _ => evaluate::variant(snapshot, &request).map(|mut answer| {
            answer.segment_keys.sort_unstable();
            Answer::Variant(answer)
        }),
    };
    answered.unwrap_or_else(|error| Answer::Error(error.to_string()))
}
