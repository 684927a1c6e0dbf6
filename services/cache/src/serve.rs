//! Routes, the sweep, and the shutdown.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::Config;
use crate::cache::{Answer, Cache, Kept};
use crate::metrics::Report;

/// Longer keys are refused.
const MAX_KEY: usize = 1024;

/// Whether an answer was a hit, for whoever debugs.
const CACHE_STATUS: HeaderName = HeaderName::from_static("x-cache");

/// Serves `cache` on `listener` until `stop` is cancelled and what was begun is done.
///
/// # Errors
///
/// `TimedOut` if what was begun is not done after [`Config::drain`].
pub async fn serve(
    config: &Config,
    cache: Arc<Cache>,
    listener: TcpListener,
    stop: CancellationToken,
) -> io::Result<()> {
    let sweeping = tokio::spawn(sweep(config.clone(), Arc::clone(&cache)));
    let serving = axum::serve(listener, routes(Arc::clone(&cache)))
        .with_graceful_shutdown(stop.clone().cancelled_owned())
        .into_future();
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        result = &mut serving => result?,
        () = stop.cancelled() => {
            let draining = async {
                serving.await?;
                cache.drain().await;
                Ok(())
            };
            timeout(config.drain, draining).await.unwrap_or_else(|_elapsed| {
                Err(io::Error::new(io::ErrorKind::TimedOut, "requests were cut off"))
            })?;
        }
    }
    sweeping.abort();
    Ok(())
}

async fn sweep(config: Config, cache: Arc<Cache>) {
    let mut ticks = interval(config.sweep_every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        cache.sweep();
    }
}

fn routes(cache: Arc<Cache>) -> Router {
    Router::new()
        .route("/", get(async || Html(include_str!("page.html"))))
        .route("/key/{key}", get(key))
        .route("/stats", get(stats))
        .route("/metrics", get(metrics))
        .with_state(cache)
}

async fn key(State(cache): State<Arc<Cache>>, request: Request) -> Response {
    let begin = Instant::now();
    // As it came, percent-encoded: two keys that differ only when encoded would ask the origin for one page.
    let path = request.uri().path();
    let response = match path.strip_prefix("/key/") {
        Some(key) if key.len() <= MAX_KEY => answer(cache.get(key).await),
        _ => StatusCode::URI_TOO_LONG.into_response(),
    };
    cache.metrics.latencies.record(begin.elapsed());
    response
}

fn answer(answer: Answer) -> Response {
    match answer {
        Answer::Hit(kept) => page(&kept, "hit"),
        Answer::Filled(kept) => page(&kept, "miss"),
        Answer::Shed => (
            StatusCode::SERVICE_UNAVAILABLE,
            [(RETRY_AFTER, "1")],
            "too much is being fetched\n",
        )
            .into_response(),
    }
}

fn page(kept: &Kept, how: &'static str) -> Response {
    let mut response = match &kept.result {
        Ok(page) => {
            let mut response = (page.status, page.body.clone()).into_response();
            if let Some(content_type) = &page.content_type {
                response
                    .headers_mut()
                    .insert(CONTENT_TYPE, content_type.clone());
            }
            response
        }
        Err(trouble) => (StatusCode::BAD_GATEWAY, format!("{trouble}\n")).into_response(),
    };
    response
        .headers_mut()
        .insert(CACHE_STATUS, HeaderValue::from_static(how));
    response
}

async fn stats(State(cache): State<Arc<Cache>>) -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store")], Json(Report::new(&cache)))
}

async fn metrics(State(cache): State<Arc<Cache>>) -> impl IntoResponse {
    let text = Report::new(&cache).prometheus();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}
