//! What a replay counts, and sums of digests that say which values it met, and when.

use super::meta::Meta;

/// Counts of one replay, or of one thread's part; parts add up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    /// Misses that stored a value.
    pub(crate) fills: u64,
    /// Misses that found, when about to store, that another thread had.
    pub(crate) late_fills: u64,
    /// Sets of an absent key.
    pub(crate) adds: u64,
    /// Sets of a present key.
    pub(crate) replaces: u64,
    /// Dels of a present key.
    pub(crate) evicts: u64,
    /// Dels of an absent key.
    pub(crate) idle_dels: u64,
    /// Values met under a key they were not stored under.
    pub(crate) foreign: u64,
    digests: Digests,
}

/// Sums, so that the order in which threads finish does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Digests {
    read: u64,
    replaced: u64,
    evicted: u64,
    /// Stored less removed: what must be left at the end.
    left: u64,
}

impl Tally {
    pub(crate) fn hit(&mut self, key: u32, tick: u64, value: &Meta) {
        self.hits += 1;
        self.foreign += u64::from(value.inode != key);
        add(&mut self.digests.read, value.digest_at(tick));
    }

    pub(crate) fn miss(&mut self) {
        self.misses += 1;
    }

    pub(crate) fn fill(&mut self, value: &Meta) {
        self.fills += 1;
        add(&mut self.digests.left, value.digest());
    }

    pub(crate) fn late_fill(&mut self) {
        self.late_fills += 1;
    }

    /// A set stored `value` and displaced `old`.
    pub(crate) fn set(&mut self, tick: u64, value: &Meta, old: Option<&Meta>) {
        add(&mut self.digests.left, value.digest());
        let Some(old) = old else {
            self.adds += 1;
            return;
        };
        self.replaces += 1;
        add(&mut self.digests.replaced, old.digest_at(tick));
        self.removed(value.inode, old);
    }

    /// A del of `key` removed `old`.
    pub(crate) fn del(&mut self, key: u32, tick: u64, old: Option<&Meta>) {
        let Some(old) = old else {
            self.idle_dels += 1;
            return;
        };
        self.evicts += 1;
        add(&mut self.digests.evicted, old.digest_at(tick));
        self.removed(key, old);
    }

    fn removed(&mut self, key: u32, old: &Meta) {
        self.foreign += u64::from(old.inode != key);
        self.digests.left = self.digests.left.wrapping_sub(old.digest());
    }

    pub(crate) fn merge(&mut self, part: &Tally) {
        self.hits += part.hits;
        self.misses += part.misses;
        self.fills += part.fills;
        self.late_fills += part.late_fills;
        self.adds += part.adds;
        self.replaces += part.replaces;
        self.evicts += part.evicts;
        self.idle_dels += part.idle_dels;
        self.foreign += part.foreign;
        add(&mut self.digests.read, part.digests.read);
        add(&mut self.digests.replaced, part.digests.replaced);
        add(&mut self.digests.evicted, part.digests.evicted);
        add(&mut self.digests.left, part.digests.left);
    }

    /// Entries that must be live at the end, if the map was empty at the start.
    ///
    /// `None` if more were removed than stored.
    pub(crate) fn live(&self) -> Option<u64> {
        (self.fills + self.adds).checked_sub(self.evicts)
    }

    /// The sum of the digests of the values that must be live at the end.
    pub(crate) fn left(&self) -> u64 {
        self.digests.left
    }

    pub(crate) fn hit_ratio(&self) -> Option<f64> {
        let gets = self.hits + self.misses;
        (gets > 0).then(|| self.hits as f64 / gets as f64)
    }

    /// Everything two replays of one order must agree on, by name.
    pub(crate) fn named(&self) -> [(&'static str, u64); 12] {
        [
            ("hits", self.hits),
            ("misses", self.misses),
            ("fills", self.fills),
            ("fills that came late", self.late_fills),
            ("sets that added", self.adds),
            ("sets that replaced", self.replaces),
            ("dels that evicted", self.evicts),
            ("dels of nothing", self.idle_dels),
            ("values under a foreign key", self.foreign),
            ("digest of the values read", self.digests.read),
            ("digest of the values replaced", self.digests.replaced),
            ("digest of the values evicted", self.digests.evicted),
        ]
    }
}

fn add(sum: &mut u64, digest: u64) {
    *sum = sum.wrapping_add(digest);
}

#[cfg(test)]
mod tests {
    use super::super::trace::{Kind, Op};
    use super::*;

    fn value(key: u32, tick: u64) -> Meta {
        let (number, kind) = (1, Kind::Set);
        Meta::stored_by(Op { number, key, kind }, tick)
    }

    #[test]
    fn what_is_left_does_not_depend_on_who_removed_what() {
        let (a, b) = (value(0, 1), value(0, 2));
        let (mut one, mut two) = (Tally::default(), Tally::default());
        one.set(1, &a, None);
        one.del(0, 3, Some(&b));
        two.set(2, &b, Some(&a));
        one.merge(&two);
        assert_eq!((one.live(), one.left(), one.foreign), (Some(0), 0, 0));
    }

    #[test]
    fn a_value_removed_twice_shows() {
        let a = value(0, 1);
        let mut tally = Tally::default();
        tally.fill(&a);
        tally.del(0, 2, Some(&a));
        tally.del(0, 3, Some(&a));
        assert_eq!(tally.live(), None);
        assert_ne!(tally.left(), 0);
    }

    #[test]
    fn a_value_under_a_foreign_key_shows() {
        let mut tally = Tally::default();
        tally.hit(7, 2, &value(0, 1));
        assert_eq!(tally.foreign, 1);
    }
}
