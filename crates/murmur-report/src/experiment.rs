//! The report of an experiment: its design, how outcomes went in each arm, what the comparisons say, how alike paired arms
//! stayed, and what common random numbers were worth.

use std::collections::BTreeSet;
use std::path::Path;

use murmur_experiment::{ArmSeries, Comparison, Contrast, Interval, OutcomeRow, ReplyShare, Results};
use plotly::Scatter;
use plotly::common::{DashType, Fill, HoverInfo, Line, Marker, MarkerSymbol, Mode};
use plotly::layout::{Axis, AxisRange, Shape, ShapeLayer, ShapeLine, ShapeType};

use crate::ReportError;
use crate::figure::{Figure, Swatch, color, faint};
use crate::page::{Column, Page, Section, Tile};
use crate::run::{facts, name_of, read_json};
use crate::text::{count, duration, escape, in_chart, maybe, number, shorten, tidy};
use crate::time::every;

/// Points of a curve.
const MOST_POINTS: usize = 240;

/// Outcomes that have figures.
const MOST_OUTCOMES: usize = 12;

/// Arms that have curves.
const MOST_ARMS: usize = 8;

/// Runs not done that are named.
const MOST_MISSING: usize = 12;

/// The page of the experiment in the folder `path`.
pub(crate) fn page(path: &Path) -> Result<Page, ReportError> {
    let file = path.join("results.json");
    let results: Results = read_json(&file)?.ok_or_else(|| ReportError::NothingToReport(path.to_owned()))?;
    let sections = vec![
        design(&results),
        outcomes(&results),
        effects(&results),
        arms(&results),
        pairing(&results),
        replies(&results),
        runs(&results, path),
    ];
    let title = if results.name.is_empty() { name_of(path) } else { results.name.clone() };
    Ok(Page {
        title,
        kind: "Experiment",
        lead: lead(&results),
        tiles: tiles(&results),
        notices: notices(&results),
        sections,
        foot: format!("Made by Murmur {} from the experiment's results alone.", env!("CARGO_PKG_VERSION")),
    })
}

fn lead(results: &Results) -> String {
    format!(
        "{} arms, {}. Within a replicate all arms share the seed and the steps before the treatment; a replicate is the \
         unit of analysis.",
        results.arms.len(),
        replicates(results)
    )
}

/// How many replicates there are, of how many.
fn replicates(results: &Results) -> String {
    match results.planned.max(results.replicates) {
        1 => "one replicate".to_owned(),
        planned if planned > results.replicates => {
            format!("{} of {} replicates", count(results.replicates.into()), count(planned.into()))
        }
        _ => format!("{} replicates", count(results.replicates.into())),
    }
}

/// The replicates that results are of, in order.
fn complete(results: &Results) -> BTreeSet<u32> {
    results.rows.iter().map(|row| row.replicate).collect()
}

fn runs_done(results: &Results) -> usize {
    results.rows.iter().map(|row| (row.replicate, &row.arm)).collect::<BTreeSet<_>>().len()
}

fn tiles(results: &Results) -> Vec<Tile> {
    let minutes = u64::from(results.steps) * u64::from(results.minutes_per_step);
    let mut narrowings: Vec<f64> = results.comparisons.iter().filter_map(|own| own.narrowing).collect();
    narrowings.sort_by(f64::total_cmp);
    let mut tiles = vec![
        Tile { value: count(results.arms.len() as u64), name: "arms".to_owned() },
        Tile { value: count(results.replicates.into()), name: "replicates".to_owned() },
        Tile { value: count(runs_done(results) as u64), name: "runs".to_owned() },
        Tile { value: duration(minutes), name: "simulated in each".to_owned() },
    ];
    // The lower of the two middle ones.
    if let Some(median) = narrowings.get(narrowings.len().saturating_sub(1) / 2) {
        tiles.push(Tile {
            value: format!("{median:.1}×"),
            name: "narrower intervals by pairing, median".to_owned(),
        });
    }
    let clear =
        results.comparisons.iter().filter(|own| own.paired.p_corrected.is_some_and(|p| p < 0.05)).count();
    if !results.comparisons.is_empty() {
        tiles.push(Tile {
            value: format!("{clear} of {}", results.comparisons.len()),
            name: "comparisons clear at 5 %, corrected".to_owned(),
        });
    }
    tiles
}

