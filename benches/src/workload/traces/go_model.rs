//! What Go's `sync.Map`, as it was until Go 1.23, would lock on a trace: the figure to beat.
//!
//! A model of its states on one thread, without a map: the clean part, the dirty part, a count of misses,
//! promotion when it reaches the size of dirty. A lookup that misses and then stores may lock twice.

use super::trace::{Kind, Op};

/// New keys in a hundred accesses, in the second half of a trace that settles.
const SETTLED: usize = 5;

/// Acquisitions of the mutex, per access.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Locks {
    /// Whether new keys become rare, and none is deleted.
    pub settles: bool,
    /// Over the whole trace.
    pub whole: f64,
    /// Over its second half, when keys that settle have settled.
    pub second_half: f64,
}

impl Locks {
    /// Runs `ops` on `keys` distinct keys; `fills` if a lookup that misses stores its key.
    pub(super) fn of_go(ops: &[Op], keys: usize, fills: bool) -> Self {
        let mut map = Map::new(keys);
        let (first, second) = ops.split_at(ops.len() / 2);
        first.iter().for_each(|op| map.step(*op, fills));
        let half = map.locks;
        second.iter().for_each(|op| map.step(*op, fills));
        Locks {
            settles: settles(first, second, keys),
            whole: map.locks as f64 / ops.len() as f64,
            second_half: (map.locks - half) as f64 / second.len() as f64,
        }
    }
}

fn settles(first: &[Op], second: &[Op], keys: usize) -> bool {
    let mut known = vec![false; keys];
    for op in first {
        known[op.key as usize] = true;
    }
    let mut new = 0;
    for op in second {
        new += usize::from(!std::mem::replace(&mut known[op.key as usize], true));
    }
    let deletes = first.iter().chain(second).any(|op| op.kind == Kind::Del);
    !deletes && 100 * new <= SETTLED * second.len()
}

/// One key's entry: where it can be found, and what it holds.
#[derive(Clone, Copy, Default)]
struct Entry {
    clean: bool,
    dirty: bool,
    live: bool,
    expunged: bool,
}

struct Map {
    entries: Vec<Entry>,
    /// Keys of which the clean part, and the dirty part, consist.
    clean: Vec<u32>,
    dirty: Vec<u32>,
    dirty_len: usize,
    amended: bool,
    misses: usize,
    locks: u64,
}

impl Map {
    fn new(keys: usize) -> Self {
        Map {
            entries: vec![Entry::default(); keys],
            clean: Vec::new(),
            dirty: Vec::new(),
            dirty_len: 0,
            amended: false,
            misses: 0,
            locks: 0,
        }
    }

    fn step(&mut self, op: Op, fills: bool) {
        match op.kind {
            Kind::Get if !self.load(op.key) && fills => self.store(op.key),
            Kind::Get => {}
            Kind::Set => self.store(op.key),
            Kind::Del => self.delete(op.key),
        }
    }

    fn entry(&mut self, key: u32) -> &mut Entry {
        &mut self.entries[key as usize]
    }

    fn load(&mut self, key: u32) -> bool {
        let entry = *self.entry(key);
        if !entry.clean && self.amended {
            self.locks += 1;
            self.miss();
        }
        entry.live
    }

    fn store(&mut self, key: u32) {
        let entry = *self.entry(key);
        if entry.clean && !entry.expunged {
            self.entry(key).live = true;
            return;
        }
        self.locks += 1;
        if !entry.clean && !entry.dirty && !self.amended {
            self.copy_to_dirty();
        }
        if !entry.dirty {
            self.dirty.push(key);
            self.dirty_len += 1;
        }
        let entry = self.entry(key);
        (entry.dirty, entry.live, entry.expunged) = (true, true, false);
    }

    fn delete(&mut self, key: u32) {
        let entry = *self.entry(key);
        if entry.clean {
            self.entry(key).live = false;
        } else if self.amended {
            self.locks += 1;
            self.dirty_len -= usize::from(entry.dirty);
            *self.entry(key) = Entry::default();
            self.miss();
        }
    }

    fn copy_to_dirty(&mut self) {
        self.amended = true;
        for &key in &self.clean {
            let entry = &mut self.entries[key as usize];
            (entry.dirty, entry.expunged) = (entry.live, !entry.live);
            if entry.live {
                self.dirty.push(key);
            }
        }
        self.dirty_len = self.dirty.len();
    }

    fn miss(&mut self) {
        self.misses += 1;
        if self.misses < self.dirty_len {
            return;
        }
        for &key in &self.clean {
            let entry = &mut self.entries[key as usize];
            if !entry.dirty {
                *entry = Entry::default();
            }
        }
        self.clean = std::mem::take(&mut self.dirty);
        let entries = &mut self.entries;
        self.clean.retain(|&key| {
            let entry = &mut entries[key as usize];
            // A key deleted from dirty, and perhaps stored again, is listed more than once.
            let kept = std::mem::take(&mut entry.dirty);
            entry.clean |= kept;
            kept
        });
        (self.dirty_len, self.amended, self.misses) = (0, false, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locks(ops: &[(Kind, u32)]) -> u64 {
        let op = |&(kind, key)| Op {
            number: 0,
            key,
            kind,
        };
        let mut map = Map::new(10);
        ops.iter().map(op).for_each(|op| map.step(op, false));
        map.locks
    }

    #[test]
    fn a_new_key_locks_until_its_misses_promote_it() {
        let stored = [(Kind::Set, 1)];
        assert_eq!(locks(&stored), 1);
        let looked_up = [(Kind::Set, 1), (Kind::Get, 1), (Kind::Get, 1)];
        assert_eq!(locks(&looked_up), 2);
    }

    #[test]
    fn an_absent_key_locks_while_dirty_exists() {
        let ops = [
            (Kind::Set, 1),
            (Kind::Set, 2),
            (Kind::Get, 3),
            (Kind::Get, 3),
            (Kind::Get, 3),
        ];
        assert_eq!(locks(&ops), 4);
    }

    #[test]
    fn a_deleted_clean_key_is_expunged_by_the_next_copy() {
        let settle = [(Kind::Set, 1), (Kind::Get, 1)];
        let ops = [
            (Kind::Del, 1),
            (Kind::Set, 1),
            (Kind::Del, 1),
            (Kind::Set, 2),
            (Kind::Set, 1),
        ];
        // One store, one miss; then the copy for key 2, and the revival of key 1.
        assert_eq!(locks(&[&settle[..], &ops].concat()), 4);
    }
}
