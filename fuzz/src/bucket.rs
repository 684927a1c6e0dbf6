//! The interpreter for `BucketMap`.
//!
//! Two maps, a few cursors, one operation a byte with its operands in the bytes after it. Every answer
//! is compared with std's map, and after each operation so are both maps, the layout with its model,
//! and the counts of keys and values.

use std::collections::HashMap;
use std::mem;

use super::bytes::Bytes;
use super::cursor::Tracked;
use super::entry;
use super::shadow::{Map, Watched, Write};
use super::subject::{self, Hashing, Key, ModelKey, Probe, Value, is_unequal};

/// Entries of both maps: validating is linear, so larger maps make slow programs.
const MAX_ENTRIES: usize = 700;
const MAX_CURSORS: usize = 6;
const MAX_OPERATIONS: usize = 256;

struct World<'a, V> {
    bytes: Bytes<'a>,
    maps: [Watched<V>; 2],
    /// The map that operations work on.
    at: usize,
    cursors: Vec<Tracked>,
    /// The last number given out, for maps, tags and values.
    number: u32,
}

pub(crate) fn run<V: Value>(mut bytes: Bytes<'_>) {
    let hashing = [(); 2].map(|()| Hashing::ALL[bytes.below(Hashing::ALL.len())]);
    let hint = hint(bytes.byte());
    let mut world = World {
        bytes,
        maps: [
            Watched::<V>::new(0, hashing[0], hint),
            Watched::new(1, hashing[1], 0),
        ],
        at: 0,
        cursors: Vec::new(),
        number: 1,
    };
    for step in 0..MAX_OPERATIONS {
        let Some(operation) = world.bytes.next() else {
            break;
        };
        world.operate(operation);
        world.check(step % 16 == 0);
    }
    world.finish();
}

/// A capacity hint: small, or for more memory than there is.
fn hint(byte: u8) -> usize {
    match byte {
        255 => usize::MAX,
        254 => isize::MAX as usize,
        253 if cfg!(target_pointer_width = "32") => usize::MAX / 16,
        253 => usize::MAX / 128,
        _ => usize::from(byte),
    }
}

