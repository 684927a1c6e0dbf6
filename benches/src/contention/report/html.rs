//! One page with everything in it: no script, no font, no file beside it.

use std::fmt::Write;

use super::figures::Figure;
use super::machine::Machine;
use super::tables::{Table, Tone};

const STYLE: &str = "body{font:14px/1.4 sans-serif;margin:2em;color:#222}\
    table{border-collapse:collapse;margin:1em 0;font-variant-numeric:tabular-nums}\
    td,th{border:1px solid #ccc;padding:2px 8px;text-align:right;white-space:nowrap}\
    td:first-child,th:first-child{text-align:left}\
    .won{background:#d9f2d9}.lost{background:#f8d0d0}\
    svg{margin:4px;border:1px solid #eee}.scroll{overflow-x:auto}";

pub(super) fn render(
    machine: &Machine,
    tables: &[Table],
    figures: &[(&'static str, Vec<Figure>)],
) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <title>splitmap beside its peers</title><style>{STYLE}</style>\n\
         <h1>splitmap beside its peers</h1>\n<ul>\n"
    );
    for (what, value) in &machine.facts {
        let _ = writeln!(page, "<li>{what}: {}</li>", escaped(value));
    }
    page.push_str(
        "</ul>\n<p>Red: splitmap is behind, or a bound does not hold. Green: the opposite.</p>\n",
    );
    for table in tables {
        render_table(&mut page, table);
    }
    for (heading, figures) in figures.iter().filter(|(_, figures)| !figures.is_empty()) {
        let _ = writeln!(page, "<h2>{heading}</h2>\n<div>");
        for figure in figures {
            page.push_str(&figure.svg);
        }
        page.push_str("</div>\n");
    }
    page.push_str("</html>\n");
    page
}

fn render_table(page: &mut String, table: &Table) {
    let _ = writeln!(
        page,
        "<h2>{}</h2>\n<p>{}</p>",
        table.heading,
        escaped(table.note)
    );
    page.push_str("<div class=\"scroll\"><table>\n<tr>");
    for head in &table.heads {
        let _ = write!(page, "<th>{}</th>", escaped(head));
    }
    page.push_str("</tr>\n");
    for row in &table.rows {
        page.push_str("<tr>");
        for cell in row {
            let class = match cell.tone {
                Tone::Plain => "",
                Tone::Won => " class=\"won\"",
                Tone::Lost => " class=\"lost\"",
            };
            let _ = write!(page, "<td{class}>{}</td>", escaped(&cell.text));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table></div>\n");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
