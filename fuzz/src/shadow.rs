//! What is known of a bucket map from outside: std's map with the same entries, and the layout model.

use std::collections::{HashMap, HashSet};

use splitmap::{BucketMap, Layout};

use super::shape::{self, Shape, buckets_for};
use super::subject::{Hashing, Key, ModelKey, Probe, Value, is_unequal};

pub(crate) type Map<V> = BucketMap<Key, V, Hashing>;
pub(crate) type Model = HashMap<ModelKey, u32>;

/// Entries that are checked one by one at each step; larger maps are checked less often.
const SMALL: usize = 48;

pub(crate) struct Shadow {
    /// The map's identity: moves with it, and is another for a clone.
    pub(crate) map: u32,
    pub(crate) model: Model,
    /// How often the map has run empty or been cleared.
    pub(crate) epoch: u32,
    pub(crate) hashing: Hashing,
    /// `None` while the shape cannot be predicted: without debug assertions the seed is not shown.
    shape: Option<Shape>,
    last: Layout,
}

/// The map's seed, where it is shown.
fn seed_of<V>(map: &Map<V>) -> Option<u64> {
    #[cfg(debug_assertions)]
    let seed = Some(map.seed());
    #[cfg(not(debug_assertions))]
    let seed = {
        let _ = map;
        None
    };
    seed
}

/// What a write does, as far as the layout is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Insert,
    Overwrite,
    Remove,
    /// `remove` of a key that is not there.
    RemoveAbsent,
    /// By `retain`: no growth work is done.
    RemoveOnly,
    /// By an occupied entry: the growth work was done when it was found.
    OverwriteThenRemove,
    /// By a vacant entry that was filled and emptied again.
    InsertThenRemove,
}

impl Shadow {
    pub(crate) fn new<V>(number: u32, map: &Map<V>, hint: usize) -> Self {
        let shape = seed_of(map).map(|_| Shape::empty(buckets_for(hint)));
        Self {
            map: number,
            model: Model::new(),
            epoch: 0,
            hashing: *map.hasher(),
            shape,
            last: map.layout(),
        }
    }

    /// The shadow of a clone.
    pub(crate) fn of_clone<V>(&self, number: u32, map: &Map<V>) -> Self {
        Self {
            map: number,
            model: self.model.clone(),
            epoch: 0,
            hashing: self.hashing,
            shape: self.shape.as_ref().and_then(Shape::of_clone),
            last: map.layout(),
        }
    }

    /// The number now stored under this very key.
    pub(crate) fn current(&self, key: &Key) -> Option<u32> {
        let ModelKey { id, tag } = ModelKey {
            id: key.id,
            tag: key.tag,
        };
        if is_unequal(id) {
            let mut entries = self.model.iter();
            return entries.find_map(|(other, &number)| (other.tag == tag).then_some(number));
        }
        let (stored, &number) = self.model.get_key_value(&ModelKey { id, tag })?;
        (stored.tag == tag).then_some(number)
    }

    /// Notes what writes, made with this seed, did to the layout.
    pub(crate) fn wrote(&mut self, seed: Option<u64>, id: u16, write: Write) {
        let (Some(shape), Some(seed)) = (&mut self.shape, seed) else {
            return;
        };
        let hash = self.hashing.of(id) ^ seed;
        match write {
            Write::Insert => shape.insert_new(hash),
            Write::Overwrite | Write::RemoveAbsent => shape.advance(hash),
            Write::Remove => {
                shape.take(hash);
                shape.advance(hash);
            }
            Write::RemoveOnly => shape.take(hash),
            Write::OverwriteThenRemove => {
                shape.advance(hash);
                shape.take(hash);
            }
            Write::InsertThenRemove => {
                shape.insert_new(hash);
                shape.take(hash);
            }
        }
    }

    /// Notes that the map was emptied as a whole.
    pub(crate) fn cleared<V>(&mut self, map: &Map<V>) {
        match &mut self.shape {
            Some(shape) => shape.clear(),
            // Now there is nothing in it that was not predictable.
            none => *none = seed_of(map).map(|_| Shape::empty(map.layout().buckets)),
        }
    }

    pub(crate) fn finished_growth(&mut self) {
        if let Some(shape) = &mut self.shape {
            shape.finish();
        }
    }

    /// Notes what became of the model: to be called after every change of it.
    pub(crate) fn note_emptied(&mut self, len_before: usize) {
        if len_before > 0 && self.model.is_empty() {
            self.epoch += 1;
        }
    }

