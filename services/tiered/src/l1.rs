//! The map: reservations, values, invalidations.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use splitmap::SyncMap;

use crate::Value;

/// What there is for a key.
#[derive(Debug, PartialEq)]
enum Slot {
    /// Somebody is reading it.
    Reserved { ticket: u64 },
    /// The value, or that there is none, as read through the link with this number.
    Kept { epoch: u64, value: Option<Value> },
}

/// The first level.
#[derive(Debug, Default)]
pub(crate) struct L1 {
    map: SyncMap<String, Slot>,
    tickets: AtomicU64,
}

/// The right to fill in a key's value, until somebody invalidates the key. Dropped, it is given back.
#[derive(Debug)]
pub(crate) struct Reservation<'l1> {
    l1: &'l1 L1,
    key: &'l1 str,
    slot: Slot,
}

impl L1 {
    /// The value that was read through the link `epoch`: `None` if nothing is known, `Some(None)` if there is none.
    pub(crate) fn get(&self, epoch: u64, key: &str) -> Option<Option<Value>> {
        match &*self.map.get(key)? {
            Slot::Kept { epoch: own, value } if *own == epoch => Some(value.clone()),
            _ => None,
        }
    }

    /// Reserves `key`, unless somebody else has.
    ///
    /// Nobody waits for whoever has: a value that was asked for before a lookup began may be too old for it.
    pub(crate) fn reserve<'l1>(&'l1 self, epoch: u64, key: &'l1 str) -> Option<Reservation<'l1>> {
        // ORDERING: Relaxed, tickets are only to differ.
        let ticket = self.tickets.fetch_add(1, Relaxed);
        let outdated = |slot: &Slot| matches!(slot, Slot::Kept { epoch: own, .. } if *own != epoch);
        self.map.remove_if(key, |_key, slot| outdated(slot));
        let slot = Slot::Reserved { ticket };
        drop(self.map.try_insert(key.to_owned(), slot).ok()?);
        Some(Reservation {
            l1: self,
            key,
            slot: Slot::Reserved { ticket },
        })
    }

    /// Forgets `key`, and that somebody has reserved it.
    pub(crate) fn invalidate(&self, key: &str) {
        self.map.remove(key);
    }

    /// Forgets everything.
    pub(crate) fn flush(&self) {
        self.map.clear();
    }

    /// Forgets keys at random until at most `most` are left.
    pub(crate) fn shrink(&self, most: usize) {
        let mut excess = self.map.len().saturating_sub(most);
        if excess > 0 {
            self.map.retain(|_key, _slot| {
                let keep = excess == 0;
                excess = excess.saturating_sub(1);
                keep
            });
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }
}

impl Reservation<'_> {
    /// Keeps `value`, which was asked for after the reservation, through the link `epoch`.
    pub(crate) fn fill(self, epoch: u64, value: Option<Value>) {
        let kept = Slot::Kept { epoch, value };
        // Fails if the key was invalidated: `value` may be from before. Then nothing is kept.
        let _ = self.l1.map.compare_and_swap(self.key, &self.slot, kept);
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        // Does nothing once it is filled, or gone.
        self.l1.map.compare_and_remove(self.key, &self.slot);
    }
}

#[cfg(test)]
mod tests {
    use super::L1;

    fn value(text: &str) -> Option<super::Value> {
        Some(text.as_bytes().into())
    }

    #[test]
    fn a_reservation_that_was_invalidated_keeps_nothing() {
        let l1 = L1::default();
        let reservation = l1.reserve(1, "k").unwrap();
        l1.invalidate("k");
        let second = l1.reserve(1, "k").unwrap();
        reservation.fill(1, value("old"));
        assert_eq!(l1.get(1, "k"), None);
        second.fill(1, value("new"));
        assert_eq!(l1.get(1, "k"), Some(value("new")));
    }

    #[test]
    fn a_reservation_that_is_dropped_is_free_again() {
        let l1 = L1::default();
        let reservation = l1.reserve(1, "k").unwrap();
        assert!(l1.reserve(1, "k").is_none());
        drop(reservation);
        assert!(l1.reserve(1, "k").is_some());
    }

    #[test]
    fn values_of_another_link_are_not_used_and_make_room() {
        let l1 = L1::default();
        l1.reserve(1, "k").unwrap().fill(1, value("old"));
        assert_eq!(l1.get(2, "k"), None);
        l1.reserve(2, "k").unwrap().fill(2, None);
        assert_eq!(l1.get(2, "k"), Some(None));
    }

    #[test]
    fn it_shrinks_to_what_is_asked() {
        let l1 = L1::default();
        for key in 0..100 {
            l1.reserve(1, &key.to_string()).unwrap().fill(1, None);
        }
        l1.shrink(10);
        assert_eq!(l1.len(), 10);
    }
}
