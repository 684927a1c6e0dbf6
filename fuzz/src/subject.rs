//! Keys, values and hashers: counted, told apart, and of several kinds.

use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::thread::LocalKey;

use equivalent::Equivalent;

use super::whim;

thread_local! {
    static LIVE_KEYS: Cell<isize> = const { Cell::new(0) };
    static LIVE_VALUES: Cell<isize> = const { Cell::new(0) };
}

fn count(live: &'static LocalKey<Cell<isize>>, change: isize) {
    live.set(live.get() + change);
}

/// Keys and values that exist on this thread: made, and not dropped.
pub(crate) fn live() -> (isize, isize) {
    (LIVE_KEYS.get(), LIVE_VALUES.get())
}

/// Panics if a run left anything behind, or dropped anything twice.
pub(crate) fn assert_all_dropped() {
    assert_eq!(live(), (0, 0), "keys and values that were not dropped once");
}

/// Whether keys with this number do not even equal themselves, as floating-point NaNs do.
pub(crate) const fn is_unequal(id: u16) -> bool {
    id % 32 == 31
}

/// A key: equal to others with its number, and told apart from them by its tag.
pub(crate) struct Key {
    pub(crate) id: u16,
    pub(crate) tag: u32,
}

impl Key {
    pub(crate) fn new(id: u16, tag: u32) -> Self {
        count(&LIVE_KEYS, 1);
        Self { id, tag }
    }
}

impl Clone for Key {
    fn clone(&self) -> Self {
        whim::may_panic();
        Self::new(self.id, self.tag)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        count(&LIVE_KEYS, -1);
        whim::may_panic();
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        whim::compare(self.id == other.id && !is_unequal(self.id))
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u16(self.id);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.id, self.tag)
    }
}

/// The std map's keys: as [`Key`], but always honest, and not counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ModelKey {
    pub(crate) id: u16,
    pub(crate) tag: u32,
}

impl PartialEq for ModelKey {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && !is_unequal(self.id)
    }
}

impl Eq for ModelKey {}

impl Hash for ModelKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u16(self.id);
    }
}

/// What lookups are made by: not the key's type.
pub(crate) struct Probe(pub(crate) u16);

impl Hash for Probe {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u16(self.0);
    }
}

impl Equivalent<Key> for Probe {
    fn equivalent(&self, key: &Key) -> bool {
        whim::compare(self.0 == key.id && !is_unequal(key.id))
    }
}

/// What is stored: a number, in a body that makes mistakes with memory show.
pub(crate) trait Value: Clone + Default + fmt::Debug + PartialEq {
    fn new(number: u32) -> Self;
    fn number(&self) -> u32;
    fn set(&mut self, number: u32);
    /// What `number` says of a value with this number.
    fn seen(number: u32) -> u32 {
        number
    }
}

macro_rules! counted {
    ($type:ident) => {
        impl Default for $type {
            fn default() -> Self {
                whim::may_panic();
                Self::new(0)
            }
        }

        impl Clone for $type {
            fn clone(&self) -> Self {
                whim::may_panic();
                Self::new(self.number())
            }
        }

        impl Drop for $type {
            fn drop(&mut self) {
                count(&LIVE_VALUES, -1);
                whim::may_panic();
            }
        }

        impl PartialEq for $type {
            fn eq(&self, other: &Self) -> bool {
                whim::answer(self.number() == other.number())
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.number())
            }
        }
    };
}

/// On the heap, where the address sanitizer watches: a value dropped twice or used after is reported.
pub(crate) struct Boxed(Box<u32>);

impl Value for Boxed {
    fn new(number: u32) -> Self {
        count(&LIVE_VALUES, 1);
        Self(Box::new(number))
    }

    fn number(&self) -> u32 {
        *self.0
    }

    fn set(&mut self, number: u32) {
        *self.0 = number;
    }
}

counted!(Boxed);

/// Large, and more strictly aligned than the allocator would do by itself.
#[repr(align(64))]
pub(crate) struct Wide([u32; 40]);

impl Value for Wide {
    fn new(number: u32) -> Self {
        count(&LIVE_VALUES, 1);
        Self([number; 40])
    }

    fn number(&self) -> u32 {
        assert!((&raw const *self).is_aligned(), "a value is not aligned");
        assert_eq!(self.0, [self.0[0]; 40], "a torn value");
        self.0[0]
    }

    fn set(&mut self, number: u32) {
        self.0 = [number; 40];
    }
}

counted!(Wide);

/// Of no size.
pub(crate) struct Nothing(());

impl Value for Nothing {
    fn new(_: u32) -> Self {
        count(&LIVE_VALUES, 1);
        Self(())
    }

    fn number(&self) -> u32 {
        0
    }

    fn set(&mut self, _: u32) {}

    fn seen(_: u32) -> u32 {
        0
    }
}

counted!(Nothing);

/// How keys are hashed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Hashing {
    /// All bits used.
    #[default]
    Good,
    /// The number itself: neighbours in neighbouring buckets, all with the same tophash.
    Identity,
    /// One chain, one tophash.
    AllEqual,
    /// Sixteen hashes.
    FourBits,
    /// One chain, many tophashes.
    TopOnly,
}

impl Hashing {
    pub(crate) const ALL: [Self; 5] = [
        Self::Good,
        Self::Identity,
        Self::AllEqual,
        Self::FourBits,
        Self::TopOnly,
    ];

    pub(crate) const fn of(self, id: u16) -> u64 {
        match self {
            Self::Good => whim::mix(id as u64),
            Self::Identity => id as u64,
            Self::AllEqual => 0,
            Self::FourBits => whim::mix((id % 16) as u64),
            Self::TopOnly => (id as u64) << 56,
        }
    }
}

impl BuildHasher for Hashing {
    type Hasher = IdHasher;

    fn build_hasher(&self) -> IdHasher {
        IdHasher {
            hashing: *self,
            id: 0,
        }
    }
}

pub(crate) struct IdHasher {
    hashing: Hashing,
    id: u16,
}

impl Hasher for IdHasher {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys write their number");
    }

    fn write_u16(&mut self, id: u16) {
        self.id = id;
    }

    fn finish(&self) -> u64 {
        whim::hash(self.hashing.of(self.id))
    }
}
