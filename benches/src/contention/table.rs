//! Rows as text.

use super::latency::Latency;
use super::many::Many;
use super::memory::{Memory, OPERATIONS};
use super::throughput::Row;
use crate::rounds::ratio;
use crate::say::say;

/// One row: for each subject nanoseconds an operation, and the factor by which splitmap is slower.
pub(super) fn print(row: &Row) {
    let size = row.size.map_or("-".into(), short);
    let threads = row.threads;
    say(format!(
        "{} ({}), {size} keys, {threads} threads",
        row.workload, row.keys
    ));
    let ours = row.figure("splitmap");
    for figure in &row.figures {
        let relative = ours.map_or(f64::NAN, |ours| ratio(figure, ours));
        let locked = figure.locked().map_or(String::new(), |locked| {
            format!("  {locked:.1} locked of 1000")
        });
        let wrong = match figure.wrong() {
            wrong if wrong > 0.0 => format!("  WRONG: {wrong:.1} results in a million"),
            _ => String::new(),
        };
        say(format!(
            "  {:<16}{:>9.1} ns  {:>8.1} Mop/s  x{relative:<6.2} +-{:.0} %{locked}{wrong}",
            figure.subject,
            figure.nanos(),
            figure.throughput(),
            50.0 * figure.spread(),
        ));
    }
}

/// Percentiles in nanoseconds, of lookups and of writes apart.
pub(super) fn print_latencies(all: &[Latency]) {
    let mut scenario = "";
    for latency in all {
        if scenario != latency.scenario {
            scenario = &latency.scenario;
            say(format!("{scenario}: nanoseconds of every single operation"));
            let heads = [
                "p50",
                "p90",
                "p99",
                "p99.9",
                "p99.99",
                "max",
                "max (median)",
            ];
            let heads = heads.map(|head| format!("{head:>11}")).concat();
            say(format!("  {:<16}{:<6}{heads}", "", ""));
        }
        for (what, histogram) in [("get", &latency.reads), ("write", &latency.writes)] {
            let at = |q: f64| format!("{:>11}", histogram.value_at_quantile(q));
            let row: String = QUANTILES.into_iter().map(at).collect();
            let (max, worst) = (histogram.max(), latency.worst());
            let subject = latency.subject;
            say(format!(
                "  {subject:<16}{what:<6}{row}{max:>11}{worst:>11.0}"
            ));
        }
    }
}

/// The percentiles that are printed.
pub(super) const QUANTILES: [f64; 5] = [0.5, 0.9, 0.99, 0.999, 0.9999];

/// Bytes an entry, and allocations an operation.
pub(super) fn print_memories(all: &[Memory]) {
    let heads = ["bytes", "asked", "peak", "garbage", "its peak", "emptied"];
    let heads = heads.map(|head| format!("{head:>10}")).concat();
    let operations = OPERATIONS.map(|(name, _)| format!("{name:>9}")).concat();
    say("bytes an entry; allocations an operation");
    say(format!("  {:<16}{heads}{operations}", ""));
    for memory in all {
        let bytes = [
            memory.taken,
            memory.asked,
            memory.peak,
            memory.garbage,
            memory.garbage_peak,
            memory.emptied,
        ];
        let bytes = bytes.map(|bytes| format!("{bytes:>10.1}")).concat();
        let calls = memory
            .allocations
            .map(|calls| format!("{calls:>9.3}"))
            .concat();
        say(format!("  {:<16}{bytes}{calls}", memory.subject));
    }
}

/// Nanoseconds a lookup, one by one and many at once.
pub(super) fn print_many(all: &[Many]) {
    say("get_many beside as many gets, 1 thread");
    for many in all {
        let entries = short(many.entries);
        let (single, together, faster) = (many.single, many.together, many.faster);
        say(format!(
            "  {entries:>5} keys   get {single:>7.1} ns   get_many {together:>7.1} ns   {faster:>5.2} times as fast"
        ));
    }
}

/// 1k, 64k, 1M.
pub(super) fn short(size: usize) -> String {
    match size {
        n if n >= 1 << 20 && n % (1 << 20) == 0 => format!("{}M", n >> 20),
        n if n >= 1 << 10 && n % (1 << 10) == 0 => format!("{}k", n >> 10),
        n => n.to_string(),
    }
}
