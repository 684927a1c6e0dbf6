//! One fetch serves all who want the key at once, whatever becomes of it or of them.

use axum::http::StatusCode;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::origin::{Behaviour, Origin};
use crate::service::{Service, config, ms};

/// The statuses of as many requests for one key at once.
async fn all_at_once(service: &Service, requests: usize) -> Vec<StatusCode> {
    let mut clients = JoinSet::new();
    for _ in 0..requests {
        let http = service.client();
        clients.spawn(async move { http.get("/key/hot").await.unwrap().status });
    }
    clients.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cold_key_is_fetched_once() {
    let origin = Origin::start(|_, _| Behaviour::Slow(ms(200))).await;
    let service = Service::start(&config(&origin)).await;
    let statuses = all_at_once(&service, 100).await;
    assert!(statuses.iter().all(|status| *status == StatusCode::OK));
    assert_eq!(origin.total(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_failure_is_tried_again_once_and_not_by_each() {
    let origin = Origin::start(|_, _| Behaviour::ServerError).await;
    let mut config = config(&origin);
    config.error_ttl = ms(30_000);
    let service = Service::start(&config).await;
    let statuses = all_at_once(&service, 100).await;
    assert!(
        statuses
            .iter()
            .all(|status| *status == StatusCode::BAD_GATEWAY)
    );
    assert_eq!(origin.total(), 2, "the fetch and its retry");
}

#[tokio::test]
async fn a_retry_hides_a_reset() {
    let plan = |_: &str, before| [Behaviour::Reset, Behaviour::Good][usize::from(before > 0)];
    let origin = Origin::start(plan).await;
    let service = Service::start(&config(&origin)).await;
    assert_eq!(all_at_once(&service, 1).await, [StatusCode::OK]);
    assert_eq!(origin.total(), 2);
}

#[tokio::test]
async fn a_silent_origin_is_given_up() {
    let origin = Origin::start(|_, _| Behaviour::Silent).await;
    let service = Service::start(&config(&origin)).await;
    let answer = service.client().get("/key/k").await.unwrap();
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert!(answer.text().contains("in time"), "{}", answer.text());
}

#[tokio::test]
async fn a_fetch_outlives_the_client_that_caused_it() {
    let origin = Origin::start(|_, _| Behaviour::Slow(ms(200))).await;
    let service = Service::start(&config(&origin)).await;
    let first = service.client();
    let gone = timeout(ms(100), first.get("/key/k")).await;
    assert!(gone.is_err(), "it was to leave early");
    drop(first); // closes its connection
    while origin.total() == 0 {
        sleep(ms(5)).await;
    }
    let answer = service.client().get("/key/k").await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(origin.total(), 1);
}
