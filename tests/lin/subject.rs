//! Keys and values that notice when they are read after they were freed, dropped twice or never, or found in
//! a map that they were not put into.

use core::hash::{BuildHasher, Hash, Hasher};
use core::hint::black_box;
use core::ptr;
use core::sync::atomic::{AtomicIsize, AtomicU8, AtomicUsize, Ordering};

use splitmap::SyncMap;

use super::history::{CLASSES, Value, class};

pub(crate) type Map<'h> = SyncMap<Key<'h>, Val<'h>, MaskedHasher>;

const ABSENT: u8 = 0;
const ALIVE: u8 = 1;
const DROPPED: u8 = 2;

/// What became of the keys and values of one map. Outlives the map.
pub(crate) struct Ledger {
    /// By a value's number. Every access is Relaxed, to give the threads no order that the map does not.
    values: Box<[AtomicU8]>,
    keys: AtomicIsize,
    dropped_twice: AtomicUsize,
}

impl Ledger {
    /// A ledger for values with numbers below `values`.
    pub(crate) fn new(values: usize) -> Self {
        Self {
            values: (0..values).map(|_| AtomicU8::new(ABSENT)).collect(),
            keys: AtomicIsize::new(0),
            dropped_twice: AtomicUsize::new(0),
        }
    }

    pub(crate) fn key(&self, number: u8) -> Key<'_> {
        self.keys.fetch_add(1, Ordering::Relaxed);
        let number = u32::from(number);
        Key {
            number,
            seal: seal(number),
            ledger: self,
        }
    }

    pub(crate) fn value(&self, number: Value) -> Val<'_> {
        self.values[number as usize].store(ALIVE, Ordering::Relaxed);
        Val {
            number,
            seal: seal(number),
            ledger: Some(self),
        }
    }

    /// A value that equals those of a class, to compare with.
    pub(crate) fn probe(class: u32) -> Val<'static> {
        debug_assert!(class < CLASSES, "no such class");
        Val {
            number: class,
            seal: 0,
            ledger: None,
        }
    }

    /// The number of a key that the map gave.
    pub(crate) fn read_key(&self, key: &Key<'_>) -> u8 {
        let number = key.whole();
        assert!(ptr::eq(key.ledger, self), "a key of another map was found");
        number as u8
    }

    /// The number of a value that the map gave.
    pub(crate) fn read_value(&self, value: &Val<'_>) -> Value {
        let number = value.number;
        assert_eq!(value.seal, seal(number), "a freed value was read");
        let home = value.ledger.map_or(ptr::null(), ptr::from_ref);
        assert!(ptr::eq(home, self), "a value of another map was found");
        let mark = self.values[number as usize].load(Ordering::Relaxed);
        assert_eq!(mark, ALIVE, "a dropped value was read");
        number
    }

    /// Panics unless everything was dropped, and once. To be called when the map is gone.
    pub(crate) fn settle(&self) {
        let twice = self.dropped_twice.load(Ordering::Relaxed);
        assert_eq!(twice, 0, "values were dropped twice");
        let mut values = self.values.iter();
        let leaked = values.position(|mark| mark.load(Ordering::Relaxed) == ALIVE);
        assert_eq!(leaked, None, "a value was never dropped");
        let keys = self.keys.load(Ordering::Relaxed);
        assert_eq!(keys, 0, "keys were leaked, or dropped twice if negative");
    }
}

/// Goes with every number, and is broken when the number's owner is dropped.
fn seal(number: u32) -> u32 {
    number ^ 0x5ea1_ed00
}

pub(crate) struct Key<'h> {
    number: u32,
    seal: u32,
    ledger: &'h Ledger,
}

impl Key<'_> {
    /// The number, if the memory is that of a key that lives.
    fn whole(&self) -> u32 {
        assert_eq!(self.seal, seal(self.number), "a freed key was read");
        self.number
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.whole() == other.whole()
    }
}

impl Eq for Key<'_> {}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl Drop for Key<'_> {
    fn drop(&mut self) {
        self.ledger.keys.fetch_sub(1, Ordering::Relaxed);
        self.seal = !self.seal;
        black_box(&mut self.seal);
    }
}

/// Equal to all values of its class.
pub(crate) struct Val<'h> {
    number: Value,
    seal: u32,
    ledger: Option<&'h Ledger>,
}

impl PartialEq for Val<'_> {
    fn eq(&self, other: &Self) -> bool {
        class(self.number) == class(other.number)
    }
}

impl Drop for Val<'_> {
    fn drop(&mut self) {
        let Some(ledger) = self.ledger else { return };
        let mark = &ledger.values[self.number as usize];
        if mark.load(Ordering::Relaxed) != ALIVE {
            ledger.dropped_twice.fetch_add(1, Ordering::Relaxed);
        }
        mark.store(DROPPED, Ordering::Relaxed);
        self.seal = !self.seal;
        black_box(&mut self.seal);
    }
}

/// Spreads keys well, but hands out only some bits.
#[derive(Clone, Copy)]
pub(crate) struct MaskedHasher {
    pub(crate) mask: u64,
}

pub(crate) struct Spread {
    hash: u64,
    mask: u64,
}

impl BuildHasher for MaskedHasher {
    type Hasher = Spread;

    fn build_hasher(&self) -> Spread {
        Spread {
            hash: 0,
            mask: self.mask,
        }
    }
}

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.hash & self.mask
    }

    fn write(&mut self, _bytes: &[u8]) {
        unreachable!("keys hash as one number")
    }

    fn write_u32(&mut self, number: u32) {
        self.hash = (u64::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
