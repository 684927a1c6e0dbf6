//! The interpreter for `SyncMap`, on one thread.
//!
//! Beside the map: std's map; results that are held on to while the map goes on, and have to stay as
//! they were; iterators that are stepped between other operations; closures that use the map.

use std::collections::{HashMap, HashSet};

use splitmap::sync_map::Iter;
use splitmap::{Ref, SyncMap};

use super::bytes::Bytes;
use super::subject::{self, Boxed, Hashing, Key, ModelKey, Probe, Value, is_unequal};

const MAX_ENTRIES: usize = 500;
const MAX_OPERATIONS: usize = 256;
const MAX_HELD: usize = 8;
const MAX_WALKS: usize = 3;

type Map = SyncMap<Key, Boxed, Hashing>;

/// What the std map holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stored {
    number: u32,
    /// Which of the key's stays in the map this is.
    stay: u32,
}

/// A result that is kept.
struct Held<'m> {
    entry: Ref<'m, Key, Boxed>,
    id: u16,
    number: u32,
}

/// An iterator that is kept, and what it has given.
struct Walk<'m> {
    iter: Iter<'m, Key, Boxed>,
    clears: u32,
    /// The stays there were when it began.
    due: HashSet<u32>,
    given: HashSet<u32>,
    given_keys: HashSet<(u16, u32)>,
}

struct World<'m, 'a> {
    bytes: Bytes<'a>,
    map: &'m Map,
    model: HashMap<ModelKey, Stored>,
    held: Vec<Held<'m>>,
    walks: Vec<Walk<'m>>,
    clears: u32,
    number: u32,
}

pub(crate) fn run(mut bytes: Bytes<'_>) {
    let hashing = Hashing::ALL[bytes.below(Hashing::ALL.len())];
    let hint = usize::from(bytes.byte() / 2);
    let map = Map::with_capacity_and_hasher(hint, hashing);
    let (bytes, model) = use_shared(&map, bytes);
    take_apart(map, &model, bytes);
}

/// All that is done to the map by reference.
fn use_shared<'a>(map: &Map, bytes: Bytes<'a>) -> (Bytes<'a>, HashMap<ModelKey, Stored>) {
    let mut world = World {
        bytes,
        map,
        model: HashMap::new(),
        held: Vec::new(),
        walks: Vec::new(),
        clears: 0,
        number: 0,
    };
    for step in 0..MAX_OPERATIONS {
        let Some(operation) = world.bytes.next() else {
            break;
        };
        world.operate(operation);
        world.check(step % 16 == 0);
    }
    (world.bytes, world.model)
}

/// The map's end: consumed, in part or as a whole.
fn take_apart(map: Map, model: &HashMap<ModelKey, Stored>, mut bytes: Bytes<'_>) {
    let take = usize::from(bytes.byte());
    let mut numbers: HashSet<u32> = model.values().map(|stored| stored.number).collect();
    let mut entries = map.into_iter();
    for (key, value) in entries.by_ref().take(take) {
        assert!(numbers.remove(&value.number()), "{key:?} is not there");
    }
    if take >= model.len() {
        assert!(entries.next().is_none() && numbers.is_empty());
    }
}

