//! Types and hashers that are odd, large, lying or random: never undefined, never endless.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, Hasher};

use super::support::{Dice, HashWith, Number};
use crate::bucket::BucketMap;

#[test]
fn zero_sized_keys_and_values() {
    let mut map = BucketMap::new();
    assert_eq!(map.insert((), ()), None);
    assert_eq!(map.insert((), ()), Some(()));
    assert_eq!(map.iter().collect::<Vec<_>>(), [(&(), &())]);
    assert_eq!(map.iter_mut().count(), 1);
    map.retain(|_, _| true);
    map.validate();
    let mut cursor = map.cursor();
    assert_eq!(cursor.next(&map), Some((&(), &())));
    assert_eq!(map.remove(&()), Some(()));
    assert_eq!(map.into_iter().next(), None);

    let mut map: BucketMap<u64, ()> = (0..1000).map(|n| (n, ())).collect();
    map.retain(|n, ()| n % 2 == 0);
    map.validate();
    assert_eq!(map.drain().count(), 500);
}

/// Zero-sized, unequal to itself, and counted: many live cells at one address.
#[test]
fn many_zero_sized_entries() {
    #[derive(Eq)]
    struct Nothing;

    impl PartialEq for Nothing {
        fn eq(&self, _: &Self) -> bool {
            false
        }
    }

    impl Hash for Nothing {
        fn hash<H: Hasher>(&self, _: &mut H) {}
    }

    let mut map = BucketMap::new();
    for _ in 0..200 {
        map.insert(Nothing, Nothing);
    }
    map.validate();
    assert_eq!(
        (map.len(), map.iter().count(), map.iter_mut().count()),
        (200, 200, 200)
    );
    let mut kept = 0;
    map.retain(|_, _| {
        kept += 1;
        kept % 4 == 0
    });
    assert_eq!((kept, map.len()), (200, 50));
    map.validate();
    assert!(!map.contains_key(&Nothing));
    assert_eq!(map.into_iter().count(), 50);
}

#[test]
fn over_aligned_keys_and_values() {
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[repr(align(256))]
    struct Aligned(u8);

    let mut map = BucketMap::new();
    for n in 0..200 {
        map.insert(Aligned(n), Aligned(n));
        map.insert(Aligned(n), Aligned(n / 2));
    }
    map.validate();
    for (key, value) in &map {
        assert_eq!((&raw const *key).addr() % 256, 0);
        assert_eq!((&raw const *value).addr() % 256, 0);
        assert_eq!(key.0 / 2, value.0);
    }
    assert_eq!(map.len(), 200);

    let map: BucketMap<u8, Aligned> = (0..100).map(|n| (n, Aligned(n))).collect();
    assert!(
        map.values()
            .all(|value| (&raw const *value).addr() % 256 == 0)
    );
}

#[test]
fn values_of_four_kibibytes() {
    let mut map = BucketMap::new();
    for n in 0..300_u64 {
        map.insert(n, [n; 512]);
    }
    map.validate();
    for n in (0..300).step_by(2) {
        assert_eq!(map.remove(&n), Some([n; 512]));
    }
    assert!(map.iter().all(|(n, value)| value == &[*n; 512]));
    assert_eq!(map.len(), 150);
}

/// A hasher that answers differently each time.
struct Fickle(Dice);

impl BuildHasher for Fickle {
    type Hasher = Number;

    fn build_hasher(&self) -> Number {
        const WAYS: [HashWith; 4] = [
            HashWith(|n| n),
            HashWith(|n| !n),
            HashWith(|n| n.rotate_left(17) ^ 0x5555_5555_5555_5555),
            HashWith(|_| 7),
        ];
        WAYS[self.0.roll(4) as usize].build_hasher()
    }
}

