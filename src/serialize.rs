//! Serde's traits, for the feature `serde`: maps as maps, the set as a sequence.
//!
//! A shared map is serialized from references to its entries, gathered first, so that formats which write the
//! length before the content get the right one. It holds no lock meanwhile, and may change.

use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::{BucketMap, KeyRef, Ref, SyncMap, SyncSet};

/// The most entries that room is made for on the word of the input alone.
const BELIEVED: usize = 4_096;

fn believed(hint: Option<usize>) -> usize {
    hint.unwrap_or(0).min(BELIEVED)
}

/// The entries as [`SyncMap::iter`] produces them, as a map.
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl<K: Serialize, V: Serialize, S> Serialize for SyncMap<K, V, S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let entries: Vec<Ref<'_, K, V>> = self.iter().collect();
        serializer.collect_map(entries.iter().map(Ref::pair))
    }
}

/// The members as [`SyncSet::iter`] produces them, as a sequence.
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl<T: Serialize, S> Serialize for SyncSet<T, S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let members: Vec<KeyRef<'_, T>> = self.iter().collect();
        serializer.collect_seq(members.iter().map(|member| &**member))
    }
}

/// The entries, as a map.
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl<K: Serialize, V: Serialize, S> Serialize for BucketMap<K, V, S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.collect_map(self)
    }
}

/// The map starts promoted. The last of several values for one key stays.
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl<'de, K, V, S> Deserialize<'de> for SyncMap<K, V, S>
where
    K: Deserialize<'de> + Hash + Eq,
    V: Deserialize<'de>,
    S: BuildHasher + Default,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = deserializer.deserialize_map(Entries::<Self>::new("a map"))?;
        map.promote();
        Ok(map)
    }
}

/// The set starts promoted. The first of several equal members stays.
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl<'de, T, S> Deserialize<'de> for SyncSet<T, S>
where
    T: Deserialize<'de> + Hash + Eq,
    S: BuildHasher + Default,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let set = deserializer.deserialize_seq(Entries::<Self>::new("a sequence"))?;
        set.promote();
        Ok(set)
    }
}

/// The last of several values for one key stays.
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
impl<'de, K, V, S> Deserialize<'de> for BucketMap<K, V, S>
where
    K: Deserialize<'de> + Hash + Eq,
    V: Deserialize<'de>,
    S: BuildHasher + Default,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries::<Self>::new("a map"))
    }
}

/// Builds a `C` from what serde reads.
struct Entries<C> {
    expected: &'static str,
    _collection: PhantomData<C>,
}

impl<C> Entries<C> {
    fn new(expected: &'static str) -> Self {
        Self {
            expected,
            _collection: PhantomData,
        }
    }
}

impl<'de, K, V, S> Visitor<'de> for Entries<SyncMap<K, V, S>>
where
    K: Deserialize<'de> + Hash + Eq,
    V: Deserialize<'de>,
    S: BuildHasher + Default,
{
    type Value = SyncMap<K, V, S>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let capacity = believed(entries.size_hint());
        let map = SyncMap::with_capacity_and_hasher(capacity, S::default());
        while let Some((key, value)) = entries.next_entry()? {
            drop(map.insert(key, value));
        }
        Ok(map)
    }
}

impl<'de, T, S> Visitor<'de> for Entries<SyncSet<T, S>>
where
    T: Deserialize<'de> + Hash + Eq,
    S: BuildHasher + Default,
{
    type Value = SyncSet<T, S>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let capacity = believed(members.size_hint());
        let set = SyncSet::with_capacity_and_hasher(capacity, S::default());
        while let Some(member) = members.next_element()? {
            set.insert(member);
        }
        Ok(set)
    }
}

impl<'de, K, V, S> Visitor<'de> for Entries<BucketMap<K, V, S>>
where
    K: Deserialize<'de> + Hash + Eq,
    V: Deserialize<'de>,
    S: BuildHasher + Default,
{
    type Value = BucketMap<K, V, S>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let capacity = believed(entries.size_hint());
        let mut map = BucketMap::with_capacity_and_hasher(capacity, S::default());
        while let Some((key, value)) = entries.next_entry()? {
            map.insert(key, value);
        }
        Ok(map)
    }
}
