//! Tests that Go's runtime map has and that mean something in Rust; each names its original.
//!
//! Those of thresholds are in `bucket_layout`, those of iteration under mutation in `cursor`.

use std::hash::{Hash, Hasher};

use splitmap::{BucketMap, Growth};

use crate::support::hashers::good;
use crate::support::validate;

/// Go's TestNegativeZero, with Rust's rule: the stored key stays.
#[test]
fn negative_zero_finds_the_entry_of_zero() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Float(f64);

    impl Eq for Float {}

    impl Hash for Float {
        fn hash<H: Hasher>(&self, state: &mut H) {
            (self.0 + 0.0).to_bits().hash(state);
        }
    }

    let mut map = BucketMap::new();
    map.insert(Float(0.0), "plus");
    assert_eq!(map.insert(Float(-0.0), "minus"), Some("plus"));
    assert_eq!(map.len(), 1);
    let (key, value) = map.iter().next().expect("one entry");
    assert!(key.0.is_sign_positive());
    assert_eq!(*value, "minus");
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

/// Go's TestMapAssignmentNan and TestMapOperatorAssignmentNan.
#[test]
fn keys_unequal_to_themselves_are_added_each_time() {
    let mut map = BucketMap::new();
    for value in [1, 2, 4] {
        assert_eq!(map.insert(Nan(1), value), None);
    }
    assert_eq!(map.len(), 3);
    assert_eq!(map.values().sum::<u32>(), 7);
    assert_eq!(map.get(&Nan(1)), None);
    assert_eq!(map.remove(&Nan(1)), None);
    *map.entry(Nan(1)).or_insert(8) += 0;
    assert_eq!(map.values().sum::<u32>(), 15);
    assert_eq!(map.clone().len(), 4);
    map.retain(|_, value| *value != 2);
    assert_eq!((map.len(), map.values().sum::<u32>()), (3, 13));
    map.clear();
    assert!(map.is_empty());
}

/// Go's test/mapnan.go and TestGrowWithNaN: they survive growth and are counted and dropped.
#[test]
fn keys_unequal_to_themselves_survive_growth() {
    let mut map = BucketMap::with_hasher(good());
    for n in 0..30_000 {
        map.insert(Nan(n), n);
    }
    validate!(map);
    assert_eq!(map.len(), 30_000);
    assert_eq!(map.values().sum::<u64>(), 30_000 * 29_999 / 2);
    let mut values: Vec<_> = map.into_iter().map(|(_, value)| value).collect();
    values.sort_unstable();
    assert!(values.into_iter().eq(0..30_000));
}

/// Go's TestBigItems and TestMapLargeKeyNoPointer.
#[test]
fn big_keys_and_values_arrive_whole() {
    type Big = [u64; 64];
    let mut map: BucketMap<Big, [String; 16]> = BucketMap::new();
    for n in 0..100_u64 {
        map.insert([n; 64], std::array::from_fn(|i| format!("{n} {i}")));
    }
    for n in 0..100_u64 {
        let value = &map[&[n; 64]];
        assert!((0..16).all(|i| value[i] == format!("{n} {i}")));
    }
    assert_eq!(map.len(), 100);
}

/// Values of 4 KiB, as in Go's TestMapHugeZero.
#[test]
fn huge_values_arrive_whole() {
    let mut map = BucketMap::new();
    for n in 0..200_u32 {
        map.insert(n, [n; 1_024]);
    }
    assert!((0..200).all(|n| map[&n] == [n; 1_024]));
    assert_eq!(*map.entry(200).or_insert([0; 1_024]), [0; 1_024]);
}

/// Go's TestSingleBucketMapStringKeys_DupLen and _NoDupLen.
#[test]
fn string_keys_in_one_bucket_are_told_apart() {
    let same_length = ["x1", "x2", "foo", "bar", "xx", "yy", "zzz", ""];
    let other_lengths: Vec<String> = [0, 1, 2, 4, 8, 16, 64, 128]
        .iter()
        .map(|length| "x".repeat(*length))
        .collect();
    let other_lengths: Vec<_> = other_lengths.iter().map(String::as_str).collect();
    for keys in [&same_length[..], &other_lengths] {
        let mut map = BucketMap::new();
        for (key, n) in keys.iter().zip(0..) {
            assert_eq!(map.insert(key.to_string(), n), None);
        }
        assert_eq!(map.layout().buckets, 1);
        for (key, n) in keys.iter().zip(0..) {
            assert_eq!(map.get(*key), Some(&n));
            assert_eq!(map.get(format!("{key}{key}!").as_str()), None);
        }
    }
}

