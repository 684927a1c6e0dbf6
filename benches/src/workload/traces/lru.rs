//! Which key a bounded cache lets go.

use std::collections::VecDeque;

/// Keys by last use.
///
/// Every use is queued; a key's older places in the queue are recognised, and dropped, when they come to
/// its front.
#[derive(Debug)]
pub(super) struct Lru {
    bound: usize,
    len: usize,
    clock: u32,
    /// When each key was used last; 0 if it is not held.
    last_use: Vec<u32>,
    uses: VecDeque<(u32, u32)>,
}

impl Lru {
    /// Holds `bound` keys, of those below `keys`.
    pub(super) fn new(bound: usize, keys: usize) -> Self {
        Lru {
            bound,
            len: 0,
            clock: 0,
            last_use: vec![0; keys],
            uses: VecDeque::new(),
        }
    }

    /// Notes that `key` is used; returns the key that has to go for it, if one has.
    pub(super) fn touch(&mut self, key: u32) -> Option<u32> {
        self.clock += 1;
        self.len += usize::from(self.last_use[key as usize] == 0);
        self.last_use[key as usize] = self.clock;
        self.uses.push_back((key, self.clock));
        (self.len > self.bound).then(|| self.evict())
    }

    fn evict(&mut self) -> u32 {
        loop {
            let used = self.uses.pop_front();
            let (key, at) = used.expect("PANIC: the last use of every key held is queued");
            if self.last_use[key as usize] == at {
                self.last_use[key as usize] = 0;
                self.len -= 1;
                return key;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lru;

    #[test]
    fn the_key_unused_for_longest_goes() {
        let mut lru = Lru::new(2, 10);
        let evicted = [1, 2, 1, 3, 1, 2].map(|key| lru.touch(key));
        assert_eq!(evicted, [None, None, None, Some(2), None, Some(3)]);
    }
}
