//! Opinions on each topic: how they are spread over time, at first and at last, and group by group.

use murmur_engine::OpinionFrames;
use plotly::common::{Fill, Line, LineShape, Mode};
use plotly::layout::{Axis, AxisRange, RangeMode};
use plotly::{HeatMap, Scatter};

use super::Source;
use super::activity::MOST_POINTS;
use crate::figure::{Figure, Swatch, color, columns, density_colors, faint};
use crate::page::Section;
use crate::text::{in_chart, maybe, number, shorten, tidy};
use crate::time::{Thinning, thin};

/// Topics that have figures.
const MOST_TOPICS: usize = 6;

pub(super) fn section(source: &Source) -> Section {
    let section = Section::new("opinions", "Opinions");
    let Some(frames) = &source.picture.opinions else { return measures_alone(section, source) };
    if frames.before.len() < 2 || source.topics().next().is_none() {
        return section;
    }
    let section = over_time(section, source, frames);
    let section = first_and_last(section, source, frames);
    by_group(section, source, frames)
}

fn topics(source: &Source) -> Vec<(usize, &str)> {
    source.topics().enumerate().take(MOST_TOPICS).collect()
}

fn left_out(source: &Source) -> String {
    match source.topics().count() {
        all if all > MOST_TOPICS => format!(" The first {MOST_TOPICS} of {all} topics are shown."),
        _ => String::new(),
    }
}

/// Of an unfinished run: where opinions began is not known yet.
fn measures_alone(section: Section, source: &Source) -> Section {
    let means = |metric: &str, id: &str, unit: &str| {
        let mut figure = Figure::new(id, format!("{unit} over time, by topic")).unit(unit).height(260);
        for (place, topic) in topics(source) {
            let points = thin(&source.points("opinion", Some(topic), metric), MOST_POINTS, Thinning::Last);
            let (x, y) = columns(&source.time, &points);
            figure = figure.line(topic, place, x, y);
        }
        figure.over_time(&source.time)
    };
    if source.of_scope("opinion").next().is_none() {
        return section;
    }
    let caption = format!(
        "Mean and variance of all agents' opinions, from −1 (against) to 1 (for).{}",
        left_out(source)
    );
    section
        .part("Opinions so far", &caption)
        .grid(&[
            ("Mean".to_owned(), means("mean", "fig-opinion-means", "mean opinion")),
            ("Variance".to_owned(), means("variance_population", "fig-opinion-variances", "variance")),
        ])
        .sentence("How opinions are spread is drawn when the run has ended.")
}

/// What came of the opinions on the topic that changed most, in words.
fn heading(source: &Source) -> String {
    let changed = |opinion: &super::source::OpinionFile| {
        Some((opinion.last.variance_population? - opinion.first.variance_population?).abs())
    };
    let opinions = source.summary.iter().flat_map(|summary| &summary.opinions);
    let most =
        opinions.max_by(|one, other| changed(one).unwrap_or(0.0).total_cmp(&changed(other).unwrap_or(0.0)));
    let Some(opinion) = most else { return "Opinions over time".to_owned() };
    let (first, last) = (opinion.first.variance_population, opinion.last.variance_population);
    let topic = shorten(&opinion.topic, 60);
    match (first, last) {
        (Some(first), Some(last)) if (last - first).abs() < 0.005 * first.max(1e-9) => {
            format!("Opinions hardly moved: on {topic} their variance stayed at {}", number(tidy(last)))
        }
        (Some(first), Some(last)) if last < first => {
            format!("Opinions on {topic} drew together: their variance fell from {first:.3} to {last:.3}")
        }
        (Some(first), Some(last)) => {
            format!("Opinions on {topic} drew apart: their variance rose from {first:.3} to {last:.3}")
        }
        _ => format!("Opinions on {topic}"),
    }
}

fn opinion_axis() -> Axis {
    Axis::new().range(AxisRange::new(-1.0, 1.0)).tick_values(vec![-1.0, -0.5, 0.0, 0.5, 1.0])
}

