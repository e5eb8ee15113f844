//! `murmur classic`: a model of opinions or of diffusion in its classical form, and what came of it.

use std::path::PathBuf;

use clap::Args;
use murmur_engine::config::{ClassicConfig, load_classic};
use murmur_engine::{
    ClassicOutcome, DiffusionRuns, EngineError, Estimate, OpinionRun, OpinionRuns, Override, run_classic,
};

use crate::failure::{Failure, print};
use crate::measure::warn;
use crate::plot::{Curve, Point, bars, curves};
use crate::summary::count_of;

#[derive(Args)]
pub(crate) struct ClassicArgs {
    /// The configuration, a TOML file; configs/classic/ has one for each model.
    config: PathBuf,
    /// Change one key, for instance model.confidence=0.3. May be given often.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<Override>,
    /// New folder for series.csv, agents.csv and summary.json. Without one nothing is written.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn classic(args: &ClassicArgs) -> Result<(), Failure> {
    let config = load_classic(&args.config, &args.overrides).map_err(EngineError::from)?;
    let report = run_classic(&config, args.out.as_deref())?;
    warn(&report.warnings);
    let runs = match config.run.runs {
        1 => format!("1 run, seed {}", config.run.seed),
        runs => {
            format!("{} runs from seed {}; mean ± standard deviation", count_of(runs.into()), config.run.seed)
        }
    };
    let mut page = format!("\n{}: {} agents, {runs}\n\n", report.model, count_of(report.agents.into()));
    page += &match &report.outcome {
        ClassicOutcome::Opinions(runs) => opinions(runs, &config),
        ClassicOutcome::Diffusion(runs) => diffusion(runs),
    };
    if let Some(out) = &args.out {
        page += &format!("\nwritten to {}\n", out.display());
    }
    print(&page)
}

/// Runs whose clusters are told one by one.
const RUNS_TOLD: usize = 10;

fn opinions(runs: &OpinionRuns, config: &ClassicConfig) -> String {
    let mut page =
        row("rounds", &format!("{}, {}", count(runs.rounds), ended(runs.at_rest, &runs.runs, "at rest")));
    page += &row("mean", &number(runs.mean, 3));
    page += &row("variance", &number(runs.variance, 4));
    let meaning = format!(
        "gaps above {}, shares from {:.1} %; each as mean opinion (share)",
        config.clusters.gap,
        100.0 * config.clusters.least_share
    );
    page += &row("clusters", &format!("{}; {meaning}", count(runs.clusters)));
    for run in runs.runs.iter().take(RUNS_TOLD) {
        page += &row(&format!("  seed {}", run.seed), &clusters(run));
    }
    if runs.runs.len() > RUNS_TOLD {
        page += &row("  …", "summary.json of --out has all runs");
    }
    let histogram = |state: fn(&OpinionRun) -> &[u64]| -> Vec<u64> {
        let bins = runs.runs.first().map_or(0, |run| state(run).len());
        (0..bins).map(|bin| runs.runs.iter().map(|run| state(run)[bin]).sum()).collect()
    };
    page += "\n  opinions of all runs, from -1 to 1\n";
    page += &format!("  first │{}│\n", bars(&histogram(|run| &run.first.histogram)));
    page + &format!("  last  │{}│\n", bars(&histogram(|run| &run.last.histogram)))
}

fn clusters(run: &OpinionRun) -> String {
    /// More are not told in a line.
    const MOST: usize = 8;
    let told = run.last.clusters.iter().take(MOST);
    let told: Vec<String> =
        told.map(|cluster| format!("{:+.3} ({:.1} %)", cluster.mean, 100.0 * cluster.share)).collect();
    match run.last.clusters.len() {
        0 => "none".to_owned(),
        few if few <= MOST => told.join(", "),
        many => format!("{}, and {} more", told.join(", "), many - MOST),
    }
}

fn diffusion(runs: &DiffusionRuns) -> String {
    let mut page =
        row("rounds", &format!("{}, {}", count(runs.rounds), ended(runs.over, &runs.runs, "over")));
    let shares = [runs.susceptible_share, runs.active_share, runs.removed_share];
    for (word, share) in runs.words.iter().zip(shares) {
        page += &row(word, &percent(share));
    }
    let error =
        |error: Option<f64>| error.map_or(String::new(), |error| format!(", standard error {error:.2}"));
    let share = runs.reached_share;
    let share_error = error(share.error.map(|error| 100.0 * error));
    page += &row("ever reached", &format!("{}{share_error}", percent(share)));
    page += &row("", &format!("{} agents{}", count(runs.reached), error(runs.reached.error)));
    let active = runs.words[1];
    page += &row("peak", &format!("round {}, {} {active}", count(runs.peak_round), percent(runs.peak_share)));
    if let Some(largest) = runs.largest_cascade {
        page += &row("largest cascade", &format!("{} agents", count(largest)));
    }
    let series = runs.mean_series();
    let curve = |name: &str, place: usize| {
        let point = |&(round, counts): &(u32, [f64; 2])| Point { x: f64::from(round), y: counts[place] };
        Curve { name: name.to_owned(), points: series.iter().map(point).collect() }
    };
    let end = series.last().map_or(0, |&(round, _)| round);
    // Without removed agents the active are those ever reached.
    let ever_reached = (runs.words.len() > 2).then(|| curve("ever reached", 1));
    let shown: Vec<Curve> = ever_reached.into_iter().chain([curve(active, 0)]).collect();
    // Half a round more, so that the last one is on the plot.
    let plot = curves(&shown, f64::from(end) + 0.5, &format!("round {end}"));
    page + &format!("\n  agents, mean of all runs\n{plot}")
}

fn row(name: &str, value: &str) -> String {
    format!("  {name:<17} {value}\n")
}

fn ended<T>(ended: u32, runs: &[T], how: &str) -> String {
    match (ended, runs) {
        (1, [_]) => how.to_owned(),
        (_, [_]) => format!("not {how}"),
        (ended, runs) => format!("{how}: {} of {}", count_of(ended.into()), count_of(runs.len() as u64)),
    }
}

/// The mean of a whole number, likewise.
fn count(value: Estimate) -> String {
    number(value, if value.deviation.is_some() { 2 } else { 0 })
}

/// The mean, with the standard deviation where there are several runs.
fn number(value: Estimate, digits: usize) -> String {
    match value.deviation {
        Some(deviation) => format!("{:.digits$} ± {deviation:.digits$}", value.mean),
        None => format!("{:.digits$}", value.mean),
    }
}

fn percent(share: Estimate) -> String {
    match share.deviation {
        Some(deviation) => format!("{:.2} % ± {:.2}", 100.0 * share.mean, 100.0 * deviation),
        None => format!("{:.2} %", 100.0 * share.mean),
    }
}
