//! What was measured, as tables: the one source of the page and of the Markdown.

use crate::contention::Results;
use crate::contention::budget::Line;
use crate::contention::latency::Latency;
use crate::contention::many::Many;
use crate::contention::memory::{Memory, OPERATIONS};
use crate::contention::table::{QUANTILES, short};
use crate::contention::throughput::Row;
use crate::rounds::{SUBJECTS, ratio};

/// How a cell is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    /// splitmap is ahead, or a bound holds.
    Won,
    /// splitmap is behind, or a bound does not hold.
    Lost,
}

/// A cell of a table.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tone: Tone,
}

impl Cell {
    fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        let tone = Tone::Plain;
        Cell { text, tone }
    }

    fn judged(text: impl Into<String>, won: bool) -> Self {
        let text = text.into();
        let tone = if won { Tone::Won } else { Tone::Lost };
        Cell { text, tone }
    }
}

/// A table under a heading.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) heading: &'static str,
    pub(super) note: &'static str,
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
}

/// Every table there are figures for.
pub(super) fn all(results: &Results, lines: &[Line]) -> Vec<Table> {
    let tables = [
        budget(lines),
        throughput(&results.rows),
        wrong(&results.rows),
        latency(&results.latencies),
        memory(&results.memories),
        many(&results.many),
    ];
    tables
        .into_iter()
        .filter(|table| !table.rows.is_empty())
        .collect()
}

fn heads(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn budget(lines: &[Line]) -> Table {
    let row = |line: &Line| {
        let verdict = if line.holds() { "PASS" } else { "FAIL" };
        vec![
            Cell::judged(verdict, line.holds()),
            Cell::plain(line.what.as_str()),
            Cell::plain(line.against.as_str()),
            Cell::plain(format!("{:.3}", line.measured)),
            Cell::plain(format!("{:.3}", line.bound)),
        ]
    };
    Table {
        heading: "Budget",
        note: "Ratios of splitmap's figure to the one named; of what locks, the figure itself.",
        heads: heads(&["", "what", "against", "measured", "at most"]),
        rows: lines.iter().map(row).collect(),
    }
}

/// For each peer its time, and how many times splitmap's that is.
fn throughput(rows: &[Row]) -> Table {
    let mut heads = heads(&["workload", "keys", "size", "threads"]);
    heads.extend(SUBJECTS.map(str::to_owned));
    heads.push("locked of 1000".to_owned());
    Table {
        heading: "Throughput",
        note: "Nanoseconds that an operation keeps its thread, the median of interleaved rounds; in \
               brackets the factor to splitmap's. Below 1 the other map is faster.",
        heads,
        rows: rows.iter().map(throughput_row).collect(),
    }
}

fn throughput_row(row: &Row) -> Vec<Cell> {
    let mut cells = vec![
        Cell::plain(row.workload.as_str()),
        Cell::plain(row.keys.to_string()),
        Cell::plain(row.size.map_or("-".to_owned(), short)),
        Cell::plain(row.threads.to_string()),
    ];
    let ours = row.figure(SUBJECTS[0]);
    cells.extend(SUBJECTS.map(|subject| match (row.figure(subject), ours) {
        (None, _) => Cell::plain("-"),
        (Some(figure), Some(ours)) if subject != ours.subject => {
            let factor = ratio(figure, ours);
            Cell::judged(
                format!("{:.1} ({factor:.2})", figure.nanos()),
                factor >= 1.0,
            )
        }
        (Some(figure), _) => Cell::plain(format!("{:.1}", figure.nanos())),
    }));
    let locked = ours.and_then(|ours| ours.locked());
    cells.push(Cell::plain(
        locked.map_or("-".to_owned(), |n| format!("{n:.1}")),
    ));
    cells
}

/// Who did not give the results that one thread gets.
fn wrong(rows: &[Row]) -> Table {
    let wrong = rows.iter().flat_map(|row| {
        let wrong = row.figures.iter().filter(|figure| figure.wrong() > 0.0);
        wrong.map(move |figure| {
            let mut cells = throughput_row(row);
            cells.truncate(4);
            cells.push(Cell::plain(figure.subject));
            cells.push(Cell::plain(format!("{:.1}", figure.wrong())));
            cells
        })
    });
    Table {
        heading: "Wrong results",
        note: "Results in a million that were not what they must be, such as lookups that did not find \
               a key which was there throughout.",
        heads: heads(&["workload", "keys", "size", "threads", "map", "in a million"]),
        rows: wrong.collect(),
    }
}

fn latency(all: &[Latency]) -> Table {
    let mut heads = heads(&["scenario", "map", "operation"]);
    heads.extend(QUANTILES.map(|quantile| format!("p{}", 100.0 * quantile)));
    heads.push("max".to_owned());
    heads.push("max of a round, median".to_owned());
    let rows = all.iter().flat_map(|latency| {
        let both = [("lookup", &latency.reads), ("write", &latency.writes)];
        both.map(|(what, histogram)| {
            let mut cells = vec![
                Cell::plain(latency.scenario.as_str()),
                Cell::plain(latency.subject),
                Cell::plain(what),
            ];
            let at = |q| Cell::plain(histogram.value_at_quantile(q).to_string());
            cells.extend(QUANTILES.map(at));
            cells.push(Cell::plain(histogram.max().to_string()));
            cells.push(Cell::plain(format!("{:.0}", latency.worst())));
            cells
        })
    });
    Table {
        heading: "Latency",
        note: "Nanoseconds of every single operation; the last column is of lookups and writes together.",
        heads,
        rows: rows.collect(),
    }
}

fn memory(all: &[Memory]) -> Table {
    let mut heads = heads(&[
        "map",
        "entries",
        "bytes",
        "asked for",
        "peak",
        "garbage",
        "its peak",
        "emptied",
    ]);
    heads.extend(OPERATIONS.map(|(name, _)| format!("allocations per {name}")));
    let row = |memory: &Memory| {
        let mut cells = vec![
            Cell::plain(memory.subject),
            Cell::plain(short(memory.entries)),
        ];
        let bytes = [
            memory.taken,
            memory.asked,
            memory.peak,
            memory.garbage,
            memory.garbage_peak,
            memory.emptied,
        ];
        cells.extend(bytes.map(|bytes| Cell::plain(format!("{bytes:.1}"))));
        let calls = memory.allocations;
        cells.extend(calls.map(|calls| Cell::plain(format!("{calls:.3}"))));
        cells
    };
    Table {
        heading: "Memory",
        note: "Bytes an entry, with an estimate of what the allocator adds unless it says asked for; \
               garbage is what four overwrites of every entry left behind.",
        heads,
        rows: all.iter().map(row).collect(),
    }
}

fn many(all: &[Many]) -> Table {
    let row = |many: &Many| {
        vec![
            Cell::plain(short(many.entries)),
            Cell::plain(format!("{:.1}", many.single)),
            Cell::plain(format!("{:.1}", many.together)),
            Cell::judged(format!("{:.2}", many.faster), many.faster > 1.0),
        ]
    };
    Table {
        heading: "Many lookups at once",
        note: "Nanoseconds a lookup, of get and of get_many, of every key in random order; no other map has the latter.",
        heads: heads(&["keys", "get", "get_many", "times as fast"]),
        rows: all.iter().map(row).collect(),
    }
}
