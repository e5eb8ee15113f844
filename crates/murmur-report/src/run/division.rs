//! How far the population is divided, as far as `murmur division` has measured it: each measure beside what it comes to
//! when ties are dealt again at random.

use murmur_engine::{Division, DivisionAt, DivisionRow, Sides};
use murmur_metrics::division::{JointDensity, Measured};
use plotly::common::{HoverInfo, Line, Marker, Mode};
use plotly::layout::{Axis, AxisRange, Shape, ShapeLayer, ShapeLine, ShapeType};
use plotly::{HeatMap, Scatter};

use super::Source;
use crate::ReportError;
use crate::figure::{Figure, Swatch, columns, density_colors};
use crate::page::{Column, Section};
use crate::text::{count, in_chart, maybe, number, shorten, tidy};

/// Partitions that have figures.
const MOST_SIDES: usize = 4;

/// Curves over time.
const MOST_CURVES: usize = 8;

/// A measure with its name.
type Named = (String, Measured);

pub(super) fn section(source: &Source) -> Result<Section, ReportError> {
    let section = Section::new("division", "Division");
    let Some(division) = source.run.read_division()? else { return Ok(section) };
    let Some(last) = division.at.last() else { return Ok(section) };
    let caption = format!(
        "Measured as step {} begins. Dots are the values; grey lines, where the middle 95 % lie when ties are dealt again {} times \
         with everybody's number of ties kept: a number alone says little, since random networks score high too.",
        last.step,
        count(division.rewirings.into())
    );
    let measures = measures(last);
    let section = section.part(&headline(&measures), &caption).figure(&against_chance(&measures)).table(
        "Measures of division",
        &COLUMNS,
        &measures.iter().map(row).collect::<Vec<_>>(),
    );
    let section = echo_chambers(section, last);
    Ok(over_time(section, source, &division))
}

const COLUMNS: [Column<'static>; 5] = [
    Column::Words("measure"),
    Column::Number("value"),
    Column::Number("mean when rewired"),
    Column::Number("standard deviation"),
    Column::Number("z"),
];

fn row((name, measured): &Named) -> Vec<String> {
    let numbers = [measured.value, measured.rewired_mean, measured.rewired_sd, measured.z];
    std::iter::once(name.clone()).chain(numbers.map(|number| maybe(number.map(tidy)))).collect()
}

/// All measures of a step that are defined.
fn measures(at: &DivisionAt) -> Vec<Named> {
    let defined = at.rows().into_iter().filter(|row| row.measured.value.is_some());
    defined.map(|row| (name_of(&row), row.measured)).collect()
}

fn name_of(row: &DivisionRow<'_>) -> String {
    let by = row.sides.map(|sides| format!(" by {}", shorten(sides, 40))).unwrap_or_default();
    let measure = match row.measure {
        "community_modularity" => "modularity of communities",
        "communities" => "number of communities",
        "random_walk_controversy" => "random-walk controversy",
        "echo_correlation" => "correlation with neighbours",
        "cross_cutting_authors" => "share across, by authors,",
        "cross_cutting_posts" => "share across, by posts,",
        "within_share" => "share within",
        other => other,
    };
    format!("{measure} of {}{by}", row.of)
}

/// The measure that is farthest from chance.
fn headline(measures: &[Named]) -> String {
    let size = |named: &&Named| named.1.z.map_or(0.0, f64::abs);
    match measures.iter().max_by(|one, other| size(one).total_cmp(&size(other))) {
        Some((name, Measured { value: Some(value), rewired_mean: Some(mean), z: Some(z), .. })) => format!(
            "Farthest from chance: {name}, {} where random ties give {} (z {})",
            number(tidy(*value)),
            number(tidy(*mean)),
            number(tidy(*z))
        ),
        _ => "How far the population is divided".to_owned(),
    }
}

