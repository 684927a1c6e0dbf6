//! Closures, clones and destructors may call back into the map that runs them: the methods that make, decide
//! and copy. Those that are as old as the map are in `sync_reentrancy`.

use std::cell::Cell;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

use splitmap::{Compute, Operation, SyncMap, SyncSet};

use crate::support::hashers::{Collide, Good, good};
use crate::support::within;

type Map = SyncMap<u32, u32, Good>;

/// Uses the map in every way, but for the keys below 1,000, which stay as they are.
fn use_all(map: &Map) {
    assert_eq!(map.get(&3).as_deref(), Some(&30));
    let done = map.compute(1_000, |_| Operation::<_, ()>::Insert(1));
    assert!(matches!(done, Compute::Inserted(_)));
    assert_eq!(*map.update_or_insert(1_000, |_, value| value + 1, 0), 2);
    assert_eq!(
        *map.update_or_insert_with(1_001, |_, value| *value, || 4),
        4
    );
    assert_eq!(
        map.get_or_try_insert_with(1_002, || Ok::<_, ()>(5))
            .as_deref(),
        Ok(&5)
    );
    assert_eq!(*map.get_or_init(1_003, || 6), 6);
    assert!(map.get_or_try_init(1_004, || Err(())).is_err());
    assert_eq!(ready(map.get_or_init_async(1_005, async || 7)), 7);
    assert!(map.keys().count() >= 104 && map.values().count() >= 104);
    assert!(map.snapshot().contains_key(&1_005));
    map.promote();
    let done = map.compute(1_000, |_| Operation::<_, ()>::Remove);
    assert!(matches!(done, Compute::Removed(_)));
    map.retain(|key, _| *key < 1_000);
}

/// The value of a future that has nothing to wait for.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("waits for nobody"),
    }
}

/// Runs `body` on a map of a hundred keys in each of its shapes, with a time limit.
fn everywhere(body: fn(&Map)) {
    within(60, move || {
        for promote_at in [None, Some(50), Some(99)] {
            let map = SyncMap::with_hasher(good());
            for key in 0..100 {
                map.insert(key, 10 * key);
                if promote_at == Some(key) {
                    map.promote();
                }
            }
            body(&map);
        }
    });
}

#[test]
fn compute_may_use_the_map() {
    everywhere(|map| {
        for key in [3, 77, 500] {
            let done = map.compute(key, |entry| {
                use_all(map);
                Operation::<u32, _>::Abort(entry.map(|(_, value)| *value))
            });
            assert!(
                matches!(done, Compute::Aborted(seen) if seen == (key < 100).then_some(10 * key))
            );
        }
        let done = map.compute(500, |_| {
            use_all(map);
            Operation::<_, ()>::Insert(1)
        });
        assert!(matches!(done, Compute::Inserted(_)));
        let done = map.compute(77, |_| {
            use_all(map);
            Operation::<_, ()>::Remove
        });
        assert!(matches!(done, Compute::Removed(_)));
    });
}

#[test]
fn compute_may_compute_another_key() {
    everywhere(|map| {
        let done = map.compute(3, |entry| {
            let (_, three) = entry.expect("is there");
            let moved = map.compute(4, |_| Operation::<_, ()>::Insert(*three));
            assert!(matches!(moved, Compute::Updated { .. }));
            Operation::<u32, ()>::Remove
        });
        assert!(matches!(done, Compute::Removed(_)));
        assert_eq!(map.get(&4).as_deref(), Some(&30));
    });
}

#[test]
fn update_or_insert_may_use_the_map() {
    everywhere(|map| {
        let update = |_: &u32, value: &u32| {
            use_all(map);
            *value
        };
        assert_eq!(*map.update_or_insert(77, update, 1), 770);
        let make = || {
            use_all(map);
            5
        };
        assert_eq!(*map.update_or_insert_with(500, update, make), 5);
    });
}

#[test]
fn what_makes_a_value_may_use_the_map() {
    everywhere(|map| {
        let make = |value: u32| {
            use_all(map);
            value
        };
        assert_eq!(
            map.get_or_try_insert_with(500, || Ok::<_, ()>(make(1)))
                .as_deref(),
            Ok(&1)
        );
        assert_eq!(*map.get_or_init(501, || make(2)), 2);
        assert_eq!(
            map.get_or_try_init(502, || Ok::<_, ()>(make(3))).as_deref(),
            Ok(&3)
        );
        assert_eq!(ready(map.get_or_init_async(503, async || make(4))), 4);
        let nested = map.get_or_init(504, || *map.get_or_init(505, || make(5)) + 1);
        assert_eq!(*nested, 6);
        assert_eq!(
            ready(map.get_or_init_async(506, async || *map.get_or_init(507, || make(6)))),
            6
        );
    });
}

#[test]
fn what_makes_a_value_may_empty_the_map() {
    everywhere(|map| {
        let value = map.get_or_init(500, || {
            assert_eq!(map.take_all().len(), 100);
            map.clear();
            1
        });
        assert_eq!((*value, map.len()), (1, 1));
    });
}

thread_local! {
    static CLONED: Cell<usize> = const { Cell::new(0) };
}

/// A value that uses the map it is in whenever it is cloned or dropped.
struct Busy(Weak<SyncMap<u32, Busy, Collide>>);

impl Busy {
    fn call_back(&self) {
        if let Some(map) = self.0.upgrade() {
            map.promote();
            drop(map.compute(1, |_| Operation::<Busy, ()>::Abort(())));
            drop(map.get_or_init(2, || Busy(Weak::new())));
            assert!(map.iter().count() <= 21);
        }
    }
}

impl Clone for Busy {
    fn clone(&self) -> Self {
        CLONED.set(CLONED.get() + 1);
        self.call_back();
        Self(Weak::new())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.call_back();
    }
}

#[test]
fn clones_and_destructors_may_use_the_map() {
    within(60, || {
        let map = Arc::new(SyncMap::with_hasher(Collide));
        for round in 0..3 {
            for key in 0..20 {
                drop(map.insert(key, Busy(Arc::downgrade(&map))));
                let update = |_: &u32, _: &Busy| Busy(Arc::downgrade(&map));
                drop(map.update_or_insert_with(key, update, || Busy(Weak::new())));
            }
            assert_eq!(map.snapshot().len(), 20);
            assert_eq!(CLONED.get(), 20 * (round + 1));
            drop(ready(
                map.get_or_init_async(1, async || unreachable!("is there")),
            ));
            CLONED.set(CLONED.get() - 1);
            drop(map.take_all());
            map.promote();
        }
        assert!(map.len() <= 1);
    });
}

#[test]
fn a_set_may_be_used_by_its_own_closures() {
    within(60, || {
        let set: SyncSet<u32> = (0..100).collect();
        set.for_each(|member| {
            assert!(set.insert(*member + 1_000));
            assert_eq!(*set.get_or_insert(*member + 1_000), *member + 1_000);
            assert!(set.remove(&(*member + 1_000)));
        });
        set.retain(|member| {
            set.promote();
            set.contains(member)
        });
        assert_eq!(set.len(), 100);
    });
}
