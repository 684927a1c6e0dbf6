//! What happens when the link or Redis is gone, one thing at a time.

use tiered_cache::Config;
use tokio::time::{Instant, sleep, timeout};

use crate::peer::Peer;
use crate::proxy::{Proxy, Weather};
use crate::server::Server;
use crate::{LONG, ms, text, trusted, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_link_reads_go_to_redis() {
    let Some(server) = Server::start().await else {
        return;
    };
    let proxy = Proxy::start(server.port).await;
    let config = Config {
        link: Some(proxy.url()),
        ..Config::new(server.url())
    };
    let cache = trusted(config).await;
    let mut peer = Peer::start(&server.url());
    assert_eq!(peer.ask("set k old").await, "ok");
    assert_eq!(text(&cache, "k").await.as_deref(), Some("old"));
    assert!(cache.figures().entries > 0);

    proxy.set(Weather::Cut);
    until(&cache, |now| !now.leased).await;
    assert_eq!(peer.ask("set k new").await, "ok");
    let before = cache.figures();
    for _ in 0..10 {
        assert_eq!(text(&cache, "k").await.as_deref(), Some("new"));
    }
    let now = cache.figures();
    assert_eq!(
        (now.bypasses, now.hits),
        (before.bypasses + 10, before.hits)
    );

    // A new link starts with an empty L1: nobody has told it of what changed meanwhile.
    proxy.set(Weather::Fair);
    until(&cache, |now| now.leased).await;
    assert_eq!(cache.figures().entries, 0);
    let before = cache.figures();
    for _ in 0..10 {
        assert_eq!(text(&cache, "k").await.as_deref(), Some("new"));
    }
    let now = cache.figures();
    assert_eq!((now.misses, now.hits), (before.misses + 1, before.hits + 9));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_link_that_is_silent_is_trusted_for_the_bound_only() {
    let Some(server) = Server::start().await else {
        return;
    };
    let proxy = Proxy::start(server.port).await;
    let config = Config {
        link: Some(proxy.url()),
        // So that the lease ends before anybody notices that the link is down.
        timeout: LONG,
        ..Config::new(server.url())
    };
    let bound = config.max_staleness;
    let cache = trusted(config).await;
    let mut peer = Peer::start(&server.url());
    assert_eq!(peer.ask("set k old").await, "ok");
    assert_eq!(text(&cache, "k").await.as_deref(), Some("old"));

    proxy.set(Weather::Frozen);
    assert_eq!(peer.ask("set k new").await, "ok");
    let acknowledged = Instant::now();
    let mut stale = 0;
    while text(&cache, "k").await.as_deref() == Some("old") {
        stale += 1;
        sleep(ms(5)).await;
    }
    // When the last lookup that found the old value began is not known, but it was before this.
    assert!(stale > 0, "the old value was in L1");
    sleep((acknowledged + bound).saturating_duration_since(Instant::now())).await;
    assert_eq!(text(&cache, "k").await.as_deref(), Some("new"));
    assert_eq!(cache.figures().links, 1, "it is still the same link");

    // It thaws, and brings what it owes: then it is as good as before.
    proxy.set(Weather::Fair);
    until(&cache, |now| now.leased).await;
    assert_eq!(text(&cache, "k").await.as_deref(), Some("new"));
    assert_eq!(cache.figures().links, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn redis_is_killed_and_comes_back() {
    let Some(mut server) = Server::start().await else {
        return;
    };
    let cache = trusted(Config::new(server.url())).await;
    cache.set("k", b"before").await.unwrap();
    assert_eq!(text(&cache, "k").await.as_deref(), Some("before"));

    server.kill().await;
    until(&cache, |now| !now.leased).await;
    assert!(cache.get("k").await.is_err(), "nobody knows");
    assert!(cache.set("k", b"lost").await.is_err());

    server.restart().await;
    let mut peer = Peer::start(&server.url());
    assert_eq!(peer.ask("get k").await, "= before");
    assert_eq!(peer.ask("set k after").await, "ok");
    until(&cache, |now| now.leased).await;
    let found = timeout(LONG, async {
        loop {
            // The connection for data comes back when it is asked to.
            match cache.get("k").await {
                Ok(value) => break value,
                Err(_) => sleep(ms(10)).await,
            }
        }
    });
    let found = found.await.unwrap().unwrap();
    assert_eq!(&*found, b"after");
    assert_eq!(cache.figures().links, 2);
}
