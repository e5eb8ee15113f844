//! `murmur run`: a configuration in, a run folder and a summary out.

use std::path::{Path, PathBuf};

use clap::Args;
use murmur_engine::{Override, Simulation, config};
use murmur_journal::RunFolder;

use crate::failure::{Failure, print};
use crate::measure::warn;
use crate::progress::Progress;
use crate::summary;
use crate::timings::Timings;

#[derive(Args)]
pub(crate) struct RunArgs {
    /// The configuration, a TOML file; `configs/` has ready-made ones.
    config: PathBuf,
    /// Folder for the run; must not hold one yet [default: the first free of runs/NAME, runs/NAME-2, …].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Seed of all random draws, instead of run.seed.
    #[arg(long, value_name = "N")]
    seed: Option<i64>,
    /// Threads to use [default: all cores]. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    /// Number of steps, instead of run.steps.
    #[arg(long, value_name = "N")]
    steps: Option<u32>,
    /// Change one key, for instance feed.random=5. May be given often; `murmur keys` lists all keys.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<Override>,
    /// Print the time that each phase took.
    #[arg(long)]
    timings: bool,
}

pub(crate) fn run(args: &RunArgs) -> Result<(), Failure> {
    let timings = args.timings.then(Timings::listen);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(args.threads.unwrap_or(0).into());
    pool.build_global().map_err(|error| Failure::input(format!("--threads: {error}")))?;

    let config =
        config::load(&args.config, &args.all_overrides()).map_err(murmur_engine::EngineError::from)?;
    let out = args.out.clone().unwrap_or_else(|| free_folder(&args.config));
    RunFolder::check_free(&out).map_err(murmur_engine::EngineError::from)?;

    let mut simulation = Simulation::new(config)?;
    warn(simulation.warnings());
    simulation.record_to(&out)?;
    let progress = Progress::new(simulation.world().config.run.steps);
    while !simulation.is_finished() {
        let report = simulation.step()?;
        progress.advance(&simulation.world().clock, &report);
    }
    progress.finish();
    let clock = simulation.world().clock;
    let summary = simulation.finish()?;
    print(&summary::report(&summary, &clock, &args.command(), &out))?;
    match timings {
        Some(timings) => print(&format!("\n{}", timings.report())),
        None => Ok(()),
    }
}

impl RunArgs {
    /// This command again, without its seed and folder.
    fn command(&self) -> String {
        let mut command = format!("murmur run {}", self.config.display());
        for setting in &self.overrides {
            command += &format!(" --set '{setting}'");
        }
        if let Some(steps) = self.steps {
            command += &format!(" --steps {steps}");
        }
        command
    }

    /// `--set` in order, then the options that stand for a key.
    fn all_overrides(&self) -> Vec<Override> {
        let mut overrides = self.overrides.clone();
        overrides.extend(self.seed.map(|seed| Override::new("run.seed", seed)));
        overrides.extend(self.steps.map(|steps| Override::new("run.steps", i64::from(steps))));
        overrides
    }
}

/// `runs/NAME`, or the first of `runs/NAME-2`, `runs/NAME-3`, … that is free.
fn free_folder(config: &Path) -> PathBuf {
    let name = config.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    let free = names.find(|name| !Path::new("runs").join(name).exists());
    Path::new("runs").join(free.expect("some number is free"))
}
