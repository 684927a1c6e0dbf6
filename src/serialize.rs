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
        let map: Self = deserializer.deserialize_map(Entries::new())?;
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
        let set = deserializer.deserialize_seq(Members(PhantomData))?;
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
        deserializer.deserialize_map(Entries::new())
    }
}

/// A map that is built of entries, one by one.
trait Build<K, V> {
    fn with_room_for(entries: usize) -> Self;
    fn put(&mut self, key: K, value: V);
}

impl<K: Hash + Eq, V, S: BuildHasher + Default> Build<K, V> for SyncMap<K, V, S> {
    fn with_room_for(entries: usize) -> Self {
        Self::with_capacity_and_hasher(entries, S::default())
    }

    fn put(&mut self, key: K, value: V) {
        drop(self.insert(key, value));
    }
}

impl<K: Hash + Eq, V, S: BuildHasher + Default> Build<K, V> for BucketMap<K, V, S> {
    fn with_room_for(entries: usize) -> Self {
        Self::with_capacity_and_hasher(entries, S::default())
    }

    fn put(&mut self, key: K, value: V) {
        drop(self.insert(key, value));
    }
}

/// Reads the entries of an `M`.
struct Entries<K, V, M>(PhantomData<(K, V, M)>);

impl<K, V, M> Entries<K, V, M> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>, M: Build<K, V>> Visitor<'de>
    for Entries<K, V, M>
{
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<M, A::Error> {
        let mut map = M::with_room_for(believed(entries.size_hint()));
        while let Some((key, value)) = entries.next_entry()? {
            map.put(key, value);
        }
        Ok(map)
    }
}

/// Reads the members of a set.
struct Members<T, S>(PhantomData<(T, S)>);

impl<'de, T, S> Visitor<'de> for Members<T, S>
where
    T: Deserialize<'de> + Hash + Eq,
    S: BuildHasher + Default,
{
    type Value = SyncSet<T, S>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
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