fn notices(results: &Results) -> Vec<String> {
    if results.planned <= results.replicates {
        return Vec::new();
    }
    let mut missing = results.missing[..results.missing.len().min(MOST_MISSING)].join(", ");
    if results.missing.len() > MOST_MISSING {
        missing += " and others";
    }
    vec![format!(
        "This experiment is not finished: {} are complete, and {} of {} runs are not done ({}). What is told here is of complete \
         replicates alone.",
        replicates(results),
        count(results.missing.len() as u64),
        count(results.arms.len() as u64 * u64::from(results.planned)),
        shorten(&missing, 600)
    )]
}

fn design(results: &Results) -> Section {
    let step = |step: u32| {
        let minutes = u64::from(step) * u64::from(results.minutes_per_step);
        format!("{step}, after {}", duration(minutes))
    };
    let rows = [
        ("arms", results.arms.join(" · ")),
        ("replicates", replicates(results)),
        ("steps", step(results.steps)),
        ("arms differ from step", step(results.treatment)),
        ("outcomes", results.outcomes.join(" · ")),
        ("seed", results.seed.to_string()),
    ];
    let rows: Vec<(&str, String)> =
        rows.into_iter().map(|(name, value)| (name, shorten(&value, 600))).collect();
    let heading = format!("{} arms from {} factors", results.arms.len(), results.factors.len())
        .replace("1 factors", "one factor");
    let section = Section::new("design", "Design")
        .part(&heading, "What was declared before running. The first level of a factor is the one that others are compared with.")
        .html(&facts(&rows));
    let levels: Vec<Vec<String>> = results
        .factors
        .iter()
        .map(|factor| vec![shorten(&factor.name, 120), shorten(&factor.levels.join(" · "), 400)])
        .collect();
    let section = section.table("Factors", &[Column::Text("factor"), Column::Text("levels")], &levels);
    let mut seeds: Vec<(u32, u64)> = results.rows.iter().map(|row| (row.replicate, row.seed)).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let seeds: Vec<String> =
        seeds.iter().map(|(replicate, seed)| format!("replicate {replicate}: {seed}")).collect();
    section.folded("The seed of each replicate", &seeds.join("\n"))
}

/// The place of an arm, by which it has its colour.
fn place_of(results: &Results, arm: &str) -> usize {
    results.arms.iter().position(|own| own == arm).unwrap_or(0)
}

fn shown(results: &Results) -> Vec<&str> {
    results.outcomes.iter().map(String::as_str).take(MOST_OUTCOMES).collect()
}

/// Where the arms begin to differ.
fn treatment_line(results: &Results) -> Shape {
    let line = ShapeLine::new().color("@mark").width(1.2).dash(DashType::Dash);
    let x = f64::from(results.treatment);
    Shape::new().shape_type(ShapeType::Line).x0(x).x1(x).y_ref("paper").y0(0.0).y1(1.0).line(line)
}

const TREATMENT_KEY: &str = " The dashed line is where the arms begin to differ.";

fn outcomes(results: &Results) -> Section {
    let section = Section::new("outcomes", "Outcomes");
    let figures: Vec<(String, Figure)> = shown(results)
        .into_iter()
        .enumerate()
        .filter_map(|(place, outcome)| {
            let series: Vec<&ArmSeries> =
                results.series.iter().filter(|series| series.outcome == outcome).collect();
            (!series.is_empty()).then(|| (shorten(outcome, 80), curves(results, place, outcome, &series)))
        })
        .collect();
    if figures.is_empty() {
        return section;
    }
    let caption = format!(
        "The measure behind each outcome over the steps: the mean over the runs of an arm, and from the least to the greatest of \
         them.{TREATMENT_KEY}"
    );
    section.part("What went on in each arm", &caption).grid(&figures)
}

