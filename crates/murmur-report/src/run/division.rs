//! How far the population is divided, as far as `murmur division` has measured it: each measure beside what it comes to
//! when ties are dealt again at random.

use murmur_engine::{Division, DivisionAt, DivisionRow, Sides};
use murmur_metrics::division::{JointDensity, Measured};
use plotly::common::{HoverInfo, Line, Marker, MarkerSymbol, Mode};
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
struct Named {
    name: String,
    measured: Measured,
    /// Whether a sample alone was dealt again.
    is_sampled: bool,
}

impl Named {
    /// What the values when ties are dealt again stand beside: of the same sample.
    fn beside_chance(&self) -> Option<f64> {
        if self.is_sampled { self.measured.sample_value } else { self.measured.value }
    }
}

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
    let caption = caption + &samples(last);
    let measures = measures(last);
    let has_samples = measures.iter().any(|own| own.is_sampled);
    let mut columns = COLUMNS.to_vec();
    if has_samples {
        columns.insert(2, Column::Number("in the sample"));
    }
    let rows: Vec<Vec<String>> = measures.iter().map(|own| row(own, has_samples)).collect();
    let section = section.part(&headline(&measures), &caption).figure(&against_chance(&measures)).table(
        "Measures of division",
        &columns,
        &rows,
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

fn row(own: &Named, has_samples: bool) -> Vec<String> {
    let Measured { value, rewired_mean, rewired_sd, z, .. } = own.measured;
    let mut numbers = vec![value, rewired_mean, rewired_sd, z];
    if has_samples {
        numbers.insert(1, own.beside_chance().filter(|_| own.is_sampled));
    }
    let numbers = numbers.into_iter().map(|number| maybe(number.map(tidy)));
    std::iter::once(own.name.clone()).chain(numbers).collect()
}

/// What was dealt again in part alone; nothing where all was.
fn samples(at: &DivisionAt) -> String {
    let mut parts = Vec::new();
    for (of, network) in [("follows", &at.follows), ("interactions", &at.interactions)] {
        if let Some(sample) = &network.sample {
            parts.push(format!(
                "{} of {} {of}, those among {} of {} agents",
                count(sample.ties),
                count(network.size.ties),
                count(sample.agents.into()),
                count(network.size.agents.into())
            ));
        }
    }
    for sides in &at.sides {
        let dealt = [
            ("reads", sides.reading.reads, sides.reading.sample),
            ("reposts", sides.passing.reposts, sides.passing.sample),
        ];
        for (of, all, sample) in dealt {
            if let Some(sample) = sample {
                parts.push(format!(
                    "{} of {} {of} by {}",
                    count(sample),
                    count(all),
                    shorten(&sides.name, 40)
                ));
            }
        }
    }
    if parts.is_empty() {
        return String::new();
    }
    format!(
        " There were too many to deal all again, so that samples were: {}. Where that is so, dots and z are of the sample, and \
         hollow dots of everything.",
        parts.join("; ")
    )
}

/// Whether a sample alone of what a measure is of was dealt again.
fn is_sampled(at: &DivisionAt, row: &DivisionRow<'_>) -> bool {
    let sides = || at.sides.iter().find(|sides| Some(sides.name.as_str()) == row.sides);
    match row.of {
        "follows" => at.follows.sample.is_some(),
        "interactions" => at.interactions.sample.is_some(),
        "reads" => sides().is_some_and(|sides| sides.reading.sample.is_some()),
        _ => sides().is_some_and(|sides| sides.passing.sample.is_some()),
    }
}

/// All measures of a step that are defined.
fn measures(at: &DivisionAt) -> Vec<Named> {
    let defined = at.rows().into_iter().filter(|row| row.measured.value.is_some());
    let named = |row: DivisionRow<'_>| Named {
        name: name_of(&row),
        measured: row.measured,
        is_sampled: is_sampled(at, &row),
    };
    defined.map(named).collect()
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
    let size = |own: &&Named| own.measured.z.map_or(0.0, f64::abs);
    let farthest = measures.iter().max_by(|one, other| size(one).total_cmp(&size(other)));
    let told = farthest.and_then(|own| {
        let Measured { rewired_mean, z, .. } = own.measured;
        let [value, mean, z] = [own.beside_chance()?, rewired_mean?, z?].map(|value| number(tidy(value)));
        let sample = if own.is_sampled { " in a sample" } else { "" };
        Some(format!(
            "Farthest from chance: {}, {value}{sample} where random ties give {mean} (z {z})",
            own.name
        ))
    });
    told.unwrap_or_else(|| "How far the population is divided".to_owned())
}

/// Measures between -1 and 1 beside what they are by chance.
fn against_chance(measures: &[Named]) -> Figure {
    let fits = |own: &&Named| own.measured.value.is_some_and(|value| value.abs() <= 1.0);
    let shown: Vec<&Named> = measures.iter().filter(fits).collect();
    let line = |place: usize| (shown.len() - 1 - place) as f64;
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for (place, own) in shown.iter().enumerate() {
        if let (Some(mean), Some(sd)) = (own.measured.rewired_mean, own.measured.rewired_sd) {
            x.extend([mean - 1.96 * sd, mean + 1.96 * sd, f64::NAN].map(tidy));
            y.extend([line(place), line(place), f64::NAN]);
        }
    }
    let chance = Scatter::new(x, y)
        .mode(Mode::Lines)
        .hover_info(HoverInfo::Skip)
        .line(Line::new().color("@c7").width(7.0));
    let dots = |value: &dyn Fn(&Named) -> Option<f64>| {
        let values: Vec<f64> = shown.iter().map(|own| value(own).map_or(f64::NAN, tidy)).collect();
        Scatter::new(values, (0..shown.len()).map(line).collect())
            .mode(Mode::Markers)
            .hover_template("%{x:.4~g}<extra></extra>")
    };
    let two_lines = |name: &str| match name.split_once(" of ") {
        Some((measure, of)) => format!("{}<br>of {}", in_chart(measure), in_chart(of)),
        None => in_chart(name),
    };
    let texts: Vec<String> = shown.iter().map(|own| two_lines(&own.name)).collect();
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
    let mut figure = Figure::new("fig-division", "Measures of division and what they are by chance")
        .height(60 + 36 * shown.len() as u32)
        .trace(chance)
        .named("rewired, 95 %", Swatch::Area, "@c7", 1);
    if shown.iter().any(|own| own.is_sampled) {
        let whole = dots(&|own| own.measured.value.filter(|_| own.is_sampled));
        let hollow = Marker::new().color("@c1").size(10).symbol(MarkerSymbol::CircleOpen);
        figure = figure.trace(whole.marker(hollow)).named("of everything (hollow)", Swatch::Ring, "@c1", 1);
    }
    figure
        .trace(dots(&Named::beside_chance).marker(Marker::new().color("@c1").size(10)))
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
