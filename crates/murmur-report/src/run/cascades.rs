//! How posts spread: watched cascades over time, the sizes of all, and the largest as a tree.

use plotly::Scatter;
use plotly::common::{Line, LineShape, Marker, Mode};
use plotly::layout::{Axis, AxisRange, AxisType, HoverMode, RangeMode};

use super::Source;
use super::activity::MOST_POINTS;
use crate::ReportError;
use crate::figure::{Figure, Swatch, color, columns, opinion_colors};
use crate::page::Section;
use crate::table_file::TableFile;
use crate::text::{count, in_chart, percent, shorten, tidy};
use crate::time::{Thinning, thin};
use crate::tree::{Node, depths, heights};

/// Watched cascades that have a curve.
const MOST_CURVES: usize = 8;

/// Points of the distribution of sizes.
const MOST_SIZES: usize = 240;

/// Rows of the largest cascade that are drawn.
const MOST_ROWS: usize = 2_500;

pub(super) fn section(source: &Source) -> Result<Section, ReportError> {
    let section = curves(Section::new("cascades", "Cascades"), source);
    let Some(table) = source.table("cascades")? else {
        return Ok(section.part("Sizes and trees", "They are drawn from the run's tables.").sentence(
            "The sizes of all cascades and the tree of the largest are drawn when the run has ended.",
        ));
    };
    let cascades = Cascades::read(&table)?;
    let section = sizes(section, source, &cascades);
    match source.table("posts")? {
        Some(posts) => largest(section, source, &cascades, &posts),
        None => Ok(section),
    }
}

/// Columns of the table `cascades`.
struct Cascades {
    root: Vec<u32>,
    scale: Vec<u32>,
    depth: Vec<u32>,
    /// Rows of watched seed posts.
    watched: Vec<(usize, String)>,
}

impl Cascades {
    fn read(table: &TableFile) -> Result<Self, ReportError> {
        let mut watched = Vec::new();
        table.each_text("name", |row, name| {
            if let Some(name) = name {
                watched.push((row, name.to_owned()));
            }
        })?;
        Ok(Self {
            root: table.u32s("root_id")?,
            scale: table.u32s("scale")?,
            depth: table.u32s("depth")?,
            watched,
        })
    }
}

/// Names of the watched cascades that are shown, those that spread farthest: in an order that does not depend on how far,
/// so that a seed post has the same colour in runs that differ.
fn watched(source: &Source) -> Vec<&str> {
    let scales = source.of_scope("cascade").filter(|series| series.metric == "scale");
    let mut names: Vec<&str> = scales.filter_map(|series| series.subject.as_deref()).collect();
    names.sort_by(|one, other| reach(source, other).total_cmp(&reach(source, one)));
    names.truncate(MOST_CURVES);
    names.sort_unstable();
    names
}

/// Rows of a watched cascade at the end.
fn reach(source: &Source, name: &str) -> f64 {
    source.last("cascade", Some(name), "scale").unwrap_or(0.0)
}

fn curves(section: Section, source: &Source) -> Section {
    let names = watched(source);
    let farthest = names.iter().max_by(|one, other| reach(source, one).total_cmp(&reach(source, other)));
    let Some(first) = farthest else { return section };
    let last =
        |name: &str, metric: &str| count(source.last("cascade", Some(name), metric).unwrap_or(0.0) as u64);
    let heading = format!(
        "“{}” was read {} times and grew to {} rows",
        shorten(first, 60),
        last(first, "exposures_total"),
        last(first, "scale")
    );
    let all = source.of_scope("cascade").filter(|series| series.metric == "scale").count();
    let more = match all {
        all if all > names.len() => {
            format!(" The {} largest of {all} watched cascades are shown.", names.len())
        }
        _ => String::new(),
    };
    let caption = format!(
        "Watched seed posts over time: how often any copy of the post was read so far, and how many rows its cascade has (the \
         post and its reposts).{more}"
    );
    let figure = |id: &str, metric: &str, unit: &str| {
        let mut figure = Figure::new(id, format!("{unit} over time: {heading}")).unit(unit).height(280);
        for (place, name) in names.iter().enumerate() {
            let points = thin(&source.points("cascade", Some(name), metric), MOST_POINTS, Thinning::Last);
            let (x, y) = columns(&source.time, &points);
            figure = figure.line(name, place, x, y);
        }
        let figure = figure.over_time(&source.time).y_axis(Axis::new().range_mode(RangeMode::ToZero));
        figure.layout(|layout| layout.hover_mode(HoverMode::XUnified))
    };
    section.part(&heading, &caption).grid(&[
        ("Reads so far".to_owned(), figure("fig-reads", "exposures_total", "reads")),
        ("Size of the cascade".to_owned(), figure("fig-scales", "scale", "rows")),
    ])
}