fn curves(results: &Results, place: usize, outcome: &str, series: &[&ArmSeries]) -> Figure {
    let mut figure =
        Figure::new(format!("fig-outcome-{place}"), format!("{outcome} over steps, by arm")).height(270);
    for series in series.iter().take(MOST_ARMS) {
        let every = every(series.steps.len(), MOST_POINTS);
        let kept: Vec<usize> =
            (0..series.steps.len()).step_by(every).filter(|&at| value(&series.mean, at).is_some()).collect();
        let x: Vec<u32> = kept.iter().map(|&at| series.steps[at]).collect();
        let column = |values: &[Option<f64>]| -> Vec<f64> {
            kept.iter()
                .map(|&at| value(values, at).or(value(&series.mean, at)).map_or(f64::NAN, tidy))
                .collect()
        };
        let place = place_of(results, &series.arm);
        // There and back again, so that the band is one closed line.
        let band_x: Vec<u32> = x.iter().chain(x.iter().rev()).copied().collect();
        let band_y: Vec<f64> =
            column(&series.high).into_iter().chain(column(&series.low).into_iter().rev()).collect();
        let band = Scatter::new(band_x, band_y)
            .mode(Mode::Lines)
            .line(Line::new().width(0.0).color(color(place)))
            .fill(Fill::ToSelf)
            .fill_color(faint(place))
            .hover_info(HoverInfo::Skip);
        let mean = Scatter::new(x, column(&series.mean))
            .name(in_chart(&series.arm))
            .mode(Mode::Lines)
            .line(Line::new().color(color(place)).width(2.0));
        figure = figure.trace(band).trace(mean).named(&series.arm, Swatch::Line, color(place), 2);
    }
    let axis = Axis::new().title("step").range(AxisRange::new(0, results.steps));
    figure.layout(|layout| layout.x_axis(axis).shapes(vec![treatment_line(results)]))
}

fn value(values: &[Option<f64>], at: usize) -> Option<f64> {
    values.get(at).copied().flatten()
}

fn effects(results: &Results) -> Section {
    let section = Section::new("effects", "Effects");
    let of = |outcome: &str| -> Vec<&Comparison> {
        results.comparisons.iter().filter(|own| own.outcome == outcome && own.difference.is_some()).collect()
    };
    let figures: Vec<(String, Figure)> = shown(results)
        .into_iter()
        .enumerate()
        .filter(|(_, outcome)| !of(outcome).is_empty())
        .map(|(place, outcome)| (shorten(outcome, 80), forest(place, outcome, &of(outcome))))
        .collect();
    if figures.is_empty() {
        return section;
    }
    let caption = "Each row is one arm against another: the mean difference and its 95 % interval, pair by pair (filled) and as if \
                   the runs had nothing in common (hollow). An interval that crosses the line at 0 leaves open whether there is a \
                   difference; p is of the paired t test, corrected by Holm's method over all comparisons.";
    let section = section.part(&headline(results), caption).grid(&figures);
    let columns = [
        Column::Text("outcome"),
        Column::Text("arm"),
        Column::Text("against"),
        Column::Number("pairs"),
        Column::Number("difference"),
        Column::Number("paired 95 %"),
        Column::Number("paired, bootstrap"),
        Column::Number("unpaired 95 %"),
        Column::Number("effect size d"),
        Column::Number("p"),
        Column::Number("p corrected"),
        Column::Number("narrower by"),
        Column::Number("correlation"),
    ];
    let row = |own: &Comparison| {
        vec![
            shorten(&own.outcome, 80),
            shorten(&own.arm, 80),
            shorten(&own.against, 80),
            own.pairs.to_string(),
            maybe(own.difference.map(tidy)),
            interval(own.paired.t),
            interval(own.paired.bootstrap),
            interval(own.unpaired.t),
            maybe(own.paired.effect.map(tidy)),
            p_value(own.paired.p),
            p_value(own.paired.p_corrected),
            own.narrowing.map_or("–".to_owned(), |narrowing| format!("{narrowing:.2}×")),
            maybe(own.correlation.map(tidy)),
        ]
    };
    let rows: Vec<Vec<String>> = results.comparisons.iter().map(row).collect();
    section
        .part("All comparisons", "“Narrower by” is the width of the unpaired interval over that of the paired one: what the common \
               random numbers are worth. It is large where an outcome is alike in the arms of a replicate (correlation near 1).")
        .table("All comparisons", &columns, &rows)
}

fn interval(interval: Option<Interval>) -> String {
    interval.map_or("–".to_owned(), |interval| {
        format!("{} to {}", number(tidy(interval.low)), number(tidy(interval.high)))
    })
}

fn p_value(p: Option<f64>) -> String {
    match p {
        None => "–".to_owned(),
        Some(p) if p < 0.0001 => "< 0.0001".to_owned(),
        Some(p) if p < 0.01 => format!("{p:.4}"),
        Some(p) => format!("{p:.2}"),
    }
}

