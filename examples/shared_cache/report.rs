//! What a run prints: a table for people, or the same as JSON.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::cli::{Deal, Plan};
use super::replay::Outcome;
use super::stopwatch::{LAPS, Lap, Latency, cost_of_timing};
use super::trace::{Key, Trace};

/// Everything a run has to say, in the names and order of the JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    trace: String,
    keys: usize,
    threads: usize,
    passes: u32,
    deal: Deal,
    fills: bool,
    operations: u64,
    elapsed_ns: u64,
    operations_per_second: f64,
    hit_ratio: Option<f64>,
    counts: Counts,
    latency: Vec<Row>,
    cost_of_timing_ns: u64,
    promotions: u64,
    mutex_acquisitions: u64,
    mutex_acquisitions_per_1000: f64,
    live_entries: u64,
    garbage_waiting: u64,
    read_map: u64,
    dirty_map: u64,
    verified: String,
}

#[derive(Debug, Serialize)]
struct Counts {
    hits: u64,
    misses: u64,
    fills: u64,
    late_fills: u64,
    adds: u64,
    replaces: u64,
    evicts: u64,
    idle_dels: u64,
}

/// The latency of one kind of operation.
#[derive(Debug, Serialize)]
struct Row {
    operation: &'static str,
    count: u64,
    p50_ns: u64,
    p99_ns: u64,
    p999_ns: u64,
    max_ns: u64,
}

impl Report {
    pub(crate) fn new<K: Key>(
        trace: &Trace<K>,
        plan: &Plan,
        outcome: &Outcome<K>,
        verified: String,
    ) -> Self {
        let (tally, stats) = (&outcome.tally, &outcome.stats);
        let rows: Vec<_> = LAPS
            .iter()
            .map(|&lap| Row::new(lap, &outcome.latency, plan.fills))
            .filter(|row| row.count > 0)
            .collect();
        let operations: u64 = rows.iter().map(|row| row.count).sum();
        let seconds = outcome.elapsed.as_secs_f64().max(1e-9);
        Report {
            trace: file_name(&plan.trace),
            keys: trace.keys.len(),
            threads: plan.threads,
            passes: plan.passes,
            deal: plan.deal,
            fills: plan.fills,
            operations,
            elapsed_ns: outcome.elapsed.as_nanos() as u64,
            operations_per_second: operations as f64 / seconds,
            hit_ratio: tally.hit_ratio(),
            counts: Counts {
                hits: tally.hits,
                misses: tally.misses,
                fills: tally.fills,
                late_fills: tally.late_fills,
                adds: tally.adds,
                replaces: tally.replaces,
                evicts: tally.evicts,
                idle_dels: tally.idle_dels,
            },
            latency: rows,
            cost_of_timing_ns: cost_of_timing(),
            promotions: stats.promotions,
            mutex_acquisitions: stats.locked_ops,
            mutex_acquisitions_per_1000: stats.locked_ops as f64 * 1000.0 / operations as f64,
            live_entries: outcome.cache.len() as u64,
            garbage_waiting: stats.retired as u64,
            read_map: stats.read_len as u64,
            dirty_map: stats.dirty_len as u64,
            verified,
        }
    }

    pub(crate) fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("PANIC: numbers and strings are always JSON")
    }
}

