//! Entries that a snapshot is built without, to be retired a few at a time once it is published.
//!
//! Hundreds of thousands of keys may go between two snapshots, so nothing here may take time in proportion to them:
//! the list grows without its entries being copied, is handed on whole, and an entry that comes back is not looked for.

use std::collections::BTreeSet;

use super::entry::EntryPtr;
use crate::tuning::LEAVING_CHUNK;

/// Expunged entries, each once, and those of them that were revived.
pub(super) struct LeftOut<K, V> {
    /// All but the last are full.
    chunks: Vec<Vec<EntryPtr<K, V>>>,
    /// The addresses of those to be passed over.
    revived: BTreeSet<usize>,
}

impl<K, V> LeftOut<K, V> {
    pub(super) const fn new() -> Self {
        Self {
            chunks: Vec::new(),
            revived: BTreeSet::new(),
        }
    }

    pub(super) fn push(&mut self, expunged: EntryPtr<K, V>) {
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < LEAVING_CHUNK => chunk.push(expunged),
            _ => {
                let mut chunk = Vec::with_capacity(LEAVING_CHUNK);
                chunk.push(expunged);
                self.chunks.push(chunk);
            }
        }
    }

    /// Passes over an entry that was pushed.
    pub(super) fn revive(&mut self, entry: EntryPtr<K, V>) {
        let is_first = self.revived.insert(address(entry));
        debug_assert!(is_first, "D3: revived twice");
    }

    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The number of entries that are not passed over.
    pub(super) fn len(&self) -> usize {
        let full = self.chunks.len().saturating_sub(1) * LEAVING_CHUNK;
        let last = self.chunks.last().map_or(0, Vec::len);
        full + last - self.revived.len()
    }

    /// Takes out up to `most` entries, and hands on those that are not passed over; returns whether there may be more.
    pub(super) fn take(&mut self, most: usize, hand_on: impl FnMut(EntryPtr<K, V>)) -> bool {
        let Some(chunk) = self.chunks.last_mut() else {
            return false;
        };
        let stay = chunk.len().saturating_sub(most);
        let revived = &mut self.revived;
        let taken = chunk.drain(stay..);
        taken
            .filter(|entry| !revived.remove(&address(*entry)))
            .for_each(hand_on);
        if stay == 0 {
            self.chunks.pop();
        }
        !self.chunks.is_empty()
    }

    /// All entries that are not passed over.
    pub(super) fn iter(&self) -> impl Iterator<Item = EntryPtr<K, V>> {
        let leaves = |entry: &EntryPtr<K, V>| !self.revived.contains(&address(*entry));
        self.chunks.iter().flatten().copied().filter(leaves)
    }
}

fn address<K, V>(entry: EntryPtr<K, V>) -> usize {
    entry.as_raw().addr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::entry::Retired;

    #[test]
    fn all_but_the_revived_are_handed_on_once() {
        let count = 3 * LEAVING_CHUNK + 7;
        let entries: Vec<_> = (0..count).map(|n| EntryPtr::new(0, n, ())).collect();
        let (revived, leaving): (Vec<_>, Vec<_>) =
            (0..count).partition(|n| n % 5 == 0 || (600..700).contains(n));
        let mut left_out = LeftOut::new();
        entries.iter().for_each(|entry| left_out.push(*entry));
        revived.iter().for_each(|&n| left_out.revive(entries[n]));

        let places = |found: &[EntryPtr<usize, ()>]| -> Vec<_> {
            let at = |entry| entries.iter().position(|other| other == entry);
            found.iter().filter_map(at).collect()
        };
        assert_eq!(left_out.len(), leaving.len());
        assert_eq!(places(&left_out.iter().collect::<Vec<_>>()), leaving);

        let mut handed_on = Vec::new();
        loop {
            let before = handed_on.len();
            let more = left_out.take(64, |entry| handed_on.push(entry));
            assert!(handed_on.len() <= before + 64);
            assert_eq!(left_out.len(), leaving.len() - handed_on.len());
            if !more {
                break;
            }
        }
        let mut places = places(&handed_on);
        places.sort_unstable();
        assert_eq!(places, leaving);
        entries.into_iter().map(Retired::entry).for_each(drop);
    }
}