#[test]
fn a_hasher_that_answers_differently_each_time_only_confuses() {
    let mut map = BucketMap::with_hasher(Fickle(Dice::new(3)));
    let mut entries = 0;
    for n in 0..3000_u64 {
        match n % 5 {
            0..3 => entries += usize::from(map.insert(n % 70, n).is_none()),
            3 => entries -= usize::from(map.remove(&(n % 70)).is_some()),
            _ => {
                *map.entry(n % 70).or_insert_with(|| {
                    entries += 1;
                    n
                }) = n;
            }
        }
        map.validate();
        assert_eq!(map.len(), entries);
    }
    assert_eq!(map.iter().count(), entries);
    let mut cursor = map.cursor();
    let steps = std::iter::from_fn(|| cursor.next(&map)).count();
    assert_eq!(steps, entries);
    map.clear();
    assert!(map.is_empty());
}

/// A key whose `Eq` says what the dice say.
#[derive(Clone, Debug)]
struct Liar(u64);

thread_local!(static LIES: Dice = Dice::new(9));

impl PartialEq for Liar {
    fn eq(&self, _: &Self) -> bool {
        LIES.with(|dice| dice.roll(2) == 0)
    }
}

impl Eq for Liar {}

impl Hash for Liar {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.0 % 8).hash(state);
    }
}

#[test]
fn an_eq_that_lies_only_confuses() {
    let mut map = BucketMap::with_hasher(HashWith::GOOD);
    let mut entries = 0;
    for n in 0..3000_u64 {
        if n % 3 == 0 {
            entries -= usize::from(map.remove(&Liar(n)).is_some());
        } else {
            entries += usize::from(map.insert(Liar(n), n).is_none());
        }
        assert_eq!(map.len(), entries);
    }
    map.validate();
    assert_eq!(map.clone().into_iter().count(), entries);
    let _ = map == map.clone();
}

/// A key that does not equal itself: never found, never replaced, never removed, but there.
#[test]
fn rule_39_keys_that_do_not_equal_themselves_pile_up() {
    #[derive(Clone, Copy, Debug, Eq)]
    struct Nan(u64);

    impl PartialEq for Nan {
        fn eq(&self, _: &Self) -> bool {
            false
        }
    }

    impl Hash for Nan {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }

    let mut map = BucketMap::new();
    for n in [1, 2, 4] {
        assert_eq!(map.insert(Nan(0), n), None);
    }
    for n in 0..100 {
        map.insert(Nan(1), 8 + n);
    }
    assert_eq!(map.remove(&Nan(0)), None);
    let values: HashSet<_> = map.values().copied().collect();
    assert_eq!((map.len(), values.len()), (103, 103));
    map.finish_growth();
    map.validate();
    map.retain(|_, n| *n < 8);
    assert_eq!(map.drain().map(|(_, n)| n).sum::<u64>(), 7);
}

#[test]
fn hints_that_are_too_large_count_as_none() {
    for hint in [
        usize::MAX,
        usize::MAX - 1,
        usize::MAX / 2,
        isize::MAX as usize,
        1 << (usize::BITS - 2),
        1 << (usize::BITS / 4 * 3 + 2), // fits the type, and no memory
    ] {
        let mut map: BucketMap<u64, [u64; 16]> = BucketMap::with_capacity(hint);
        assert_eq!(map.capacity(), 8, "{hint}");
        map.insert(1, [1; 16]);
        map.validate();
    }
    struct Endless(u64);

    impl Iterator for Endless {
        type Item = (u64, u64);

        fn next(&mut self) -> Option<(u64, u64)> {
            self.0 += 1;
            (self.0 <= 10).then_some((self.0, self.0))
        }

        fn size_hint(&self) -> (usize, Option<usize>) {
            (usize::MAX, None)
        }
    }

    let map: BucketMap<u64, u64> = Endless(0).collect();
    assert_eq!(map.len(), 10);
}

#[test]
fn long_chains_are_slow_but_correct() {
    let n = if cfg!(miri) { 100 } else { 1500 };
    let mut map = BucketMap::with_hasher(HashWith::EQUAL);
    map.extend((0..n).map(|n| (n, n)));
    map.validate();
    let mut cursor = map.cursor();
    assert_eq!(std::iter::from_fn(|| cursor.next(&map)).count() as u64, n);
    for key in (0..n).rev() {
        assert_eq!(map.remove(&key), Some(key));
    }
    map.validate();
    assert!(map.is_empty());
}