impl Row {
    fn new(lap: Lap, latency: &Latency, fills: bool) -> Self {
        let histogram = latency.of(lap);
        Row {
            operation: match lap {
                Lap::GetHit => "get, hit",
                Lap::GetMiss if fills => "get, miss and fill",
                Lap::GetMiss => "get, miss",
                Lap::Set => "set",
                Lap::Del => "del",
            },
            count: histogram.len(),
            p50_ns: histogram.value_at_quantile(0.5),
            p99_ns: histogram.value_at_quantile(0.99),
            p999_ns: histogram.value_at_quantile(0.999),
            max_ns: histogram.max(),
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dealt = match self.deal {
            Deal::Key => "by key",
            Deal::Offset => "whole to each, by offset",
        };
        let threads = plural(self.threads as u64, "thread");
        let passes = plural(u64::from(self.passes), "pass");
        let keys = grouped(self.keys as u64);
        writeln!(
            f,
            "{}: {keys} keys, {threads}, {passes}, dealt {dealt}\n",
            self.trace
        )?;
        self.throughput(f)?;
        self.latencies(f)?;
        self.map(f)?;
        write!(f, "verified: {}", self.verified)
    }
}

impl Report {
    fn throughput(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.counts;
        line(
            f,
            "operations",
            self.operations,
            &format!("in {}", time(self.elapsed_ns)),
        )?;
        line(
            f,
            "operations per second",
            self.operations_per_second as u64,
            "timing included",
        )?;
        if let Some(ratio) = self.hit_ratio {
            let of = format!(
                "{} hits, {} misses",
                grouped(counts.hits),
                grouped(counts.misses)
            );
            row(f, "hit ratio", &format!("{:.2} %", ratio * 100.0), &of)?;
        }
        if counts.late_fills > 0 {
            line(
                f,
                "late fills",
                counts.late_fills,
                "another thread filled first",
            )?;
        }
        if counts.replaces + counts.adds > 0 {
            let (replaced, added) = (grouped(counts.replaces), grouped(counts.adds));
            let split = format!("{replaced} replaced, {added} added");
            line(f, "sets", counts.replaces + counts.adds, &split)?;
        }
        if counts.evicts + counts.idle_dels > 0 {
            let (evicted, absent) = (grouped(counts.evicts), grouped(counts.idle_dels));
            let split = format!("{evicted} evicted, {absent} absent");
            line(f, "dels", counts.evicts + counts.idle_dels, &split)?;
        }
        Ok(())
    }

    fn latencies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e] = ["count", "p50", "p99", "p99.9", "max"];
        writeln!(f, "\n{:<22}{a:>12}{b:>10}{c:>10}{d:>10}{e:>10}", "latency")?;
        for row in &self.latency {
            let [p50, p99, p999, max] = [row.p50_ns, row.p99_ns, row.p999_ns, row.max_ns].map(time);
            let (what, count) = (row.operation, grouped(row.count));
            writeln!(
                f,
                "  {what:<20}{count:>12}{p50:>10}{p99:>10}{p999:>10}{max:>10}"
            )?;
        }
        writeln!(
            f,
            "  (timing is {} of each)\n",
            time(self.cost_of_timing_ns)
        )
    }

    fn map(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "promotions", self.promotions, "")?;
        let rate = format!("{:.1}", self.mutex_acquisitions_per_1000);
        row(f, "mutex acquisitions", &rate, "per 1,000 operations")?;
        let halves = format!(
            "read map {}, dirty map {}",
            grouped(self.read_map),
            grouped(self.dirty_map)
        );
        line(f, "live entries", self.live_entries, &halves)?;
        line(
            f,
            "garbage waiting",
            self.garbage_waiting,
            "for readers to move on",
        )?;
        writeln!(f)
    }
}

fn line(f: &mut fmt::Formatter<'_>, what: &str, number: u64, note: &str) -> fmt::Result {
    row(f, what, &grouped(number), note)
}

fn row(f: &mut fmt::Formatter<'_>, what: &str, value: &str, note: &str) -> fmt::Result {
    let text = format!("{what:<22}{value:>12}  {note}");
    writeln!(f, "{}", text.trim_end())
}

fn plural(count: u64, what: &str) -> String {
    let ending = match count {
        1 => "",
        _ if what.ends_with('s') => "es",
        _ => "s",
    };
    format!("{} {what}{ending}", grouped(count))
}

/// Digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration in the unit that suits it, to three digits.
fn time(nanoseconds: u64) -> String {
    let mut amount = nanoseconds as f64;
    for unit in ["ns", "us", "ms"] {
        if amount < 999.5 {
            let decimals = match amount {
                _ if unit == "ns" || amount >= 99.95 => 0,
                _ if amount >= 9.995 => 1,
                _ => 2,
            };
            return format!("{amount:.decimals$} {unit}");
        }
        amount /= 1000.0;
    }
    format!("{amount:.2} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let texts = [0, 7, 999, 1000, 12_345, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "7", "999", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn times_have_three_digits_and_a_unit() {
        let texts = [0, 45, 999, 1000, 9_994, 12_345, 99_960, 999_400, 999_600].map(time);
        assert_eq!(
            texts,
            [
                "0 ns", "45 ns", "999 ns", "1.00 us", "9.99 us", "12.3 us", "100 us", "999 us",
                "1.00 ms"
            ]
        );
        assert_eq!(time(61_234_000_000), "61.23 s");
    }

    #[test]
    fn plurals() {
        assert_eq!(plural(1, "pass"), "1 pass");
        assert_eq!(plural(2, "pass"), "2 passes");
        assert_eq!(plural(1024, "thread"), "1,024 threads");
    }
}