    /// Compares the numbers.
    fn check_quickly<V: Value>(&mut self, map: &Map<V>) {
        let len = self.model.len();
        assert_eq!((map.len(), map.is_empty()), (len, len == 0));
        let layout = map.layout();
        if let Some(shape) = &self.shape {
            assert_eq!(layout, shape.layout(), "the layout was predicted otherwise");
        }
        shape::check_step(self.last, layout, true);
        self.last = layout;
        let limit = shape::limit_of(layout.buckets);
        assert_eq!(map.capacity(), limit.max(len));
    }

    /// Compares every entry, and checks the map's invariants.
    pub(crate) fn check_thoroughly<V: Value>(&self, map: &Map<V>) {
        #[cfg(debug_assertions)]
        map.validate();
        let mut tags = HashSet::new();
        for (key, value) in map {
            assert!(tags.insert(key.tag), "{key:?} is given twice");
            let number = self.current(key);
            let number = number.unwrap_or_else(|| panic!("{key:?} should not be there"));
            assert_eq!(value.number(), V::seen(number), "of {key:?}");
        }
        assert_eq!(tags.len(), self.model.len());
    }
}

/// A map and its shadow.
pub(crate) struct Watched<V> {
    pub(crate) map: Map<V>,
    pub(crate) shadow: Shadow,
}

impl<V: Value> Watched<V> {
    pub(crate) fn new(number: u32, hashing: Hashing, hint: usize) -> Self {
        let map = Map::with_capacity_and_hasher(hint, hashing);
        let shadow = Shadow::new(number, &map, hint);
        Self { map, shadow }
    }

    pub(crate) fn seed(&self) -> Option<u64> {
        seed_of(&self.map)
    }

    pub(crate) fn check_quickly(&mut self) {
        self.shadow.check_quickly(&self.map);
    }

    /// All checks, unless that would take long.
    pub(crate) fn check(&mut self) {
        self.check_quickly();
        if self.map.len() <= SMALL {
            self.shadow.check_thoroughly(&self.map);
        }
    }

    /// Runs a write of one key on both maps, and notes what it did. `write` gets the two maps; it
    /// returns what kind of write it was, or `None` if it changed nothing.
    pub(crate) fn write(
        &mut self,
        id: u16,
        write: impl FnOnce(&mut Map<V>, &mut Model) -> Option<Write>,
    ) {
        let seed = self.seed();
        let before = self.map.layout();
        let len = self.shadow.model.len();
        let kind = write(&mut self.map, &mut self.shadow.model);
        if let Some(kind) = kind {
            self.shadow.wrote(seed, id, kind);
        }
        let was_there = usize::from(kind == Some(Write::InsertThenRemove));
        self.shadow.note_emptied(len + was_there);
        let inserts = matches!(kind, Some(Write::Insert | Write::InsertThenRemove));
        shape::check_step(before, self.map.layout(), inserts);
        self.check_renewed(seed, len + was_there);
    }

    /// A map that has run empty has another seed: rules 43 and 45.
    pub(crate) fn check_renewed(&self, seed: Option<u64>, len_before: usize) {
        if self.map.is_empty() && len_before > 0 && seed.is_some() {
            // It might be the same again by chance, once in 2^64 times.
            assert_ne!(self.seed(), seed, "the seed was not renewed");
        }
    }

    pub(crate) fn insert(&mut self, id: u16, tag: u32, number: u32) {
        self.write(id, |map, model| {
            let replaced = map.insert(Key::new(id, tag), V::new(number));
            let expected = model.insert(ModelKey { id, tag }, number);
            assert_eq!(
                replaced.map(|value| value.number()),
                expected.map(V::seen),
                "insert of {id}"
            );
            Some(match expected {
                None => Write::Insert,
                Some(_) => Write::Overwrite,
            })
        });
    }

    pub(crate) fn remove(&mut self, id: u16, whole: bool) {
        self.write(id, |map, model| {
            let was_empty = model.is_empty();
            let expected = model.remove_entry(&ModelKey { id, tag: 0 });
            let probe = Probe(id);
            if whole {
                let removed = map.remove_entry(&probe);
                assert_eq!(
                    removed.map(|(key, value)| (key.id, key.tag, value.number())),
                    expected.map(|(key, number)| (key.id, key.tag, V::seen(number))),
                    "remove_entry of {id}"
                );
            } else {
                let removed = map.remove(&probe);
                assert_eq!(
                    removed.map(|value| value.number()),
                    expected.map(|(_, number)| V::seen(number)),
                    "remove of {id}"
                );
            }
            match expected {
                Some(_) => Some(Write::Remove),
                None if was_empty => None,
                None => Some(Write::RemoveAbsent),
            }
        });
    }
}
