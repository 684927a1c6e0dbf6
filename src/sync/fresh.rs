//! Fresh lists: the keys that came since the snapshot's table was built, where every reader finds them.
//!
//! Beside its immutable table a snapshot has a short list for each bucket. A new key is pushed to the list that
//! its hash chooses, with one exchange and no lock; a lookup that misses in the table walks that list, unless a
//! filter says that it need not, and so has the final answer, without a lock either. Entries leave a list only
//! together with the snapshot, so a list that was seen is a tail of whatever it is later.
//!
//! When the next snapshot is built from this one, the list of a bucket is *frozen* before the bucket is copied,
//! and then takes new keys only under the mutex, from a thread that puts them into the next table too.
//!
//! # Invariants
//!
//! * **F1** — A list grows at its head and never changes otherwise. `next` of an entry is set before the
//!   exchange that publishes it.
//! * **F2** — No two entries of a snapshot, in its table or its lists, have equal keys, if `Eq` and `Hash` keep
//!   their promises: whoever pushes has compared with the table and with all of the list that he pushes to.
//! * **F3** — A frozen list changes only under the mutex.
//! * **F4** — Before a snapshot is superseded, all its lists are frozen. So a push to a list that is not frozen
//!   is a push to the current snapshot, and linearizes at its exchange.
//!
//! # No address is mistaken
//!
//! The exchange of a push expects the head that it has compared up to. That head is an entry of a snapshot that
//! was current inside the section, so it is not freed before the section ends (P4), and no other entry can
//! have its address meanwhile.

use core::iter::repeat_with;

use super::Section;
use super::entry::{Entry, EntryPtr, Unpublished};
use crate::primitive::{AtomicPtr, AtomicU64, Ordering, yield_point};
use crate::tuning::FILTER_BITS;

/// Bits to a word of the filter.
const WORD: usize = u64::BITS as usize;

fn words_for(lists: usize) -> usize {
    (lists * FILTER_BITS).div_ceil(WORD)
}

/// The lowest bit of a list's head: the list is frozen. Entries are aligned to more than that.
const FROZEN: usize = 1;

/// What a list's head was at some moment.
pub(super) struct Head<K, V>(*mut Entry<K, V>);

impl<K, V> Clone for Head<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Head<K, V> {}

impl<K, V> PartialEq for Head<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K, V> Head<K, V> {
    /// That of a list without entries, which every list ends in.
    const END: Self = Self(core::ptr::null_mut());

    fn is_frozen(self) -> bool {
        self.0.addr() & FROZEN != 0
    }

    /// The newest entry's address, or null.
    fn address(self) -> *mut Entry<K, V> {
        self.0.map_addr(|address| address & !FROZEN)
    }

    fn newest(self) -> Option<EntryPtr<K, V>> {
        EntryPtr::from_raw(self.address())
    }
}

/// What a push did.
#[must_use]
pub(super) enum Push<K, V> {
    Added(EntryPtr<K, V>),
    /// Nothing: another thread was first, with this entry.
    Present(EntryPtr<K, V>, Unpublished<K, V>),
    /// Nothing: the list is frozen, so the mutex is needed. All of it behind this head was compared.
    Frozen(Head<K, V>, Unpublished<K, V>),
}

/// One list.
pub(super) struct List<K, V>(AtomicPtr<Entry<K, V>>);

impl<K, V> List<K, V> {
    fn new() -> Self {
        Self(AtomicPtr::new(core::ptr::null_mut()))
    }

    fn head(&self) -> Head<K, V> {
        yield_point(); // the table was looked into
        // ORDERING: SeqCst. Acquire pairs with `exchange` and `push_frozen`: the entry and those behind it
        // are complete. The total order with entries and generations is for a thread that adds one key
        // and then misses another. Models: promote::promoting_miss_vs_insert, sb::known_and_new_key.
        Head(self.0.load(Ordering::SeqCst))
    }

