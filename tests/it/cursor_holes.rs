//! `Cursor` where Go's own iterator breaks its promises: holes 1 to 5, each by its recipe.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, Hash, Hasher};

use splitmap::{BucketMap, Cursor, Growth};

use crate::cursor::filled;
use crate::support::hashers::{Grouped, good};

/// A good hash, but keys from 2^32 on come in groups of 256 that share one.
#[derive(Clone, Copy)]
struct GroupedAbove;

struct Above(u64);

impl Hasher for Above {
    fn finish(&self) -> u64 {
        let group = if self.0 >> 32 == 0 {
            self.0
        } else {
            self.0 >> 8 << 8
        };
        good().hash_one(group)
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only integers are hashed")
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}

impl BuildHasher for GroupedAbove {
    type Hasher = Above;

    fn build_hasher(&self) -> Above {
        Above(0)
    }
}

/// Hole 1: a doubling under way at the start finishes meanwhile and a growth of the same size follows.
#[test]
fn hole_1_same_size_growth_during_a_doubling_repeats_nothing() {
    for round in 0..300_u64 {
        let log2 = 3 + round % 3;
        let limit = 13 * (1 << log2) / 2;
        // The insert that starts the doubling to 2^log2 buckets.
        let start = limit / 2 + 1;
        let mut map = BucketMap::with_hasher(GroupedAbove);
        for key in 0..start {
            map.insert(key, key);
        }
        assert!(matches!(map.layout().growth, Growth::Doubling));
        let mut cursor = map.cursor();
        let mut seen = BTreeSet::new();
        let churn_at = 1 + (round * 7 % start) / 2;
        let mut reached = false;
        while let Some((key, _)) = cursor.next(&map) {
            assert!(seen.insert(*key), "{key} came twice");
            if seen.len() as u64 != churn_at {
                continue;
            }
            for group in 1..1_000_u64 {
                let keys = (group << 32)..(group << 32) + limit - 1 - start;
                for key in keys.clone() {
                    map.insert(key, key);
                    reached |= matches!(map.layout().growth, Growth::SameSize);
                }
                if reached {
                    break;
                }
                for key in keys {
                    map.remove(&key);
                }
            }
        }
        assert!(reached, "no growth of the same size");
        assert_eq!(map.layout().buckets, 1 << log2);
        assert!((0..start).all(|key| seen.contains(&key)), "missed");
    }
}

/// Drives a map into a growth of the same size without touching keys at or above 2^40.
fn churn_to_same_size(map: &mut BucketMap<u64, u64, Grouped>, from: u64) {
    for group in from..from + 1_000 {
        let start = group << 8;
        let mut last = start;
        while map.len() < map.capacity() - 1 {
            map.insert(last, last);
            last += 1;
            if let Growth::SameSize = map.layout().growth {
                return;
            }
        }
        for key in start..last {
            map.remove(&key);
        }
    }
    panic!("no growth of the same size");
}

/// Hole 2: two growths of the same size with an emptying, and so another seed, between them.
#[test]
fn hole_2_emptying_between_two_same_size_growths_repeats_nothing() {
    for step in 1..20 {
        let mut map = BucketMap::with_capacity_and_hasher(104, Grouped);
        for key in 0..30 {
            map.insert((1 << 40) + (key << 8), key);
        }
        let mut cursor = map.cursor();
        for _ in 0..step {
            assert!(cursor.next(&map).is_some());
        }
        churn_to_same_size(&mut map, 1);
        let keys: Vec<_> = map.keys().copied().collect();
        for key in keys {
            map.remove(&key);
        }
        for key in 0..30 {
            map.insert((1 << 40) + (key << 8), key);
        }
        churn_to_same_size(&mut map, 5_000);
        assert_eq!(cursor.next(&map), None);
    }
}

/// A key that equals nothing, itself included.
#[derive(Clone, Copy, Debug)]
struct Nan(u64);

impl PartialEq for Nan {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Eq for Nan {}

impl Hash for Nan {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// Steps a cursor and counts what comes.
fn count<S: BuildHasher>(
    cursor: &mut Cursor,
    map: &BucketMap<Nan, u64, S>,
    seen: &mut HashMap<u64, u32>,
) -> bool {
    let Some((key, value)) = cursor.next(map) else {
        return false;
    };
    assert_eq!(key.0, *value);
    *seen.entry(*value).or_default() += 1;
    true
}

/// Hole 3: a growth of the same size under way at the start, then a doubling; keys unequal to themselves.
#[test]
fn hole_3_doubling_after_a_same_size_growth_misses_no_strange_key() {
    for step in 0..40 {
        let mut map = BucketMap::with_capacity_and_hasher(104, Grouped);
        // Strange keys can only be removed by a closure, so that is how chains are emptied.
        for key in 0..50 {
            map.insert(Nan((1 << 40) + (key << 8)), (1 << 40) + (key << 8));
        }
        let mut group = 1_u64;
        while !matches!(map.layout().growth, Growth::SameSize) {
            assert!(group < 1_000, "no growth of the same size");
            for key in (group << 8)..(group << 8) + 52 {
                map.insert(Nan(key), key);
                if matches!(map.layout().growth, Growth::SameSize) {
                    break;
                }
            }
            if !matches!(map.layout().growth, Growth::SameSize) {
                map.retain(|key, _| key.0 >= 1 << 40);
            }
            group += 1;
        }
        let start: Vec<_> = map.values().copied().collect();
        let mut cursor = map.cursor();
        let mut seen = HashMap::new();
        for _ in 0..step {
            assert!(count(&mut cursor, &map, &mut seen));
        }
        for key in 0..200 {
            map.insert(Nan((2 << 40) + (key << 8)), (2 << 40) + (key << 8));
        }
        assert!(map.layout().buckets > 16);
        while count(&mut cursor, &map, &mut seen) {}
        assert!(seen.values().all(|times| *times == 1), "came twice");
        assert!(start.iter().all(|key| seen.contains_key(key)), "missed");
    }
}

/// Hole 4: a clear and a refill use the overflow bucket again that the cursor stands in.
#[test]
fn hole_4_clear_and_refill_repeat_nothing() {
    for round in 0..400_u64 {
        let len = 100 + round % 3 * 100;
        let mut map = filled(len);
        let mut cursor = map.cursor();
        let mut seen = BTreeSet::new();
        let at = round % len + 1;
        while let Some((key, _)) = cursor.next(&map) {
            assert!(seen.insert(*key), "{key} came twice");
            if seen.len() as u64 == at {
                map.clear();
                for key in 0..len {
                    map.insert(10_000 + key, key);
                }
            }
        }
        assert_eq!(seen.len() as u64, at, "the clear ends it");
    }
}

/// Hole 5: Go's fixedbugs/issue59411 and 70189: strange keys after a clear.
#[test]
fn hole_5_strange_keys_do_not_survive_a_clear() {
    // 13 * 16 + 1 of them, cleared at step 6; and 8, grown by ten and cleared in the first step.
    for (len, at, more) in [(209, 6, 0), (8, 1, 10), (8, 1, 1_000)] {
        let mut map = BucketMap::with_hasher(good());
        for n in 0..len {
            map.insert(Nan(n), n);
        }
        let mut cursor = map.cursor();
        for _ in 0..at {
            assert!(cursor.next(&map).is_some());
        }
        for n in 0..more {
            map.insert(Nan(n), n);
        }
        map.clear();
        map.insert(Nan(1), 1);
        assert_eq!(cursor.next(&map), None);
    }
}

/// Go's TestMapNanGrowIterator and TestGrowWithNaN.
#[test]
fn strange_keys_are_produced_once_through_growth() {
    for (len, step, more, writes) in [(104, 0, 1, 8), (3, 1, 100, 0), (417, 5, 3, 20)] {
        let mut map = BucketMap::with_hasher(good());
        for n in 0..len {
            map.insert(Nan(n), n);
        }
        let mut cursor = map.cursor();
        let mut seen = HashMap::new();
        for _ in 0..step {
            assert!(count(&mut cursor, &map, &mut seen));
        }
        for n in 0..more {
            map.insert(Nan(10_000 + n), 10_000 + n);
        }
        for _ in 0..writes {
            map.remove(&Nan(0));
            if !count(&mut cursor, &map, &mut seen) {
                break;
            }
        }
        while count(&mut cursor, &map, &mut seen) {}
        assert!(seen.values().all(|times| *times == 1), "came twice");
        assert!((0..len).all(|n| seen.contains_key(&n)), "missed");
    }
}
