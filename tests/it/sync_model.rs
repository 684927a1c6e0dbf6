//! Differential test: on one thread, any history gives what `std::collections::HashMap` gives.
//!
//! Sixteen or so keys and few values, so that reviving a deleted key and comparing with success are
//! common; promotions come from misses and from `promote`, and policies change.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use proptest::prelude::*;
use splitmap::{Promotion, SyncMap};

use crate::support::hashers::{Collide, FourBit, Identity, good};
use crate::support::histories;

#[derive(Clone, Debug)]
enum Op {
    Get(u8),
    ContainsKey(u8),
    Insert(u8, u8),
    TryInsert(u8, u8),
    GetOrInsert(u8, u8),
    GetOrInsertWith(u8, u8),
    Remove(u8),
    RemoveIf(u8, u8),
    CompareAndSwap(u8, u8, u8),
    CompareAndRemove(u8, u8),
    Update(u8, u8),
    Retain(u8),
    Extend(u8, u8),
    Clear,
    Promote,
    Iter,
    FirstOfIter,
    ForEach,
    CloneAndSwap,
    Rebuild,
    SetPromotion(Promotion),
}

fn op() -> impl Strategy<Value = Op> {
    let key = || prop_oneof![4 => 0..16_u8, 1 => any::<u8>()];
    let value = || 0..3_u8;
    let pair = || (key(), value());
    prop_oneof![
        16 => key().prop_map(Op::Get),
        4 => key().prop_map(Op::ContainsKey),
        16 => pair().prop_map(|(k, v)| Op::Insert(k, v)),
        8 => pair().prop_map(|(k, v)| Op::TryInsert(k, v)),
        8 => pair().prop_map(|(k, v)| Op::GetOrInsert(k, v)),
        8 => pair().prop_map(|(k, v)| Op::GetOrInsertWith(k, v)),
        12 => key().prop_map(Op::Remove),
        6 => pair().prop_map(|(k, v)| Op::RemoveIf(k, v)),
        8 => (pair(), value()).prop_map(|((k, v), new)| Op::CompareAndSwap(k, v, new)),
        8 => pair().prop_map(|(k, v)| Op::CompareAndRemove(k, v)),
        8 => pair().prop_map(|(k, v)| Op::Update(k, v)),
        2 => value().prop_map(Op::Retain),
        2 => pair().prop_map(|(k, n)| Op::Extend(k, 8 * n)),
        2 => Just(Op::Clear),
        3 => Just(Op::Promote),
        2 => Just(Op::Iter),
        2 => Just(Op::FirstOfIter),
        1 => Just(Op::ForEach),
        1 => Just(Op::CloneAndSwap),
        1 => Just(Op::Rebuild),
        1 => prop_oneof![
            Just(Promotion::Automatic),
            Just(Promotion::Eager),
            Just(Promotion::Manual),
        ]
        .prop_map(Op::SetPromotion),
    ]
}

type Map<S> = SyncMap<u8, u8, S>;
type Model = HashMap<u8, u8>;

fn contents<S: BuildHasher>(map: &Map<S>) -> Result<BTreeMap<u8, u8>, TestCaseError> {
    let mut all = BTreeMap::new();
    for entry in map {
        let twice = all.insert(*entry.key(), *entry.value()).is_some();
        prop_assert!(!twice, "{} came twice", entry.key());
    }
    Ok(all)
}

