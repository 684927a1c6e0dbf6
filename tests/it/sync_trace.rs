//! The figures of a small map after each operation: what amends, what counts as a miss, when the next snapshot is
//! begun, copied and published.

use splitmap::SyncMap;

use crate::support::hashers::{Good, good};

struct Trace {
    map: SyncMap<u32, u32, Good>,
    step: usize,
}

impl Trace {
    /// The map's read length, amended, dirty length, misses.
    #[track_caller]
    fn expect(&mut self, read: usize, amended: bool, dirty: usize, misses: usize) {
        self.step += 1;
        let stats = self.map.stats();
        let found = format!(
            "({}, {}, {}, {})",
            stats.read_len, stats.amended, stats.dirty_len, stats.misses
        );
        let expected = format!("({read}, {amended}, {dirty}, {misses})");
        assert_eq!(found, expected, "step {}", self.step);
    }
}

/// A small map has four fresh lists: the fourth addition or miss begins the next snapshot, the fifth copies and
/// the sixth publishes it.
#[test]
fn additions_and_misses_promote() {
    let mut t = Trace {
        map: SyncMap::with_hasher(good()),
        step: 0,
    };
    t.expect(0, false, 0, 0);
    t.map.insert(1, 1);
    t.expect(0, true, 1, 0);
    t.map.insert(2, 2);
    t.map.insert(3, 3);
    t.expect(0, true, 3, 0);
    assert!(t.map.get(&1).is_some());
    t.expect(0, true, 3, 1);
    assert!(t.map.get(&9).is_none());
    t.expect(0, true, 3, 1);
    assert!(t.map.compare_and_swap(&9, &0, 1).is_err());
    t.expect(0, true, 3, 1);
    assert!(t.map.compare_and_swap(&1, &1, 10).is_ok());
    t.expect(0, true, 3, 2);
    assert!(t.map.insert(3, 30).is_some());
    t.expect(3, false, 0, 0);
    assert!(t.map.remove(&1).is_some());
    assert!(t.map.get(&9).is_none());
    t.expect(3, false, 0, 0);
    assert!(t.map.iter().next().is_some());
    t.map.insert(4, 4);
    t.expect(3, true, 4, 0);
    t.map.clear();
    t.expect(0, false, 0, 0);
    assert_eq!(t.map.len(), 0);
}

/// An entry that is deleted when its bucket is copied is left out; one that comes back is put in again.
#[test]
fn deleted_keys_are_left_out_and_brought_back() {
    let mut t = Trace {
        map: (0..8).map(|n| (n, n)).collect(),
        step: 0,
    };
    t.expect(8, false, 0, 0);
    for key in 0..4 {
        assert!(t.map.remove(&key).is_some());
    }
    for key in 8..16 {
        t.map.insert(key, key);
    }
    t.expect(8, true, 16, 0); // two buckets have eight lists: begun
    t.map.insert(16, 16);
    t.expect(8, true, 13, 0); // copied, without the four
    assert!(t.map.insert(0, 1).is_none());
    t.expect(14, false, 0, 0); // published, with 0 again
    assert_eq!(t.map.get(&0).as_deref(), Some(&1));
    assert_eq!(t.map.len(), 14);
}

#[test]
fn misses_alone_promote() {
    let map = SyncMap::with_hasher(good());
    map.insert(0, 0);
    let mut lookups = 0;
    while map.stats().amended {
        assert!(map.get(&0).is_some());
        lookups += 1;
        assert!(lookups < 10, "lookups do not promote");
    }
    let stats = map.stats();
    assert_eq!((stats.read_len, stats.misses, stats.promotions), (1, 0, 1));
    let before = stats.locked_ops;
    for _ in 0..100 {
        assert!(map.get(&0).is_some());
        assert!(map.get(&1).is_none());
    }
    assert_eq!(map.stats().locked_ops, before);
}

/// However many lookups miss beside however many new keys.
#[test]
fn absent_keys_take_no_lock() {
    let map: SyncMap<u32, u32, Good> = (0..1_000).map(|n| (n, n)).collect();
    for key in 1_000..1_100 {
        map.insert(key, key);
    }
    let before = map.stats();
    assert!(before.amended);
    for key in 10_000..20_000 {
        assert!(map.get(&key).is_none());
        assert!(map.remove(&key).is_none());
    }
    assert_eq!(map.stats(), before);
}

/// Most keys gone is a reason of its own.
#[test]
fn removals_alone_promote() {
    let map: SyncMap<u32, u32, Good> = (0..1_000).map(|n| (n, n)).collect();
    for key in 0..900 {
        assert!(map.remove(&key).is_some());
    }
    assert!(map.stats().read_len < 600, "{:?}", map.stats());
    assert_eq!(map.iter().count(), 100);
}

/// Nobody locks for a new key of its own, and reports are rare in a large map.
#[test]
fn new_keys_take_few_locks() {
    let map: SyncMap<u32, u32, Good> = (0..10_000).map(|n| (n, n)).collect();
    let before = map.stats().locked_ops;
    for key in 10_000..14_000 {
        map.insert(key, key);
    }
    let locks = map.stats().locked_ops - before;
    assert!(locks <= 4_000 / 30, "{locks} for 4,000 new keys");
    for key in 0..14_000 {
        assert_eq!(map.get(&key).as_deref(), Some(&key));
    }
}

#[test]
fn hits_in_the_snapshot_are_no_misses() {
    let map: SyncMap<u32, u32, Good> = (0..10).map(|n| (n, n)).collect();
    map.insert(10, 10);
    for _ in 0..100 {
        assert!(map.get(&3).is_some());
        assert!(map.insert(3, 4).is_some());
        assert!(map.update(&4, |_, n| n + 1).is_some());
    }
    let stats = map.stats();
    assert!(stats.amended);
    assert_eq!(stats.misses, 0);
}

#[test]
fn deleted_keys_leave_at_the_next_promotion() {
    let map: SyncMap<u32, u32, Good> = (0..10).map(|n| (n, n)).collect();
    for key in 0..5 {
        assert!(map.remove(&key).is_some());
    }
    map.insert(100, 0);
    map.promote();
    assert_eq!(map.stats().read_len, 6);
    assert_eq!(map.len(), 6);
}
