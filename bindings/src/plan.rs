//! What JavaScript keeps about one flag of one generation, so that it can ask about it by numbers alone.

use flipt_engine::evaluate;
use flipt_engine::snapshot::{Flag, FlagKind, Outcome};
use flipt_engine::store::Installed;
use napi_derive::napi;

use crate::error::NativeError;

/// The mask of matched segments in a frame has this many bits.
const MASK_BITS: usize = 32;
/// A flag that reads more context keys than this goes the slow path, which does not grow the frame for it.
const FRAME_KEYS: usize = 64;

/// What JavaScript needs to know about one flag of one generation.
#[napi(object, object_from_js = false)]
pub struct NativePlan {
    /// The flag's key.
    pub flag_key: String,
    /// The lower half of the generation.
    pub generation_low: u32,
    /// The upper half of the generation.
    pub generation_high: u32,
    /// Why the flag cannot be evaluated.
    pub error: Option<NativeError>,
    /// `boolean`, `variant` or `unknown`.
    pub kind: &'static str,
    /// The flag's position in the snapshot.
    pub position: u32,
    /// The context keys that the flag reads, in the order of the frame.
    pub keys: Vec<String>,
    /// The answers that the flag can give.
    pub outcomes: Vec<NativeOutcome>,
    /// Whether the flag is too large for a frame.
    pub slow: bool,
    /// Whether an answer can depend on the entity's id.
    pub needs_entity: bool,
    /// The snapshot's digest, empty without one.
    pub digest: String,
}

/// One answer that a flag can give, but for the subset of segments that matched.
#[napi(object, object_from_js = false)]
pub struct NativeOutcome {
    /// `enabled` or `match`.
    pub on: bool,
    /// The reason.
    pub reason: &'static str,
    /// The variant's key, empty without one.
    pub variant_key: String,
    /// The variant's attachment, empty without a variant.
    pub variant_attachment: String,
    /// The segments that the mask's bits stand for.
    pub segments: Vec<String>,
    /// The reason in the words of `OpenFeature`.
    pub why: &'static str,
    /// The rule or rollout that decides.
    pub rule_id: Option<String>,
}

impl NativePlan {
    pub(crate) fn new(installed: &Installed, key: &str) -> Self {
        let mut plan = Self {
            flag_key: key.to_owned(),
            generation_low: low(installed.generation),
            generation_high: low(installed.generation >> 32),
            error: None,
            kind: "unknown",
            position: 0,
            keys: Vec::new(),
            outcomes: Vec::new(),
            slow: false,
            needs_entity: false,
            digest: installed.snapshot.digest().unwrap_or_default().to_owned(),
        };
        match evaluate::find(&installed.snapshot, key) {
            Ok((position, flag)) => plan.describe(position, flag),
            Err(error) => plan.error = Some((&error).into()),
        }
        plan
    }

    /// Those of all flags that can be asked about, in the snapshot's order.
    pub(crate) fn all(installed: &Installed) -> Vec<Self> {
        let snapshot = &installed.snapshot;
        let keys =
            (0u32..).zip(snapshot.flags()).filter(|(position, flag)| snapshot.position(flag.key()) == Some(*position));
        keys.map(|(_, flag)| Self::new(installed, flag.key())).collect()
    }

    fn describe(&mut self, position: u32, flag: &Flag) {
        self.kind = match flag.kind() {
            FlagKind::Boolean => "boolean",
            FlagKind::Variant => "variant",
            _ => "unknown",
        };
        self.position = position;
        self.needs_entity = flag.needs_entity();
        self.keys = flag.keys().iter().map(ToString::to_string).collect();
        self.outcomes = flag.outcomes().iter().map(|outcome| NativeOutcome::new(flag, outcome)).collect();
        self.slow =
            flag.keys().len() > FRAME_KEYS || self.outcomes.iter().any(|outcome| outcome.segments.len() > MASK_BITS);
    }
}

impl NativeOutcome {
    fn new(flag: &Flag, outcome: &Outcome) -> Self {
        let (key, attachment) = flag.variant(outcome);
        let decision = flag.decision(outcome);
        Self {
            on: outcome.on,
            reason: outcome.reason.as_str(),
            variant_key: key.to_owned(),
            variant_attachment: attachment.to_owned(),
            segments: flag.segment_keys(outcome).map(ToOwned::to_owned).collect(),
            why: decision.why.as_str(),
            rule_id: decision.rule_id(flag.key()),
        }
    }
}

fn low(generation: u64) -> u32 {
    (generation & u64::from(u32::MAX)) as u32
}
