//! A slow origin costs those who wait for it, and nobody else.

use axum::http::StatusCode;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::origin::{Behaviour, Origin};
use crate::service::{Service, config, ms};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fetches_beyond_the_limit_are_refused_and_hits_are_served() {
    const LIMIT: usize = 4;
    let slow = |key: &str, _| {
        if key.starts_with("slow") {
            Behaviour::Slow(ms(2_000))
        } else {
            Behaviour::Good
        }
    };
    let origin = Origin::start(slow).await;
    let mut config = config(&origin);
    (config.max_fills, config.ttl, config.fill_timeout) = (LIMIT, ms(60_000), ms(30_000));
    let service = Service::start(&config).await;
    let http = service.client();
    assert_eq!(http.get("/key/known").await.unwrap().status, StatusCode::OK);

    let mut waiting = JoinSet::new();
    for key in 0..LIMIT {
        let http = service.client();
        waiting.spawn(async move { http.get(&format!("/key/slow{key}")).await.unwrap().status });
    }
    while service.stats().await["filling"] != LIMIT {
        sleep(ms(5)).await;
    }

    let refused = http.get("/key/another").await.unwrap();
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(http.get("/key/known").await.unwrap().status, StatusCode::OK);
    assert_eq!(service.stats().await["shed"], 1);

    // Whoever got in is served, and then there is room again.
    let statuses = waiting.join_all().await;
    assert!(statuses.iter().all(|status| *status == StatusCode::OK));
    assert_eq!(
        http.get("/key/another").await.unwrap().status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn the_sweep_keeps_to_the_limit_of_entries() {
    let origin = Origin::start(|_, _| Behaviour::Good).await;
    let mut config = config(&origin);
    (config.max_entries, config.ttl) = (10, ms(60_000));
    let service = Service::start(&config).await;
    let http = service.client();
    for key in 0..30 {
        assert_eq!(
            http.get(&format!("/key/k{key}")).await.unwrap().status,
            StatusCode::OK
        );
    }
    while service.stats().await["entries"].as_u64().unwrap() > 10 {
        sleep(ms(5)).await;
    }
    // Those that would expire last have stayed.
    let newest = http.get("/key/k29").await.unwrap();
    assert_eq!(newest.headers["x-cache"], "hit");
}
