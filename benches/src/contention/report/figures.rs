//! Which charts a report has.

use super::chart::{Axis, Frame, Series, draw};
use crate::contention::Results;
use crate::contention::latency::Latency;
use crate::contention::memory::Memory;
use crate::contention::table::short;
use crate::contention::throughput::Row;
use crate::rounds::SUBJECTS;

/// A chart, and the name of its file.
#[derive(Debug)]
pub(super) struct Figure {
    pub(super) file: String,
    pub(super) svg: String,
}

/// Every chart there are figures for, under the heading that it belongs to.
pub(super) fn all(results: &Results) -> Result<Vec<(&'static str, Vec<Figure>)>, String> {
    Ok(vec![
        ("Throughput by threads", throughput(&results.rows)?),
        ("Traces", traces(&results.rows)?),
        (
            "Latency of every single operation",
            latency(&results.latencies)?,
        ),
        ("Memory", memory(&results.memories)?),
    ])
}

fn figure(frame: Frame<'_>, series: &[Series]) -> Result<Figure, String> {
    let plain = |c: char| if c.is_alphanumeric() { c } else { '-' };
    let file: String = frame.title.chars().map(plain).collect();
    let svg = draw(frame, series)?;
    let file = format!("{file}.svg");
    Ok(Figure { file, svg })
}

/// One chart for each workload and size that ran on more than one number of threads.
fn throughput(rows: &[Row]) -> Result<Vec<Figure>, String> {
    let same = |a: &Row, b: &Row| (&a.workload, a.keys, a.size) == (&b.workload, b.keys, b.size);
    let groups = rows.chunk_by(same).filter(|group| group.len() > 1);
    groups.map(throughput_of).collect()
}

fn throughput_of(group: &[Row]) -> Result<Figure, String> {
    let points = |subject| {
        let point = |row: &Row| Some((row.threads as f64, row.figure(subject)?.throughput()));
        let points = group.iter().filter_map(point).collect();
        Series { subject, points }
    };
    let series: Vec<_> = SUBJECTS.into_iter().map(points).collect();
    let size = group[0]
        .size
        .map_or(String::new(), |size| format!(", {}", short(size)));
    let frame = Frame {
        title: &format!("{} ({}){size}", group[0].workload, group[0].keys),
        x: Axis::Linear("threads"),
        y: Axis::Linear("million operations a second"),
    };
    figure(frame, &present(series))
}

fn present(mut series: Vec<Series>) -> Vec<Series> {
    series.retain(|series| !series.points.is_empty());
    series
}

/// One chart for each number of threads.
fn traces(rows: &[Row]) -> Result<Vec<Figure>, String> {
    let mut threads: Vec<_> = rows.iter().map(|row| row.threads).collect();
    threads.sort_unstable();
    threads.dedup();
    let of = |threads| {
        let of = |row: &&Row| row.threads == threads && row.workload.starts_with("trace-");
        let rows: Vec<_> = rows.iter().filter(of).collect();
        let name = |row: &&Row| row.workload.trim_start_matches("trace-").to_owned();
        let names: Vec<_> = rows.iter().map(name).collect();
        let series = |subject| {
            let point = |(place, row): (usize, &&Row)| {
                Some((place as f64, row.figure(subject)?.throughput()))
            };
            let points = rows.iter().enumerate().filter_map(point).collect();
            Series { subject, points }
        };
        let series: Vec<_> = SUBJECTS.into_iter().map(series).collect();
        let frame = Frame {
            title: &format!("traces, {threads} threads"),
            x: Axis::Categories(&names),
            y: Axis::Linear("million operations a second"),
        };
        figure(frame, &present(series))
    };
    let any = rows.iter().any(|row| row.workload.starts_with("trace-"));
    threads.into_iter().filter(|_| any).map(of).collect()
}

/// Percentiles of lookups and of writes, and the longest write in the course of the run.
fn latency(all: &[Latency]) -> Result<Vec<Figure>, String> {
    let mut figures = Vec::new();
    for scenario in all.chunk_by(|a, b| a.scenario == b.scenario) {
        let name = &scenario[0].scenario;
        for (what, reads) in [("lookups", true), ("writes", false)] {
            let series = scenario.iter().map(|latency| Series {
                subject: latency.subject,
                points: percentiles(if reads {
                    &latency.reads
                } else {
                    &latency.writes
                }),
            });
            let frame = Frame {
                title: &format!("{name}: {what}"),
                x: Axis::Log("1 / (1 - quantile)"),
                y: Axis::Log("nanoseconds"),
            };
            figures.push(figure(frame, &present(series.collect()))?);
        }
        let series = scenario.iter().map(|latency| Series {
            subject: latency.subject,
            points: course(&latency.series),
        });
        let frame = Frame {
            title: &format!("{name}: longest write in the course of a run"),
            x: Axis::Linear("part of the run, percent"),
            y: Axis::Log("nanoseconds"),
        };
        figures.push(figure(frame, &present(series.collect()))?);
    }
    Ok(figures)
}

fn percentiles(histogram: &hdrhistogram::Histogram<u64>) -> Vec<(f64, f64)> {
    let total = histogram.len() as f64;
    let mut points = Vec::new();
    let mut x = 1.0;
    while x < total {
        let value = histogram.value_at_quantile(1.0 - 1.0 / x);
        points.push((x, value.max(1) as f64));
        x *= 1.2;
    }
    if total > 0.0 {
        points.push((total, histogram.max().max(1) as f64));
    }
    points
}

fn course(series: &[u64]) -> Vec<(f64, f64)> {
    let parts = series.len().max(1) as f64;
    let point = |(part, &nanos): (usize, &u64)| (100.0 * part as f64 / parts, nanos.max(1) as f64);
    series.iter().enumerate().map(point).collect()
}

fn memory(all: &[Memory]) -> Result<Vec<Figure>, String> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let names = [
        "filled",
        "peak while filled",
        "garbage",
        "garbage at its peak",
        "emptied",
    ];
    let names = names.map(str::to_owned);
    let series = all.iter().map(|memory| {
        let bytes = [
            memory.taken,
            memory.peak,
            memory.garbage,
            memory.garbage_peak,
            memory.emptied,
        ];
        let point = |(place, bytes): (usize, f64)| (place as f64, bytes);
        Series {
            subject: memory.subject,
            points: bytes.into_iter().enumerate().map(point).collect(),
        }
    });
    let frame = Frame {
        title: &format!("bytes an entry, {} entries", short(all[0].entries)),
        x: Axis::Categories(&names),
        y: Axis::Linear("bytes"),
    };
    Ok(vec![figure(frame, &present(series.collect()))?])
}