/// Go's TestMapTombstones.
#[test]
fn tombstones_keep_every_chain_in_order() {
    let mut map = BucketMap::new();
    for n in 0..10_000 {
        map.insert(n, n);
    }
    validate!(map);
    for n in (0..10_000).step_by(2) {
        map.remove(&n);
    }
    validate!(map);
    for n in 10_000..15_000 {
        map.insert(n, n);
    }
    validate!(map);
    for n in 0..15_000 {
        assert_eq!(map.remove(&n).is_some(), n % 2 == 1 || n >= 10_000);
    }
    validate!(map);
    assert!(map.is_empty());
}

/// Go's issue 70886 (TestTombstoneGrow): churn does not double the table.
#[test]
fn tombstones_do_not_double_the_table() {
    let mut map = BucketMap::with_hasher(good());
    for n in 0..24_u64 {
        map.insert(n, n);
    }
    let buckets = map.layout().buckets;
    for n in 24..20_000 {
        map.remove(&(n - 24));
        map.insert(n, n);
    }
    assert_eq!(map.layout().buckets, buckets);
    assert_eq!(map.len(), 24);
}

/// Go's maps.TestCloneWithDelete.
#[test]
fn clone_after_removals_holds_what_is_left() {
    let mut map = BucketMap::new();
    for n in 0..32 {
        map.insert(n, n);
    }
    for n in 8..32 {
        map.remove(&n);
    }
    let copy = map.clone();
    assert_eq!(copy.len(), 8);
    assert!((0..8).all(|n| copy.get(&n) == Some(&n)));
}

/// Go's maps.TestCloneWithMapAssign.
#[test]
fn clone_of_a_growing_map_holds_everything() {
    for len in 1..=220 {
        let map: BucketMap<u32, u32> = (0..len).map(|n| (n, n)).collect();
        let copy = map.clone();
        assert_eq!(copy.len(), len as usize);
        assert!((0..len).all(|n| copy.get(&n) == Some(&n)));
        validate!(copy);
    }
}

/// Go's maps.TestCloneLarge (issue 64474): large keys and values are not shared.
#[test]
fn clone_of_large_entries_is_independent() {
    for len in [1, 9, 27] {
        let mut map = BucketMap::with_hasher(good());
        for n in 0..len {
            map.insert([n; 17], [n; 17]);
        }
        if len == 27 {
            assert!(matches!(map.layout().growth, Growth::Doubling));
        }
        let copy = map.clone();
        for n in 0..len {
            *map.get_mut(&[n; 17]).expect("present") = [99; 17];
        }
        map.insert([77; 17], [0; 17]);
        assert_eq!(copy.len() as u64, len);
        assert!((0..len).all(|n: u64| copy.get(&[n; 17]) == Some(&[n; 17])));
    }
}

/// Go's fixedbugs/issue69110: clone in a growth of the same size, over the limit, is in
/// `bucket_layout`; this is its churn: any moment may be cloned.
#[test]
fn clone_at_any_moment_of_churn_is_whole() {
    let mut map = BucketMap::with_hasher(good());
    for n in 0..26_u64 {
        map.insert(n, n);
    }
    let mut same_size = 0;
    for n in 26..1_500 {
        map.remove(&(n - 26));
        map.insert(n, n);
        same_size += usize::from(matches!(map.layout().growth, Growth::SameSize));
        let copy = map.clone();
        assert_eq!(copy.len(), 26);
        assert_eq!(copy, map);
    }
    assert_ne!(same_size, 0, "no growth of the same size was met");
}

/// Go's test/maplinear.go: twice the inserts take less than three times the calls, for keys unequal to
/// themselves too. Counted, not timed.
#[test]
fn inserts_cost_a_linear_number_of_comparisons() {
    use std::cell::Cell;

    thread_local! {
        static COMPARISONS: Cell<u64> = const { Cell::new(0) };
    }

    struct Counted(u64);

    impl PartialEq for Counted {
        fn eq(&self, other: &Self) -> bool {
            COMPARISONS.set(COMPARISONS.get() + 1);
            self.0 == other.0
        }
    }

    impl Eq for Counted {}

    impl Hash for Counted {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }

    COMPARISONS.set(0);
    let mut map = BucketMap::with_hasher(good());
    for n in 0..20_000 {
        map.insert(Counted(n), ());
    }
    assert_eq!(map.len(), 20_000);
    // New keys are compared only where a tophash byte happens to be equal.
    let comparisons = COMPARISONS.get();
    assert!(comparisons < 5_000, "{comparisons} comparisons");
    for n in 0..20_000 {
        assert!(map.contains_key(&Counted(n)));
    }
    let hits = COMPARISONS.get() - comparisons;
    assert!((20_000..25_000).contains(&hits), "{hits} comparisons");
}

/// Go's TestMapKeys and TestMapValues.
#[test]
fn keys_and_values_of_large_types_are_complete() {
    let map: BucketMap<u32, [u32; 40]> = (0..50).map(|n| (n, [n; 40])).collect();
    let mut values: Vec<_> = map.values().map(|value| value[39]).collect();
    values.sort_unstable();
    assert!(values.into_iter().eq(0..50));
}
