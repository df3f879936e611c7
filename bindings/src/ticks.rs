//! Nanoseconds from the processor's own counter, which is read in a third of the time that the system's clock takes.
//!
//! Two readings of the clock are a good part of an evaluation. The counter is trusted only where it runs at one rate
//! whatever the processor does, and its rate is measured against the system's clock first.

use std::cell::Cell;

/// Shorter measurements say too little about the rate.
const CALIBRATION_NANOS: u64 = 10_000_000;
/// The rate is a fixed-point number with this many fractional bits.
const FRACTION_BITS: u32 = 32;

/// A clock in nanoseconds for one thread.
pub(crate) struct Ticks {
    /// Reads the counter, if there is one to trust.
    counter: Option<fn() -> u64>,
    /// The system's clock.
    clock: fn() -> u64,
    origin: (u64, u64),
    nanos_per_tick: Cell<u64>,
}

impl Ticks {
    pub(crate) fn new(counter: Option<fn() -> u64>, clock: fn() -> u64) -> Self {
        let origin = (counter.map_or(0, |read| read()), clock());
        Self { counter, clock, origin, nanos_per_tick: Cell::new(0) }
    }

    /// Now, in nanoseconds of the system's clock.
    pub(crate) fn now(&self) -> u64 {
        match (self.counter, self.nanos_per_tick.get()) {
            (None, _) => (self.clock)(),
            (Some(read), 0) => self.calibrate(read),
            (Some(read), rate) => self.origin.1.wrapping_add(scaled(read().saturating_sub(self.origin.0), rate)),
        }
    }

    /// The system's clock, until enough time has passed to know the counter's rate.
    #[cold]
    fn calibrate(&self, read: fn() -> u64) -> u64 {
        let nanos = (self.clock)();
        let elapsed = nanos.saturating_sub(self.origin.1);
        let ticks = read().saturating_sub(self.origin.0);
        if elapsed >= CALIBRATION_NANOS && ticks > 0 {
            let rate = (u128::from(elapsed) << FRACTION_BITS) / u128::from(ticks);
            self.nanos_per_tick.set(u64::try_from(rate).unwrap_or_default());
        }
        nanos
    }
}

fn scaled(ticks: u64, rate: u64) -> u64 {
    ((u128::from(ticks) * u128::from(rate)) >> FRACTION_BITS) as u64
}
