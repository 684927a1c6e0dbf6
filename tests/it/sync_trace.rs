//! The states of Go's `sync.Map` after each operation, as observed on the original.

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

#[test]
fn trace_of_the_original_is_reproduced() {
    let mut t = Trace {
        map: SyncMap::with_hasher(good()),
        step: 0,
    };
    t.expect(0, false, 0, 0);
    t.map.insert(1, 1);
    t.expect(0, true, 1, 0);
    t.map.insert(2, 2);
    t.expect(0, true, 2, 0);
    t.map.insert(3, 3);
    t.expect(0, true, 3, 0);
    assert!(t.map.insert(3, 3).is_some());
    t.expect(0, true, 3, 0);
    assert!(t.map.get(&1).is_some());
    t.expect(0, true, 3, 1);
    assert!(t.map.get(&9).is_none());
    t.expect(0, true, 3, 2);
    assert!(t.map.compare_and_swap(&9, &0, 1).is_err());
    t.expect(0, true, 3, 2);
    assert!(t.map.compare_and_swap(&1, &1, 10).is_ok());
    t.expect(3, false, 0, 0);
    assert!(t.map.remove(&1).is_some());
    t.expect(3, false, 0, 0);
    assert!(t.map.get(&9).is_none());
    t.expect(3, false, 0, 0);
    // 2 and 3 are copied, 1 is expunged.
    t.map.insert(4, 4);
    t.expect(3, true, 3, 0);
    // 1 is brought back.
    assert!(t.map.insert(1, 1).is_none());
    t.expect(3, true, 4, 0);
    assert!(t.map.remove(&4).is_some());
    t.expect(3, true, 3, 1);
    assert!(t.map.try_insert(5, 5).is_ok());
    t.expect(3, true, 4, 1);
    assert!(t.map.try_insert(5, 6).is_err());
    t.expect(3, true, 4, 2);
    assert!(t.map.iter().next().is_some());
    t.expect(4, false, 0, 0);
    t.map.insert(6, 6);
    t.expect(4, true, 5, 0);
    t.map.clear();
    t.expect(0, false, 0, 0);
    t.map.insert(7, 7);
    t.expect(0, true, 1, 0);
    // The removal empties dirty, and an empty dirty is promoted at once.
    assert!(t.map.remove(&7).is_some());
    t.expect(0, false, 0, 0);
    assert!(t.map.compare_and_remove(&8, &0).is_none());
    t.expect(0, false, 0, 0);
    t.map.insert(8, 8);
    t.map.insert(9, 9);
    t.expect(0, true, 2, 0);
    assert!(t.map.compare_and_remove(&8, &0).is_none());
    t.expect(0, true, 2, 1);
    // The dead key is promoted with the rest.
    assert!(t.map.compare_and_remove(&8, &8).is_some());
    t.expect(2, false, 0, 0);
    t.map.clear();
    t.expect(0, false, 0, 0);
    assert_eq!(t.map.len(), 0);
}

#[test]
fn misses_promote_when_they_reach_the_size_of_dirty() {
    let map = SyncMap::with_hasher(good());
    for key in 0..100 {
        map.insert(key, key);
    }
    for _ in 0..99 {
        assert!(map.get(&0).is_some());
    }
    assert!(map.stats().amended);
    assert!(map.get(&0).is_some());
    let stats = map.stats();
    assert!(!stats.amended);
    assert_eq!(stats.read_len, 100);
    assert_eq!(stats.misses, 0);
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
