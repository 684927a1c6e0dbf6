//! Charts as SVG text.

use std::error::Error;
use std::ops::Range;

use plotters::prelude::{
    ChartBuilder, IntoDrawingArea, LineSeries, RGBColor, Rectangle, SVGBackend, WHITE,
};
use plotters::style::Color;

use crate::rounds::SUBJECTS;

const HEIGHT: u32 = 400;
const WIDTH: u32 = 640;

/// The part of a category's width that its bars fill.
const FILLED: f64 = 0.8;

/// One subject's line, or its bars.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) subject: &'static str,
    pub(super) points: Vec<(f64, f64)>,
}

/// What stands at a chart, and how its axes are divided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub(super) title: &'a str,
    pub(super) x: Axis<'a>,
    pub(super) y: Axis<'a>,
}

/// One axis.
#[derive(Clone, Copy, Debug)]
pub(super) enum Axis<'a> {
    /// From zero, or from the least value if there is none near zero.
    Linear(&'a str),
    /// By powers of ten.
    Log(&'a str),
    /// One place for each of these.
    Categories(&'a [String]),
}

impl Axis<'_> {
    fn place(self, value: f64) -> f64 {
        match self {
            Axis::Log(_) => value.max(1e-9).log10(),
            Axis::Linear(_) | Axis::Categories(_) => value,
        }
    }

    fn range(self, values: impl Iterator<Item = f64>) -> Range<f64> {
        let places: Vec<_> = values.map(|value| self.place(value)).collect();
        let least = places.iter().copied().fold(f64::INFINITY, f64::min);
        let most = places.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if !(least.is_finite() && most.is_finite()) {
            return 0.0..1.0;
        }
        match self {
            Axis::Linear(_) => least.min(0.0)..(most * 1.05).max(least.min(0.0) + 1e-9),
            Axis::Log(_) => least.floor()..most.ceil().max(least.floor() + 1.0),
            Axis::Categories(names) => 0.0..names.len() as f64,
        }
    }

    fn name(self) -> String {
        match self {
            Axis::Linear(name) | Axis::Log(name) => name.to_owned(),
            Axis::Categories(_) => String::new(),
        }
    }

    fn label(self, place: f64) -> String {
        match self {
            Axis::Linear(_) => format!("{}", (place * 1e6).round() / 1e6),
            Axis::Log(_) if place.fract().abs() > 1e-6 => String::new(),
            Axis::Log(_) => power_of_ten(place.round() as i32),
            // Labels stand at whole places, names belong between them.
            Axis::Categories(names) => {
                let name = names.get((place - 0.5).round() as usize);
                name.cloned().unwrap_or_default()
            }
        }
    }

    fn labels(self, range: &Range<f64>) -> usize {
        match self {
            Axis::Linear(_) => 8,
            Axis::Log(_) => (range.end - range.start) as usize + 1,
            Axis::Categories(names) => 2 * names.len() + 1,
        }
    }

    fn width(self) -> u32 {
        match self {
            Axis::Categories(names) => WIDTH.max(130 * names.len() as u32),
            Axis::Linear(_) | Axis::Log(_) => WIDTH,
        }
    }
}

fn power_of_ten(exponent: i32) -> String {
    match exponent {
        -3..=5 => format!("{}", 10_f64.powi(exponent)),
        _ => format!("1e{exponent}"),
    }
}

/// A subject's colour, the same in every chart; splitmap's is red.
fn colour(subject: &str) -> RGBColor {
    const COLOURS: [RGBColor; 8] = [
        RGBColor(214, 39, 40),
        RGBColor(31, 119, 180),
        RGBColor(44, 160, 44),
        RGBColor(148, 103, 189),
        RGBColor(255, 127, 14),
        RGBColor(140, 86, 75),
        RGBColor(127, 127, 127),
        RGBColor(23, 190, 207),
    ];
    let place = SUBJECTS.iter().position(|name| *name == subject);
    COLOURS[place.unwrap_or(0)]
}

/// Draws a line for every subject, or, if the x axis is of categories, a bar in each.
pub(super) fn draw(frame: Frame<'_>, all: &[Series]) -> Result<String, String> {
    let mut svg = String::new();
    let drawn = draw_into(&mut svg, frame, all);
    drawn.map_err(|error| format!("{}: cannot be drawn: {error}", frame.title))?;
    Ok(svg)
}

fn draw_into(svg: &mut String, frame: Frame<'_>, all: &[Series]) -> Result<(), Box<dyn Error>> {
    let Frame { title, x, y } = frame;
    let points = || all.iter().flat_map(|series| &series.points);
    let (across, up) = (
        x.range(points().map(|point| point.0)),
        y.range(points().map(|point| point.1)),
    );
    let area = SVGBackend::with_string(svg, (x.width(), HEIGHT)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 15))
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(across.clone(), up.clone())?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_labels(x.labels(&across))
        .y_labels(y.labels(&up))
        .x_label_formatter(&|place| x.label(*place))
        .y_label_formatter(&|place| y.label(*place))
        .x_desc(x.name())
        .y_desc(y.name())
        .draw()?;
    for (nth, series) in all.iter().enumerate() {
        let colour = colour(series.subject);
        let place = |&(a, b): &(f64, f64)| (x.place(a), y.place(b));
        let places: Vec<_> = series.points.iter().map(place).collect();
        let drawn = if let Axis::Categories(_) = x {
            let width = FILLED / all.len() as f64;
            let floor = up.start;
            chart.draw_series(places.into_iter().map(|(category, height)| {
                let left = category + (1.0 - FILLED) / 2.0 + nth as f64 * width;
                Rectangle::new([(left, floor), (left + width, height)], colour.filled())
            }))?
        } else {
            let dots = places.len() < 16;
            let line = LineSeries::new(places, colour.stroke_width(2));
            chart.draw_series(line.point_size(if dots { 3 } else { 0 }))?
        };
        drawn.label(series.subject).legend(move |(left, middle)| {
            Rectangle::new(
                [(left, middle - 4), (left + 12, middle + 4)],
                colour.filled(),
            )
        });
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .draw()?;
    area.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(points: &[(f64, f64)]) -> Vec<Series> {
        let points = points.to_vec();
        let subject = "splitmap";
        vec![Series { subject, points }]
    }

    #[test]
    fn lines_and_bars_are_drawn() {
        let names = ["one".to_owned(), "two".to_owned()];
        let frame = |x| Frame {
            title: "title",
            x,
            y: Axis::Log("y"),
        };
        for x in [Axis::Log("x"), Axis::Linear("x"), Axis::Categories(&names)] {
            let svg = draw(frame(x), &series(&[(0.0, 10.0), (1.0, 20.0)]));
            let svg = svg.expect("drawable");
            assert!(svg.starts_with("<svg") && svg.contains("splitmap"), "{svg}");
        }
    }

    #[test]
    fn an_empty_chart_is_no_fault() {
        let (x, y) = (Axis::Log("x"), Axis::Linear("y"));
        let frame = Frame { title: "t", x, y };
        assert!(draw(frame, &series(&[])).is_ok());
    }
}