impl<'m> World<'m, '_> {
    fn operate(&mut self, operation: u8) {
        match operation % 32 {
            0..=3 => self.insert(),
            4 => self.try_insert(),
            5 => self.get_or_insert(),
            6 => self.get_or_insert_with(),
            7..=8 => self.get(),
            9..=11 => self.remove(),
            12 => self.remove_if(),
            13 => self.compare_and_swap(),
            14 => self.compare_and_remove(),
            15 => self.update(),
            16 => self.retain(),
            17 => self.clear(),
            18 => self.promote(),
            19..=20 => self.insert_many(),
            21 => self.remove_many(),
            22 => self.get_many(),
            23 => self.drop_held(),
            24 => self.begin_walk(),
            25..=27 => self.step_walk(),
            28 => self.end_walk(),
            29 => self.for_each(),
            30 => self.clone_map(),
            _ => self.extend(),
        }
    }

    fn check(&self, thoroughly: bool) {
        let len = self.model.len();
        assert_eq!((self.map.len(), self.map.is_empty()), (len, len == 0));
        for held in &self.held {
            let seen = (held.entry.key().id, held.entry.value().number());
            assert_eq!(seen, (held.id, held.number), "a held entry has changed");
        }
        let (keys, values) = subject::live();
        assert!(
            keys >= len as isize && values >= len as isize,
            "dropped too early"
        );
        let stats = self.map.stats();
        assert!(stats.amended || stats.read_len >= len, "{stats:?} of {len}");
        assert!(
            stats.read_len + stats.dirty_len >= len,
            "{stats:?} of {len}"
        );
        if thoroughly {
            // Not through an iterator, which would promote.
            for (key, stored) in &self.model {
                if !is_unequal(key.id) {
                    let found = self.map.get(&Probe(key.id));
                    assert_eq!(found.map(|entry| entry.number()), Some(stored.number));
                }
            }
        }
    }

    fn number(&mut self) -> u32 {
        self.number += 1;
        self.number
    }

    fn find(&self, id: u16) -> Option<u32> {
        let stored = self.model.get(&ModelKey { id, tag: 0 })?;
        Some(stored.number)
    }

    /// Stores in the std map; what was there before.
    fn store(&mut self, id: u16, tag: u32, number: u32) -> Option<u32> {
        let key = ModelKey { id, tag };
        let before = self.model.get(&key).copied();
        let stay = before.map_or(tag, |stored| stored.stay);
        self.model.insert(key, Stored { number, stay });
        before.map(|stored| stored.number)
    }

    fn forget(&mut self, id: u16) -> Option<u32> {
        let stored = self.model.remove(&ModelKey { id, tag: 0 })?;
        Some(stored.number)
    }

    /// Compares a result with what was expected, and may keep it.
    fn expect(&mut self, entry: Option<Ref<'m, Key, Boxed>>, id: u16, number: Option<u32>) {
        assert_eq!(entry.as_ref().map(|entry| entry.value().number()), number);
        let (Some(entry), Some(number)) = (entry, number) else {
            return;
        };
        assert_eq!((entry.key().id, entry.pair().0.id), (id, id));
        assert_eq!(format!("{entry:?}"), number.to_string());
        // The number is the program's: it varies, and needs no byte.
        if number % 4 == 0 && self.held.len() < MAX_HELD {
            self.held.push(Held { entry, id, number });
        }
    }

    fn insert(&mut self) {
        let (id, number) = (self.bytes.id(), self.number());
        let replaced = self.map.insert(Key::new(id, number), Boxed::new(number));
        let expected = self.store(id, number, number);
        self.expect(replaced, id, expected);
    }

    fn try_insert(&mut self) {
        let (id, number) = (self.bytes.id(), self.number());
        let outcome = self
            .map
            .try_insert(Key::new(id, number), Boxed::new(number));
        let present = self.find(id);
        match outcome {
            Ok(entry) => {
                assert_eq!(present, None);
                self.store(id, number, number);
                self.expect(Some(entry), id, Some(number));
            }
            Err(occupied) => {
                assert_eq!(occupied.value.number(), number, "the value comes back");
                self.expect(Some(occupied.current), id, present);
                assert!(present.is_some());
            }
        }
    }

    fn get_or_insert(&mut self) {
        let (id, number) = (self.bytes.id(), self.number());
        let entry = self
            .map
            .get_or_insert(Key::new(id, number), Boxed::new(number));
        let expected = self.find(id).unwrap_or_else(|| {
            self.store(id, number, number);
            number
        });
        self.expect(Some(entry), id, Some(expected));
    }

    fn get_or_insert_with(&mut self) {
        let (id, number) = (self.bytes.id(), self.number());
        let (inner, inner_number) = (self.bytes.id(), self.number());
        let map = self.map;
        let mut calls = 0;
        let entry = map.get_or_insert_with(Key::new(id, number), || {
            calls += 1;
            drop(map.insert(Key::new(inner, inner_number), Boxed::new(inner_number)));
            Boxed::new(number)
        });
        assert_eq!(
            calls,
            usize::from(self.find(id).is_none()),
            "calls of the closure"
        );
        if calls == 1 {
            self.store(inner, inner_number, inner_number);
        }
        // If the closure has stored the same key, that was first.
        let expected = self.find(id).unwrap_or_else(|| {
            self.store(id, number, number);
            number
        });
        self.expect(Some(entry), id, Some(expected));
    }

    fn get(&mut self) {
        let id = self.bytes.id();
        let before = self.map.stats();
        let found = self.map.get(&Probe(id));
        let expected = self.find(id);
        assert_eq!(self.map.contains_key(&Probe(id)), expected.is_some());
        if !before.amended {
            assert_eq!(
                self.map.stats().locked_ops,
                before.locked_ops,
                "a lookup locked"
            );
        }
        self.expect(found, id, expected);
    }

    fn remove(&mut self) {
        let id = self.bytes.id();
        let removed = self.map.remove(&Probe(id));
        let expected = self.forget(id);
        self.expect(removed, id, expected);
    }

    /// What the closure of a conditional write does to the map, the first time it is called: any
    /// change, also of the very key that is being looked at.
    fn meddle(&mut self, how: u8, id: u16) {
        let number = self.number();
        match how % 4 {
            0 => {
                drop(self.map.insert(Key::new(id, number), Boxed::new(number)));
                self.store(id, number, number);
            }
            1 => {
                drop(self.map.remove(&Probe(id)));
                self.forget(id);
            }
            2 => self.map.promote(),
            _ => {}
        }
    }

    fn remove_if(&mut self) {
        let (id, how, other) = (self.bytes.id(), self.bytes.byte(), self.bytes.id());
        let map = self.map;
        let mut calls = 0;
        let mut expected = None;
        let removed = map.remove_if(&Probe(id), |key, value| {
            assert_eq!((key.id, Some(value.number())), (id, self.find(id)), "shown");
            calls += 1;
            if calls == 1 {
                self.meddle(how, other);
            }
            let accepts = how & 16 == 0;
            // Acted on only if it is still the current one.
            if accepts && self.find(id) == Some(value.number()) {
                expected = self.forget(id);
            }
            accepts
        });
        self.expect(removed, id, expected);
    }

    fn compare_and_swap(&mut self) {
        let (id, number) = (self.bytes.id(), self.number());
        let right = self.bytes.byte() % 4 != 0;
        let present = self.find(id);
        let guess = present.filter(|_| right).unwrap_or(u32::MAX);
        let probe = Probe(id);
        let outcome = self
            .map
            .compare_and_swap(&probe, &Boxed::new(guess), Boxed::new(number));
        match outcome {
            Ok(replaced) => {
                assert!(right);
                self.expect(Some(replaced), id, present);
                assert!(present.is_some());
                self.store(id, number, number);
            }
            Err(new) => {
                assert_eq!(new.number(), number, "the value comes back");
                assert!(present.is_none() || !right);
            }
        }
    }

    fn compare_and_remove(&mut self) {
        let id = self.bytes.id();
        let right = self.bytes.byte() % 4 != 0;
        let present = self.find(id);
        let guess = present.filter(|_| right).unwrap_or(u32::MAX);
        let removed = self.map.compare_and_remove(&Probe(id), &Boxed::new(guess));
        let expected = if right { self.forget(id) } else { None };
        self.expect(removed, id, expected);
    }

    fn update(&mut self) {
        let (id, how, other) = (self.bytes.id(), self.bytes.byte(), self.bytes.id());
        let map = self.map;
        let mut calls = 0;
        let mut expected = None;
        let updated = map.update(&Probe(id), |key, value| {
            assert_eq!((key.id, Some(value.number())), (id, self.find(id)), "shown");
            calls += 1;
            let number = self.number();
            if calls == 1 {
                self.meddle(how, other);
            }
            if self.find(id) == Some(value.number()) {
                self.store(id, number, number);
                expected = Some(number);
            }
            Boxed::new(number)
        });
        self.expect(updated, id, expected);
    }

    fn retain(&mut self) {
        let (mask, want) = (u16::from(self.bytes.byte()), u16::from(self.bytes.byte()));
        let (how, other) = (self.bytes.byte(), self.bytes.id());
        let map = self.map;
        let mut shown = HashSet::new();
        let before = self.model.clone();
        map.retain(|key, value| {
            assert_eq!(
                self.current(key).map(|s| s.number),
                Some(value.number()),
                "shown"
            );
            // Again only if it was changed in between, and then it is another value.
            assert!(shown.insert(value.number()), "{key:?} is shown twice");
            if shown.len() == 1 {
                self.meddle(how, other);
            }
            let keeps = key.id & mask != want & mask;
            if !keeps && self.current(key).map(|s| s.number) == Some(value.number()) {
                self.model
                    .retain(|other, stored| (other.id, stored.number) != (key.id, value.number()));
            }
            keeps
        });
        for (key, stored) in &before {
            let still_there = self.model.get(key) == Some(stored);
            assert!(
                !still_there || shown.contains(&stored.number),
                "{key:?} not shown"
            );
        }
    }

    fn clear(&mut self) {
        self.map.clear();
        self.model.clear();
        self.clears += 1;
    }

    fn promote(&mut self) {
        self.map.promote();
        let stats = self.map.stats();
        assert_eq!((stats.read_len, stats.amended), (self.model.len(), false));
    }

    fn insert_many(&mut self) {
        let first = self.bytes.far_id();
        for i in 0..u16::from(self.bytes.byte() % 128) {
            if self.model.len() >= MAX_ENTRIES {
                return;
            }
            let (id, number) = (first + i, self.number());
            let replaced = self.map.insert(Key::new(id, number), Boxed::new(number));
            let expected = self.store(id, number, number);
            self.expect(replaced, id, expected);
        }
    }

    fn remove_many(&mut self) {
        let first = self.bytes.far_id();
        for id in first..first + u16::from(self.bytes.byte() % 128) {
            let removed = self.map.remove(&Probe(id));
            let expected = self.forget(id);
            self.expect(removed, id, expected);
        }
    }

    /// Misses enough of these promote.
    fn get_many(&mut self) {
        let first = self.bytes.far_id();
        for id in first..first + u16::from(self.bytes.byte()) {
            let found = self.map.get(&Probe(id));
            assert_eq!(found.map(|entry| entry.number()), self.find(id));
        }
    }

    fn drop_held(&mut self) {
        let keep = self.bytes.below(MAX_HELD);
        self.held.truncate(keep);
    }

    fn begin_walk(&mut self) {
        if self.walks.len() < MAX_WALKS {
            self.walks.push(Walk {
                iter: self.map.iter(),
                clears: self.clears,
                due: self.model.values().map(|stored| stored.stay).collect(),
                given: HashSet::new(),
                given_keys: HashSet::new(),
            });
        }
    }

    /// What is now stored under this key; of keys that do not equal themselves, this very one.
    fn current(&self, key: &Key) -> Option<Stored> {
        let ModelKey { id, tag } = ModelKey {
            id: key.id,
            tag: key.tag,
        };
        if is_unequal(id) {
            let mut entries = self.model.iter();
            return entries.find_map(|(other, &stored)| (other.tag == tag).then_some(stored));
        }
        self.model.get(&ModelKey { id, tag }).copied()
    }

    fn step_walk(&mut self) {
        let steps = 1 + self.bytes.byte() / 4;
        let Some(mut walk) = self.walks.pop() else {
            return;
        };
        for _ in 0..steps {
            let Some(entry) = walk.iter.next() else {
                self.check_end(&walk);
                break;
            };
            self.check_given(&mut walk, &entry);
        }
        self.walks.insert(0, walk);
    }

    fn check_given(&self, walk: &mut Walk<'m>, entry: &Ref<'m, Key, Boxed>) {
        let key = entry.key();
        assert_eq!(walk.clears, self.clears, "{key:?} is given after a clear");
        let stored = self.current(key);
        let stored = stored.unwrap_or_else(|| panic!("{key:?} is gone, and given"));
        assert_eq!(entry.value().number(), stored.number, "of {key:?}");
        let which = if is_unequal(key.id) { key.tag } else { 0 };
        assert!(
            walk.given_keys.insert((key.id, which)),
            "{key:?} is given twice"
        );
        walk.given.insert(stored.stay);
    }

    fn check_end(&self, walk: &Walk<'m>) {
        for (key, stored) in &self.model {
            assert!(
                !walk.due.contains(&stored.stay) || walk.given.contains(&stored.stay),
                "{key:?} was there throughout and is not given"
            );
        }
    }

    fn end_walk(&mut self) {
        let finish = self.bytes.byte() % 2 == 0;
        let Some(mut walk) = self.walks.pop() else {
            return;
        };
        if finish {
            while let Some(entry) = walk.iter.next() {
                self.check_given(&mut walk, &entry);
            }
            self.check_end(&walk);
            assert!(walk.iter.next().is_none(), "after the end");
        }
    }

    fn for_each(&mut self) {
        let mut numbers = Vec::new();
        self.map.for_each(|entry| numbers.push(entry.number()));
        let mut expected: Vec<u32> = self.model.values().map(|s| s.number).collect();
        numbers.sort_unstable();
        expected.sort_unstable();
        assert_eq!(numbers, expected);
        assert_eq!(
            format!("{:?}", self.map).matches('#').count(),
            expected.len()
        );
    }

    fn clone_map(&mut self) {
        let copy = self.map.clone();
        let stats = copy.stats();
        assert_eq!((stats.read_len, stats.amended), (self.model.len(), false));
        let mut numbers: Vec<u32> = copy.iter().map(|entry| entry.number()).collect();
        let mut expected: Vec<u32> = self.model.values().map(|s| s.number).collect();
        numbers.sort_unstable();
        expected.sort_unstable();
        assert_eq!(numbers, expected);
        // Another map: what happens to it is nobody else's business.
        copy.clear();
    }

    fn extend(&mut self) {
        let first = self.bytes.id();
        let count = u16::from(self.bytes.byte() % 32);
        let mut entries = Vec::new();
        for i in 0..count {
            entries.push((first + i % 24, self.number()));
        }
        let mut map = self.map;
        map.extend(
            entries
                .iter()
                .map(|&(id, n)| (Key::new(id, n), Boxed::new(n))),
        );
        for (id, number) in entries {
            self.store(id, number, number);
        }
    }
}
