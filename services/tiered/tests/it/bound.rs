//! Nobody reads anything older than the bound: readers of several caches, a writer in another process, and
//! a network and a Redis that fail meanwhile.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tiered_cache::{Config, TieredCache};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::peer::Peer;
use crate::proxy::{Proxy, Weather};
use crate::server::Server;
use crate::{ms, trusted, until};

/// When each write was known to be acknowledged, in the order of what was written: 0, 1, 2 and so on.
#[derive(Debug, Default)]
struct Written(Mutex<Vec<(Instant, u64)>>);

impl Written {
    fn push(&self, number: u64) {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.push((Instant::now(), number));
    }

    /// The newest number that was acknowledged before `time`.
    fn before(&self, time: Instant) -> Option<u64> {
        let written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = written.partition_point(|(at, _)| *at < time);
        Some(written[count.checked_sub(1)?].1)
    }
}

/// Reads until it is aborted or finds a value that is too old; returns the number of reads.
async fn read(
    cache: Arc<TieredCache>,
    written: Arc<Written>,
    bound: Duration,
    time: Duration,
) -> u64 {
    let (start, mut reads) = (Instant::now(), 0);
    while start.elapsed() < time {
        let begin = Instant::now();
        // An error is an honest answer.
        if let Ok(value) = cache.get("k").await {
            let oldest = begin
                .checked_sub(bound)
                .and_then(|time| written.before(time));
            let number: Option<u64> =
                value.map(|value| std::str::from_utf8(&value).unwrap().parse().unwrap());
            assert!(
                number >= oldest,
                "{number:?} read, {oldest:?} acknowledged long before; {:?}",
                cache.figures()
            );
            reads += 1;
        }
        // Hits never wait, and the writer needs a processor too.
        tokio::task::yield_now().await;
    }
    reads
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_value_is_older_than_the_bound_whatever_fails() {
    const TIME: Duration = Duration::from_secs(8);
    let Some(mut server) = Server::start().await else {
        return;
    };
    let proxy = Proxy::start(server.port).await;
    let direct = Config::new(server.url());
    let bound = direct.max_staleness;
    let proxied = Config {
        link: Some(proxy.url()),
        ..direct.clone()
    };
    let caches = [trusted(direct).await, trusted(proxied).await].map(Arc::new);
    let written = Arc::new(Written::default());

    let mut readers = JoinSet::new();
    for cache in &caches {
        for _ in 0..3 {
            readers.spawn(read(Arc::clone(cache), Arc::clone(&written), bound, TIME));
        }
    }
    let mut peer = Peer::start(&server.url());
    let log = Arc::clone(&written);
    let writer = tokio::spawn(async move {
        let (start, mut number, mut acknowledged) = (Instant::now(), 0, 0);
        while start.elapsed() < TIME {
            if peer.ask(&format!("set k {number}")).await == "ok" {
                log.push(number);
                acknowledged += 1;
            }
            // Whether an unacknowledged write took place is not known: its number is not used again.
            number += 1;
            sleep(ms(2)).await;
        }
        acknowledged
    });

    sleep(ms(500)).await;
    for weather in [Weather::Frozen, Weather::Cut, Weather::Frozen] {
        proxy.set(weather);
        sleep(ms(700)).await;
        proxy.set(Weather::Fair);
        sleep(ms(500)).await;
    }
    server.kill().await;
    sleep(ms(300)).await;
    server.restart().await;

    let acknowledged = writer.await.unwrap();
    let reads: u64 = readers.join_all().await.iter().sum();
    let figures = caches.each_ref().map(|cache| cache.figures());
    println!("{acknowledged} writes, {reads} reads, {figures:?}");
    assert!(acknowledged > 100);
    for (cache, figures) in caches.iter().zip(figures) {
        assert!(figures.hits > 0 && figures.invalidations > 0);
        assert!(figures.links >= 2, "the restart broke the link");
        // And it is as good as new.
        let last = written.before(Instant::now());
        sleep(bound).await;
        until(cache, |now| now.leased).await;
        let value = cache.get("k").await.unwrap().unwrap();
        assert!(Some(std::str::from_utf8(&value).unwrap().parse().unwrap()) >= last);
    }
    assert!(figures[1].bypasses > 0, "a frozen link was not trusted");
    assert!(figures[1].links > figures[0].links);
}