fn sizes(section: Section, source: &Source, cascades: &Cascades) -> Section {
    let mut scales = cascades.scale.clone();
    scales.sort_unstable();
    let Some(&largest) = scales.last() else { return section };
    let all = scales.len();
    let alone = scales.partition_point(|&scale| scale < 2);
    let heading = format!(
        "{} of {} posts were never reposted; the largest cascade has {} rows",
        percent(alone as f64 / all as f64),
        count(all as u64),
        count(largest.into())
    );
    let caption = "The share of cascades that have at least so many rows, both axes logarithmic: a straight line would be a power \
                   law. Dots are the watched seed posts.";
    let share = |scale: u32| (all - scales.partition_point(|&other| other < scale)) as f64 / all as f64;
    let mut different = scales.clone();
    different.dedup();
    let different = evenly_on_log_axis(&different, MOST_SIZES);
    let (x, y): (Vec<u32>, Vec<f64>) = different.iter().map(|&scale| (scale, tidy(share(scale)))).unzip();
    let line = Scatter::new(x, y)
        .name("all cascades")
        .mode(Mode::LinesMarkers)
        .line(Line::new().color("@c7").width(1.5).shape(LineShape::Linear))
        .marker(Marker::new().size(4).color("@c7"));
    let mut figure = Figure::new("fig-sizes", &heading)
        .unit("share of cascades with at least so many rows")
        .height(340)
        .trace(line)
        .named("all cascades", Swatch::Line, "@c7", 1);
    for (place, name) in watched(source).iter().enumerate() {
        let Some((row, _)) = cascades.watched.iter().find(|(_, found)| found == name) else { continue };
        let scale = cascades.scale[*row];
        let dot = Scatter::new(vec![scale], vec![tidy(share(scale))])
            .name(in_chart(name))
            .mode(Mode::Markers)
            .marker(Marker::new().size(11).color(color(place)));
        figure = figure.trace(dot).named(name, Swatch::Dot, color(place), 1);
    }
    let log = || Axis::new().type_(AxisType::Log).tick_format(",~r");
    let rows = log().title("rows in the cascade").dtick(1.0);
    let figure = figure.layout(|layout| layout.x_axis(rows).y_axis(log().dtick(1.0).tick_format("~%")));
    section.part(&heading, caption).figure(&figure)
}

/// At most about `most` of rising numbers, at even distances of their logarithms, the first and the last among them.
fn evenly_on_log_axis(rising: &[u32], most: usize) -> Vec<u32> {
    let (Some(&first), Some(&last)) = (rising.first(), rising.last()) else { return Vec::new() };
    if rising.len() <= most {
        return rising.to_vec();
    }
    let ratio = (f64::from(last) / f64::from(first.max(1))).powf(1.0 / most as f64);
    let (mut kept, mut next) = (Vec::new(), f64::from(first));
    for &number in rising {
        if f64::from(number) >= next || number == last {
            kept.push(number);
            next = f64::from(number) * ratio;
        }
    }
    kept
}

/// Columns of the rows of one cascade, in the order of ids.
struct Rows {
    id: Vec<u32>,
    parent: Vec<u32>,
    author: Vec<u32>,
    step: Vec<u32>,
    topic: Option<String>,
}

impl Rows {
    fn of(root: u32, posts: &TableFile) -> Result<Self, ReportError> {
        let mut places = Vec::new();
        let kinds = posts.u32s("root_id")?;
        places.extend((0..kinds.len()).filter(|&row| kinds[row] == root));
        let column = |name: &str| -> Result<Vec<u32>, ReportError> {
            let (mut values, mut wanted) = (Vec::with_capacity(places.len()), places.iter().peekable());
            posts.each_u32(name, |row, value| {
                if wanted.next_if(|&&place| place == row).is_some() {
                    values.push(value);
                }
            })?;
            Ok(values)
        };
        let mut topic = None;
        posts.each_text("topic", |row, name| {
            if places.first() == Some(&row) {
                topic = name.map(str::to_owned);
            }
        })?;
        Ok(Self {
            id: column("post_id")?,
            parent: column("parent_id")?,
            author: column("author_id")?,
            step: column("step")?,
            topic,
        })
    }
}

