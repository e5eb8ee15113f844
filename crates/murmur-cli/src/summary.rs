//! The page that a finished run prints.

use std::fmt::Write;
use std::path::Path;

use murmur_core::{Clock, Step};
use murmur_engine::{ModelSummary, OpinionChange, Summary, WatchedPoint, WatchedSeries};

use murmur_llm::Spent;

use crate::plot::{Curve, Point, bars, curves};

/// Tables, plots and what to try `next`.
pub(crate) fn report(summary: &Summary, spent: Spent, clock: &Clock, next: &[String], out: &Path) -> String {
    let mut page = totals(summary, clock);
    page += &models(&summary.models, spent);
    page += &watched(&summary.watched, summary.steps, clock);
    page += &opinions(&summary.opinions);
    page + &next_commands(next, out)
}

fn totals(summary: &Summary, clock: &Clock) -> String {
    let cascades = &summary.cascades;
    let kinds: Vec<String> =
        summary.posts.iter().map(|(kind, count)| format!("{} {kind}s", count_of(*count))).collect();
    let done: Vec<String> = summary
        .actions
        .iter()
        .filter(|&(_, &count)| count > 0)
        .map(|(name, count)| format!("{name} {}", count_of(*count)))
        .collect();
    let mut page = String::from("\n");
    let mut row = |name: &str, value: String| {
        // The only failure of writing to a string is running out of memory.
        let _ = writeln!(page, "  {name:<12} {value}");
    };
    row("simulated", format!("{} steps, until {}", summary.steps, clock.label(Step(summary.steps))));
    row(
        "agents",
        format!("{}, active {} times", count_of(summary.agents.into()), count_of(summary.activations)),
    );
    row(
        "follows",
        format!("{} at first, {} at last", count_of(summary.follows_first), count_of(summary.follows_last)),
    );
    row("exposures", count_of(summary.exposures));
    row("posts", kinds.join(", "));
    row("actions", format!("{} (refused {})", done.join(", "), count_of(summary.refused)));
    row(
        "cascades",
        format!(
            "{} roots, {} reposted, largest {}, deepest {}",
            count_of(cascades.roots),
            cascades.reposted_share.map_or("none".to_owned(), |share| format!("{:.1} %", 100.0 * share)),
            cascades.max_scale,
            cascades.max_depth
        ),
    );
    if let Some(gini) = summary.attention_gini {
        row("attention", format!("Gini {gini:.3} of exposures over authors"));
    }
    page
}

/// What came of the calls to language models.
fn models(models: &[ModelSummary], spent: Spent) -> String {
    let mut page = String::new();
    for model in models {
        let ModelSummary { model: name, turns, valid, repaired, fallen_back, calls, faulty, failed, .. } =
            model;
        let [input, output] = [model.input_tokens, model.output_tokens].map(count_of);
        let share = |part: u64| format!("{:.1} %", 100.0 * part as f64 / (*turns).max(1) as f64);
        let _ = writeln!(
            page,
            "  model {name}: {} turns, {} valid at once, {} repaired, {} fallen back; {} calls, {} faulty replies, {} \
             without a reply; {input} tokens in, {output} out",
            count_of(*turns),
            share(*valid),
            share(*repaired),
            share(*fallen_back),
            count_of(*calls),
            count_of(*faulty),
            count_of(*failed),
        );
        if !model.problems.is_empty() {
            let kinds = model.problems.iter().map(|(kind, count)| format!("{kind} {}", count_of(*count)));
            let _ = writeln!(page, "    problems: {}", kinds.collect::<Vec<String>>().join(", "));
        }
    }
    if spent.money_nanos > 0 {
        let _ = writeln!(page, "  spent        {:.4}, in the currency of model.prices", spent.money());
    }
    page
}

fn watched(series: &[WatchedSeries], steps: u32, clock: &Clock) -> String {
    let planted: Vec<&WatchedSeries> = series.iter().filter(|series| !series.points.is_empty()).collect();
    if planted.is_empty() {
        return String::new();
    }
    let plot = |what: &str, value: fn(&WatchedPoint) -> f64| {
        let points = |series: &WatchedSeries| {
            series.points.iter().map(|point| Point { x: f64::from(point.step), y: value(point) }).collect()
        };
        let lines: Vec<Curve> = planted
            .iter()
            .map(|series| Curve { name: series.name.clone(), points: points(series) })
            .collect();
        format!("\n  {what}\n{}", curves(&lines, f64::from(steps), &clock.label(Step(steps))))
    };
    plot("reads of seed posts so far", |point| point.exposures as f64)
        + &plot("size of their cascades", |point| f64::from(point.scale))
}

fn opinions(changes: &[OpinionChange]) -> String {
    let width = changes.iter().map(|change| change.topic.chars().count()).max().unwrap_or(0);
    let mut page = String::from("\n  opinions, from -1 (against) to 1 (for)\n");
    for change in changes {
        for (when, histogram, summary) in [
            ("first", &change.histogram_first, &change.first),
            ("last", &change.histogram_last, &change.last),
        ] {
            let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:+.3}"));
            let topic = if when == "first" { change.topic.as_str() } else { "" };
            let _ = writeln!(
                page,
                "  {topic:<width$} {when:<5} │{}│ mean {}, variance {}",
                bars(histogram),
                number(summary.mean),
                number(summary.variance),
            );
        }
    }
    page
}

/// Where the run lies, and commands that go on from it.
fn next_commands(next: &[String], out: &Path) -> String {
    let mut page = format!("\nwritten to {}; try next\n", out.display());
    for command in next {
        let _ = writeln!(page, "  {command}");
    }
    page
}

/// A count with commas between thousands.
pub(crate) fn count_of(count: u64) -> String {
    let digits = count.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| str::from_utf8(group).unwrap_or("")).collect();
    groups.join(",")
}
