//! `/metrics` is what Prometheus reads, and agrees with what happened.

use std::collections::HashMap;

use crate::origin::{Behaviour, Origin};
use crate::service::{Service, config};

#[tokio::test]
async fn metrics_count_what_happened() {
    let fails = |key: &str, _| {
        if key == "bad" {
            Behaviour::ServerError
        } else {
            Behaviour::Good
        }
    };
    let origin = Origin::start(fails).await;
    let service = Service::start(&config(&origin)).await;
    let http = service.client();
    for path in ["/key/a", "/key/a", "/key/a", "/key/b", "/key/bad"] {
        http.get(path).await.unwrap();
    }

    let answer = http.get("/metrics").await.unwrap();
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4");
    let (mut values, mut typed) = (HashMap::new(), Vec::new());
    for line in answer.text().lines() {
        if let Some(described) = line.strip_prefix("# TYPE ") {
            typed.push(described.split(' ').next().unwrap());
        } else if !line.starts_with('#') {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(
                values.insert(name, value.parse::<f64>().unwrap()).is_none(),
                "{name} twice"
            );
            assert!(
                typed.iter().any(|typed| name.starts_with(typed)),
                "{name} has no type"
            );
        }
    }
    for (name, expected) in [
        ("cache_hits_total", 2.0),
        ("cache_misses_total", 3.0),
        ("cache_fills_total", 2.0),
        ("cache_errors_total", 1.0),
        ("cache_shed_total", 0.0),
        ("cache_origin_requests_total", 4.0),
        ("cache_filling", 0.0),
        ("cache_request_seconds_count", 5.0),
        ("cache_request_seconds_bucket{le=\"+Inf\"}", 5.0),
    ] {
        assert_eq!(values[name], expected, "{name}");
    }
    for name in [
        "splitmap_read_len",
        "splitmap_promotions_total",
        "splitmap_locked_ops_total",
    ] {
        assert!(values.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn keys_are_passed_on_as_they_came() {
    let origin = Origin::start(|_, _| Behaviour::Good).await;
    let service = Service::start(&config(&origin)).await;
    let http = service.client();
    let answer = http.get("/key/a%2Fb%20c").await.unwrap();
    assert!(answer.text().starts_with("a%2Fb%20c@"), "{}", answer.text());
    let long = http
        .get(&format!("/key/{}", "k".repeat(2_000)))
        .await
        .unwrap();
    assert_eq!(long.status, 414);
    assert_eq!(origin.total(), 1);
}