    /// Replaces the head that was seen; on failure returns the one that is there.
    fn exchange(&self, seen: Head<K, V>, new: *mut Entry<K, V>) -> Result<(), Head<K, V>> {
        yield_point(); // the list was compared
        // ORDERING: SeqCst on both outcomes: Release publishes the new entry, Acquire on failure gives
        // access to another's; the total order is that of `head`. Models:
        // promote::push_vs_push, sb::known_and_new_key.
        let exchanged = self
            .0
            .compare_exchange(seen.0, new, Ordering::SeqCst, Ordering::SeqCst);
        exchanged.map(drop).map_err(Head)
    }

    /// The entry that `is_key` accepts; else the head of the list that was compared.
    fn find(
        &self,
        section: &Section<'_, K, V>,
        hash: u64,
        is_key: impl FnMut(&K) -> bool,
        may_have: impl FnOnce() -> bool,
    ) -> Result<EntryPtr<K, V>, Head<K, V>> {
        // Before the filter is asked: what is pushed later changes the head.
        let head = self.head();
        if !may_have() {
            return Err(head);
        }
        match between(section, head, Head::END, hash, is_key) {
            Some(found) => Ok(found),
            None => Err(head),
        }
    }

    /// Adds an entry whose key is not in the table, and not in the list behind `compared`.
    pub(super) fn push(
        &self,
        section: &Section<'_, K, V>,
        new: Unpublished<K, V>,
        mut compared: Head<K, V>,
        hash: u64,
    ) -> Push<K, V>
    where
        K: Eq,
    {
        let mut head = compared;
        loop {
            if head.is_frozen() {
                return Push::Frozen(head, new);
            }
            new.set_next(head.address());
            head = match self.exchange(head, new.as_raw()) {
                Ok(()) => return Push::Added(new.publish()),
                Err(now) => now,
            };
            let is_key = |key: &K| *new.key() == *key;
            if let Some(found) = between(section, head, compared, hash, is_key) {
                return Push::Present(found, new);
            }
            compared = head;
        }
    }

    /// Adds an entry to a frozen list, unless that has others than those `compared` with. Under the mutex (F3).
    pub(super) fn push_frozen(
        &self,
        compared: Head<K, V>,
        new: Unpublished<K, V>,
    ) -> Result<EntryPtr<K, V>, Unpublished<K, V>> {
        let head = self.head();
        debug_assert!(head.is_frozen(), "others may be pushing");
        if head != compared && !cfg!(splitmap_planted = "stale_snapshot") {
            return Err(new);
        }
        new.set_next(head.address());
        let tagged = new.as_raw().map_addr(|address| address | FROZEN);
        yield_point(); // as in `exchange`
        // ORDERING: SeqCst, as in `exchange`. Model: promote::push_frozen_vs_find.
        self.0.store(tagged, Ordering::SeqCst);
        Ok(new.publish())
    }

    pub(super) fn is_frozen(&self) -> bool {
        self.head().is_frozen()
    }

    /// Freezes the list and returns its newest entry. Under the mutex.
    pub(super) fn freeze(&self) -> Option<EntryPtr<K, V>> {
        let mut head = self.head();
        loop {
            let frozen = head.0.map_addr(|address| address | FROZEN);
            match self.exchange(head, frozen) {
                Ok(()) => return head.newest(),
                Err(now) => head = now,
            }
        }
    }

    pub(super) fn newest(&self) -> Option<EntryPtr<K, V>> {
        self.head().newest()
    }
}

/// The entry that `is_key` accepts among those newer than the head `until`.
fn between<K, V>(
    section: &Section<'_, K, V>,
    from: Head<K, V>,
    until: Head<K, V>,
    hash: u64,
    mut is_key: impl FnMut(&K) -> bool,
) -> Option<EntryPtr<K, V>> {
    let until = until.newest();
    let mut at = from.newest();
    while let Some(pointer) = at.filter(|pointer| Some(*pointer) != until) {
        let entry = pointer.get(section);
        if entry.may_hash_to(hash) && is_key(entry.key()) {
            return Some(pointer);
        }
        at = entry.next();
    }
    None
}

/// Where a walk over all lists of a snapshot is.
pub(super) struct At<K, V> {
    list: usize,
    entry: Option<EntryPtr<K, V>>,
}

