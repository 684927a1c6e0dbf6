//! Counters and latencies, for Prometheus and for the page.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde::Serialize;

use crate::cache::Cache;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn add(&self) {
        self.add_many(1);
    }

    /// `count` more.
    pub fn add_many(&self, count: u64) {
        // ORDERING: Relaxed, a figure that nothing else depends on.
        self.0.fetch_add(count, Relaxed);
    }

    /// The number.
    pub fn get(&self) -> u64 {
        // ORDERING: as above.
        self.0.load(Relaxed)
    }
}

/// Classes of latency: the first is below 16 µs, each next one twice as wide, the last one open.
const CLASSES: usize = 20;
const FIRST_CLASS_US: u64 = 16;

/// How long requests took.
#[derive(Debug, Default)]
pub struct Latencies {
    classes: [Counter; CLASSES],
    sum_us: Counter,
}

impl Latencies {
    /// Counts one request.
    pub fn record(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let class = (u64::BITS - (us / FIRST_CLASS_US).leading_zeros()) as usize;
        self.classes[class.min(CLASSES - 1)].add();
        self.sum_us.add_many(us);
    }

    fn counts(&self) -> [u64; CLASSES] {
        std::array::from_fn(|class| self.classes[class].get())
    }
}

/// What has happened since the start.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Requests that found a fresh entry.
    pub hits: Counter,
    /// Requests that found none.
    pub misses: Counter,
    /// Misses that were refused.
    pub shed: Counter,
    /// Fetches that brought a page.
    pub fills: Counter,
    /// Fetches that did not.
    pub errors: Counter,
    /// Requests to the origin: one a fetch, and its retries.
    pub origin_requests: Counter,
    /// Entries that the sweep removed.
    pub swept: Counter,
    /// How long requests for keys took.
    pub latencies: Latencies,
}

/// Everything at one moment, as the page reads it from `/stats`.
#[derive(Debug, Serialize)]
pub struct Report {
    hits: u64,
    misses: u64,
    shed: u64,
    fills: u64,
    errors: u64,
    origin_requests: u64,
    swept: u64,
    filling: usize,
    entries: usize,
    latency: LatencyReport,
    split: SplitReport,
}

#[derive(Debug, Serialize)]
struct LatencyReport {
    /// The upper bound of the first class; that of each next one is twice that of the one before.
    first_class_us: u64,
    classes: [u64; CLASSES],
    sum_us: u64,
}

/// [`splitmap::Stats`].
#[derive(Debug, Serialize)]
struct SplitReport {
    read_len: usize,
    dirty_len: usize,
    amended: bool,
    misses: usize,
    promotions: u64,
    locked_ops: u64,
    retired: usize,
}

impl Report {
    /// The figures of `cache`.
    pub fn new(cache: &Cache) -> Self {
        let metrics = &cache.metrics;
        let split = cache.split();
        Self {
            hits: metrics.hits.get(),
            misses: metrics.misses.get(),
            shed: metrics.shed.get(),
            fills: metrics.fills.get(),
            errors: metrics.errors.get(),
            origin_requests: metrics.origin_requests.get(),
            swept: metrics.swept.get(),
            filling: cache.filling(),
            entries: cache.len(),
            latency: LatencyReport {
                first_class_us: FIRST_CLASS_US,
                classes: metrics.latencies.counts(),
                sum_us: metrics.latencies.sum_us.get(),
            },
            split: SplitReport {
                read_len: split.read_len,
                dirty_len: split.dirty_len,
                amended: split.amended,
                misses: split.misses,
                promotions: split.promotions,
                locked_ops: split.locked_ops,
                retired: split.retired,
            },
        }
    }

    /// The same in Prometheus' text format.
    pub fn prometheus(&self) -> String {
        let mut text = String::new();
        let mut figure = |name: &str, kind: &str, help: &str, value: u64| {
            let _infallible = write!(
                text,
                "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"
            );
        };
        let mut counter = |name, help, value| figure(name, "counter", help, value);
        counter(
            "cache_hits_total",
            "Requests that found a fresh entry.",
            self.hits,
        );
        counter(
            "cache_misses_total",
            "Requests that found none.",
            self.misses,
        );
        counter("cache_shed_total", "Misses that were refused.", self.shed);
        counter(
            "cache_fills_total",
            "Fetches that brought a page.",
            self.fills,
        );
        counter("cache_errors_total", "Fetches that did not.", self.errors);
        counter(
            "cache_origin_requests_total",
            "Requests to the origin.",
            self.origin_requests,
        );
        counter(
            "cache_swept_total",
            "Entries that the sweep removed.",
            self.swept,
        );
        let split = &self.split;
        counter(
            "splitmap_promotions_total",
            "Snapshots published.",
            split.promotions,
        );
        counter(
            "splitmap_locked_ops_total",
            "Operations that took the mutex.",
            split.locked_ops,
        );
        let mut gauge = |name, help, value| figure(name, "gauge", help, value as u64);
        gauge("cache_filling", "Fetches under way.", self.filling);
        gauge("cache_entries", "Keys that are kept.", self.entries);
        gauge(
            "splitmap_read_len",
            "Keys in the read snapshot.",
            split.read_len,
        );
        gauge(
            "splitmap_dirty_len",
            "Keys that the next snapshot takes over.",
            split.dirty_len,
        );
        gauge(
            "splitmap_amended",
            "Whether there are newer keys.",
            split.amended.into(),
        );
        gauge(
            "splitmap_misses",
            "Lookups of newer keys since the last promotion.",
            split.misses,
        );
        gauge(
            "splitmap_retired",
            "Removed objects not freed yet.",
            split.retired,
        );
        self.latency.prometheus(&mut text);
        text
    }
}

impl LatencyReport {
    fn prometheus(&self, text: &mut String) {
        const NAME: &str = "cache_request_seconds";
        let mut line = |line: std::fmt::Arguments<'_>| {
            let _infallible = writeln!(text, "{line}");
        };
        line(format_args!(
            "# HELP {NAME} How long requests for keys took."
        ));
        line(format_args!("# TYPE {NAME} histogram"));
        let mut count = 0;
        for (class, own) in self.classes.iter().enumerate() {
            count += own;
            if class < CLASSES - 1 {
                let bound = (self.first_class_us << class) as f64 / 1e6;
                line(format_args!("{NAME}_bucket{{le=\"{bound}\"}} {count}"));
            }
        }
        line(format_args!("{NAME}_bucket{{le=\"+Inf\"}} {count}"));
        line(format_args!("{NAME}_sum {}", self.sum_us as f64 / 1e6));
        line(format_args!("{NAME}_count {count}"));
    }
}
