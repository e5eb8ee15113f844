//! A chart in a page: its data in Plotly's types, its legend and what is said of it.
//!
//! Colours are names (`@c1`, `@ink`, `@mark/20` at 20 % opacity) that `assets/page.js` looks up in the page's theme, so
//! that a chart is drawn anew in the other colours when the theme changes. Fonts, margins and grids are the script's.

use plotly::common::{ColorScale, ColorScaleElement, Line};
use plotly::layout::Axis;
use plotly::{Layout, Scatter, Trace, Traces};

use crate::text::{escape, in_chart, shorten, tidy};
use crate::time::TimeAxis;

/// Colours for things that have no order, told apart by colour-blind readers too.
const SERIES: [&str; 8] = ["@c1", "@c2", "@c3", "@c4", "@c5", "@c6", "@c7", "@c8"];

/// The colour of the thing in that place of its list.
pub(crate) fn color(place: usize) -> &'static str {
    SERIES[place % SERIES.len()]
}

/// The same, faint: for areas and bands.
pub(crate) fn faint(place: usize) -> String {
    format!("{}/18", color(place))
}

/// From against (-1) to for (1).
pub(crate) fn opinion_colors() -> ColorScale {
    scale(&["@d0", "@d1", "@d2", "@d3", "@d4"])
}

/// From nothing to much.
pub(crate) fn density_colors() -> ColorScale {
    scale(&["@s0", "@s1", "@s2", "@s3", "@s4"])
}

fn scale(colors: &[&str]) -> ColorScale {
    let last = (colors.len() - 1) as f64;
    let element =
        |(place, color): (usize, &&str)| ColorScaleElement(place as f64 / last, (*color).to_owned());
    ColorScale::Vector(colors.iter().enumerate().map(element).collect())
}

/// How a legend shows a trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Swatch {
    Line,
    Area,
    Dot,
    Ring,
}

/// A chart.
pub(crate) struct Figure {
    id: String,
    /// What screen readers say of it.
    label: String,
    /// What its vertical axis counts.
    unit: String,
    height: u32,
    traces: Traces,
    layout: Layout,
    /// Rows of the legend.
    legend: Vec<String>,
    /// What is said below.
    below: String,
}

impl Figure {
    pub(crate) fn new(id: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            label: label.into(),
            unit: String::new(),
            height: 300,
            traces: Traces::new(),
            layout: Layout::new(),
            legend: Vec::new(),
            below: String::new(),
        }
    }

    /// What the vertical axis counts, above the chart.
    pub(crate) fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = unit.into();
        self
    }

    /// In pixels of a wide screen; narrow ones take less.
    pub(crate) fn height(mut self, height: u32) -> Self {
        self.height = height;
        self
    }

    /// Changes its layout.
    pub(crate) fn layout(mut self, change: impl FnOnce(Layout) -> Layout) -> Self {
        self.layout = change(self.layout);
        self
    }

    /// Puts it on the axis of time, with its nights and marks.
    pub(crate) fn over_time(mut self, time: &TimeAxis) -> Self {
        let (shapes, numbers) = time.shapes();
        self.below = time.key();
        self.layout(|layout| layout.x_axis(time.axis()).shapes(shapes).annotations(numbers))
    }

    /// Its vertical axis.
    pub(crate) fn y_axis(self, axis: Axis) -> Self {
        self.layout(|layout| layout.y_axis(axis))
    }

    /// Adds a trace that no legend names.
    pub(crate) fn trace(mut self, trace: Box<dyn Trace>) -> Self {
        self.traces.push(trace);
        self
    }

    /// Adds a row to the legend for the last `traces` traces.
    pub(crate) fn named(mut self, name: &str, swatch: Swatch, color: &str, traces: usize) -> Self {
        let all = self.traces.len();
        let places: Vec<String> = (all - traces..all).map(|place| place.to_string()).collect();
        let class = match swatch {
            Swatch::Line => "line",
            Swatch::Area => "area",
            Swatch::Dot => "dot",
            Swatch::Ring => "ring",
        };
        let color = color.trim_start_matches('@').split('/').next().unwrap_or_default();
        let name = escape(&shorten(name, 60));
        self.legend.push(format!(
            "<li><button type=\"button\" aria-pressed=\"true\" data-traces=\"{}\"><i class=\"{class}\" \
             style=\"--swatch:var(--{color})\"></i><span>{name}</span></button></li>",
            places.join(",")
        ));
        self
    }

    /// Adds a line with a name in the legend.
    pub(crate) fn line(self, name: &str, place: usize, x: Vec<f64>, y: Vec<f64>) -> Self {
        self.colored_line(name, color(place), x, y)
    }

    /// The same in a colour of its own.
    pub(crate) fn colored_line(self, name: &str, color: &'static str, x: Vec<f64>, y: Vec<f64>) -> Self {
        let y = y.into_iter().map(tidy).collect();
        let line = Line::new().color(color).width(2.0);
        let trace = Scatter::new(x, y).name(in_chart(name)).mode(plotly::common::Mode::Lines).line(line);
        self.trace(trace).named(name, Swatch::Line, color, 1)
    }

    /// The chart as HTML.
    pub(crate) fn html(&self) -> String {
        let Self { id, label, unit, height, traces, layout, legend, below } = self;
        let layout = serde_json::to_string(layout).expect("a layout has a JSON form");
        // No text in it can end the element that it stands in.
        let spec = format!("{{\"data\":{},\"layout\":{layout}}}", traces.to_json()).replace('<', "\\u003c");
        let legend = match legend.len() {
            0 => String::new(),
            _ => format!("<ul class=\"legend\">{}</ul>", legend.concat()),
        };
        let unit =
            if unit.is_empty() { String::new() } else { format!("<p class=\"unit\">{}</p>", escape(unit)) };
        format!(
            "<figure id=\"{id}\" data-chart>{legend}{unit}<div class=\"plot\" role=\"img\" aria-label=\"{}\" \
             data-height=\"{height}\"></div>{below}<script type=\"application/json\">{spec}</script></figure>\n",
            escape(label)
        )
    }
}

/// Points as two columns.
pub(crate) fn columns(time: &TimeAxis, points: &[(u32, f64)]) -> (Vec<f64>, Vec<f64>) {
    points.iter().map(|&(step, value)| (time.x(step), value)).unzip()
}
