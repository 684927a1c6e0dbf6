//! Processes over a real Redis, which is killed, and links to it, which are frozen and cut.
//!
//! Each test starts a `redis-server` of its own on loopback, and checks nothing where there is none.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails has failed the test"
)]

mod bound;
mod coherence;
mod failures;
mod peer;
mod proxy;
mod server;

use std::time::Duration;

use tiered_cache::{Config, Figures, TieredCache};
use tokio::time::{sleep, timeout};

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Longer than any test takes to see what it waits for, on a busy machine too.
const LONG: Duration = Duration::from_secs(20);

/// A cache whose figures satisfy `condition` soon.
async fn until(cache: &TieredCache, condition: impl Fn(Figures) -> bool) {
    let seen = timeout(LONG, async {
        while !condition(cache.figures()) {
            sleep(ms(1)).await;
        }
    });
    assert!(seen.await.is_ok(), "{:?}", cache.figures());
}

async fn trusted(config: Config) -> TieredCache {
    let cache = TieredCache::new(config).unwrap();
    until(&cache, |figures| figures.leased).await;
    cache
}

async fn text(cache: &TieredCache, key: &str) -> Option<String> {
    let value = cache.get(key).await.unwrap()?;
    Some(String::from_utf8(value.to_vec()).unwrap())
}
