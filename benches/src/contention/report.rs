//! The report: a page, the same as Markdown, and the charts that the Markdown links to.

mod chart;
mod figures;
mod html;
mod machine;
mod markdown;
mod tables;

use std::fs;
use std::path::Path;

use self::machine::Machine;
use super::Results;
use super::budget::Line;

/// Writes the report, as a page and as Markdown, and the charts into `dir`.
pub(super) fn write(dir: &Path, results: &Results, lines: &[Line]) -> Result<(), String> {
    let machine = Machine::look();
    let tables = tables::all(results, lines);
    let figures = figures::all(results)?;
    let failed = |error| format!("cannot write the report to {}: {error}", dir.display());
    fs::create_dir_all(dir).map_err(failed)?;
    for figure in figures.iter().flat_map(|(_, figures)| figures) {
        fs::write(dir.join(&figure.file), &figure.svg).map_err(failed)?;
    }
    let page = html::render(&machine, &tables, &figures);
    fs::write(dir.join("report.html"), page).map_err(failed)?;
    let text = markdown::render(&machine, &tables, &figures);
    fs::write(dir.join("report").with_extension("md"), text).map_err(failed)
}
