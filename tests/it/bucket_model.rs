//! Differential test: any history gives what `std::collections::HashMap` gives.
//!
//! Same results, same contents and same stored keys after every step, and every invariant of the
//! table holds after every step; under a good hash, the identity, one hash for all, and four bits.

use std::collections::{BTreeMap, HashMap, hash_map};
use std::hash::{BuildHasher, Hash, Hasher};

use proptest::prelude::*;
use splitmap::{BucketMap, Entry};

use crate::support::hashers::{Collide, FourBit, Identity, good};
use crate::support::histories;
use crate::support::validate;

/// Equal by `id`; `tag` tells which of several equal keys is stored.
#[derive(Clone, Copy, Debug)]
struct Key {
    id: u16,
    tag: u32,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

#[derive(Clone, Copy, Debug)]
enum Fill {
    OrInsert,
    OrInsertWith,
    ModifyOrDefault,
    Leave,
    Replace,
    Remove,
}

#[derive(Clone, Debug)]
enum Op {
    Insert(u16, u8),
    InsertMany(u16, u16),
    Remove(u16),
    RemoveMany(u16, u16),
    RemoveEntry(u16),
    Get(u16),
    GetMut(u16, u8),
    Entry(u16, u8, Fill),
    Retain(u16),
    RetainNone,
    IterMut(u8),
    Drain(usize),
    Clear,
    CloneAndSwap,
    Rebuild,
    FinishGrowth,
}

fn key() -> impl Strategy<Value = u16> {
    // Few keys, so that hits and misses are both common; now and then one from far away.
    prop_oneof![6 => 0..24_u16, 3 => 0..150_u16, 1 => any::<u16>()]
}

fn op() -> impl Strategy<Value = Op> {
    let fill = prop_oneof![
        Just(Fill::OrInsert),
        Just(Fill::OrInsertWith),
        Just(Fill::ModifyOrDefault),
        Just(Fill::Leave),
        Just(Fill::Replace),
        Just(Fill::Remove),
    ];
    prop_oneof![
        24 => (key(), any::<u8>()).prop_map(|(k, v)| Op::Insert(k, v)),
        // Long enough to start and to finish growths.
        4 => (key(), 1..60_u16).prop_map(|(k, n)| Op::InsertMany(k, n)),
        12 => key().prop_map(Op::Remove),
        2 => (key(), 1..60_u16).prop_map(|(k, n)| Op::RemoveMany(k, n)),
        4 => key().prop_map(Op::RemoveEntry),
        8 => key().prop_map(Op::Get),
        4 => (key(), any::<u8>()).prop_map(|(k, v)| Op::GetMut(k, v)),
        12 => (key(), any::<u8>(), fill).prop_map(|(k, v, fill)| Op::Entry(k, v, fill)),
        2 => (2..6_u16).prop_map(Op::Retain),
        1 => Just(Op::RetainNone),
        1 => any::<u8>().prop_map(Op::IterMut),
        1 => (0..40_usize).prop_map(Op::Drain),
        1 => Just(Op::Clear),
        2 => Just(Op::CloneAndSwap),
        1 => Just(Op::Rebuild),
        1 => Just(Op::FinishGrowth),
    ]
}

type Pair = (u16, u32, u8);

fn pair((key, value): (&Key, &u8)) -> Pair {
    (key.id, key.tag, *value)
}

fn contents<'a>(pairs: impl Iterator<Item = (&'a Key, &'a u8)>) -> Vec<Pair> {
    let mut all: Vec<_> = pairs.map(pair).collect();
    all.sort_unstable();
    all
}

fn fill_std(model: &mut HashMap<Key, u8>, key: Key, value: u8, fill: Fill) -> Option<u8> {
    match (fill, model.entry(key)) {
        (Fill::OrInsert, entry) => Some(*entry.or_insert(value)),
        (Fill::OrInsertWith, entry) => Some(*entry.or_insert_with(|| value ^ 1)),
        (Fill::ModifyOrDefault, entry) => Some(
            *entry
                .and_modify(|v| *v = v.wrapping_add(value))
                .or_default(),
        ),
        (Fill::Replace, hash_map::Entry::Occupied(mut entry)) => Some(entry.insert(value)),
        (Fill::Remove, hash_map::Entry::Occupied(entry)) => Some(entry.remove()),
        (Fill::Leave | Fill::Replace | Fill::Remove, _) => None,
    }
}

fn fill_ours<S: BuildHasher>(
    map: &mut BucketMap<Key, u8, S>,
    key: Key,
    value: u8,
    fill: Fill,
) -> Option<u8> {
    match (fill, map.entry(key)) {
        (Fill::OrInsert, entry) => Some(*entry.or_insert(value)),
        (Fill::OrInsertWith, entry) => Some(*entry.or_insert_with(|| value ^ 1)),
        (Fill::ModifyOrDefault, entry) => Some(
            *entry
                .and_modify(|v| *v = v.wrapping_add(value))
                .or_default(),
        ),
        (Fill::Replace, Entry::Occupied(mut entry)) => Some(entry.insert(value)),
        (Fill::Remove, Entry::Occupied(entry)) => Some(entry.remove()),
        (Fill::Leave | Fill::Replace | Fill::Remove, _) => None,
    }
}

