//! What was observed of a map: events, each an effect on the state and the time in which it took place.
//!
//! An operation with a single moment is one event. One that promises less (a walk, `retain`) is several, one
//! for each thing it says about a key, each with an interval of its own: that turns the weaker promises into
//! the same question, whether some order of all events explains them.

use core::fmt;

/// Keys are numbers below this.
pub(crate) const MAX_KEYS: usize = 4;

/// Values fall into this many classes, which conditions and comparisons tell apart.
pub(crate) const CLASSES: u32 = 3;

/// No two values of a history have the same number.
pub(crate) type Value = u32;

/// Which of the [`CLASSES`] a value is in.
pub(crate) fn class(value: Value) -> u32 {
    value % CLASSES
}

/// What an event says about the state just before it, and does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The key had this value, or none.
    Saw { key: u8, value: Option<Value> },
    /// The key had a value.
    SawSome { key: u8 },
    /// The key had no value of this class, or none at all.
    SawNoneOf { key: u8, class: u32 },
    /// The key went from one value, or none, to the other.
    Changed {
        key: u8,
        from: Option<Value>,
        to: Option<Value>,
    },
    /// The key lost this value if it had it; whether it did, nobody was told.
    Dropped { key: u8, value: Value },
    /// All keys lost their values.
    Cleared,
    /// The number of keys with a value was this, give or take.
    Counted { len: usize, slack: usize },
}

impl Effect {
    /// The only key that the effect is about.
    pub(crate) fn key(&self) -> Option<u8> {
        match *self {
            Self::Saw { key, .. }
            | Self::SawSome { key }
            | Self::SawNoneOf { key, .. }
            | Self::Changed { key, .. }
            | Self::Dropped { key, .. } => Some(key),
            Self::Cleared | Self::Counted { .. } => None,
        }
    }

    /// Whether the effect may change the number of keys, and by how many at most.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Saw { .. }
            | Self::SawSome { .. }
            | Self::SawNoneOf { .. }
            | Self::Counted { .. } => 0,
            Self::Changed { .. } | Self::Dropped { .. } => 1,
            Self::Cleared => MAX_KEYS,
        }
    }
}

/// Something that took place at one moment between two stamps.
///
/// An event precedes another if it is the earlier one of the same lane, or its `ret` is less than the
/// other's `call`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) call: u64,
    pub(crate) ret: u64,
    pub(crate) lane: u16,
    pub(crate) name: &'static str,
    pub(crate) effect: Effect,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>10} ..{:>10}  lane {:<3} {:<20} {:?}",
            self.call, self.ret, self.lane, self.name, self.effect
        )
    }
}

/// Widens what every count may be off by: by all writes that overlap it.
pub(crate) fn allow_for_overlap(events: &mut [Event]) {
    let writes: Vec<Event> = events
        .iter()
        .filter(|event| event.effect.weight() > 0)
        .copied()
        .collect();
    for event in events {
        if let Effect::Counted { slack, .. } = &mut event.effect {
            *slack = writes
                .iter()
                .filter(|write| write.call <= event.ret && event.call <= write.ret)
                .map(|write| write.effect.weight())
                .sum();
        }
    }
}