impl<K, V> At<K, V> {
    pub(super) const fn start() -> Self {
        Self {
            list: 0,
            entry: None,
        }
    }
}

/// The lists of a snapshot.
pub(super) struct Fresh<K, V> {
    /// One for each bucket of the table.
    lists: Vec<List<K, V>>,
    /// [`FILTER_BITS`] for each list: one chosen by the hash is set before an entry is pushed.
    ///
    /// PERF: tells most absent keys and most new ones without a look at any entry, and in a large map it is the part
    /// that stays in the cache.
    filter: Vec<AtomicU64>,
}

impl<K, V> Fresh<K, V> {
    /// `count` empty lists, a power of two.
    pub(super) fn new(count: usize) -> Self {
        let mut fresh = Self::with_room_for(count);
        fresh.make(count);
        fresh
    }

    /// No lists yet, but memory for `count`.
    pub(super) fn with_room_for(count: usize) -> Self {
        Self {
            lists: Vec::with_capacity(count),
            filter: Vec::with_capacity(words_for(count)),
        }
    }

    /// Makes lists until there are `count`.
    pub(super) fn make(&mut self, count: usize) {
        let lists = count.saturating_sub(self.lists.len());
        self.lists.extend(repeat_with(List::new).take(lists));
        let words = words_for(count).saturating_sub(self.filter.len());
        self.filter
            .extend(repeat_with(|| AtomicU64::new(0)).take(words));
    }

    pub(super) fn len(&self) -> usize {
        self.lists.len()
    }

    #[expect(clippy::cast_possible_truncation, reason = "low bits choose")]
    pub(super) fn list(&self, hash: u64) -> &List<K, V> {
        debug_assert!(self.lists.len().is_power_of_two(), "low bits choose");
        &self.lists[hash as usize & (self.lists.len() - 1)]
    }

    /// The word of the filter for a hash, and the bit in it.
    #[expect(clippy::cast_possible_truncation, reason = "low bits choose")]
    fn filter_bit(&self, hash: u64) -> (&AtomicU64, u64) {
        let bit = hash as usize & (self.lists.len() * FILTER_BITS - 1);
        (&self.filter[bit / WORD], 1 << (bit % WORD))
    }

    /// Whether an entry with this hash may have been pushed to its list.
    pub(super) fn may_have(&self, hash: u64) -> bool {
        let (word, bit) = self.filter_bit(hash);
        yield_point(); // the snapshot is amended
        // ORDERING: SeqCst, for the total order that `Snapshot::is_amended` names. Model:
        // sb::known_and_new_key.
        word.load(Ordering::SeqCst) & bit != 0
    }

    /// Before an entry with this hash is pushed to its list.
    pub(super) fn expect(&self, hash: u64) {
        let (word, bit) = self.filter_bit(hash);
        if !self.may_have(hash) {
            // ORDERING: SeqCst, as in `may_have`. Model: sb::known_and_new_key.
            word.fetch_or(bit, Ordering::SeqCst);
        }
    }

    /// The entry that `is_key` accepts; else the head of the list that has none.
    pub(super) fn find(
        &self,
        section: &Section<'_, K, V>,
        hash: u64,
        is_key: impl FnMut(&K) -> bool,
    ) -> Result<EntryPtr<K, V>, Head<K, V>> {
        let may_have = || self.may_have(hash);
        self.list(hash).find(section, hash, is_key, may_have)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &List<K, V>> {
        self.lists.iter()
    }

    pub(super) fn of_bucket(&self, bucket: usize) -> &List<K, V> {
        &self.lists[bucket]
    }

    /// The next entry of a walk over all lists.
    pub(super) fn next(
        &self,
        at: &mut At<K, V>,
        section: &Section<'_, K, V>,
    ) -> Option<EntryPtr<K, V>> {
        at.entry = at.entry.and_then(|entry| entry.get(section).next());
        while at.entry.is_none() {
            at.entry = self.lists.get(at.list)?.newest();
            at.list += 1;
        }
        at.entry
    }
}
