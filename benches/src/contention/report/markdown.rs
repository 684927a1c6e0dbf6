//! The tables as Markdown, the charts as links to files beside it.

use std::fmt::Write;

use super::figures::Figure;
use super::machine::Machine;
use super::tables::{Cell, Table, Tone};

pub(super) fn render(
    machine: &Machine,
    tables: &[Table],
    figures: &[(&'static str, Vec<Figure>)],
) -> String {
    let mut text = String::from("# splitmap beside its peers\n\n");
    for (what, value) in &machine.facts {
        let _ = writeln!(text, "- {what}: {value}");
    }
    for table in tables {
        render_table(&mut text, table);
    }
    for (heading, figures) in figures.iter().filter(|(_, figures)| !figures.is_empty()) {
        let _ = writeln!(text, "\n## {heading}\n");
        for figure in figures {
            let name = figure.file.trim_end_matches(".svg");
            let _ = writeln!(text, "![{name}]({})", figure.file);
        }
    }
    text
}

fn render_table(text: &mut String, table: &Table) {
    let _ = writeln!(text, "\n## {}\n\n{}\n", table.heading, table.note);
    let rule = vec!["---"; table.heads.len()].join(" | ");
    let _ = writeln!(text, "| {} |\n| {rule} |", table.heads.join(" | "));
    for row in &table.rows {
        let cells: Vec<_> = row.iter().map(cell).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
}

/// What is lost stands out as much as it can.
fn cell(cell: &Cell) -> String {
    let text = cell.text.replace('|', "\\|");
    match cell.tone {
        Tone::Lost => format!("**{text}**"),
        Tone::Plain | Tone::Won => text,
    }
}
