//! The axis of simulated time: where steps lie on it, its nights, and what the experimenter did when.

use murmur_core::{Clock, Step};
use plotly::common::{Anchor, DashType, TickFormatStop};
use plotly::layout::{Annotation, Axis, AxisRange, AxisType, Shape, ShapeLayer, ShapeLine, ShapeType};

use crate::text::{escape, shorten};

/// Simulated time on a horizontal axis.
#[derive(Clone, Debug)]
pub(crate) struct TimeAxis {
    pub(crate) clock: Clock,
    /// Steps that it shows.
    pub(crate) steps: u32,
    /// What is marked on it.
    pub(crate) marks: Vec<Mark>,
}

/// Something that was in force in some steps.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    /// Its number in tables and figures.
    pub(crate) number: usize,
    pub(crate) name: String,
    /// When; none if it never came into force.
    pub(crate) spans: Vec<Span>,
}

/// Steps in which something was in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Span {
    /// The first.
    pub(crate) from: u32,
    /// From when on no longer; none if it lasts.
    pub(crate) until: Option<u32>,
}

/// Nights are shaded as long as there are no more than this many.
const MOST_NIGHTS: u64 = 40;

/// Marks that are drawn; more cannot be told apart.
const MOST_MARKS: usize = 12;

/// When the night begins and ends, in minutes of the day.
const NIGHT: [u64; 2] = [22 * 60, 6 * 60];

const MINUTES_A_DAY: u64 = 1440;

impl TimeAxis {
    /// Minutes from the midnight before the run to the beginning of a step.
    fn minute(&self, step: u32) -> u64 {
        u64::from(self.clock.starts_at) + u64::from(step) * u64::from(self.clock.minutes_per_step)
    }

    /// Longer runs have days without the time of day.
    fn in_days(&self) -> bool {
        self.minute(self.steps) > 365 * MINUTES_A_DAY
    }

    fn x_of_minute(&self, minute: u64) -> f64 {
        if self.in_days() { minute as f64 / MINUTES_A_DAY as f64 } else { minute as f64 * 60_000.0 }
    }

    /// Where the beginning of a step lies: in milliseconds from the first midnight, or in days.
    pub(crate) fn x(&self, step: u32) -> f64 {
        self.x_of_minute(self.minute(step))
    }

    /// The axis itself.
    pub(crate) fn axis(&self) -> Axis {
        let axis = Axis::new().range(AxisRange::new(self.x(0), self.x(self.steps.max(1))));
        if self.in_days() {
            return axis.tick_prefix("day ");
        }
        // The first of January of any year is day 1.
        let stop = |from: f64, to: f64, format: &str| {
            TickFormatStop::new().dtick_range(vec![from, to]).value(format)
        };
        let day = (MINUTES_A_DAY * 60_000) as f64;
        let stops = vec![stop(1.0, day - 1.0, "%H:%M\nday %-j"), stop(day, 1e15, "day %-j")];
        axis.type_(AxisType::Date)
            .tick_format("day %-j")
            .tick_format_stops(stops)
            .hover_format("day %-j, %H:%M")
    }

    /// Day and time at the beginning of a step, in words.
    pub(crate) fn label(&self, step: u32) -> String {
        self.clock.label(Step(step))
    }

    /// Nights as shaded bands and marks as dashed lines, with the numbers of the marks.
    pub(crate) fn shapes(&self) -> (Vec<Shape>, Vec<Annotation>) {
        let mut shapes = self.nights();
        let mut numbers = Vec::new();
        let marks = self.marks.iter().take(MOST_MARKS);
        let spans = marks.flat_map(|mark| mark.spans.iter().map(move |span| (mark, span)));
        for (mark, span) in spans.filter(|(_, span)| span.from <= self.steps) {
            let x = self.x(span.from);
            if let Some(until) = span.until {
                shapes.push(self.band(x, self.x(until.min(self.steps)), "@mark/7"));
            }
            let line = ShapeLine::new().color("@mark").width(1.2).dash(DashType::Dash);
            let whole_height = Shape::new().shape_type(ShapeType::Line).y_ref("paper").y0(0.0).y1(1.0);
            shapes.push(whole_height.x0(x).x1(x).line(line));
            let font = plotly::common::Font::new().color("@mark").size(11);
            let number =
                Annotation::new().x(x).y(1.0).y_ref("paper").y_anchor(Anchor::Bottom).show_arrow(false);
            numbers.push(number.text(circled(mark.number)).font(font));
        }
        (shapes, numbers)
    }

