//! `murmur compare`: the same measures of several runs, side by side.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use murmur_core::Step;
use murmur_engine::{AlignedSeries, Run};

use crate::failure::{Failure, print};
use crate::plot::{Curve, Point, curves};

#[derive(Args)]
pub(crate) struct CompareArgs {
    /// The runs' folders; they are left as they are, and the runs may be going on.
    #[arg(required = true, num_args = 2..=MOST_RUNS)]
    runs: Vec<PathBuf>,
    /// Plot this measure over the steps, as scope/subject/name or scope/name; may be repeated.
    #[arg(long, value_name = "MEASURE")]
    metric: Vec<String>,
    /// Write a page with a chart of each measure too; a file that is there is replaced.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// As many curves a plot can tell apart.
const MOST_RUNS: usize = 4;

/// Adds a line. The only failure of writing to a string is running out of memory.
macro_rules! line {
    ($page:expr, $($arguments:tt)*) => { let _ = writeln!($page, $($arguments)*); };
}

pub(crate) fn compare(args: &CompareArgs) -> Result<(), Failure> {
    let runs: Vec<Run> = args.runs.iter().map(|path| Run::open(path)).collect::<Result<_, _>>()?;
    let series = runs.iter().map(Run::series).collect::<Result<_, _>>()?;
    let aligned = AlignedSeries::of(series);
    let plotted = args.metric.iter().map(|name| plotted(&aligned, name)).collect::<Result<Vec<_>, _>>()?;
    let mut page = String::new();
    for (letter, run) in LETTERS.into_iter().zip(&runs) {
        let config = run.config();
        let steps = run.committed()?;
        line!(
            page,
            "{letter}  {}: seed {}, {steps} steps of {} minutes",
            run.path().display(),
            config.run.seed,
            config.run.minutes_per_step
        );
    }
    page += &table(&aligned, runs.len());
    page += &unshared(&aligned, runs.len());
    for series in plotted {
        page += &plot(series, &runs);
    }
    print(&page)?;
    match &args.html {
        Some(file) => crate::report::write(file, &murmur_report::compare(&args.runs)?.html),
        None => Ok(()),
    }
}

const LETTERS: [char; MOST_RUNS] = ['A', 'B', 'C', 'D'];

/// The measure of that name.
fn plotted<'a>(aligned: &'a [AlignedSeries], name: &str) -> Result<&'a AlignedSeries, Failure> {
    aligned.iter().find(|series| series.name() == name).ok_or_else(|| {
        let end = name.rsplit('/').next().unwrap_or(name);
        let like: Vec<String> = aligned
            .iter()
            .map(AlignedSeries::name)
            .filter(|other| other.rsplit('/').next() == Some(end))
            .take(8)
            .collect();
        let expected = if like.is_empty() {
            "a name of the first column of this table without --metric".to_owned()
        } else {
            format!("one like {}", like.join(", "))
        };
        Failure::input(format!("--metric {name}: no run has it; expected {expected}"))
    })
}

/// Last values of what all runs have, and how far they are from the first run's.
fn table(aligned: &[AlignedSeries], runs: usize) -> String {
    let mut page = String::new();
    let mut head = format!("\n{:<58}", "last value of");
    for letter in &LETTERS[..runs] {
        head += &format!(" {letter:>12}");
    }
    for letter in &LETTERS[1..runs] {
        head += &format!(" {:>12}", format!("{letter} − A"));
    }
    line!(page, "{head}");
    for series in aligned.iter().filter(|series| series.is_shared()) {
        let last = series.last();
        let mut row = format!("{:<58}", series.name());
        for &value in &last {
            row += &format!(" {:>12}", number(value));
        }
        for value in &last[1..] {
            let difference = value.zip(last[0]).map(|(value, first)| value - first);
            row += &format!(" {:>12}", number(difference));
        }
        line!(page, "{row}");
    }
    page
}

/// What only some runs have.
fn unshared(aligned: &[AlignedSeries], runs: usize) -> String {
    let mut page = String::new();
    for series in aligned.iter().filter(|series| !series.is_shared()) {
        if page.is_empty() {
            page += "\nnot in all runs\n";
        }
        let having: Vec<String> = LETTERS[..runs]
            .iter()
            .zip(&series.runs)
            .filter(|(_, points)| points.is_some())
            .map(|(letter, _)| letter.to_string())
            .collect();
        line!(page, "{:<58} {}", series.name(), having.join(", "));
    }
    page
}

fn number(value: Option<f64>) -> String {
    match value {
        None => "none".to_owned(),
        Some(value) if value.fract() == 0.0 => format!("{value:.0}"),
        Some(value) => format!("{value:.4}"),
    }
}

/// One curve a run, over simulated time since each began.
fn plot(series: &AlignedSeries, runs: &[Run]) -> String {
    let hours = |run: &Run, step: Step| f64::from(step.0 * run.config().run.minutes_per_step) / 60.0;
    let mut end: f64 = 0.0;
    let mut shown = Vec::new();
    for ((letter, run), points) in LETTERS.into_iter().zip(runs).zip(&series.runs) {
        let points = points.iter().flatten().filter_map(|&(step, value)| {
            let point = Point { x: hours(run, step), y: value? };
            end = end.max(hours(run, Step(step.0 + 1)));
            Some(point)
        });
        shown.push(Curve { name: letter.to_string(), points: points.collect() });
    }
    format!("\n{}\n{}", series.name(), curves(&shown, end, &format!("{end:.1} h")))
}
