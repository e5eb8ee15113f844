//! What `murmur experiment` prints: the plan before, the tables after. A page is 100 columns wide.

use std::fmt::Write;
use std::path::Path;

use murmur_experiment::{Comparison, Experiment, Interval, Outcome, Results, Summary};

/// What an experiment would run.
pub(crate) fn plan(experiment: &Experiment) -> String {
    let Experiment { name, replicates, burn_in, treatment, steps, arms, .. } = experiment;
    let runs = arms.len() * *replicates as usize;
    let mut page = format!(
        "{name}: {runs} runs, {} arms times {replicates} replicates, of {steps} steps of {} minutes\n",
        arms.len(),
        experiment.minutes_per_step
    );
    let shared = match burn_in {
        0 => "every arm runs from the start".to_owned(),
        _ => format!("the arms of a replicate share {burn_in} steps and branch off there"),
    };
    let _ = writeln!(page, "{shared}; steps since treatment count from step {treatment}\n");
    for arm in arms {
        let _ = writeln!(page, "  arm {}", arm.name);
        for setting in &arm.settings {
            let _ = writeln!(page, "    {}", cut(&setting.to_string(), 94));
        }
    }
    page += "\n";
    for outcome in &experiment.outcomes {
        let _ = writeln!(page, "  outcome {}: {}", outcome.name, meaning(outcome));
    }
    page += "\n";
    for pair in experiment.pairs() {
        let _ = writeln!(
            page,
            "  {} is compared with {} ({})",
            arms[pair.arm].name, arms[pair.against].name, experiment.factors[pair.factor].name
        );
    }
    page += "\n";
    for replicate in 0..*replicates {
        let _ = writeln!(page, "  replicate r{replicate:04}: seed {}", experiment.seed_of(replicate));
    }
    page
}

/// What an outcome is, in words.
fn meaning(outcome: &Outcome) -> String {
    let Outcome { scope, subject, metric, summary, from, until, .. } = outcome;
    let measure = match subject {
        Some(subject) => format!("{metric} of {scope} {subject}"),
        None => format!("{metric} of the {scope}"),
    };
    let horizon = format!("over steps {from} to {}", until - 1);
    match summary {
        Summary::At { step } => format!("{measure} at step {step}"),
        Summary::Last {} => format!("{measure} at step {}", until - 1),
        Summary::Max {} => format!("greatest {measure} {horizon}"),
        Summary::Mean {} => format!("mean {measure} {horizon}"),
        Summary::Area {} => format!("sum of {measure} {horizon}"),
        Summary::TimeTo { above, below } => {
            let bounds = [("above", above), ("below", below)];
            let bound = bounds.iter().find_map(|(side, bound)| bound.map(|bound| format!("{side} {bound}")));
            format!("steps from step {from} until {measure} is {}", bound.unwrap_or_default())
        }
    }
}

/// What an experiment came to, and where it lies.
pub(crate) fn results(results: &Results, folder: &Path, tables: &Path) -> String {
    let mut page = format!("\n{}: {} replicates\n", results.name, results.replicates);
    for outcome in &results.outcomes {
        let _ = writeln!(page, "\n{outcome}");
        page += &means(results, outcome);
        page += &comparisons(results, outcome);
    }
    page += &replies(results);
    let _ = write!(
        page,
        "\np values are corrected (Holm) for all {} comparisons; intervals are 95 % by t, paired by replicate or not;\n\
         narrowing is the width of the latter over that of the former. Bootstrap intervals are in the tables.\n\
         written to {} and {}/*.csv, *.parquet\n",
        results.comparisons.len(),
        folder.join("results.json").display(),
        tables.display()
    );
    page
}

