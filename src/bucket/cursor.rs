//! The cursor: iteration with the map free to change between two steps.
//!
//! # Semantics
//!
//! Of a cursor over a map, whatever happens to the map between its steps:
//!
//! * **C1** An entry present from the cursor's creation until its end is produced exactly once.
//! * **C2** An entry that was removed is not produced, and an entry created after the cursor is
//!   produced at most once. Removing a key and inserting it again creates an entry.
//! * **C3** The value produced is the current one.
//! * **C4** When the map is cleared, or empty at any moment, the cursor ends: all it had to give is
//!   gone.
//! * **C5** Growth of either kind, at any stage, is invisible.
//! * **C6** After `None` follows `None`.
//! * **C7** On any other map than its own a cursor panics and does nothing.
//!
//! Go promises the first five for its `range` loops, and its own iterator breaks them: it walks the
//! arrays that were current when it began, long after the map has left them, and takes the map's
//! present growth for the one it knew.
//!
//! # How
//!
//! The cursor is a position in the space of hashes and knows nothing of arrays. With 2^b primary
//! buckets at its creation, group g is all entries whose hash ends in the b bits g. The cursor goes
//! through the 2^b groups from a random one on. Entering a group it notes the stamps of its
//! entries, wherever they are at that moment; then it looks up one stamp a step and produces what
//! it finds.
//!
//! An entry never changes its group, as its hash stays, and the number of buckets never falls, so a
//! group is always the union of whole chains (of the current array, or of old ones taken by half).
//! It is noted once, in one go: C1, C5. A removed entry's stamp is not found: C2, C3. Stamps tell
//! entries apart without asking the keys, so keys need not even equal themselves.
//!
//! Entries created after the cursor are left out while birth numbers tell them apart (2^32 births
//! in one epoch), so that a loop which replaces every entry it is given ends.

use super::Stamp;
use super::hashed::ITERATION;
use super::map::BucketMap;
use super::stamp::EntryStamp;
use super::table::Generation;
use super::table::Table;
use crate::primitive::random;

/// An iteration over a [`BucketMap`] that does not borrow it: between two steps the map may change
/// in any way.
///
/// * An entry that is there from the cursor's creation to its end is produced exactly once.
/// * An entry that was removed is not produced any more, one created meanwhile at most once, and
///   the value produced is always the current one.
/// * The cursor ends early when the map is cleared or runs empty: nothing of what the cursor had to
///   give is left. (`clear`, `drain`, `retain`, the last `remove`.)
///
/// A cursor belongs to one map, wherever that is moved or swapped to. A clone is another map.
///
/// # Complexity
///
/// A step takes amortised **O(1)**, a whole iteration O(n + buckets). The cursor holds eight bytes
/// for each of a few entries ahead; for up to all of them if the map has grown much in the
/// meantime.
///
/// # Examples
///
/// ```
/// use splitmap::BucketMap;
///
/// let mut map: BucketMap<u32, u32> = (0..100).map(|i| (i, i)).collect();
/// let mut cursor = map.cursor();
/// let mut seen = 0;
/// while let Some((&key, _)) = cursor.next(&map) {
///     seen += 1;
///     map.remove(&key);
///     map.insert(key + 1000, 0);
/// }
/// assert_eq!(seen, 100);
/// assert_eq!(map.len(), 100);
/// ```
#[derive(Clone, Debug)]
pub struct Cursor {
    /// The map's identity.
    map: u64,
    epoch: u64,
    /// Births before the cursor.
    births: u64,
    /// The number of groups is 2^`bits`.
    bits: u32,
    next_group: usize,
    groups_left: usize,
    /// Where in each group to begin.
    turn: usize,
    /// Stamps of the group under the cursor that were not looked up yet.
    noted: Vec<EntryStamp>,
}

impl Cursor {
    pub(super) fn new<K, V, S>(map: &BucketMap<K, V, S>) -> Self {
        let groups = map.table.current.primary();
        let start = random();
        Self {
            map: map.identity.get(),
            epoch: map.life.epoch,
            births: map.life.births,
            bits: map.table.current.bits(),
            next_group: start as usize & (groups - 1),
            groups_left: if map.is_empty() { 0 } else { groups },
            turn: (start >> 32) as usize,
            noted: Vec::new(),
        }
    }

    /// Advances the cursor and returns the next entry of `map`, or `None` at the end.
    ///
    /// # Complexity
    ///
    /// Amortised **O(1)**. Does none of a growth's work and calls no code of the keys.
    ///
    /// # Panics
    ///
    /// If `map` is not the map the cursor was created for; neither is harmed.
    ///
    /// # Examples
    ///
    /// ```
    /// use splitmap::BucketMap;
    ///
    /// let mut map = BucketMap::from([('a', 1)]);
    /// let mut cursor = map.cursor();
    /// map.insert('a', 2);
    /// assert_eq!(cursor.next(&map), Some((&'a', &2)));
    /// assert_eq!(cursor.next(&map), None);
    /// ```
    pub fn next<'m, K, V, S>(&mut self, map: &'m BucketMap<K, V, S>) -> Option<(&'m K, &'m V)> {
        assert!(map.identity.is(self.map), "cursor used on another map");
        map.flag.check(ITERATION);
        if self.epoch != map.life.epoch {
            self.noted.clear();
            self.groups_left = 0;
        }
        loop {
            while let Some(stamp) = self.noted.pop() {
                if let Some((key, value)) = map.table.find_stamp(stamp) {
                    return Some((key, value));
                }
            }
            if self.groups_left == 0 {
                return None;
            }
            self.enter_group(map);
        }
    }

    /// Notes the entries of the next group.
    fn enter_group<K, V, S>(&mut self, map: &BucketMap<K, V, S>) {
        let births_are_distinct = map.life.births <= 1 << 32;
        map.table
            .for_each_in_group(self.next_group, self.bits, |stamp| {
                if !births_are_distinct || u64::from(stamp.birth()) < self.births {
                    self.noted.push(stamp);
                }
            });
        if !self.noted.is_empty() {
            let turn = self.turn % self.noted.len();
            self.noted.rotate_left(turn);
        }
        self.next_group = (self.next_group + 1) & ((1 << self.bits) - 1);
        self.groups_left -= 1;
    }
}

impl<T> Table<T, EntryStamp> {
    /// Shows the stamps of all entries whose hash ends in the `bits` bits `group`; the table has
    /// had that many bits at some time.
    fn for_each_in_group(&self, group: usize, bits: u32, mut show: impl FnMut(EntryStamp)) {
        debug_assert!(bits <= self.current.bits(), "the number of buckets fell");
        for home in (group..self.current.primary()).step_by(1 << bits) {
            let generation = self.generation_of(home as u64);
            generation.for_each_in_chain(home, |stamp| {
                // A chain of the old generation may serve two homes of the current one.
                if self.current.home(stamp.low_hash().into()) == home {
                    show(stamp);
                }
            });
        }
    }
}

impl<T> Generation<T, EntryStamp> {
    /// Shows the stamps of the entries in the chain for `hash`.
    fn for_each_in_chain(&self, hash: usize, mut show: impl FnMut(EntryStamp)) {
        let mut bucket = self.home(hash as u64);
        loop {
            for cell in self.word(bucket).live() {
                show(self.stamp(bucket, cell));
            }
            bucket = self.link(bucket);
            if bucket == 0 {
                return;
            }
        }
    }
}