fn step<S: BuildHasher + Clone>(
    op: &Op,
    tag: u32,
    map: &mut BucketMap<Key, u8, S>,
    model: &mut HashMap<Key, u8>,
) -> Result<(), TestCaseError> {
    let key = |id| Key { id, tag };
    match *op {
        Op::Insert(id, value) => {
            prop_assert_eq!(map.insert(key(id), value), model.insert(key(id), value));
        }
        Op::InsertMany(start, count) => {
            for id in (0..count).map(|n| start.wrapping_add(n)) {
                prop_assert_eq!(map.insert(key(id), 0), model.insert(key(id), 0));
            }
        }
        Op::Remove(id) => prop_assert_eq!(map.remove(&key(id)), model.remove(&key(id))),
        Op::RemoveMany(start, count) => {
            for id in (0..count).map(|n| start.wrapping_add(n)) {
                prop_assert_eq!(map.remove(&key(id)), model.remove(&key(id)));
            }
        }
        Op::RemoveEntry(id) => {
            let ours = map.remove_entry(&key(id)).map(|(k, v)| pair((&k, &v)));
            let theirs = model.remove_entry(&key(id)).map(|(k, v)| pair((&k, &v)));
            prop_assert_eq!(ours, theirs);
        }
        Op::Get(id) => {
            prop_assert_eq!(map.get(&key(id)), model.get(&key(id)));
            prop_assert_eq!(map.contains_key(&key(id)), model.contains_key(&key(id)));
            prop_assert_eq!(
                map.get_key_value(&key(id)).map(pair),
                model.get_key_value(&key(id)).map(pair)
            );
        }
        Op::GetMut(id, value) => {
            let ours = map.get_mut(&key(id)).map(|v| std::mem::replace(v, value));
            let theirs = model.get_mut(&key(id)).map(|v| std::mem::replace(v, value));
            prop_assert_eq!(ours, theirs);
        }
        Op::Entry(id, value, fill) => {
            prop_assert_eq!(
                fill_ours(map, key(id), value, fill),
                fill_std(model, key(id), value, fill)
            );
        }
        Op::Retain(modulus) => {
            let keep = |key: &Key, value: &mut u8| {
                *value = value.wrapping_add(1);
                key.id % modulus != 0
            };
            map.retain(keep);
            model.retain(keep);
        }
        Op::RetainNone => {
            map.retain(|_, _| false);
            model.clear();
        }
        Op::IterMut(add) => {
            for (_, value) in map.iter_mut() {
                *value = value.wrapping_add(add);
            }
            model.values_mut().for_each(|v| *v = v.wrapping_add(add));
        }
        Op::Drain(count) => {
            let whole = count >= model.len();
            let drained: Vec<_> = map.drain().take(count.max(1)).collect();
            prop_assert_eq!(drained.len(), model.len().min(count.max(1)));
            let mut distinct = BTreeMap::new();
            for (k, v) in drained {
                prop_assert_eq!(model.get_key_value(&k).map(pair), Some(pair((&k, &v))));
                prop_assert!(distinct.insert(k.id, v).is_none(), "drained twice");
            }
            prop_assert!(!whole || distinct.len() == model.len());
            model.clear();
        }
        Op::Clear => {
            map.clear();
            model.clear();
        }
        Op::CloneAndSwap => {
            let copy = map.clone();
            prop_assert!(copy == *map);
            *map = copy;
        }
        Op::Rebuild => {
            let hasher = map.hasher().clone();
            let old = std::mem::replace(map, BucketMap::with_hasher(hasher));
            map.extend(old);
        }
        Op::FinishGrowth => {
            map.finish_growth();
            prop_assert_eq!(map.layout().old_buckets, 0);
        }
    }
    Ok(())
}

fn check<S: BuildHasher + Clone>(history: &[Op], hasher: S) -> Result<(), TestCaseError> {
    let mut map = BucketMap::with_hasher(hasher);
    let mut model = HashMap::new();
    for (op, tag) in history.iter().zip(0..) {
        step(op, tag, &mut map, &mut model)?;
        validate!(map);
        prop_assert_eq!(map.len(), model.len());
        prop_assert_eq!(map.is_empty(), model.is_empty());
        prop_assert_eq!(contents(map.iter()), contents(model.iter()));
    }
    let pairs: Vec<_> = map.into_iter().collect();
    prop_assert_eq!(
        contents(pairs.iter().map(|(k, v)| (k, v))),
        contents(model.iter())
    );
    Ok(())
}

proptest! {
    #![proptest_config(histories())]

    #[test]
    fn any_history_matches_std(history in prop::collection::vec(op(), 1..150)) {
        check(&history, good())?;
        check(&history, Identity)?;
        check(&history, Collide)?;
        check(&history, FourBit)?;
    }
}
