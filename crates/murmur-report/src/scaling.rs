//! The report of a bench: what a step costs over numbers of agents, what threads are worth, and the machine.

use std::path::Path;

use murmur_experiment::scaling::{Active, Machine, Row, ScalingResults};
use plotly::Scatter;
use plotly::common::{Line, Marker, Mode};
use plotly::layout::{Axis, AxisType};

use crate::ReportError;
use crate::figure::{Figure, Swatch, color};
use crate::page::{Column, Page, Section, Tile};
use crate::run::{facts, name_of, read_json};
use crate::text::{count, in_chart, number, tidy};

/// The page of the bench in the folder `path`.
pub(crate) fn page(path: &Path) -> Result<Page, ReportError> {
    let file = path.join("bench.json");
    let results: ScalingResults =
        read_json(&file)?.ok_or_else(|| ReportError::NothingToReport(path.to_owned()))?;
    let machine = &results.machine;
    Ok(Page {
        title: name_of(path),
        kind: "Bench",
        lead: format!(
            "What a step of simulated time costs on {} with {} cores. Every cell of the grid is a run in a process of its own.",
            machine.processor.as_deref().unwrap_or("this machine"),
            machine.cores
        ),
        tiles: tiles(&results),
        notices: notices(&results),
        sections: vec![times(&results), threads(&results), table(&results), described(&results)],
        foot: format!("Made by Murmur {} from the bench's figures alone.", env!("CARGO_PKG_VERSION")),
    })
}

fn tiles(results: &ScalingResults) -> Vec<Tile> {
    let Some(largest) = results.rows.iter().max_by_key(|row| (row.agents, row.threads)) else {
        return Vec::new();
    };
    let tile = |value: String, name: &str| Tile { value, name: name.to_owned() };
    let mut tiles = vec![
        tile(count(largest.agents.into()), "agents at most"),
        tile(format!("{} s", number(largest.step_seconds)), "a step with them, median"),
        tile(count(largest.active as u64), "of them active"),
    ];
    tiles.extend(largest.peak_bytes.map(|bytes| tile(gigabytes(bytes), "held at most")));
    tiles
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.2} GB", bytes as f64 / 1e9)
}

fn notices(results: &ScalingResults) -> Vec<String> {
    let skipped = results
        .skipped
        .iter()
        .map(|skipped| format!("{} is left out: {}.", skipped.cell.name(), skipped.why));
    let load = results.machine.load.filter(|&load| load > 0.5);
    let load = load
        .map(|load| format!("Other work went on when the bench began (load {load}): times may be too long."));
    load.into_iter().chain(skipped).collect()
}

/// What was asked for, as a legend says it.
fn name(active: Active) -> String {
    match active {
        Active::Share(share) => format!("{} % active", number(100.0 * share)),
        Active::Number(active) => format!("{} active", count(active.into())),
    }
}

fn most_threads(results: &ScalingResults) -> u16 {
    results.plan.threads.iter().copied().max().unwrap_or(1)
}

fn times(results: &ScalingResults) -> Section {
    let threads = most_threads(results);
    let mut figure = Figure::new("fig-times", "Seconds of a step over numbers of agents")
        .unit("seconds of a step")
        .height(380);
    for (place, &active) in results.plan.active.iter().enumerate() {
        let rows = results.rows_of(active, threads);
        let name = name(active);
        let line = dots(place, &name, &rows, |row| Some(row.engine_seconds));
        figure = figure.trace(line).named(&name, Swatch::Line, color(place), 1);
    }
    let axis = || Axis::new().type_(AxisType::Log);
    let figure = figure.layout(|layout| layout.x_axis(axis().title("agents"))).y_axis(axis());
    let caption = format!(
        "Median seconds of a step without waiting for models, {threads} threads, over {} steps after {} to warm up. Both axes are \
         logarithmic.",
        results.plan.steps, results.plan.warm_up
    );
    Section::new("times", "Times").part("A step costs what its active agents cost", &caption).figure(&figure)
}

fn threads(results: &ScalingResults) -> Section {
    let (section, plan) = (Section::new("threads", "Threads"), &results.plan);
    if plan.threads.len() < 2 {
        return section;
    }
    let least = plan.threads.iter().copied().min().unwrap_or(1);
    let mut figure = Figure::new("fig-threads", "How many times as fast with more threads")
        .unit("times as fast")
        .height(320);
    let mut place = 0;
    for &active in &plan.active {
        for base in results.rows_of(active, least) {
            let rows: Vec<&Row> = results
                .rows
                .iter()
                .filter(|row| row.agents == base.agents && row.asked == base.asked)
                .collect();
            let x: Vec<f64> = rows.iter().map(|row| f64::from(row.threads)).collect();
            let y = rows.iter().map(|row| tidy(base.engine_seconds / row.engine_seconds)).collect();
            let name = format!("{} agents, {}", count(base.agents.into()), name(active));
            figure = figure.colored_line(&name, color(place), x, y);
            place += 1;
        }
    }
    let figure = figure.layout(|layout| layout.x_axis(Axis::new().title("threads")));
    let caption = format!("Median seconds of a step with {least} thread over those with more.");
    section.part("What threads are worth", &caption).figure(&figure)
}

