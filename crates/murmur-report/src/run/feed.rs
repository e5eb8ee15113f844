//! Where the rows of feeds came from, and what was filtered out.

use plotly::common::{Line, Mode};
use plotly::layout::{Axis, AxisRange, HoverMode, RangeMode};
use plotly::{Bar, Scatter};

use super::Source;
use super::activity::{MOST_POINTS, thinned};
use crate::figure::{Figure, Swatch, color, columns};
use crate::page::Section;
use crate::text::{count, in_chart, percent, tidy};
use crate::time::{Thinning, thin};

pub(super) fn section(source: &Source) -> Section {
    let served = subjects(source, "rows_served");
    let section = Section::new("feed", "Feed");
    let Some((first, most)) = served.first() else { return section };
    let all: f64 = served.iter().map(|(_, total)| total).sum();
    let heading =
        format!("{} of the rows that were served came from the source {first}", percent(most / all.max(1.0)));
    let caption = format!(
        "The share of each source in the rows served in each step.{}",
        thinned(source.picture.steps as usize)
    );
    let figure = sources(source, &served, &heading);
    let section = section.part(&heading, &caption).figure(&figure);
    let dropped = subjects(source, "candidates_dropped");
    if dropped.is_empty() {
        return section;
    }
    let heading = format!(
        "The filter {} kept the most from feeds: {} candidates",
        dropped[0].0,
        count(dropped[0].1 as u64)
    );
    section
        .part(
            &heading,
            "Candidates that each filter kept out of feeds, over the whole run; the first filter that hits a \
               candidate counts.",
        )
        .figure(&drops(&dropped, &heading))
}

/// Sources or filters with what they add up to, the most first.
fn subjects<'a>(source: &'a Source, metric: &str) -> Vec<(&'a str, f64)> {
    let series = source.of_scope("feed").filter(|series| series.metric == metric);
    let mut subjects: Vec<(&str, f64)> = series
        .filter_map(|series| {
            let subject = series.subject.as_deref()?;
            Some((subject, source.total("feed", Some(subject), metric)))
        })
        .collect();
    subjects.sort_by(|one, other| other.1.total_cmp(&one.1));
    subjects
}

fn sources(source: &Source, served: &[(&str, f64)], heading: &str) -> Figure {
    let steps = source.picture.steps as usize;
    let series: Vec<Vec<f64>> = served
        .iter()
        .map(|(name, _)| {
            // A stage that nothing came to has no row; areas need a value everywhere.
            let mut whole = vec![0.0; steps];
            for (step, value) in source.points("feed", Some(name), "rows_served") {
                if let Some(place) = whole.get_mut(step as usize) {
                    *place = value;
                }
            }
            let whole: Vec<(u32, f64)> = (0..).zip(whole).collect();
            thin(&whole, MOST_POINTS, Thinning::Mean).into_iter().map(|point| point.1).collect()
        })
        .collect();
    let moments: Vec<(u32, f64)> = (0..source.picture.steps).map(|step| (step, 0.0)).collect();
    let (x, _) = columns(&source.time, &thin(&moments, MOST_POINTS, Thinning::Mean));
    let sums: Vec<f64> = (0..x.len()).map(|place| series.iter().map(|one| one[place]).sum()).collect();
    let mut figure = Figure::new("fig-sources", heading).unit("% of the rows served").height(300);
    for (place, ((name, total), served)) in served.iter().zip(&series).enumerate() {
        let share = |(&value, &sum): (&f64, &f64)| if sum > 0.0 { tidy(100.0 * value / sum) } else { 0.0 };
        let y: Vec<f64> = served.iter().zip(&sums).map(share).collect();
        let name = format!("{name} ({})", count(*total as u64));
        let trace = Scatter::new(x.clone(), y)
            .name(in_chart(&name))
            .mode(Mode::Lines)
            .stack_group("sources")
            .line(Line::new().color(color(place)).width(0.8))
            .fill_color(format!("{}/70", color(place)));
        figure = figure.trace(trace).named(&name, Swatch::Area, color(place), 1);
    }
    figure
        .over_time(&source.time)
        .y_axis(Axis::new().range(AxisRange::new(0.0, 100.0)))
        .layout(|layout| layout.hover_mode(HoverMode::XUnified))
}

fn drops(dropped: &[(&str, f64)], heading: &str) -> Figure {
    let names: Vec<String> = dropped.iter().rev().map(|(name, _)| in_chart(name)).collect();
    let values: Vec<f64> = dropped.iter().rev().map(|(_, total)| *total).collect();
    let bars = Bar::new(values, names)
        .orientation(plotly::common::Orientation::Horizontal)
        .marker(plotly::common::Marker::new().color(color(0)))
        .hover_template("%{y}: %{x:,} candidates<extra></extra>");
    let height = 60 + 30 * dropped.len() as u32;
    Figure::new("fig-filters", heading).unit("candidates dropped").height(height).trace(bars).layout(
        |layout| layout.bar_gap(0.4).x_axis(Axis::new().range_mode(RangeMode::ToZero).tick_format("~s")),
    )
}