    fn band(&self, from: f64, to: f64, color: &'static str) -> Shape {
        let line = ShapeLine::new().width(0.0);
        let band = Shape::new().shape_type(ShapeType::Rect).y_ref("paper").y0(0.0).y1(1.0).line(line);
        band.x0(from).x1(to).fill_color(color).layer(ShapeLayer::Below)
    }

    fn nights(&self) -> Vec<Shape> {
        let (start, end) = (self.minute(0), self.minute(self.steps));
        let days = start / MINUTES_A_DAY..=end / MINUTES_A_DAY;
        if self.in_days() || days.clone().count() as u64 > MOST_NIGHTS {
            return Vec::new();
        }
        let parts = days.flat_map(|day| {
            let midnight = day * MINUTES_A_DAY;
            [(midnight, midnight + NIGHT[1]), (midnight + NIGHT[0], midnight + MINUTES_A_DAY)]
        });
        let inside = parts.map(|(from, to)| (from.max(start), to.min(end))).filter(|(from, to)| from < to);
        inside.map(|(from, to)| self.band(self.x_of_minute(from), self.x_of_minute(to), "@night")).collect()
    }

    /// The names behind the numbers, for below a figure; nothing without marks.
    pub(crate) fn key(&self) -> String {
        let drawn = self.marks.iter().take(MOST_MARKS).filter(|mark| !mark.spans.is_empty());
        let names: Vec<String> = drawn
            .map(|mark| {
                format!("<li><b>{}</b> {}</li>", circled(mark.number), escape(&shorten(&mark.name, 60)))
            })
            .collect();
        if names.is_empty() { String::new() } else { format!("<ul class=\"marks\">{}</ul>", names.concat()) }
    }
}

/// A number in a circle, as far as there are such characters.
pub(crate) fn circled(number: usize) -> String {
    match u32::try_from(number) {
        Ok(small @ 1..=20) => char::from_u32(0x2460 + small - 1).map_or_else(String::new, String::from),
        _ => format!("({number})"),
    }
}

/// How a series is made shorter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Thinning {
    /// The mean of neighbouring steps: for what happens in a step.
    Mean,
    /// The last of neighbouring steps: for what there is so far.
    Last,
}

/// A series of at most about `most` points; of steps with a value alone.
pub(crate) fn thin(points: &[(u32, f64)], most: usize, thinning: Thinning) -> Vec<(u32, f64)> {
    let every = every(points.len(), most);
    let of_chunk = |chunk: &[(u32, f64)]| match thinning {
        Thinning::Mean => {
            let mean = chunk.iter().map(|point| point.1).sum::<f64>() / chunk.len() as f64;
            (chunk[0].0, mean)
        }
        Thinning::Last => chunk[chunk.len() - 1],
    };
    points.chunks(every).map(of_chunk).collect()
}

/// How many points become one.
pub(crate) fn every(points: usize, most: usize) -> usize {
    points.div_ceil(most.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(steps: u32, marks: Vec<Mark>) -> TimeAxis {
        TimeAxis { clock: Clock { minutes_per_step: 60, starts_at: 12 * 60 }, steps, marks }
    }

    #[test]
    fn nights_are_shaded_where_the_run_has_them() {
        // From noon of one day to noon of the next: one night in two parts, before and after midnight.
        assert_eq!(axis(24, Vec::new()).nights().len(), 2);
        assert_eq!(axis(10, Vec::new()).nights().len(), 0);
        assert_eq!(axis(24 * 50, Vec::new()).nights().len(), 0);
    }

    #[test]
    fn a_mark_has_a_line_a_band_while_it_holds_and_a_number() {
        let span = Span { from: 2, until: Some(5) };
        let mark = Mark { number: 3, name: "<b>".to_owned(), spans: vec![span] };
        let never = Mark { number: 4, name: "never".to_owned(), spans: Vec::new() };
        let axis = axis(9, vec![mark, never]);
        let (shapes, numbers) = axis.shapes();
        assert_eq!((shapes.len(), numbers.len()), (2, 1));
        assert_eq!(axis.key(), "<ul class=\"marks\"><li><b>③</b> &lt;b&gt;</li></ul>");
    }

    #[test]
    fn series_are_thinned_by_means_or_to_the_last() {
        let points: Vec<(u32, f64)> = (0..10).map(|step| (step, f64::from(step))).collect();
        assert_eq!(thin(&points, 5, Thinning::Mean)[0], (0, 0.5));
        assert_eq!(thin(&points, 5, Thinning::Last)[4], (9, 9.0));
        assert_eq!(thin(&points, 100, Thinning::Mean), points);
    }
}