impl<V: Value> World<'_, V> {
    fn operate(&mut self, operation: u8) {
        match operation % 32 {
            0..=2 => self.insert(),
            3..=4 => self.remove(),
            5 => self.look_up(),
            6..=9 => self.entry(),
            10..=12 => self.insert_many(),
            13 => self.remove_many(),
            14 => self.retain(),
            15 => self.drain(),
            16 => self.clear(),
            17 => self.clone_map(),
            18 => self.swap(),
            19 => self.at ^= 1,
            20 => self.new_cursor(),
            21..=22 => self.step_cursor(),
            23 => self.copy_or_drop_cursor(),
            24 => self.step_abroad(),
            25 => self.finish_growth(),
            26 => self.iterate(),
            27 => self.iterate_mut(),
            28 => self.take_apart(),
            29 => self.extend(),
            30 => self.replace_all(),
            _ => self.compare(),
        }
    }

    fn check(&mut self, thoroughly: bool) {
        for watched in &mut self.maps {
            watched.check();
            if thoroughly {
                watched.shadow.check_thoroughly(&watched.map);
            }
        }
        let entries = self.entries() as isize;
        assert_eq!(subject::live(), (entries, entries), "lost or leaked");
    }

    fn finish(mut self) {
        self.check(true);
        for mut cursor in mem::take(&mut self.cursors) {
            if let Some(on) = self.home(&cursor) {
                cursor.finish(on);
            }
        }
    }

    fn entries(&self) -> usize {
        self.maps.iter().map(|watched| watched.map.len()).sum()
    }

    fn number(&mut self) -> u32 {
        self.number += 1;
        self.number
    }

    fn watched(&mut self) -> &mut Watched<V> {
        &mut self.maps[self.at]
    }

    /// The map of a cursor, if there still is one.
    fn home(&self, cursor: &Tracked) -> Option<&Watched<V>> {
        self.maps.iter().find(|on| on.shadow.map == cursor.map)
    }

    fn insert(&mut self) {
        let id = self.bytes.id();
        let number = self.number();
        self.watched().insert(id, number, number);
    }

    fn remove(&mut self) {
        let id = self.bytes.id();
        let whole = id % 2 == 0;
        self.watched().remove(id, whole);
    }

    fn look_up(&mut self) {
        let id = self.bytes.id();
        let number = self.number();
        let before = self.watched().map.layout();
        let Watched { map, shadow } = self.watched();
        let key = ModelKey { id, tag: 0 };
        let stored = shadow.model.get_key_value(&key);
        let expected = stored.map(|(key, &number)| (key.tag, V::seen(number)));
        let probe = Probe(id);
        let seen = map.get_key_value(&probe);
        assert_eq!(seen.map(|(key, value)| (key.tag, value.number())), expected);
        assert_eq!(
            map.get(&probe).map(V::number),
            expected.map(|(_, number)| number)
        );
        assert_eq!(map.contains_key(&probe), expected.is_some());
        if expected.is_some() {
            assert_eq!(
                Some(map[&probe].number()),
                expected.map(|(_, number)| number)
            );
        }
        let value = map.get_mut(&probe);
        assert_eq!(value.is_some(), expected.is_some());
        if let Some(value) = value {
            value.set(number);
            shadow.model.insert(key, number);
        }
        assert_eq!(map.layout(), before, "a lookup has changed the layout");
    }

    fn insert_many(&mut self) {
        let first = self.bytes.far_id();
        let count = u16::from(self.bytes.byte() % 128);
        let stride = 1 << self.bytes.below(6);
        for i in 0..count {
            if self.entries() >= MAX_ENTRIES {
                return;
            }
            let number = self.number();
            self.watched()
                .insert(first.wrapping_add(i * stride), number, number);
            self.watched().check_quickly();
        }
    }

    fn remove_many(&mut self) {
        let first = self.bytes.far_id();
        let count = u16::from(self.bytes.byte() % 128);
        let stride = 1 << self.bytes.below(6);
        for i in 0..count {
            self.watched()
                .remove(first.wrapping_add(i * stride), i % 2 == 0);
            self.watched().check_quickly();
        }
    }

    fn retain(&mut self) {
        let (mask, want) = (u16::from(self.bytes.byte()), u16::from(self.bytes.byte()));
        let changes = self.bytes.byte() % 2 == 1;
        let number = self.number();
        let seed = self.watched().seed();
        let Watched { map, shadow } = self.watched();
        let keeps = |id: u16| id & mask != want & mask;
        let len = shadow.model.len();
        let mut shown = HashMap::new();
        map.retain(|key, value| {
            let before = shown.insert(key.tag, value.number());
            assert!(before.is_none(), "{key:?} is shown twice");
            if changes {
                value.set(number);
            }
            keeps(key.id)
        });
        assert_eq!(shown.len(), len, "retain shows every entry");
        let mut removed = Vec::new();
        shadow.model.retain(|key, value| {
            assert_eq!(shown.get(&key.tag), Some(&V::seen(*value)), "of {key:?}");
            if changes {
                *value = number;
            }
            if !keeps(key.id) {
                removed.push(key.id);
            }
            keeps(key.id)
        });
        for id in removed {
            shadow.wrote(seed, id, Write::RemoveOnly);
        }
        shadow.note_emptied(len);
        self.watched().check_renewed(seed, len);
    }

    fn drain(&mut self) {
        let take = usize::from(self.bytes.byte());
        let seed = self.watched().seed();
        let Watched { map, shadow } = self.watched();
        let len = map.len();
        let mut drain = map.drain();
        assert_eq!(drain.len(), len);
        for taken in 0..take.min(len + 1) {
            let Some((key, value)) = drain.next() else {
                assert_eq!(taken, len, "drained to the end");
                break;
            };
            let expected = shadow.current(&key).map(V::seen);
            assert_eq!(expected, Some(value.number()), "of {key:?}");
            assert_eq!(drain.len(), len - taken - 1);
        }
        assert_eq!(
            format!("{drain:?}").matches('#').count(),
            drain.len(),
            "each entry left is shown"
        );
        drop(drain);
        self.note_cleared(seed, len);
    }

    fn clear(&mut self) {
        let (seed, len) = (self.watched().seed(), self.watched().map.len());
        self.watched().map.clear();
        self.note_cleared(seed, len);
    }

    fn note_cleared(&mut self, seed: Option<u64>, len: usize) {
        let Watched { map, shadow } = self.watched();
        shadow.model.clear();
        shadow.note_emptied(len);
        if len > 0 {
            shadow.cleared(map);
        }
        self.watched().check_renewed(seed, len);
    }

    /// The other map becomes a clone of this one.
    fn clone_map(&mut self) {
        if self.watched().map.len() * 2 > MAX_ENTRIES {
            return;
        }
        let number = self.number();
        let on = &self.maps[self.at];
        let map = on.map.clone();
        let shadow = on.shadow.of_clone(number, &map);
        assert_eq!(map.hasher(), on.map.hasher());
        self.maps[self.at ^ 1] = Watched { map, shadow };
    }

    /// The maps trade places; their cursors stay theirs.
    fn swap(&mut self) {
        let [a, b] = &mut self.maps;
        mem::swap(&mut a.map, &mut b.map);
        mem::swap(&mut a.shadow, &mut b.shadow);
    }

    fn new_cursor(&mut self) {
        if self.cursors.len() < MAX_CURSORS {
            let cursor = Tracked::new(&self.maps[self.at]);
            self.cursors.push(cursor);
        }
    }

    /// Runs `work` with a cursor that the next byte chooses, apart from the others.
    fn with_cursor(&mut self, work: impl FnOnce(&mut Self, &mut Tracked)) {
        if self.cursors.is_empty() {
            return;
        }
        let chosen = self.bytes.below(self.cursors.len());
        let mut cursor = self.cursors.swap_remove(chosen);
        work(self, &mut cursor);
        self.cursors.push(cursor);
    }

    fn step_cursor(&mut self) {
        self.with_cursor(|world, cursor| {
            let steps = 1 + world.bytes.below(32);
            if let Some(on) = world.home(cursor) {
                for _ in 0..steps {
                    cursor.step(on);
                }
            }
        });
    }

    fn copy_or_drop_cursor(&mut self) {
        if self.cursors.is_empty() {
            return;
        }
        let chosen = self.bytes.below(self.cursors.len());
        if self.bytes.byte() % 2 == 0 && self.cursors.len() < MAX_CURSORS {
            let copy = self.cursors[chosen].clone();
            self.cursors.push(copy);
        } else {
            self.cursors.swap_remove(chosen);
        }
    }

    fn step_abroad(&mut self) {
        self.with_cursor(|world, cursor| {
            for on in &world.maps {
                if on.shadow.map != cursor.map {
                    cursor.step_abroad(&on.map);
                }
            }
        });
    }

    fn finish_growth(&mut self) {
        let Watched { map, shadow } = self.watched();
        map.finish_growth();
        shadow.finished_growth();
    }

    /// The shared iterators, consumed in part.
    fn iterate(&mut self) {
        let take = usize::from(self.bytes.byte());
        let Watched { map, shadow } = self.watched();
        let mut iter = map.iter();
        for (key, value) in iter.by_ref().take(take) {
            let expected = shadow.current(key).map(V::seen);
            assert_eq!(expected, Some(value.number()), "of {key:?}");
        }
        assert_eq!(iter.len(), map.len().saturating_sub(take));
        let rest: Vec<u32> = iter.clone().map(|(key, _)| key.tag).collect();
        assert_eq!(rest.len(), iter.len());
        assert!(
            iter.map(|(key, _)| key.tag).eq(rest),
            "a clone goes on alike"
        );

        let mut keys: Vec<u32> = map.keys().map(|key| key.tag).collect();
        let mut expected: Vec<u32> = shadow.model.keys().map(|key| key.tag).collect();
        keys.sort_unstable();
        expected.sort_unstable();
        assert_eq!(keys, expected, "keys");
        let mut values: Vec<u32> = map.values().map(V::number).collect();
        let mut expected: Vec<u32> = shadow.model.values().map(|&n| V::seen(n)).collect();
        values.sort_unstable();
        expected.sort_unstable();
        assert_eq!(values, expected, "values");
        assert_eq!(format!("{map:?}").matches('#').count(), map.len());
    }

    /// The exclusive iterators; the one over entries consumed in part.
    fn iterate_mut(&mut self) {
        let take = usize::from(self.bytes.byte());
        let number = self.number();
        let Watched { map, shadow } = self.watched();
        let mut changed = Vec::new();
        let mut iter = map.iter_mut();
        for (key, value) in iter.by_ref().take(take) {
            value.set(number);
            changed.push((key.id, key.tag));
        }
        assert_eq!(iter.len(), shadow.model.len().saturating_sub(take));
        if changed.iter().any(|&(id, _)| is_unequal(id)) {
            for (key, stored) in &mut shadow.model {
                if changed.contains(&(key.id, key.tag)) {
                    *stored = number;
                }
            }
        } else {
            for (id, tag) in changed {
                shadow.model.insert(ModelKey { id, tag }, number);
            }
        }
        for value in map.values_mut() {
            value.set(value.number().wrapping_add(1));
        }
        for stored in shadow.model.values_mut() {
            *stored = stored.wrapping_add(1);
        }
    }

    /// Consumes the map, in part, by one of the owning iterators; a new one takes its place.
    fn take_apart(&mut self) {
        let how = self.bytes.byte();
        let take = usize::from(self.bytes.byte());
        let hint = hint(self.bytes.byte());
        let hashing = Hashing::ALL[usize::from(how / 4) % Hashing::ALL.len()];
        let number = self.number();
        let Watched { map, shadow } =
            mem::replace(self.watched(), Watched::new(number, hashing, hint));
        let values = || shadow.model.values().map(|&number| V::seen(number));
        match how % 4 {
            0 => {
                let keys: Vec<Key> = map.into_keys().take(take).collect();
                assert!(keys.iter().all(|key| shadow.current(key).is_some()));
            }
            1 => {
                let taken: Vec<V> = map.into_values().take(take).collect();
                assert!(taken.iter().all(|v| values().any(|n| n == v.number())));
            }
            2 => {
                let mut entries = map.into_iter();
                for (key, value) in entries.by_ref().take(take) {
                    let expected = shadow.current(&key).map(V::seen);
                    assert_eq!(expected, Some(value.number()), "of {key:?}");
                }
                assert_eq!(entries.len(), shadow.model.len().saturating_sub(take));
            }
            // Not at all: the map was moved into a closure, say, and is dropped there.
            _ => drop(Box::new(map)),
        }
    }

    fn extend(&mut self) {
        let first = self.bytes.id();
        let count = u16::from(self.bytes.byte() % 64);
        let into_new = self.bytes.byte() % 4 == 0;
        if self.entries() >= MAX_ENTRIES {
            return;
        }
        // Some keys come twice.
        let entries: Vec<(u16, u32)> = (0..count)
            .map(|i| (first.wrapping_add(i % 48), self.number()))
            .collect();
        let made = entries.iter().map(|&(id, n)| (Key::new(id, n), V::new(n)));
        if into_new {
            let map: Map<V> = made.collect();
            let number = self.number();
            let mut fresh = Watched::new(number, Hashing::Good, entries.len());
            fresh.map = map;
            *self.watched() = fresh;
        } else {
            self.watched().map.extend(made);
        }
        let on = self.watched();
        let seed = on.seed();
        for (id, number) in entries {
            let key = ModelKey { id, tag: number };
            let kind = match on.shadow.model.insert(key, number) {
                None => Write::Insert,
                Some(_) => Write::Overwrite,
            };
            on.shadow.wrote(seed, id, kind);
        }
    }

    /// A loop over a cursor that replaces every entry it is given: it has to end.
    fn replace_all(&mut self) {
        let far = u16::from(self.bytes.byte()) * 64;
        let at = self.at;
        let mut cursor = Tracked::new(&self.maps[at]);
        // Entries created meanwhile need not be given, and here they are not: see the map's own page.
        let bound = cursor.due();
        let mut steps = 0;
        while let Some(id) = cursor.step(&self.maps[at]) {
            steps += 1;
            assert!(steps <= bound, "{steps} steps and no end");
            if self.entries() >= MAX_ENTRIES {
                return;
            }
            let number = self.number();
            self.maps[at].remove(id, false);
            self.maps[at].insert(id ^ far, number, number);
        }
    }

    fn compare(&mut self) {
        let [a, b] = &self.maps;
        let (left, right) = (&a.shadow.model, &b.shadow.model);
        let equal = left.len() == right.len()
            && left.iter().all(|(key, &number)| {
                let theirs = right.get(key);
                theirs.is_some_and(|&theirs| V::seen(theirs) == V::seen(number))
            });
        assert_eq!(a.map == b.map, equal);
    }

    fn entry(&mut self) {
        let id = self.bytes.id();
        let how = self.bytes.byte();
        let tag = self.number();
        self.watched().write(id, |map, model| {
            entry::operate(map, model, ModelKey { id, tag }, how)
        });
    }
}
