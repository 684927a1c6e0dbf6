//! The interpreter for `CheckedMap`: with closures that use the map.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::rc::Rc;

use splitmap::{BucketMap, CheckedMap};

use super::bytes::Bytes;
use super::subject::{self, Boxed, Hashing, Key, ModelKey, Probe, Value};
use super::whim;

const MAX_OPERATIONS: usize = 256;

type Map = CheckedMap<Key, Boxed, Hashing>;

struct World<'a> {
    bytes: Bytes<'a>,
    map: Rc<Map>,
    model: HashMap<ModelKey, u32>,
    /// How often the map has run empty or been cleared.
    epoch: u32,
    number: u32,
}

pub(crate) fn run(mut bytes: Bytes<'_>) {
    let hashing = Hashing::ALL[bytes.below(Hashing::ALL.len())];
    let mut world = World {
        bytes,
        map: Rc::new(CheckedMap::with_hasher(hashing)),
        model: HashMap::new(),
        epoch: 0,
        number: 0,
    };
    for _ in 0..MAX_OPERATIONS {
        let Some(operation) = world.bytes.next() else {
            break;
        };
        match operation % 16 {
            0..=8 => world.simple(operation),
            9 => world.insert_many(),
            10 => world.write_while_reading(),
            11 => world.read_while_reading(),
            12..=13 => world.for_each(),
            14 => world.convert(),
            _ => world.overlap(),
        }
        world.check();
    }
    let World { map, model, .. } = world;
    check_inner(&alone(map).into_inner(), &model);
}

/// The map itself, when no operation is under way.
fn alone(map: Rc<Map>) -> Map {
    Rc::into_inner(map).expect("a mistake of the interpreter")
}

fn check_inner(map: &BucketMap<Key, Boxed, Hashing>, model: &HashMap<ModelKey, u32>) {
    #[cfg(debug_assertions)]
    map.validate();
    let mut entries: Vec<_> = map.iter().map(|(k, v)| (k.tag, v.number())).collect();
    let mut expected: Vec<_> = model.iter().map(|(k, &number)| (k.tag, number)).collect();
    entries.sort_unstable();
    expected.sort_unstable();
    assert_eq!(entries, expected);
}