/// The clearest effect, in words.
fn headline(results: &Results) -> String {
    let size = |own: &&Comparison| own.paired.effect.map_or(0.0, f64::abs);
    let clear = results.comparisons.iter().filter(|own| own.paired.p_corrected.is_some_and(|p| p < 0.05));
    match clear.max_by(|one, other| size(one).total_cmp(&size(other))) {
        None => "No difference is clear after correction".to_owned(),
        Some(own) => {
            let difference = own.difference.unwrap_or(0.0);
            let direction = if difference < 0.0 { "lower" } else { "higher" };
            let [outcome, arm, against] =
                [&own.outcome, &own.arm, &own.against].map(|name| shorten(name, 50));
            format!(
                "{outcome}: {} {direction} under {arm} than under {against}",
                number(tidy(difference.abs()))
            )
        }
    }
}

fn forest(place: usize, outcome: &str, comparisons: &[&Comparison]) -> Figure {
    let rows = comparisons.len();
    let line = |row: usize| (rows - 1 - row) as f64;
    let name = |own: &&Comparison| {
        let arms = [&own.arm, &own.against].map(|arm| in_chart(&shorten(arm, 30)));
        format!("{} −<br>{}<br>p {}", arms[0], arms[1], in_chart(&equals(&p_value(own.paired.p_corrected))))
    };
    let intervals = |of: fn(&Comparison) -> &Contrast, offset: f64| {
        let (mut x, mut y) = (Vec::new(), Vec::new());
        for (row, own) in comparisons.iter().enumerate() {
            if let Some(interval) = of(own).t {
                x.extend([interval.low, interval.high, f64::NAN].map(tidy));
                y.extend([line(row) + offset, line(row) + offset, f64::NAN]);
            }
        }
        Scatter::new(x, y).mode(Mode::Lines).hover_info(HoverInfo::Skip)
    };
    let dots = |of: fn(&Comparison) -> &Contrast, offset: f64| {
        let x: Vec<f64> = comparisons.iter().map(|own| own.difference.map_or(f64::NAN, tidy)).collect();
        let y: Vec<f64> = (0..rows).map(|row| line(row) + offset).collect();
        let texts: Vec<String> = comparisons.iter().map(|own| interval(of(own).t)).collect();
        Scatter::new(x, y)
            .mode(Mode::Markers)
            .text_array(texts)
            .hover_template("%{x:.4~g} (%{text})<extra></extra>")
    };
    let (paired, unpaired) = ("@c1", "@c7");
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
    let ticks: Vec<f64> = (0..rows).map(line).collect();
    let texts: Vec<String> = comparisons.iter().map(name).collect();
    let axis = Axis::new()
        .tick_values(ticks)
        .tick_text(texts)
        .range(AxisRange::new(-0.6, rows as f64 - 0.4))
        .show_grid(false);
    Figure::new(format!("fig-forest-{place}"), format!("Effects on {outcome} with their intervals"))
        .height(70 + 74 * rows as u32)
        .trace(intervals(|own| &own.paired, 0.14).line(Line::new().color(paired).width(2.6)))
        .trace(dots(|own| &own.paired, 0.14).marker(Marker::new().color(paired).size(9)))
        .named("pair by pair", Swatch::Dot, paired, 2)
        .trace(intervals(|own| &own.unpaired, -0.14).line(Line::new().color(unpaired).width(1.6)))
        .trace(
            dots(|own| &own.unpaired, -0.14)
                .marker(Marker::new().color(unpaired).size(8).symbol(MarkerSymbol::CircleOpen)),
        )
        .named("as if unrelated", Swatch::Ring, unpaired, 2)
        .layout(|layout| layout.shapes(vec![zero]).x_axis(differences(comparisons)).y_axis(axis))
}

/// An axis with some room beside the widest interval, and 0 on it.
fn differences(comparisons: &[&Comparison]) -> Axis {
    let intervals = comparisons.iter().flat_map(|own| [own.paired.t, own.unpaired.t]).flatten();
    let dots = comparisons.iter().filter_map(|own| own.difference);
    let ends = intervals.flat_map(|interval| [interval.low, interval.high]).chain(dots);
    let (low, high) = ends.fold((0.0f64, 0.0f64), |(low, high), end| (low.min(end), high.max(end)));
    let room = 0.06 * (high - low);
    let axis = Axis::new().title("difference");
    if room > 0.0 { axis.range(AxisRange::new(tidy(low - room), tidy(high + room))) } else { axis }
}

fn equals(p: &str) -> String {
    if p.starts_with('<') { p.to_owned() } else { format!("= {p}") }
}

