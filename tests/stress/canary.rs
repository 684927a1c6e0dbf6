//! Values that notice when they are read after their end, and a place that counts them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use splitmap::SyncMap;

use crate::support::Hash;

/// Knows from outside of the map's memory which canaries are alive.
pub(crate) struct Aviary {
    /// By place, the number of the canary that lives there; or zero.
    places: Vec<AtomicU64>,
    made: AtomicU64,
    pub(crate) live: AtomicUsize,
    pub(crate) dropped_twice: AtomicUsize,
}

impl Aviary {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            places: (0..1 << 20).map(|_| AtomicU64::new(0)).collect(),
            made: AtomicU64::new(0),
            live: AtomicUsize::new(0),
            dropped_twice: AtomicUsize::new(0),
        })
    }

    pub(crate) fn place(&self, number: u64) -> &AtomicU64 {
        &self.places[usize::try_from(number).expect("64 bits") % self.places.len()]
    }

    /// A new canary, with a number never used before.
    pub(crate) fn canary(self: &Arc<Self>) -> Canary {
        let free = |number: &u64| {
            let place = self.place(*number);
            place
                .compare_exchange(0, *number, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        };
        let number = std::iter::repeat_with(|| 1 + self.made.fetch_add(1, Ordering::Relaxed))
            .take(self.places.len())
            .find(free)
            .expect("a million live");
        self.live.fetch_add(1, Ordering::Relaxed);
        Canary {
            number: AtomicU64::new(number),
            check: AtomicU64::new(Canary::check_of(number)),
            aviary: Arc::clone(self),
        }
    }

    pub(crate) fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }

    #[track_caller]
    pub(crate) fn assert_settled(&self) {
        assert_ne!(self.made.load(Ordering::SeqCst), 0);
        assert_eq!(
            self.dropped_twice.load(Ordering::SeqCst),
            0,
            "dropped twice"
        );
        assert_eq!(self.live.load(Ordering::SeqCst), 0, "leaked");
    }
}

/// A value that knows its number twice over, and poisons it when it goes.
pub(crate) struct Canary {
    pub(crate) number: AtomicU64,
    check: AtomicU64,
    aviary: Arc<Aviary>,
}

impl Canary {
    pub(crate) fn check_of(number: u64) -> u64 {
        number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bf0_3635
    }

    /// Whether it lives.
    pub(crate) fn is_alive(&self) -> bool {
        let number = self.number.load(Ordering::Relaxed);
        self.check.load(Ordering::Relaxed) == Self::check_of(number)
            && self.aviary.place(number).load(Ordering::Relaxed) == number
    }

    /// Tells its number, if it lives.
    #[track_caller]
    pub(crate) fn sing(&self) -> u64 {
        let number = self.number.load(Ordering::Relaxed);
        let check = self.check.load(Ordering::Relaxed);
        assert_eq!(check, Self::check_of(number), "the value was freed");
        let place = self.aviary.place(number).load(Ordering::Relaxed);
        assert_eq!(place, number, "the value was dropped");
        number
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        let number = self.number.swap(0, Ordering::SeqCst);
        self.check.store(0xdead, Ordering::SeqCst);
        let place = self.aviary.place(number);
        let left = place.compare_exchange(number, 0, Ordering::SeqCst, Ordering::SeqCst);
        if number != 0 && left.is_ok() {
            self.aviary.live.fetch_sub(1, Ordering::Relaxed);
        } else {
            self.aviary.dropped_twice.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Looks a canary up and listens to it.
#[track_caller]
pub(crate) fn listen(map: &SyncMap<u64, Canary, Hash>, key: u64) {
    if let Some(canary) = map.get(&key) {
        canary.sing();
    }
}

/// Overwrites and removes until `count` canaries were made, and returns the most that lived at once.
pub(crate) fn churn(map: &SyncMap<u64, Canary, Hash>, aviary: &Arc<Aviary>, count: usize) -> usize {
    let mut most = 0;
    for n in 0..count {
        let key = n as u64 % 16;
        drop(map.insert(key, aviary.canary()));
        if n % 7 == 0 {
            drop(map.remove(&key));
        }
        if n % 64 == 0 {
            most = most.max(aviary.live());
        }
    }
    most
}