impl World<'_> {
    fn check(&self) {
        let len = self.model.len();
        assert_eq!((self.map.len(), self.map.is_empty()), (len, len == 0));
        assert_eq!(subject::live(), (len as isize, len as isize));
    }

    fn simple(&mut self, operation: u8) {
        let map = Rc::clone(&self.map);
        self.simple_on(&map, operation);
    }

    /// One operation that asks nobody else.
    fn simple_on(&mut self, map: &Map, operation: u8) {
        let id = self.bytes.id();
        self.number += 1;
        let key = ModelKey {
            id,
            tag: self.number,
        };
        let len = self.model.len();
        match operation % 9 {
            0..=3 => {
                let before = map.insert(Key::new(id, key.tag), Boxed::new(self.number));
                let expected = self.model.insert(key, self.number);
                assert_eq!(before.map(|value| value.number()), expected);
            }
            4..=5 => {
                let removed = map.remove(&Probe(id));
                assert_eq!(removed.map(|v| v.number()), self.model.remove(&key));
            }
            6 => {
                let value = map.get(&Probe(id));
                assert_eq!(value.map(|v| v.number()), self.model.get(&key).copied());
            }
            7 => assert_eq!(map.contains_key(&Probe(id)), self.model.contains_key(&key)),
            _ => {
                map.clear();
                self.model.clear();
            }
        }
        if len > 0 && self.model.is_empty() {
            self.epoch += 1;
        }
    }

    fn insert_many(&mut self) {
        let first = self.bytes.far_id();
        for i in 0..u16::from(self.bytes.byte() % 64) {
            self.number += 1;
            let (id, tag) = (first + i, self.number);
            drop(self.map.insert(Key::new(id, tag), Boxed::new(tag)));
            self.model.insert(ModelKey { id, tag }, tag);
        }
    }

    /// The later of two overlapping operations panics; the earlier one goes on.
    fn write_while_reading(&mut self) {
        let (id, how) = (self.bytes.id(), self.bytes.byte());
        let map = &self.map;
        let outcome = map.with(&Probe(id), |value| {
            let message = whim::catch(|| match how % 3 {
                0 => drop(map.insert(Key::new(id, 0), Boxed::new(0))),
                1 => drop(map.remove(&Probe(id))),
                _ => map.clear(),
            });
            (message, value.number())
        });
        let expected = self.model.get(&ModelKey { id, tag: 0 });
        assert_eq!(outcome.is_some(), expected.is_some());
        if let Some((message, number)) = outcome {
            let message = message.expect_err("a write in the middle of a read");
            assert_eq!(message, "concurrent map read and map write");
            assert_eq!(Some(&number), expected);
        }
    }

    /// An operation in the middle of another one, from the comparison of keys.
    fn overlap(&mut self) {
        let (outer, how) = (self.bytes.byte(), self.bytes.byte());
        // Of what `simple` does: 0 to 5 write, 6 and 7 read; the rest does not compare.
        let outer = outer % 8;
        let is_write = outer < 6;
        let expected = match how % 4 {
            0 if is_write => Some("concurrent map read and map write"),
            1 if is_write => Some("concurrent map iteration and map write"),
            0 | 1 => None,
            _ if is_write => Some("concurrent map writes"),
            _ => Some("concurrent map read and map write"),
        };
        let map = Rc::clone(&self.map);
        whim::at_next_comparison(move || {
            let outcome = whim::catch(|| match how % 4 {
                0 => _ = map.contains_key(&Probe(0)),
                1 => map.for_each(|_, _| ()),
                2 => drop(map.remove(&Probe(0))),
                _ => drop(map.insert(Key::new(0, 0), Boxed::new(0))),
            });
            assert_eq!(outcome.err().as_deref(), expected);
        });
        self.simple(outer);
        whim::forget_call_back();
    }

    fn read_while_reading(&mut self) {
        let (id, inner) = (self.bytes.id(), self.bytes.id());
        let map = &self.map;
        let outcome = map.with(&Probe(id), |_| {
            map.with(&Probe(inner), |value| (value.number(), map.len()))
        });
        let both = [id, inner].map(|id| self.model.get(&ModelKey { id, tag: 0 }));
        let expected = match both {
            [Some(_), Some(&number)] => Some((number, self.model.len())),
            _ => None,
        };
        assert_eq!(outcome.flatten(), expected);
    }

    /// An iteration that changes the map from inside.
    fn for_each(&mut self) {
        let due: HashSet<u32> = self.model.keys().map(|key| key.tag).collect();
        let (epoch, len) = (self.epoch, self.model.len());
        let every = 1 + self.bytes.below(8);
        let mut changes = self.bytes.below(64);
        let mut given = HashSet::new();
        let map = Rc::clone(&self.map);
        map.for_each(|key, value| {
            assert!(given.insert(key.tag), "{key:?} is given twice");
            assert_eq!(self.epoch, epoch, "{key:?}: the map was emptied");
            assert_eq!(self.current(&key), Some(value.number()), "of {key:?}");
            if given.len() % every == 0 && changes > 0 {
                changes -= 1;
                let operation = self.bytes.byte();
                self.simple_on(&map, operation);
            }
            assert!(given.len() <= len + 64, "no end");
        });
        if self.epoch == epoch {
            let mut there = self.model.keys().filter(|key| due.contains(&key.tag));
            assert!(there.all(|key| given.contains(&key.tag)), "not given");
        }
    }

    /// The number now stored under this very key.
    fn current(&self, key: &Key) -> Option<u32> {
        let mut entries = self.model.iter();
        entries.find_map(|(other, &number)| (other.tag == key.tag).then_some(number))
    }

    fn convert(&mut self) {
        let empty = Rc::new(CheckedMap::with_hasher(Hashing::default()));
        let inner = alone(mem::replace(&mut self.map, empty)).into_inner();
        check_inner(&inner, &self.model);
        self.map = Rc::new(inner.into());
    }
}