fn means(results: &Results, outcome: &str) -> String {
    let mut page =
        format!("  {:<28} {:>5} {:>12} {:>12}  {:<28}\n", "arm", "runs", "mean", "sd", "95 % interval")
            .trim_end()
            .to_owned();
    page += "\n";
    for row in results.means.iter().filter(|row| row.outcome == outcome) {
        let line = format!(
            "  {:<28} {:>5} {:>12} {:>12}  {:<28}",
            cut(&row.arm, 28),
            row.runs,
            value(row.mean),
            value(row.sd),
            interval(row.interval)
        );
        page += line.trim_end();
        page += "\n";
    }
    page
}

fn comparisons(results: &Results, outcome: &str) -> String {
    let rows: Vec<&Comparison> = results.comparisons.iter().filter(|row| row.outcome == outcome).collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut page = format!(
        "  {:<28} {:>10} {:>21} {:>21} {:>5} {:>6}\n",
        "against", "difference", "95 % paired", "95 % unpaired", "ratio", "p"
    );
    page = page.replace("ratio", "narr.");
    for row in rows {
        let pair = cut(&format!("{} − {}", row.arm, row.against), 28);
        let narrowing = row.narrowing.map_or("–".to_owned(), |narrowing| format!("{narrowing:.1}"));
        let _ = writeln!(
            page,
            "  {pair:<28} {:>10} {:>21} {:>21} {narrowing:>5} {:>6}",
            value(row.difference),
            interval(row.paired.t),
            interval(row.unpaired.t),
            p_value(row.paired.p_corrected)
        );
    }
    page
}

/// How many requests to language models arms had in common.
fn replies(results: &Results) -> String {
    let mut page = String::new();
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for row in &results.replies {
        let pair = (row.arm.as_str(), row.against.as_str());
        if !pairs.contains(&pair) {
            pairs.push(pair);
        }
    }
    for (arm, against) in pairs {
        let rows = results.replies.iter().filter(|row| row.arm == arm && row.against == against);
        let (shared, requests) = rows.fold((0, 0), |sums, row| (sums.0 + row.shared, sums.1 + row.requests));
        let share = 100.0 * shared as f64 / requests.max(1) as f64;
        let _ = writeln!(
            page,
            "\nof {requests} requests to language models in {arm}, {share:.1} % are word for word those of {against}"
        );
    }
    page
}

/// Which runs are not done.
pub(crate) fn missing(missing: &[String]) -> String {
    const SHOWN: usize = 10;
    let mut text = format!(
        "{} runs are not done, and their replicates are left out: {}",
        missing.len(),
        missing[..missing.len().min(SHOWN)].join("; ")
    );
    if missing.len() > SHOWN {
        let _ = write!(text, "; and {} more", missing.len() - SHOWN);
    }
    text
}

/// At most so many characters.
fn cut(text: &str, most: usize) -> String {
    match text.chars().count() > most {
        true => text.chars().take(most - 1).chain(['…']).collect(),
        false => text.to_owned(),
    }
}

/// A number in at most ten characters, with three digits at least where it is not whole.
fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(0.01..1e7).contains(&size) {
        return format!("{value:.2e}");
    }
    let decimals = match size {
        size if size >= 1000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 10.0 => 2,
        size if size >= 1.0 || size == 0.0 => 3,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    // Minus nothing is nothing.
    if text.trim_start_matches(['-', '0', '.']).is_empty() { "0".to_owned() } else { text }
}

fn value(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), number)
}

fn interval(interval: Option<Interval>) -> String {
    interval.map_or("–".to_owned(), |own| format!("{} to {}", number(own.low), number(own.high)))
}

fn p_value(p: Option<f64>) -> String {
    match p {
        None => "–".to_owned(),
        Some(p) if p < 0.001 => "<0.001".to_owned(),
        Some(p) => format!("{p:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let check = |value: f64, expected: &str| assert_eq!(number(value), expected);
        check(0.0, "0");
        check(-0.0, "0");
        check(1234.56, "1235");
        check(-12.3456, "-12.35");
        check(0.012345, "0.0123");
        check(0.0012345, "1.23e-3");
        check(1.5e9, "1.50e9");
        check(-2.5e-7, "-2.50e-7");
        check(-9_999_999.0, "-9999999");
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
    }
}