fn arms(results: &Results) -> Section {
    let section = Section::new("arms", "Arms");
    if results.means.is_empty() {
        return section;
    }
    let rows: Vec<Vec<String>> = results
        .means
        .iter()
        .map(|own| {
            vec![
                shorten(&own.outcome, 80),
                shorten(&own.arm, 80),
                own.runs.to_string(),
                maybe(own.mean.map(tidy)),
                interval(own.interval),
                maybe(own.sd.map(tidy)),
            ]
        })
        .collect();
    let columns = [
        Column::Text("outcome"),
        Column::Text("arm"),
        Column::Number("runs"),
        Column::Number("mean"),
        Column::Number("95 %"),
        Column::Number("standard deviation"),
    ];
    let figures: Vec<(String, Figure)> = shown(results)
        .into_iter()
        .enumerate()
        .filter(|(_, outcome)| results.rows.iter().any(|row| row.outcome == *outcome && row.value.is_some()))
        .map(|(place, outcome)| (shorten(outcome, 80), values(results, place, outcome)))
        .collect();
    section
        .part(
            "Every run, arm by arm",
            "Each dot is a run; grey lines join the arms of a replicate, so that parallel lines mean that \
               replicates differ more than arms do. Bars are means.",
        )
        .grid(&figures)
        .part(
            "Means of the arms",
            "Over the runs in which an outcome is defined; the intervals are Student's.",
        )
        .table("Means of the arms", &columns, &rows)
}

/// Every run's value, the arms of a replicate joined.
fn values(results: &Results, place: usize, outcome: &str) -> Figure {
    let arms = results.arms.len().min(MOST_ARMS);
    let rows: Vec<&OutcomeRow> = results.rows.iter().filter(|row| row.outcome == outcome).collect();
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for replicate in complete(results).into_iter().take(200) {
        for arm in 0..arms {
            let own = rows.iter().find(|row| row.replicate == replicate && row.arm == results.arms[arm]);
            x.push(arm as f64);
            y.push(own.and_then(|row| row.value).map_or(f64::NAN, tidy));
        }
        x.push(f64::NAN);
        y.push(f64::NAN);
    }
    let lines = Scatter::new(x, y)
        .mode(Mode::Lines)
        .hover_info(HoverInfo::Skip)
        .line(Line::new().color("@ink2/30").width(0.8));
    let mut figure = Figure::new(format!("fig-values-{place}"), format!("{outcome} of every run, by arm"))
        .height(260)
        .trace(lines);
    for (arm, name) in results.arms.iter().enumerate().take(arms) {
        let own: Vec<f64> =
            rows.iter().filter(|row| row.arm == *name).filter_map(|row| row.value).map(tidy).collect();
        let mean = own.iter().sum::<f64>() / own.len().max(1) as f64;
        let dots = Scatter::new(vec![arm as f64; own.len()], own.clone())
            .mode(Mode::Markers)
            .marker(Marker::new().color(color(arm)).size(7).opacity(0.75))
            .hover_template("%{y:.4~g}<extra></extra>");
        figure = figure.trace(dots);
        if !own.is_empty() {
            let bar = Scatter::new(vec![arm as f64 - 0.22, arm as f64 + 0.22], vec![tidy(mean); 2]);
            figure = figure.trace(
                bar.mode(Mode::Lines)
                    .hover_info(HoverInfo::Skip)
                    .line(Line::new().color(color(arm)).width(3.0)),
            );
        }
    }
    let texts: Vec<String> = results.arms.iter().take(arms).map(|arm| in_chart(&shorten(arm, 26))).collect();
    let axis = Axis::new()
        .tick_values((0..arms).map(|arm| arm as f64).collect())
        .tick_text(texts)
        .range(AxisRange::new(-0.5, arms as f64 - 0.5))
        .show_grid(false);
    figure.layout(|layout| layout.x_axis(axis))
}

