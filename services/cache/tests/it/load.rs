//! Clients as fast as they can be, for some seconds, while the origin fails in every way it can.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::origin::{self, Behaviour, Origin};
use crate::service::{Http, Service, config, ms};

const CLIENTS: u64 = 32;
const KEYS: u64 = 40;
const TIME: Duration = Duration::from_secs(3);

#[derive(Debug, Default)]
struct Seen {
    pages: u64,
    failures: u64,
    oldest: Duration,
}

/// A quarter of the requests are served badly, in an order that does not repeat itself.
fn misbehave(_key: &str, before: u64) -> Behaviour {
    match before.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 59 {
        0 | 1 => Behaviour::ServerError,
        2 | 3 => Behaviour::Reset,
        4 | 5 => Behaviour::Truncated,
        6 => Behaviour::Silent,
        7..12 => Behaviour::Slow(ms(40)),
        _ => Behaviour::Good,
    }
}

async fn client(http: Http, seed: u64, ttl: Duration) -> Seen {
    let (begin, mut seen, mut random) = (Instant::now(), Seen::default(), seed);
    while begin.elapsed() < TIME {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        // Low numbers more often than high ones.
        let key = ((random >> 40) % KEYS).min((random >> 20) % KEYS);
        let asked = Instant::now();
        let answer = http
            .get(&format!("/key/k{key}"))
            .await
            .expect("no answer is lost");
        match answer.status {
            StatusCode::OK => {
                let (of, made) = origin::read(answer.text());
                assert_eq!(of, format!("k{key}"));
                let age = asked.saturating_duration_since(made);
                assert!(age < ttl, "{of} was {age:?} old when it was asked for");
                seen.oldest = seen.oldest.max(age);
                seen.pages += 1;
            }
            StatusCode::BAD_GATEWAY => seen.failures += 1,
            other => panic!("{other}: {}", answer.text()),
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_load_nothing_is_lost_or_stale_and_the_origin_is_spared() {
    let origin = Origin::start(misbehave).await;
    let config = config(&origin);
    let service = Service::start(&config).await;

    let begin = Instant::now();
    let mut clients = JoinSet::new();
    for seed in 0..CLIENTS {
        clients.spawn(client(service.client(), seed, config.ttl));
    }
    let seen = clients.join_all().await;
    let took = begin.elapsed();

    let pages: u64 = seen.iter().map(|seen| seen.pages).sum();
    let failures: u64 = seen.iter().map(|seen| seen.failures).sum();
    let oldest = seen.iter().map(|seen| seen.oldest).max().unwrap();
    let stats = service.stats().await;
    let figure = |name: &str| stats[name].as_u64().unwrap();
    println!(
        "{pages} pages, {failures} failures, {} requests to the origin, oldest page {oldest:?}; {stats}",
        origin.total()
    );

    // Every request was counted once, and answered as it was counted.
    assert_eq!(figure("hits") + figure("misses"), pages + failures);
    assert_eq!(figure("shed"), 0);
    assert!(figure("hits") > figure("misses"), "the cache caches");
    assert!(figure("errors") > 0, "faults came through the retries");
    assert!(figure("origin_requests") >= origin.total());
    assert!(figure("fills") + figure("errors") <= origin.total());

    // What was fetched is asked for again a TTL later at the earliest, and by one at a time.
    let periods = took.as_nanos().div_ceil(config.ttl.as_nanos()) as u64;
    for (key, asked) in origin.asked() {
        assert!(
            asked.good <= periods,
            "{key}: {asked:?} in {periods} periods"
        );
        assert_eq!(asked.most_at_once, 1, "{key}: {asked:?}");
    }

    // Nobody asks any more: the sweep removes the rest.
    sleep(config.ttl).await;
    while service.stats().await["entries"] != 0 {
        sleep(ms(20)).await;
    }
}
