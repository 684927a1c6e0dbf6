//! Rows as text.

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
        say(format!(
            "  {:<16}{:>9.1} ns  {:>8.1} Mop/s  x{relative:<6.2} +-{:.0} %{locked}",
            figure.subject,
            figure.nanos(),
            figure.throughput(),
            50.0 * figure.spread(),
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