/// A line with dots of what `value` says of the rows, over their numbers of agents.
fn dots(
    place: usize,
    name: &str,
    rows: &[&Row],
    value: impl Fn(&Row) -> Option<f64>,
) -> Box<Scatter<u32, f64>> {
    let (x, y) = rows.iter().filter_map(|row| Some((row.agents, tidy(value(row)?)))).unzip();
    Scatter::new(x, y)
        .name(in_chart(name))
        .mode(Mode::LinesMarkers)
        .line(Line::new().color(color(place)).width(2.0))
        .marker(Marker::new().color(color(place)).size(7))
}

fn table(results: &ScalingResults) -> Section {
    let columns = [
        "agents",
        "active",
        "threads",
        "step s",
        "engine s",
        "models s",
        "longest s",
        "feeds s",
        "deciding s",
        "set-up s",
        "events/s",
        "held at most",
    ];
    let rows: Vec<Vec<String>> = results.rows.iter().map(cells).collect();
    let caption = "Medians over steps and repeats; the longest step, the most held and events a second are over all of them.";
    Section::new("table", "Table").part("All that was measured", caption).table(
        "What was measured",
        &columns.map(Column::Number),
        &rows,
    )
}

fn cells(row: &Row) -> Vec<String> {
    vec![
        count(row.agents.into()),
        count(row.active as u64),
        row.threads.to_string(),
        number(row.step_seconds),
        number(row.engine_seconds),
        number(row.model_seconds),
        number(row.worst_seconds),
        number(row.recommend_seconds),
        number(row.decide_seconds),
        number(row.setup_seconds),
        count(row.events_per_second as u64),
        row.peak_bytes.map_or_else(|| "–".to_owned(), gigabytes),
    ]
}

fn described(results: &ScalingResults) -> Section {
    let Machine { murmur, began, processor, cores, caches, memory_bytes, copied_per_second, system, load } =
        &results.machine;
    let plan = &results.plan;
    let unknown = || "unknown".to_owned();
    let rows = [
        ("processor", processor.clone().unwrap_or_else(unknown)),
        ("cores", cores.to_string()),
        ("caches of a core", caches.join(" · ")),
        ("memory", memory_bytes.map_or_else(unknown, gigabytes)),
        ("copies", format!("{}/s, read and written, all cores", gigabytes(*copied_per_second as u64))),
        ("system", system.clone()),
        ("load before", load.map_or_else(unknown, |load| load.to_string())),
        ("measured", began.clone()),
        ("Murmur", murmur.clone()),
        ("configuration", plan.config.clone().unwrap_or_else(|| "bench.toml, beside this page".to_owned())),
        ("settings", plan.settings.join(" · ")),
        ("models", if plan.model { "a mock without latency" } else { "none" }.to_owned()),
    ];
    Section::new("machine", "Machine")
        .part("What it was measured on", "Times of other machines compare only with the same configuration.")
        .html(&facts(&rows))
}

#[cfg(test)]
mod tests {
    use murmur_experiment::scaling::ScalingPlan;

    use super::*;

    fn row(agents: u32, threads: u16, seconds: f64) -> Row {
        Row {
            agents,
            asked: "0.1".to_owned(),
            active: f64::from(agents) / 10.0,
            threads,
            repeats: 1,
            step_seconds: seconds,
            engine_seconds: seconds,
            model_seconds: 0.0,
            worst_seconds: 2.0 * seconds,
            recommend_seconds: seconds / 2.0,
            decide_seconds: seconds / 4.0,
            setup_seconds: 1.5,
            events_per_second: 12_345.0,
            peak_bytes: Some(2_500_000_000),
        }
    }

    #[test]
    fn a_bench_has_its_table_its_machine_and_what_was_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let plan = ScalingPlan { active: vec![Active::Share(0.1)], ..ScalingPlan::quick(2) };
        let skipped =
            murmur_experiment::scaling::Skipped { cell: plan.cells()[0], why: "no room <here>".to_owned() };
        let machine = Machine {
            murmur: "0".to_owned(),
            began: "2026-01-02T03:04:05Z".to_owned(),
            processor: Some("A & B".to_owned()),
            cores: 2,
            caches: vec!["L2 2048K".to_owned()],
            memory_bytes: None,
            copied_per_second: 1.25e10,
            system: "linux".to_owned(),
            load: Some(3.5),
        };
        let rows = vec![row(1000, 1, 0.5), row(1000, 2, 0.25), row(10_000, 2, 3.5)];
        let results = ScalingResults { machine, plan, rows, skipped: vec![skipped] };
        std::fs::write(folder.path().join("bench.json"), serde_json::to_vec(&results).unwrap()).unwrap();
        let html = page(folder.path()).unwrap().html();
        for expected in [
            "12,345",
            "2.50 GB",
            "A &amp; B",
            "no room &lt;here&gt;",
            "load 3.5",
            "10,000",
            "12.50 GB/s",
            "fig-threads",
        ] {
            assert!(html.contains(expected), "{expected}");
        }
        // 0.5 s with one thread, 0.25 s with two.
        assert!(html.contains("\"y\":[1.0,2.0]"));
    }
}