fn centres(bins: usize) -> Vec<f64> {
    (0..bins).map(|bin| tidy((bin as f64 + 0.5) / bins as f64 * 2.0 - 1.0)).collect()
}

fn over_time(section: Section, source: &Source, frames: &OpinionFrames) -> Section {
    let agents = f64::from(frames.of_all(0, 0).iter().sum::<u32>()).max(1.0);
    let x: Vec<f64> = frames.before.iter().map(|&step| source.time.x(step.0)).collect();
    let figure = |(topic, name): (usize, &str)| {
        let shares: Vec<Vec<u32>> = (0..x.len()).map(|frame| frames.of_all(frame, topic)).collect();
        let z: Vec<Vec<f64>> = (0..frames.bins)
            .map(|bin| shares.iter().map(|counts| tidy(100.0 * f64::from(counts[bin]) / agents)).collect())
            .collect();
        let top = brightest(&z);
        let map = HeatMap::new(x.clone(), centres(frames.bins), z)
            .color_scale(density_colors())
            .zmin(0.0)
            .zmax(top)
            .show_scale(false)
            .hover_template("%{x}<br>opinion %{y:.2f}: %{z:.2f} % of agents<extra></extra>");
        let label = format!("Density of opinions on {name} over time");
        let figure = Figure::new(format!("fig-density-{topic}"), label)
            .unit(format!("opinion; the strongest colour is {} % of agents or more", number(top)))
            .height(260)
            .trace(map)
            .over_time(&source.time)
            .y_axis(opinion_axis());
        (shorten(name, 80), figure)
    };
    let caption = format!(
        "The share of agents at each opinion, from −1 (against) to 1 (for), in {} bins at {} moments.{}",
        frames.bins,
        x.len(),
        left_out(source)
    );
    let figures: Vec<(String, Figure)> = topics(source).into_iter().map(figure).collect();
    section.part(&heading(source), &caption).html(DENSITY_KEY).grid(&figures)
}

/// What the colours of densities mean.
const DENSITY_KEY: &str =
    "<p class=\"scale\"><span>no agents</span><i class=\"density\"></i><span>many agents</span></p>\n";

/// The share that is drawn in the strongest colour: that of the bin which only few are above, so that a peak or two do not
/// make the rest invisible; at least three times an even share, so that chance does not look like a pattern.
fn brightest(z: &[Vec<f64>]) -> f64 {
    let mut shares: Vec<f64> = z.iter().flatten().copied().collect();
    shares.sort_by(f64::total_cmp);
    let place = (shares.len() * 99 / 100).min(shares.len().saturating_sub(1));
    let even = 100.0 / z.len().max(1) as f64;
    tidy(shares.get(place).copied().unwrap_or(0.0).max(3.0 * even))
}

/// Twenty bins out of those of the heat map, as percentages.
fn histogram(counts: &[u32]) -> Vec<f64> {
    let all = f64::from(counts.iter().sum::<u32>()).max(1.0);
    counts.chunks(2).map(|pair| tidy(100.0 * f64::from(pair.iter().sum::<u32>()) / all)).collect()
}