fn largest(
    section: Section,
    source: &Source,
    cascades: &Cascades,
    posts: &TableFile,
) -> Result<Section, ReportError> {
    // The first of equals, as the summary has it.
    let best = (0..cascades.scale.len()).max_by_key(|&row| (cascades.scale[row], std::cmp::Reverse(row)));
    let Some(best) = best.filter(|&row| cascades.scale[row] > 1) else {
        return Ok(section
            .part("Nothing was reposted", "A tree is drawn of the largest cascade.")
            .sentence("No cascade has more than one row."));
    };
    let rows = Rows::of(cascades.root[best], posts)?;
    let shown = rows.id.len().min(MOST_ROWS);
    let nodes: Vec<Node> = (0..shown)
        .map(|row| Node { parent: rows.id[..row].binary_search(&rows.parent[row]).ok().filter(|_| row > 0) })
        .collect();
    let (heights, depths) = (heights(&nodes), depths(&nodes));
    let x: Vec<f64> = rows.step.iter().take(shown).map(|&step| source.time.x(step)).collect();
    let deepest = depths.iter().max().copied().unwrap_or(0);
    let name = cascades
        .watched
        .iter()
        .find(|(row, _)| *row == best)
        .map(|(_, name)| format!("“{}”", shorten(name, 60)));
    let heading = format!(
        "The largest cascade, {}, has {} rows and is {} reposts deep",
        name.unwrap_or_else(|| format!("of post {}", cascades.root[best])),
        count(u64::from(cascades.scale[best])),
        cascades.depth[best],
    );
    let topic = rows.topic.as_deref().and_then(|topic| source.topics().position(|own| own == topic));
    let opinions = topic.and_then(|topic| Some(&source.people.as_ref()?.opinion_last[topic]));
    let colored = match opinions {
        Some(_) => format!(
            "what they think of {} at the end",
            rows.topic.as_deref().map_or_else(String::new, |name| shorten(name, 60))
        ),
        None => "their depth".to_owned(),
    };
    let cut = match rows.id.len() {
        all if all > shown => {
            format!(" The first {} of {} rows are drawn.", count(shown as u64), count(all as u64))
        }
        _ => String::new(),
    };
    let caption = format!(
        "Each dot is a row, at the time it was made, joined to the row that its author was shown; branches lie apart, in order of \
         time. Authors are coloured by {colored}.{cut}"
    );
    let (mut line_x, mut line_y) = (Vec::with_capacity(shown * 3), Vec::with_capacity(shown * 3));
    for (row, node) in nodes.iter().enumerate() {
        if let Some(parent) = node.parent {
            line_x.extend([x[parent], x[row], f64::NAN]);
            line_y.extend([heights[parent], heights[row], f64::NAN].map(tidy));
        }
    }
    let links = Scatter::new(line_x, line_y)
        .mode(Mode::Lines)
        .line(Line::new().color(format!("@ink2/{}", (9_000 / shown).clamp(7, 35))).width(0.8))
        .hover_info(plotly::common::HoverInfo::Skip);
    let sizes: Vec<usize> = (0..shown)
        .map(|row| {
            if row == 0 {
                15
            } else if shown > 800 {
                5
            } else {
                7
            }
        })
        .collect();
    // Many dots lie so close that outlines would be all there is to see.
    let outline = Line::new().color("@card").width(if shown > 800 { 0.0 } else { 0.6 });
    let marker = Marker::new().opacity(1.0).line(outline);
    let marker = match opinions {
        Some(opinions) => {
            let of =
                |&author: &u32| opinions.get(author as usize).map_or(0.0, |&opinion| tidy(opinion.into()));
            let values: Vec<f64> = rows.author.iter().take(shown).map(of).collect();
            marker.color_array(values).cmin(-1.0).cmax(1.0).color_scale(opinion_colors())
        }
        None => marker
            .color_array(depths.clone())
            .cmin(0.0)
            .cmax(f64::from(deepest.max(1)))
            .color_scale(crate::figure::density_colors()),
    };
    let texts: Vec<String> =
        (0..shown).map(|row| format!("agent {}, depth {}", rows.author[row], depths[row])).collect();
    let dots = Scatter::new(x, heights.iter().copied().map(tidy).collect::<Vec<f64>>())
        .mode(Mode::Markers)
        .marker(marker.size_array(sizes))
        .text_array(texts)
        .hover_template("%{text}<br>%{x}<extra></extra>");
    let hidden = Axis::new().visible(false);
    let (first, last) = (rows.step[0], rows.step[shown - 1].max(rows.step[0] + 1));
    let room = (source.time.x(last) - source.time.x(first)) * 0.03;
    let span = AxisRange::new(source.time.x(first) - room, source.time.x(last) + room);
    let figure = Figure::new("fig-tree", &heading)
        .height(480)
        .trace(links)
        .trace(dots)
        .over_time(&source.time)
        .layout(|layout| layout.x_axis(source.time.axis().range(span)))
        .y_axis(hidden);
    let section = section.part(&heading, &caption);
    let section = if opinions.is_some() { section.html(OPINION_KEY) } else { section };
    Ok(section.figure(&figure))
}

/// What the colours of opinions mean.
pub(super) const OPINION_KEY: &str =
    "<p class=\"scale\"><span>against</span><i class=\"opinions\"></i><span>for</span></p>\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_on_a_log_axis_keep_their_ends() {
        let sizes: Vec<u32> = (1..=10_000).collect();
        let kept = evenly_on_log_axis(&sizes, 50);
        assert!(kept.len() <= 60, "{}", kept.len());
        assert_eq!((kept[0], kept[kept.len() - 1]), (1, 10_000));
        assert_eq!(evenly_on_log_axis(&[3, 5], 50), [3, 5]);
    }
}
