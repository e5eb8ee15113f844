//! `murmur division`: how far a run's population is divided.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use murmur_core::Step;
use murmur_engine::{Division, DivisionAt, DivisionRequest, DivisionRow, Run, Sides};
use murmur_metrics::division::{DivisionSettings, Measured, NetworkDivision, Sample};

use crate::failure::{Failure, print};
use crate::summary::count_of;

#[derive(Args)]
pub(crate) struct DivisionArgs {
    /// The run's folder; division.json is written there.
    run: PathBuf,
    /// The steps in whose beginning to measure [default: the end of what is committed].
    #[arg(long, value_name = "STEP,STEP…", value_delimiter = ',')]
    at: Vec<u32>,
    /// Take sides on this topic alone [default: on all topics, and the groups of metrics.label].
    #[arg(long, value_name = "NAME")]
    topic: Option<String>,
    /// How often ties are dealt again at random, for comparison.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    rewirings: u32,
    /// How many steps of reads count, before each of the steps.
    #[arg(long, value_name = "STEPS", default_value_t = 24)]
    window: u32,
    /// How many of the best connected of either side end a random walk.
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    hubs: u32,
    /// Seed of the rewirings.
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// Print division.json in place of tables.
    #[arg(long)]
    json: bool,
}

pub(crate) fn division(args: &DivisionArgs) -> Result<(), Failure> {
    let run = Run::open(&args.run)?;
    let settings = DivisionSettings {
        rewirings: args.rewirings,
        hubs: args.hubs,
        seed: args.seed,
        ..DivisionSettings::default()
    };
    let request = DivisionRequest {
        at: args.at.iter().copied().map(Step).collect(),
        topic: args.topic.clone(),
        window: args.window,
        settings,
    };
    let division = run.division(&request)?;
    run.write_division(&division)?;
    if args.json {
        let json = serde_json::to_string_pretty(&division).expect("plain data has a JSON form");
        return print(&format!("{json}\n"));
    }
    let pages: Vec<String> = division.at.iter().map(|at| page(&division, at)).collect();
    print(&pages.join("\n"))
}

/// Adds a line. The only failure of writing to a string is running out of memory.
macro_rules! line {
    ($page:expr, $($arguments:tt)*) => { let _ = writeln!($page, $($arguments)*); };
}

fn page(division: &Division, at: &DivisionAt) -> String {
    let mut page = String::new();
    line!(page, "as step {} begins, {} agents", at.step, count_of(division.agents.into()));
    for sides in &at.sides {
        line!(page, "  {}", camps(sides));
    }
    line!(page, "  follows: {}", extent(&at.follows));
    line!(page, "  interactions: {}", extent(&at.interactions));
    line!(page, "  rewired {} times, {} swaps tried per tie", division.rewirings, division.swaps_per_tie);
    let kept = division.exposures_kept;
    let of_readers = if kept < 1.0 { format!(", of {:.1} % of agents", 100.0 * kept) } else { String::new() };
    line!(
        page,
        "  reads: of the last {} steps{of_readers}; walks end at the {} best connected of a side",
        division.window,
        division.hubs
    );
    line!(page, "");
    line!(page, "{:<44} {:>9} {:>9} {:>9} {:>8}", "", "value", "rewired", "sd", "z");
    let mut of = ("", None);
    for row in at.rows() {
        if (row.of, row.sides) != of {
            of = (row.of, row.sides);
            let sides = row.sides.map_or(String::new(), |sides| format!(", {sides}"));
            line!(page, "{}{sides}", row.of);
        }
        page += &measure(&row);
    }
    page
}

fn camps(sides: &Sides) -> String {
    const MOST_GROUPS: usize = 6;
    let shown = sides.groups.iter().take(MOST_GROUPS);
    let mut groups: Vec<String> =
        shown.map(|group| format!("{} {}", count_of(group.agents.into()), group.name)).collect();
    if sides.groups.len() > MOST_GROUPS {
        groups.push(format!("{} more groups", sides.groups.len() - MOST_GROUPS));
    }
    if sides.in_none > 0 {
        groups.push(format!("{} in none", count_of(sides.in_none.into())));
    }
    let sample = |all: u64, sample: Option<u64>| match sample {
        Some(some) => format!("{} (rewired: a sample of {})", count_of(all), count_of(some)),
        None => count_of(all),
    };
    format!(
        "{}: {}; reads {}, reposts {}",
        sides.name,
        groups.join(", "),
        sample(sides.reading.reads, sides.reading.sample),
        sample(sides.passing.reposts, sides.passing.sample)
    )
}

fn extent(network: &NetworkDivision) -> String {
    let size =
        |size: &Sample| format!("{} ties among {} agents", count_of(size.ties), count_of(size.agents.into()));
    let mut text = size(&network.size);
    if let Some(sample) = &network.sample {
        text += &format!("; rewired: a sample of {}", size(sample));
        if network.communities_in_sample {
            text += ", in which alone communities are looked for";
        }
    }
    text
}

fn measure(row: &DivisionRow<'_>) -> String {
    let Measured { value, sample_value, rewired_mean, rewired_sd, z } = row.measured;
    let is_count = row.measure == "communities";
    let number = |value: f64| if is_count { format!("{value:.1}") } else { format!("{:.4}", value + 0.0) };
    let number = |value: Option<f64>| value.map_or("none".to_owned(), number);
    let z = z.map_or("none".to_owned(), |z| format!("{z:.1}"));
    let sampled = sample_value.map_or(String::new(), |_| format!("   sample {}", number(sample_value)));
    let [value, mean, sd] = [value, rewired_mean, rewired_sd].map(number);
    format!("  {:<42} {value:>9} {mean:>9} {sd:>9} {z:>8}{sampled}\n", row.measure)
}