fn step<S: BuildHasher + Clone>(
    op: &Op,
    map: &mut Map<S>,
    model: &mut Model,
) -> Result<(), TestCaseError> {
    match *op {
        Op::Get(k) => prop_assert_eq!(map.get(&k).map(|r| *r), model.get(&k).copied()),
        Op::ContainsKey(k) => prop_assert_eq!(map.contains_key(&k), model.contains_key(&k)),
        Op::Insert(k, v) => {
            prop_assert_eq!(map.insert(k, v).map(|r| *r), model.insert(k, v));
        }
        Op::TryInsert(k, v) => {
            let vacant = !model.contains_key(&k);
            let expected = *model.entry(k).or_insert(v);
            match map.try_insert(k, v) {
                Ok(stored) => {
                    prop_assert!(vacant);
                    prop_assert_eq!(stored.pair(), (&k, &v));
                }
                Err(error) => {
                    prop_assert!(!vacant);
                    prop_assert_eq!(error.current.pair(), (&k, &expected));
                    prop_assert_eq!(error.value, v);
                }
            }
        }
        Op::GetOrInsert(k, v) => {
            prop_assert_eq!(*map.get_or_insert(k, v), *model.entry(k).or_insert(v));
        }
        Op::GetOrInsertWith(k, v) => {
            let vacant = !model.contains_key(&k);
            let mut called = false;
            let found = *map.get_or_insert_with(k, || {
                called = true;
                v
            });
            prop_assert_eq!(called, vacant);
            prop_assert_eq!(found, *model.entry(k).or_insert(v));
        }
        Op::Remove(k) => prop_assert_eq!(map.remove(&k).map(|r| *r), model.remove(&k)),
        Op::RemoveIf(k, least) => {
            let mut asked = None;
            let removed = map.remove_if(&k, |key, value| {
                asked = Some((*key, *value));
                *value >= least
            });
            prop_assert_eq!(asked, model.get(&k).map(|value| (k, *value)));
            let expected = model.get(&k).copied().filter(|value| *value >= least);
            prop_assert_eq!(removed.map(|r| *r), expected);
            if expected.is_some() {
                model.remove(&k);
            }
        }
        Op::CompareAndSwap(k, old, new) => {
            let equal = model.get(&k) == Some(&old);
            let result = map.compare_and_swap(&k, &old, new).map(|r| *r);
            prop_assert_eq!(result, if equal { Ok(old) } else { Err(new) });
            if equal {
                model.insert(k, new);
            }
        }
        Op::CompareAndRemove(k, old) => {
            let equal = model.get(&k) == Some(&old);
            let removed = map.compare_and_remove(&k, &old).map(|r| *r);
            prop_assert_eq!(removed, equal.then_some(old));
            if equal {
                model.remove(&k);
            }
        }
        Op::Update(k, add) => {
            let mut seen = None;
            let new = map.update(&k, |key, value| {
                seen = Some((*key, *value));
                value.wrapping_add(add) % 3
            });
            prop_assert_eq!(seen, model.get(&k).map(|value| (k, *value)));
            let expected = model.get_mut(&k).map(|value| {
                *value = value.wrapping_add(add) % 3;
                *value
            });
            prop_assert_eq!(new.map(|r| *r), expected);
        }
        Op::Retain(value) => {
            map.retain(|key, v| *v != value || key % 3 == 0);
            model.retain(|key, v| *v != value || key % 3 == 0);
        }
        Op::Extend(start, count) => {
            let pairs = (0..count).map(|n| (start.wrapping_add(n), n % 3));
            let mut shared = &*map;
            shared.extend(pairs.clone());
            model.extend(pairs);
        }
        Op::Clear => {
            map.clear();
            model.clear();
        }
        Op::Promote => {
            map.promote();
            prop_assert!(!map.stats().amended);
        }
        Op::Iter => {
            prop_assert_eq!(contents(map)?.len(), model.len());
        }
        Op::FirstOfIter => {
            let first = map.iter().next().map(|r| (*r.key(), *r));
            prop_assert_eq!(first.is_some(), !model.is_empty());
            if let Some((key, value)) = first {
                prop_assert_eq!(model.get(&key), Some(&value));
            }
        }
        Op::ForEach => {
            let mut all = HashMap::new();
            map.for_each(|entry| {
                all.insert(*entry.key(), *entry.value());
            });
            prop_assert_eq!(&all, &*model);
        }
        Op::CloneAndSwap => {
            let copy = map.clone();
            prop_assert_eq!(contents(&copy)?, contents(map)?);
            *map = copy;
        }
        Op::SetPromotion(policy) => {
            map.set_promotion(policy);
            prop_assert_eq!(map.promotion(), policy);
        }
        Op::Rebuild => {
            let hasher = map.hasher().clone();
            let old = std::mem::replace(map, SyncMap::with_hasher(hasher));
            map.extend(old);
        }
    }
    Ok(())
}

fn check<S: BuildHasher + Clone>(history: &[Op], hasher: S) -> Result<(), TestCaseError> {
    let mut map = SyncMap::with_hasher(hasher);
    let mut model = Model::new();
    for op in history {
        step(op, &mut map, &mut model)?;
        prop_assert_eq!(map.len(), model.len());
        prop_assert_eq!(map.is_empty(), model.is_empty());
        let stats = map.stats();
        prop_assert!(stats.amended || stats.dirty_len == 0);
        // A check that reads every key would promote at each step and hide every other state: look at
        // all keys of the model only through a clone.
        let seen: BTreeMap<_, _> = map.clone().into_iter().collect();
        prop_assert_eq!(seen.len(), model.len());
        prop_assert!(
            seen.iter()
                .all(|(key, value)| model.get(key) == Some(value))
        );
    }
    let all: Model = map.into_iter().collect();
    prop_assert_eq!(all, model);
    Ok(())
}

/// The same without looking at all in each step, so that nothing but the history itself touches the map.
fn check_untouched<S: BuildHasher + Clone>(history: &[Op], hasher: S) -> Result<(), TestCaseError> {
    let mut map = SyncMap::with_hasher(hasher);
    let mut model = Model::new();
    for op in history {
        step(op, &mut map, &mut model)?;
    }
    for key in 0..=u8::MAX {
        prop_assert_eq!(map.get(&key).map(|r| *r), model.get(&key).copied());
    }
    prop_assert_eq!(contents(&map)?.len(), model.len());
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

    #[test]
    fn any_history_not_looked_at_matches_std(history in prop::collection::vec(op(), 1..400)) {
        check_untouched(&history, good())?;
        check_untouched(&history, Identity)?;
        check_untouched(&history, Collide)?;
        check_untouched(&history, FourBit)?;
    }
}