fn pairing(results: &Results) -> Section {
    let section = Section::new("pairing", "Pairing");
    let pairs: BTreeSet<(&str, &str)> =
        results.correlations.iter().map(|own| (own.arm.as_str(), own.against.as_str())).collect();
    let figures: Vec<(String, Figure)> = shown(results)
        .into_iter()
        .enumerate()
        .filter_map(|(place, outcome)| {
            let mut figure = Figure::new(
                format!("fig-correlation-{place}"),
                format!("Correlation of arms on {outcome} by steps since treatment"),
            )
            .unit("correlation")
            .height(240);
            let mut any = false;
            for (line, (arm, against)) in pairs.iter().enumerate().take(MOST_ARMS) {
                let points: Vec<(f64, f64)> = results
                    .correlations
                    .iter()
                    .filter(|own| own.outcome == outcome && own.arm == *arm && own.against == *against)
                    .filter_map(|own| Some((f64::from(own.steps), own.correlation?)))
                    .collect();
                let every = every(points.len(), MOST_POINTS);
                let (x, y): (Vec<f64>, Vec<f64>) = points.into_iter().step_by(every).unzip();
                if !x.is_empty() {
                    any = true;
                    figure = figure.line(&format!("{arm} − {against}"), line, x, y);
                }
            }
            let axes = |layout: plotly::Layout| {
                layout
                    .x_axis(Axis::new().title("steps since the arms differ"))
                    .y_axis(Axis::new().range(AxisRange::new(-1.05, 1.05)))
            };
            any.then(|| (shorten(outcome, 80), figure.layout(axes)))
        })
        .collect();
    if figures.is_empty() {
        return section;
    }
    section
        .part(
            "How alike paired arms stay",
            "Correlation over replicates of the measure in two arms, by steps since they differ: 1 as long as the arms are the same \
             run, and less as they go apart. The higher it is, the narrower paired intervals are.",
        )
        .grid(&figures)
}

fn replies(results: &Results) -> Section {
    let section = Section::new("replies", "Replies");
    if results.replies.is_empty() {
        return section;
    }
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for own in &results.replies {
        if !pairs.contains(&(&own.arm, &own.against)) {
            pairs.push((&own.arm, &own.against));
        }
    }
    let sum = |of: fn(&ReplyShare) -> u64, pair: (&str, &str)| -> u64 {
        results.replies.iter().filter(|own| (own.arm.as_str(), own.against.as_str()) == pair).map(of).sum()
    };
    let share = |shared: u64, requests: u64| {
        if requests == 0 {
            "–".to_owned()
        } else {
            format!("{:.1} %", 100.0 * shared as f64 / requests as f64)
        }
    };
    let row = |&pair: &(&str, &str)| {
        let (requests, shared) = (sum(|own| own.requests, pair), sum(|own| own.shared, pair));
        vec![
            shorten(pair.0, 80),
            shorten(pair.1, 80),
            count(requests),
            count(shared),
            share(shared, requests),
        ]
    };
    let columns = [
        Column::Text("arm"),
        Column::Text("and"),
        Column::Number("requests"),
        Column::Number("in common"),
        Column::Number("share"),
    ];
    let rows: Vec<Vec<String>> = pairs.iter().map(row).collect();
    let all = share(
        results.replies.iter().map(|own| own.shared).sum(),
        results.replies.iter().map(|own| own.requests).sum(),
    );
    section
        .part(
            &format!("{all} of the requests to language models were the same in two arms"),
            "Requests of an arm that the other made as well, word for word, in the same replicate: their replies are reused.",
        )
        .table("Replies in common", &columns, &rows)
}

/// Links to the runs that were kept, relative to the experiment's folder.
fn runs(results: &Results, path: &Path) -> Section {
    let mut links = String::new();
    // Runs of replicates that are not complete are kept as well.
    let last = complete(results).last().map_or(0, |last| last + 1);
    for replicate in 0..results.planned.max(last) {
        let mut own = String::new();
        for (place, arm) in results.arms.iter().enumerate() {
            // Older files do not say; folders of plain names are called as the arms.
            let folder = results.folders.get(place).unwrap_or(arm);
            let place = format!("runs/r{replicate:04}/{folder}");
            // A name with a slash or dots is of no folder of the experiment's.
            let is_plain = !folder.contains(['/', '\\']) && folder != "." && folder != "..";
            if is_plain && path.join(&place).join("manifest.json").is_file() {
                let page = if path.join(&place).join("report.html").is_file() { "report.html" } else { "" };
                own += &format!(
                    "<a href=\"{}/{page}\">{}</a> ",
                    escape(&percent_encoded(&place)),
                    escape(&shorten(arm, 60))
                );
            }
        }
        if !own.is_empty() {
            links += &format!("<dt>replicate {replicate}</dt><dd>{own}</dd>");
        }
    }
    let section = Section::new("runs", "Runs");
    if links.is_empty() {
        return section;
    }
    section
        .part(
            "Runs that were kept",
            "Their folders, or their reports where there are any; murmur report makes one.",
        )
        .html(&format!("<dl class=\"facts\">{links}</dl>\n"))
}

/// A path as addresses write it.
fn percent_encoded(path: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    path.bytes().map(byte).collect()
}
