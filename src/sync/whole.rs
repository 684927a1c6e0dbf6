//! Operations on the whole map.

use super::Section;
use super::SyncMap;
use super::entry::{EntryPtr, Retired};
use super::fresh::Fresh;
use super::snapshot::{At, EntryTable};

impl<K, V, S> SyncMap<K, V, S> {
    /// The number of entries.
    ///
    /// A sum of per-thread counts: exact when no thread is writing, else off by the writes under way.
    /// Takes no lock; **O(threads)**.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("a", 1), ("b", 2)]);
    /// map.remove("a");
    /// assert_eq!(map.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.domain.total()
    }

    /// Whether [`len`](Self::len) is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(splitmap::SyncMap::<u32, u32>::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Publishes a snapshot whose table has all keys and no deleted ones, now.
    ///
    /// Worth a call after a bulk load, and in a map that lost many keys and is only read from now on: what has left the
    /// tables is handed to reclamation as well, which otherwise later operations do a little at a time. Builds nothing
    /// if there are neither new nor deleted keys.
    ///
    /// # Concurrency
    ///
    /// Takes the mutex once, for as long as it takes. Lookups and changes of keys that are there go on meanwhile; new
    /// keys wait.
    ///
    /// # Complexity
    ///
    /// **O(n)**.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::new();
    /// (&map).extend((0..100).map(|key| (key, key)));
    /// map.promote();
    /// let stats = map.stats();
    /// assert_eq!((stats.read_len, stats.amended), (100, false));
    /// ```
    pub fn promote(&self) {
        let section = self.domain.enter();
        self.lock(&section).purge();
        section.flush();
    }

    /// Removes every entry for which `keep` returns `false`.
    ///
    /// `keep` sees the value that is removed; it may run again when the value has changed meanwhile, and
    /// may use the map. Visits what [`iter`](Self::iter) visits. Then drops deleted keys from the tables.
    ///
    /// # Concurrency
    ///
    /// Takes the mutex at the end, to [`promote`](Self::promote), if anything was removed; never while `keep` runs.
    ///
    /// # Complexity
    ///
    /// **O(n)**.
    ///
    /// # Panics
    ///
    /// Only if `keep` does; the entries visited before stay removed.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("a", 1), ("b", 2)]);
    /// map.retain(|_, value| *value > 1);
    /// assert!(!map.contains_key("a"));
    /// assert!(map.contains_key("b"));
    /// ```
    #[doc(alias = "Range")]
    pub fn retain<F>(&self, mut keep: F)
    where
        F: FnMut(&K, &V) -> bool,
    {
        let section = self.domain.enter();
        let snapshot = self.published.current_shared(&section);
        // From here on the walk's own share keeps the snapshot, and `keep` may see many more of them.
        let _section = section.keep();
        let mut removed = false;
        let mut at = At::start();
        loop {
            let section = self.domain.enter();
            let Some(pointer) = snapshot.next(&mut at, &section) else {
                break;
            };
            let entry = pointer.get(&section);
            while let Some(seen) = entry.load() {
                if keep(entry.key(), seen) {
                    break;
                }
                if entry.take_seen(&section, seen) {
                    removed = true;
                    break;
                }
            }
        }
        if removed {
            self.promote();
        }
    }

    /// Removes every entry, all at one moment.
    ///
    /// # Concurrency
    ///
    /// * **Blocking** — takes the mutex, for as long as it takes to list the entries, unless the map has no keys. They
    ///   are emptied and handed to reclamation after that.
    /// * **Ordering** — happens before every operation that sees a key absent because of it.
    ///
    /// # Complexity
    ///
    /// **O(n)**. An empty map is left alone, without allocating.
    ///
    /// # Examples
    ///
    /// ```
    /// let map = splitmap::SyncMap::from([("a", 1), ("b", 2)]);
    /// map.clear();
    /// assert!(map.is_empty());
    /// ```
    #[doc(alias = "Clear")]
    pub fn clear(&self) {
        let section = self.domain.enter();
        for pointer in self.detach_all(&section) {
            pointer.get(&section).bury(&section);
            section.retire(Retired::entry(pointer));
        }
        section.flush();
    }

    /// Publishes an empty snapshot, drops dirty, and returns all entries that there were.
    ///
    /// The store of the generation in `replace` is the linearization point of `clear` and `take_all`.
    pub(super) fn detach_all(&self, section: &Section<'_, K, V>) -> Vec<EntryPtr<K, V>> {
        let snapshot = self.current(section);
        if snapshot.table().is_empty() && !snapshot.is_amended() {
            return Vec::new();
        }
        let mut locked = self.lock(section);
        let snapshot = locked.snapshot;
        let mut entries: Vec<_> = snapshot.table().iter(0).copied().collect();
        for list in snapshot.fresh().all() {
            let newest = list.freeze();
            let next = |entry: &EntryPtr<K, V>| entry.get(section).next();
            entries.extend(core::iter::successors(newest, next));
        }
        locked.dirty.next = None;
        let table = EntryTable::new();
        let fresh = Fresh::new(table.buckets());
        locked.publish_table(table, fresh);
        entries
    }
}
