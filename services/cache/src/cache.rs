//! The map: look up, fill in a single flight, expire.

use std::sync::Arc;
use std::time::{Duration, Instant};

use splitmap::{Stats, SyncMap};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::Config;
use crate::metrics::Metrics;
use crate::origin::{Origin, Page, Trouble};

/// What is kept for a key.
#[derive(Debug)]
pub struct Kept {
    /// The origin's page, or why there is none.
    pub result: Result<Page, Trouble>,
    expires: Instant,
}

impl Kept {
    fn is_fresh(&self) -> bool {
        Instant::now() < self.expires
    }
}

/// An answer of the cache.
#[derive(Debug)]
pub enum Answer {
    /// It was there.
    Hit(Arc<Kept>),
    /// It was fetched, by this call or by one that this call waited for.
    Filled(Arc<Kept>),
    /// It was not there, and too much is being fetched already.
    Shed,
}

#[derive(Debug)]
struct TooMany;

/// A read-through cache of an origin.
#[derive(Debug)]
pub struct Cache {
    map: SyncMap<String, Arc<Kept>>,
    origin: Origin,
    fills: Semaphore,
    tasks: TaskTracker,
    /// What happened so far.
    pub metrics: Metrics,
    ttl: Duration,
    error_ttl: Duration,
    max_fills: usize,
    max_entries: usize,
}

impl Cache {
    /// An empty cache.
    pub fn new(config: &Config) -> Arc<Self> {
        Arc::new(Self {
            map: SyncMap::new(),
            origin: Origin::new(config),
            fills: Semaphore::new(config.max_fills),
            tasks: TaskTracker::new(),
            metrics: Metrics::default(),
            ttl: config.ttl,
            error_ttl: config.error_ttl,
            max_fills: config.max_fills,
            max_entries: config.max_entries,
        })
    }

    /// The answer for `key`.
    ///
    /// # Panics
    ///
    /// If a fill does.
    pub async fn get(self: &Arc<Self>, key: &str) -> Answer {
        if let Some(kept) = self.fresh(key) {
            self.metrics.hits.add();
            return Answer::Hit(kept);
        }
        self.metrics.misses.add();
        // In a task of its own: a client that goes away takes its request with it, and with the request would
        // go a fetch that others wait for.
        let (cache, key) = (Arc::clone(self), key.to_owned());
        let fill = self.tasks.spawn(async move { cache.fill(&key).await });
        match fill.await.expect("a fill does not panic") {
            Ok(kept) => Answer::Filled(kept),
            Err(TooMany) => {
                self.metrics.shed.add();
                Answer::Shed
            }
        }
    }

    /// In a function of its own, so that no reference into the map is held across an `await`.
    fn fresh(&self, key: &str) -> Option<Arc<Kept>> {
        let entry = self.map.get(key).filter(|entry| entry.is_fresh())?;
        Some(Arc::clone(&entry))
    }

    async fn fill(&self, key: &str) -> Result<Arc<Kept>, TooMany> {
        loop {
            // Decided on the entry that is removed: one that was filled meanwhile stays.
            self.map.remove_if(key, |_key, kept| !kept.is_fresh());
            let kept = self
                .map
                .get_or_try_init_async(key.to_owned(), || self.fetch(key))
                .await?;
            // It may have expired while this task waited for a processor.
            if kept.is_fresh() {
                return Ok(kept);
            }
        }
    }

    async fn fetch(&self, key: &str) -> Result<Arc<Kept>, TooMany> {
        let _permit = self.fills.try_acquire().map_err(|_full| TooMany)?;
        Ok(Arc::new(
            match self.origin.fetch(key, &self.metrics).await {
                Ok((sent, page)) => {
                    self.metrics.fills.add();
                    Kept {
                        result: Ok(page),
                        expires: sent + self.ttl,
                    }
                }
                Err(trouble) => {
                    self.metrics.errors.add();
                    Kept {
                        result: Err(trouble),
                        expires: Instant::now() + self.error_ttl,
                    }
                }
            },
        ))
    }

    /// Removes what has expired, and what is too much.
    ///
    /// Only memory depends on it: no lookup returns an expired entry.
    pub fn sweep(&self) {
        let before = self.map.len();
        self.map.retain(|_key, kept| kept.is_fresh());
        if let Some(excess) = self.map.len().checked_sub(self.max_entries + 1) {
            let mut all: Vec<Instant> = self.map.iter().map(|entry| entry.expires).collect();
            if excess < all.len() {
                let (_, last, _) = all.select_nth_unstable(excess);
                let last = *last;
                self.map.retain(|_key, kept| kept.expires > last);
            }
        }
        let swept = before.saturating_sub(self.map.len());
        self.metrics.swept.add_many(swept as u64);
    }

    /// Keys that are kept, expired ones that were not swept yet included.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Fetches under way.
    pub fn filling(&self) -> usize {
        self.max_fills - self.fills.available_permits()
    }

    /// The map's own figures.
    pub fn split(&self) -> Stats {
        self.map.stats()
    }

    /// Waits for the fetches that nobody waits for any more. No new ones may begin meanwhile.
    pub async fn drain(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}
