//! Caches of several processes agree while everything works.

use tiered_cache::Config;
use tokio::task::JoinSet;

use crate::peer::Peer;
use crate::server::Server;
use crate::{text, trusted, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn once_an_invalidation_is_handled_the_new_value_is_found() {
    let Some(server) = Server::start().await else {
        return;
    };
    let cache = trusted(Config::new(server.url())).await;
    let mut peer = Peer::start(&server.url());
    assert_eq!(peer.ask("set k 0").await, "ok");
    for round in 1..=200 {
        assert_eq!(text(&cache, "k").await, Some((round - 1).to_string()));
        let before = cache.figures();
        assert_eq!(peer.ask(&format!("set k {round}")).await, "ok");
        until(&cache, |now| now.invalidations > before.invalidations).await;
        assert_eq!(text(&cache, "k").await, Some(round.to_string()));
        assert_eq!(text(&cache, "k").await, Some(round.to_string()));
    }
    let figures = cache.figures();
    assert!(figures.hits >= 200, "every second lookup: {figures:?}");
    assert_eq!(figures.links, 1);
}

#[tokio::test]
async fn a_process_sees_its_own_writes_at_once() {
    let Some(server) = Server::start().await else {
        return;
    };
    let cache = trusted(Config::new(server.url())).await;
    for round in 0..200 {
        cache.set("k", round.to_string().as_bytes()).await.unwrap();
        assert_eq!(text(&cache, "k").await, Some(round.to_string()));
    }
    cache.remove("k").await.unwrap();
    assert_eq!(text(&cache, "k").await, None);
}

#[tokio::test]
async fn what_is_known_is_not_asked_again() {
    let Some(server) = Server::start().await else {
        return;
    };
    let cache = trusted(Config::new(server.url())).await;
    cache.set("k", b"v").await.unwrap();
    // A key without a value is known too, and learns of its first value.
    for _ in 0..50 {
        assert_eq!(text(&cache, "k").await.as_deref(), Some("v"));
        assert_eq!(text(&cache, "absent").await, None);
    }
    let before = cache.figures();
    assert!(before.hits >= 90, "{before:?}");
    let mut peer = Peer::start(&server.url());
    assert_eq!(peer.ask("set absent v").await, "ok");
    until(&cache, |now| now.invalidations > before.invalidations).await;
    assert_eq!(text(&cache, "absent").await.as_deref(), Some("v"));
}

#[tokio::test]
async fn a_flush_of_redis_flushes_every_cache() {
    let Some(server) = Server::start().await else {
        return;
    };
    let cache = trusted(Config::new(server.url())).await;
    cache.set("k", b"v").await.unwrap();
    assert_eq!(text(&cache, "k").await.as_deref(), Some("v"));
    let before = cache.figures();
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("FLUSHALL")
        .exec_async(&mut connection)
        .await
        .unwrap();
    until(&cache, |now| now.invalidations > before.invalidations).await;
    assert_eq!(text(&cache, "k").await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_small_cache_stays_small() {
    let Some(server) = Server::start().await else {
        return;
    };
    let mut config = Config::new(server.url());
    config.max_entries = 20;
    let cache = std::sync::Arc::new(trusted(config).await);
    let mut readers = JoinSet::new();
    for reader in 0..4 {
        let cache = std::sync::Arc::clone(&cache);
        readers.spawn(async move {
            for key in 0..100 {
                assert_eq!(text(&cache, &format!("{reader}/{key}")).await, None);
            }
        });
    }
    readers.join_all().await;
    until(&cache, |now| now.entries <= 20).await;
}