fn first_and_last(section: Section, source: &Source, frames: &OpinionFrames) -> Section {
    let last = frames.before.len() - 1;
    let figure = |(topic, name): (usize, &str)| {
        let line = |frame: usize, name: &str, line: &'static str, area: String| {
            let mut y = histogram(&frames.of_all(frame, topic));
            let bins = y.len();
            let x: Vec<f64> = (0..=bins).map(|edge| tidy(edge as f64 / bins as f64 * 2.0 - 1.0)).collect();
            // The last bin ends where the axis does.
            y.extend(y.last().copied());
            let steps = Line::new().shape(LineShape::Hv).width(1.8).color(line);
            Scatter::new(x, y).name(name).mode(Mode::Lines).line(steps).fill(Fill::ToZeroY).fill_color(area)
        };
        let first = line(0, "at first", "@c7", "@c7/16".to_owned());
        let last = line(last, "at last", color(0), faint(0));
        let figure = Figure::new(
            format!("fig-histogram-{topic}"),
            format!("Histogram of opinions on {name}, first and last"),
        )
        .unit("% of agents")
        .height(220)
        .trace(first)
        .named("at first", Swatch::Area, "@c7", 1)
        .trace(last)
        .named("at last", Swatch::Area, color(0), 1)
        .layout(|layout| {
            layout.x_axis(opinion_axis().title("opinion")).y_axis(Axis::new().range_mode(RangeMode::ToZero))
        });
        (shorten(name, 80), figure)
    };
    let figures: Vec<(String, Figure)> = topics(source).into_iter().map(figure).collect();
    let mean = |spread: &super::source::SpreadFile| maybe(spread.mean.map(tidy));
    let means: Vec<String> = source
        .summary
        .iter()
        .flat_map(|summary| &summary.opinions)
        .take(MOST_TOPICS)
        .map(|opinion| {
            format!("{} {} → {}", shorten(&opinion.topic, 40), mean(&opinion.first), mean(&opinion.last))
        })
        .collect();
    let caption = format!(
        "The share of agents in each of {} bins of opinion. Means: {}.",
        frames.bins / 2,
        means.join("; ")
    );
    section.part("Before the first step and after the last", &caption).grid(&figures)
}

fn by_group(section: Section, source: &Source, frames: &OpinionFrames) -> Section {
    let Some(label) = source.run.config().metrics.label.as_deref().filter(|_| source.groups.len() > 1) else {
        return section;
    };
    let last = frames.before.len() - 1;
    let figure = |(topic, name): (usize, &str)| {
        let mut figure =
            Figure::new(format!("fig-groups-{topic}"), format!("Opinions on {name} at last, by {label}"))
                .unit("% of the group")
                .height(240);
        for (place, group) in source.groups.iter().enumerate() {
            let y = histogram(frames.counts(last, topic, place));
            let line = Line::new().color(color(place)).width(1.8).shape(LineShape::Spline).smoothing(0.6);
            let trace =
                Scatter::new(centres(y.len()), y).name(in_chart(&group.name)).mode(Mode::Lines).line(line);
            figure = figure.trace(trace).named(&group.name, Swatch::Line, color(place), 1);
        }
        let axes = |layout: plotly::Layout| {
            layout.x_axis(opinion_axis().title("opinion")).y_axis(Axis::new().range_mode(RangeMode::ToZero))
        };
        (shorten(name, 80), figure.layout(axes))
    };
    let (low, high, topic) = widest(source, frames, last);
    let heading = format!(
        "By {}: on {} the groups' means lie between {} and {}",
        shorten(label, 40),
        shorten(&topic, 60),
        number(low),
        number(high)
    );
    let caption = "Opinions after the last step within each group, every group's shares adding up to 100 %.";
    let figures: Vec<(String, Figure)> = topics(source).into_iter().map(figure).collect();
    section.part(&heading, caption).grid(&figures)
}

/// The topic on which groups' means lie farthest apart, with the least and the greatest mean.
fn widest(source: &Source, frames: &OpinionFrames, frame: usize) -> (f64, f64, String) {
    let centres = centres(frames.bins);
    let mean = |topic: usize, group: usize| {
        let counts = frames.counts(frame, topic, group);
        let sum: f64 = counts.iter().zip(&centres).map(|(&count, centre)| f64::from(count) * centre).sum();
        sum / f64::from(counts.iter().sum::<u32>()).max(1.0)
    };
    let range = |(topic, name): (usize, &str)| {
        let means = (0..source.groups.len()).map(|group| mean(topic, group));
        let (low, high) = means
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), mean| (low.min(mean), high.max(mean)));
        (tidy(low), tidy(high), name.to_owned())
    };
    let ranges = topics(source).into_iter().map(range);
    ranges.max_by(|one, other| (one.1 - one.0).total_cmp(&(other.1 - other.0))).unwrap_or_default()
}