/// Measures between -1 and 1 beside what they are by chance.
fn against_chance(measures: &[Named]) -> Figure {
    let fits = |measured: &Measured| measured.value.is_some_and(|value| value.abs() <= 1.0);
    let shown: Vec<&Named> = measures.iter().filter(|(_, measured)| fits(measured)).collect();
    let line = |place: usize| (shown.len() - 1 - place) as f64;
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for (place, (_, measured)) in shown.iter().enumerate() {
        if let (Some(mean), Some(sd)) = (measured.rewired_mean, measured.rewired_sd) {
            x.extend([mean - 1.96 * sd, mean + 1.96 * sd, f64::NAN].map(tidy));
            y.extend([line(place), line(place), f64::NAN]);
        }
    }
    let chance = Scatter::new(x, y)
        .mode(Mode::Lines)
        .hover_info(HoverInfo::Skip)
        .line(Line::new().color("@c7").width(7.0));
    let values: Vec<f64> = shown.iter().map(|(_, measured)| measured.value.map_or(f64::NAN, tidy)).collect();
    let dots = Scatter::new(values, (0..shown.len()).map(line).collect())
        .mode(Mode::Markers)
        .marker(Marker::new().color("@c1").size(10))
        .hover_template("%{x:.4~g}<extra></extra>");
    let two_lines = |name: &str| match name.split_once(" of ") {
        Some((measure, of)) => format!("{}<br>of {}", in_chart(measure), in_chart(of)),
        None => in_chart(name),
    };
    let texts: Vec<String> = shown.iter().map(|(name, _)| two_lines(name)).collect();
    let zero = ShapeLine::new().color("@ink2").width(1.0);
    let zero = Shape::new()
        .shape_type(ShapeType::Line)
        .x0(0.0)
        .x1(0.0)
        .y_ref("paper")
        .y0(0.0)
        .y1(1.0)
        .line(zero)
        .layer(ShapeLayer::Below);
    let axis = Axis::new()
        .tick_values((0..shown.len()).map(line).collect())
        .tick_text(texts)
        .range(AxisRange::new(-0.7, shown.len() as f64 - 0.3))
        .show_grid(false);
    Figure::new("fig-division", "Measures of division and what they are by chance")
        .height(60 + 36 * shown.len() as u32)
        .trace(chance)
        .named("rewired, 95 %", Swatch::Area, "@c7", 1)
        .trace(dots)
        .named("measured", Swatch::Dot, "@c1", 1)
        .layout(|layout| layout.y_axis(axis).shapes(vec![zero]))
}

fn echo_chambers(section: Section, at: &DivisionAt) -> Section {
    let joint = |(place, sides): (usize, &Sides)| {
        let density = at.follows.partitions.get(place)?.joint.as_ref()?;
        Some((shorten(&sides.name, 80), density_map(place, &sides.name, density)))
    };
    let figures: Vec<(String, Figure)> =
        at.sides.iter().enumerate().filter_map(joint).take(MOST_SIDES).collect();
    if figures.is_empty() {
        return section;
    }
    section
        .part("What those think whom one follows", "Agents by their own opinion and the mean opinion of those they follow (Cinelli et al. \
               2021); stronger colours are more agents. Echo chambers are spots on the diagonal away from the middle.")
        .grid(&figures)
}

fn density_map(place: usize, name: &str, density: &JointDensity) -> Figure {
    let bins = density.counts.len();
    let centres: Vec<f64> = (0..bins).map(|bin| tidy((bin as f64 + 0.5) / bins as f64 * 2.0 - 1.0)).collect();
    // Own opinion is the row; it goes along the horizontal axis.
    let z: Vec<Vec<u32>> =
        (0..bins).map(|column| density.counts.iter().map(|row| row[column]).collect()).collect();
    let map = HeatMap::new(centres.clone(), centres, z)
        .color_scale(density_colors())
        .zmin(0.0)
        .show_scale(false)
        .hover_template("own %{x:.2f}, neighbours %{y:.2f}: %{z} agents<extra></extra>");
    let axis = || Axis::new().range(AxisRange::new(-1.0, 1.0)).tick_values(vec![-1.0, -0.5, 0.0, 0.5, 1.0]);
    Figure::new(
        format!("fig-echo-{place}"),
        format!("Own opinion on {name} against that of those one follows"),
    )
    .unit("mean opinion of those one follows")
    .height(320)
    .trace(map)
    .layout(|layout| layout.x_axis(axis().title("own opinion")).y_axis(axis()))
}

/// Some measures as curves, if several steps were measured.
fn over_time(section: Section, source: &Source, division: &Division) -> Section {
    if division.at.len() < 2 {
        return section;
    }
    let mut curves: Vec<(String, Vec<(u32, f64)>)> = Vec::new();
    for at in &division.at {
        let chosen = ["community_modularity", "echo_correlation", "segregation"];
        for row in at.rows().iter().filter(|row| chosen.contains(&row.measure)) {
            let Some(value) = row.measured.value else { continue };
            let name = name_of(row);
            match curves.iter_mut().find(|(known, _)| *known == name) {
                Some((_, points)) => points.push((at.step, value)),
                None => curves.push((name, vec![(at.step, value)])),
            }
        }
    }
    let mut figure = Figure::new("fig-division-time", "Measures of division over time");
    for (place, (name, points)) in curves.iter().enumerate().take(MOST_CURVES) {
        let (x, y) = columns(&source.time, points);
        figure = figure.line(name, place, x, y);
    }
    section
        .part("Division over time", "Some of the measures as each of the chosen steps begins.")
        .figure(&figure.over_time(&source.time))
}
