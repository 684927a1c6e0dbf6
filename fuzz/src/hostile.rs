//! `BucketMap` with hashers that change their mind, comparisons that lie, and panics in everything.
//!
//! What the map says is then its own business, so it is not compared with anything. What must hold:
//! every call ends; the invariants hold after it, also if it unwound; nothing is lost, duplicated or
//! leaked; one call for one key changes at most that entry; cursors keep their promises, of entries and
//! not of keys. And the write flag is clear, or the next call would say so.

use std::collections::HashSet;
use std::mem;

use splitmap::{Cursor, Entry};

use super::bytes::Bytes;
use super::shadow::Map;
use super::subject::{self, Boxed, Hashing, Key, Probe, Value};
use super::whim::{answer, attempt, catch_whim, honestly, may_panic, misbehave};

const MAX_ENTRIES: usize = 400;
const MAX_OPERATIONS: usize = 256;
const MAX_CURSORS: usize = 4;

/// A cursor over the first map.
struct Tracked {
    cursor: Cursor,
    /// Tags of entries that were there at its creation, less those that went.
    due: HashSet<u32>,
    given: HashSet<u32>,
}

struct World<'a> {
    bytes: Bytes<'a>,
    map: Map<Boxed>,
    other: Map<Boxed>,
    cursors: Vec<Tracked>,
    tags: HashSet<u32>,
    number: u32,
}

pub(crate) fn run(mut bytes: Bytes<'_>) {
    let hashing = Hashing::ALL[bytes.below(Hashing::ALL.len())];
    // Rare enough for something to happen in between.
    let (lies, panics) = (bytes.byte() % 128, bytes.byte() % 64);
    let mut world = World {
        bytes,
        map: Map::with_hasher(hashing),
        other: Map::with_hasher(hashing),
        cursors: Vec::new(),
        tags: HashSet::new(),
        number: 0,
    };
    let whims = misbehave(lies, panics);
    for _ in 0..MAX_OPERATIONS {
        let Some(operation) = world.bytes.next() else {
            break;
        };
        world.operate(operation);
        honestly(|| world.check());
    }
    // The maps go while they still misbehave.
    let World { map, other, .. } = world;
    attempt(|| drop(map));
    attempt(|| drop(other));
    drop(whims);
}

impl World<'_> {
    fn key(&mut self) -> Key {
        self.number += 1;
        Key::new(self.bytes.id(), self.number)
    }

    fn operate(&mut self, operation: u8) {
        match operation % 16 {
            0..=7 => {
                self.one(operation);
                return;
            }
            8 => self.insert_many(),
            9 => self.retain(),
            10 => self.empty(),
            11 => self.copy(),
            12 => self.cursor(),
            13 => attempt(|| self.map.finish_growth()),
            14 => self.iterate(),
            _ => attempt(|| _ = self.map == self.other),
        }
        self.tags = honestly(|| tags(&self.map));
    }

    /// An operation on one key.
    fn one(&mut self, operation: u8) {
        let key = self.key();
        let (id, number) = (key.id, key.tag);
        let map = &mut self.map;
        let value = Boxed::new(number);
        attempt(move || match operation % 8 {
            0 => drop(map.insert(key, value)),
            1 => drop(map.remove(&Probe(id))),
            2 => drop(map.remove_entry(&key)),
            3 => {
                if let Some(found) = map.get_mut(&Probe(id)) {
                    found.set(number);
                }
            }
            4 => drop(map.entry(key).or_insert_with(|| {
                may_panic();
                value
            })),
            5 => match map.entry(key) {
                Entry::Occupied(entry) => drop(entry.remove()),
                Entry::Vacant(entry) => drop(entry.insert_entry(value).insert(Boxed::new(0))),
            },
            6 => drop(
                map.entry(key)
                    .and_modify(|_| may_panic())
                    .insert_entry(value),
            ),
            _ => {
                if let Some((stored, _)) = map.get_key_value(&Probe(id)) {
                    assert!(stored.tag <= number);
                }
            }
        });
        let after = honestly(|| tags(&self.map));
        let changes = after.symmetric_difference(&self.tags).count();
        assert!(changes <= 1, "{changes} entries changed by one call");
        self.tags = after;
    }

    fn insert_many(&mut self) {
        let count = usize::from(self.bytes.byte() % 64);
        let first = self.bytes.far_id();
        let room = MAX_ENTRIES.saturating_sub(self.map.len());
        let number = self.number;
        self.number += 64;
        let entries = (0..count.min(room) as u16).map(|i| {
            let tag = number + 1 + u32::from(i);
            (Key::new(first + i, tag), Boxed::new(tag))
        });
        attempt(|| self.map.extend(entries));
    }

    fn retain(&mut self) {
        let mask = u16::from(self.bytes.byte());
        attempt(|| {
            self.map.retain(|key, value| {
                value.set(0);
                answer(key.id & mask == 0)
            });
        });
    }

    fn empty(&mut self) {
        let how = self.bytes.byte();
        let take = usize::from(how / 4);
        match how % 4 {
            0 => attempt(|| self.map.clear()),
            1 => attempt(|| self.map.drain().take(take).for_each(drop)),
            _ => {
                // Its cursors go with it.
                self.cursors.clear();
                let map = mem::replace(&mut self.map, Map::with_hasher(Hashing::default()));
                attempt(|| match how % 4 {
                    2 => map.into_iter().take(take).for_each(drop),
                    _ => map.into_keys().take(take).for_each(drop),
                });
            }
        }
    }

    fn copy(&mut self) {
        if self.bytes.byte() % 2 == 0 {
            self.cursors.clear();
            mem::swap(&mut self.map, &mut self.other);
        } else if let Some(copy) = catch_whim(|| self.map.clone()) {
            let before = mem::replace(&mut self.other, copy);
            attempt(|| drop(before));
        }
    }

    fn cursor(&mut self) {
        let byte = self.bytes.byte();
        if byte % 4 == 0 && self.cursors.len() < MAX_CURSORS {
            self.cursors.push(Tracked {
                cursor: self.map.cursor(),
                due: honestly(|| tags(&self.map)),
                given: HashSet::new(),
            });
            return;
        }
        let tags = honestly(|| tags(&self.map));
        let Some(tracked) = self.cursors.last_mut() else {
            return;
        };
        for _ in 0..byte / 4 {
            let Some((key, _)) = tracked.cursor.next(&self.map) else {
                assert!(tracked.due.is_subset(&tracked.given), "not given");
                self.cursors.pop();
                return;
            };
            assert!(tags.contains(&key.tag), "{key:?} is gone, and given");
            assert!(tracked.given.insert(key.tag), "{key:?} is given twice");
        }
    }

    fn iterate(&mut self) {
        attempt(|| {
            for value in self.map.values_mut() {
                may_panic();
                value.set(1);
            }
            let copies: Vec<_> = self.map.iter().map(|(key, _)| key.clone()).collect();
            assert_eq!(copies.len(), self.map.len());
        });
    }

    fn check(&mut self) {
        for map in [&self.map, &self.other] {
            #[cfg(debug_assertions)]
            map.validate();
            assert_eq!(tags(map).len(), map.len(), "an entry twice, or lost");
        }
        let entries = (self.map.len() + self.other.len()) as isize;
        assert_eq!(subject::live(), (entries, entries), "lost or leaked");
        for tracked in &mut self.cursors {
            tracked.due.retain(|tag| self.tags.contains(tag));
        }
    }
}

/// What tells the entries apart; iterating asks no user code.
fn tags(map: &Map<Boxed>) -> HashSet<u32> {
    map.keys().map(|key| key.tag).collect()
}
