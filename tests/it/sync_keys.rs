//! Keys whose `Eq` and `Drop` use the map that they are in: both run outside every lock, also while the next
//! snapshot is being built, when a key that comes or comes back has to be told to it.
//!
//! On threads of their own with a time limit: a lock held by mistake is a deadlock.

use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Weak};

use splitmap::SyncMap;

use crate::support::hashers::{Good, good};
use crate::support::within;

thread_local! {
    /// Comparisons left before one panics.
    static FUSE: Cell<usize> = const { Cell::new(usize::MAX) };
    static COMPARED: Cell<usize> = const { Cell::new(0) };
    /// Keys there are.
    static ALIVE: Cell<isize> = const { Cell::new(0) };
    static DROPPED: Cell<usize> = const { Cell::new(0) };
    /// The map is being used by a key; the keys that are compared and dropped for that leave it alone.
    static USING: Cell<bool> = const { Cell::new(false) };
}

type Map = SyncMap<Nosy, u32, Good>;

/// Two keys at a time share a hash, so that one of them is compared when the other one comes.
struct Nosy {
    id: u32,
    map: Weak<Map>,
}

impl Nosy {
    fn new(id: u32, map: Weak<Map>) -> Self {
        ALIVE.set(ALIVE.get() + 1);
        Self { id, map }
    }

    /// What needs the mutex, and what changes the tables that the caller is looking at.
    fn use_map(&self) {
        let Some(map) = self.map.upgrade() else {
            return;
        };
        if USING.replace(true) {
            return;
        }
        let _ = map.stats();
        assert!(!map.contains_key(&Absent));
        let guest = |id| Self::new(id, Weak::new());
        assert!(map.insert(guest(GUEST), 1).is_none());
        if COMPARED.get() % 16 == 0 {
            map.promote();
        }
        assert!(map.remove(&guest(GUEST)).is_some());
        USING.set(false);
    }
}

impl Hash for Nosy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.id / 2).hash(state);
    }
}

impl PartialEq for Nosy {
    fn eq(&self, other: &Self) -> bool {
        COMPARED.set(COMPARED.get() + 1);
        if !USING.get() {
            FUSE.set(FUSE.get() - 1);
            if FUSE.get() == 0 {
                // Without the panic hook: thousands of panics print nothing.
                resume_unwind(Box::new("the fuse blew"));
            }
        }
        self.use_map();
        self.id == other.id
    }
}

impl Eq for Nosy {}

/// No key of the map's.
#[derive(Hash)]
struct Absent;

impl equivalent::Equivalent<Nosy> for Absent {
    fn equivalent(&self, _: &Nosy) -> bool {
        false
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        ALIVE.set(ALIVE.get() - 1);
        DROPPED.set(DROPPED.get() + 1);
        self.use_map();
    }
}

/// No other key has its hash.
const GUEST: u32 = u32::MAX;

/// Enough for several snapshots to be built in many steps.
const KEYS: u32 = 400;

/// Inserts every key, and meanwhile removes keys and lets them come back; a key whose comparison panics is
/// tried again. Returns the map and how many times that was.
fn grow(fuse: usize) -> (Arc<Map>, usize) {
    let map = Arc::new(Map::with_hasher(good()));
    let nosy = |id| Nosy::new(id, Arc::downgrade(&map));
    let mut panics = 0;
    let mut try_all = |act: &dyn Fn()| {
        FUSE.set(fuse);
        while catch_unwind(AssertUnwindSafe(act)).is_err() {
            panics += 1;
            FUSE.set(usize::MAX);
        }
        FUSE.set(usize::MAX);
    };
    for id in 0..KEYS {
        try_all(&|| assert!(map.insert(nosy(id), id).is_none()));
        let back = id / 2;
        try_all(&|| drop(map.remove(&nosy(back))));
        try_all(&|| assert_eq!(*map.get_or_insert(nosy(back), back), back));
    }
    (map, panics)
}

#[test]
fn comparing_and_dropping_keys_may_use_the_map() {
    within(60, || {
        let (map, panics) = grow(usize::MAX);
        assert_eq!((map.len(), panics), (KEYS as usize, 0));
        assert!(map.stats().promotions >= 3, "no snapshot was built");
        assert!(COMPARED.get() >= 2 * KEYS as usize);
        assert!(DROPPED.get() >= 2 * KEYS as usize);
        drop(map);
        assert_eq!(ALIVE.get(), 0, "keys were leaked");
    });
}

#[test]
fn a_key_whose_comparison_panics_is_dropped_outside_every_lock() {
    within(60, || {
        // The n-th comparison of every call, for every n that a call reaches.
        let mut all_panics = Vec::new();
        for fuse in 1.. {
            let (map, panics) = grow(fuse);
            assert_eq!(map.len(), KEYS as usize);
            for id in 0..KEYS {
                let key = Nosy::new(id, Weak::new());
                assert_eq!(map.get(&key).as_deref(), Some(&id));
            }
            drop(map);
            assert_eq!(ALIVE.get(), 0, "keys were leaked");
            if panics == 0 {
                break;
            }
            all_panics.push(panics);
        }
        assert!(all_panics.len() >= 2, "{all_panics:?}");
    });
}
