//! A cache of results that are dear to compute: each is computed once, however many threads want it at once.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use splitmap::SyncMap;

/// How many steps the Collatz sequence takes from `start` to 1, by way of the steps of what comes next.
fn steps(cache: &SyncMap<u64, u32>, computed: &AtomicUsize, start: u64) -> u32 {
    if start == 1 {
        return 0;
    }
    // Others who want `start` wait for this call. They cannot wait for each other in a ring, as no number
    // comes twice in a sequence that ends.
    *cache.get_or_init(start, || {
        computed.fetch_add(1, Relaxed);
        let next = if start % 2 == 0 {
            start / 2
        } else {
            3 * start + 1
        };
        1 + steps(cache, computed, next)
    })
}

fn main() {
    const LAST: u64 = 3_000;
    let (cache, computed) = (SyncMap::new(), AtomicUsize::new(0));

    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for start in 1..=LAST {
                    steps(&cache, &computed, start);
                }
            });
        }
    });

    let longest = cache.iter().max_by_key(|entry| **entry);
    let longest = longest.expect("there are many");
    println!(
        "of the Collatz sequences that start below {LAST}, the longest starts at {} and takes {} steps to 1",
        longest.key(),
        longest.value()
    );
    assert_eq!(cache.get(&2_919).as_deref(), Some(&216));
    assert_eq!(computed.into_inner(), cache.len(), "computed once each");
}
