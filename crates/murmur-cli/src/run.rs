//! `murmur run`, `resume`, `fork` and `replay`: steps are carried out, watched, and summed up.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use murmur_core::Step;
use murmur_engine::{EngineError, ForkRequest, Opened, Override, Run, Simulation, StepReport, config};
use murmur_journal::RunFolder;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;

use crate::failure::{Done, Failure, print, tell};
use crate::loading::Loading;
use crate::measure::warn;
use crate::progress::Progress;
use crate::stop::StopRequest;
use crate::summary;
use crate::timings::{self, Timings};

/// How to carry steps out.
#[derive(Args)]
pub(crate) struct Drive {
    /// Threads to use [default: all cores]. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    /// Seconds that a step may take to end after a signal to stop.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    grace: u64,
    /// Print the time of each phase and the memory of each structure, and keep them in telemetry/timings.json of the run.
    #[arg(long)]
    timings: bool,
    /// Wait until all model servers answer, at most so many seconds [default: 600], before the first step.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "600")]
    wait_for_models: Option<u64>,
}

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
    /// Number of steps, instead of run.steps.
    #[arg(long, value_name = "N")]
    steps: Option<u32>,
    /// Change one key, for instance feed.random=5. May be given often; `murmur keys` lists all keys.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<Override>,
    /// Go on with the run in --out (or in runs/NAME), if it is this one; else begin it there.
    #[arg(long = "continue")]
    go_on: bool,
    #[command(flatten)]
    drive: Drive,
}

#[derive(Args)]
pub(crate) struct ResumeArgs {
    /// The run's folder.
    run: PathBuf,
    /// Length of the run in all, instead of the one it was begun with.
    #[arg(long, value_name = "N")]
    steps: Option<u32>,
    /// Change how language models are called from here on, for instance calls.run_budget.tokens=9000000 or
    /// model.NAME.urls='["http://host:8000/v1"]'. May be given often.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<Override>,
    #[command(flatten)]
    drive: Drive,
}

#[derive(Args)]
pub(crate) struct ForkArgs {
    /// The run to branch off from; it is left as it is.
    run: PathBuf,
    /// The first step that the new run does its own way.
    #[arg(long, value_name = "STEP")]
    at: u32,
    /// Change one key from that step on, for instance feed.random=5. May be given often.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<Override>,
    /// Length of the new run in all, instead of the old one's.
    #[arg(long, value_name = "N")]
    steps: Option<u32>,
    /// Folder for the new run; must not hold one yet.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    drive: Drive,
}

#[derive(Args)]
pub(crate) struct ReplayArgs {
    /// The run's folder; it is left as it is.
    run: PathBuf,
    /// Record what is carried out again in this folder, with the exposures of all agents.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    drive: Drive,
}

pub(crate) fn run(args: &RunArgs) -> Result<Done, Failure> {
    let watch = args.drive.begin()?;
    let config = config::load(&args.config, &args.all_overrides()).map_err(EngineError::from)?;
    let default_out =
        || if args.go_on { numbered_folder(&args.config, 1) } else { free_folder(&args.config) };
    let out = args.out.clone().unwrap_or_else(default_out);
    let again = format!("{} --seed 2", args.command());
    if args.go_on && RunFolder::holds_run(&out) {
        let run = Run::open(&out)?;
        run.check_same(&config)?;
        if run.is_complete()? {
            return tell_complete(&run);
        }
        let opened = run.resume(None)?;
        return watch.go_on(opened, &again, &out);
    }
    RunFolder::check_free(&out).map_err(EngineError::from)?;
    let mut simulation = Simulation::new(config)?;
    warn(simulation.warnings());
    watch.wait(&simulation)?;
    simulation.record_to(&out)?;
    watch.drive(simulation, &again, &out)
}

pub(crate) fn resume(args: &ResumeArgs) -> Result<Done, Failure> {
    let watch = args.drive.begin()?;
    let run = Run::open(&args.run)?;
    let committed = run.committed()?;
    if run.is_complete()? && args.steps.unwrap_or(committed.0) == committed.0 {
        return tell_complete(&run);
    }
    let run = if args.overrides.is_empty() { run } else { run.with_call_settings(&args.overrides)? };
    let opened = run.resume(args.steps)?;
    let again = format!("murmur replay {}", args.run.display());
    watch.go_on(opened, &again, &args.run)
}

pub(crate) fn fork(args: &ForkArgs) -> Result<Done, Failure> {
    let watch = args.drive.begin()?;
    let mut overrides = args.overrides.clone();
    overrides.extend(args.steps.map(|steps| Override::new("run.steps", i64::from(steps))));
    let request = ForkRequest { at: Step(args.at), overrides: &overrides, out: &args.out };
    let opened = Run::open(&args.run)?.fork(&request)?;
    let again = format!("murmur replay {}", args.out.display());
    watch.go_on(opened, &again, &args.out)
}

pub(crate) fn replay(args: &ReplayArgs) -> Result<Done, Failure> {
    let watch = args.drive.begin()?;
    let run = Run::open(&args.run)?;
    let committed = run.committed()?;
    let Opened { mut simulation, passed_over } = run.replay(args.out.as_deref())?;
    tell_passed_over(&passed_over);
    let first = simulation.next_step();
    if watch.carry_out(&mut simulation, committed)? == Carried::Stopped {
        tell("stopped before the end; the run itself is as it was");
        return Ok(Done::Stopped);
    }
    let digest = run.digest()?;
    print(&format!(
        "{} steps from step {first} on came out the same; digest {digest}\n",
        committed.0 - first.0
    ))?;
    simulation.finish()?;
    watch.report(None)?;
    Ok(Done::Finished)
}

/// How far steps were carried out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carried {
    /// All of them.
    Through,
    /// A signal came first.
    Stopped,
    /// The budget of calls of a step was spent first.
    BudgetSpent,
    /// That of the run was.
    RunBudgetSpent,
}

/// What calls have cost so far, to be added to a sentence; nothing where there were none.
fn spent_of(simulation: &Simulation) -> String {
    let spent = simulation.spent();
    match spent.tokens {
        0 => String::new(),
        tokens => format!(", {} tokens and {:.4} of money spent", summary::count_of(tokens), spent.money()),
    }
}

/// A command that carries steps out.
struct Watch {
    wait: Option<Duration>,
    loading: Loading,
    timings: Option<Timings>,
    stop: StopRequest,
}

impl Drive {
    fn begin(&self) -> Result<Watch, Failure> {
        let (loading, timings) = (Loading::new(), self.timings.then(Timings::default));
        let listener = tracing_subscriber::registry()
            .with(loading.clone().with_filter(filter_fn(Loading::concerns)))
            .with(timings.clone().map(|timings| timings.with_filter(filter_fn(Timings::concerns))));
        tracing::subscriber::set_global_default(listener).expect("a process has one command");
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads.unwrap_or(0).into());
        pool.build_global().map_err(|error| Failure::input(format!("--threads: {error}")))?;
        let wait = self.wait_for_models.map(Duration::from_secs);
        Ok(Watch { wait, loading, timings, stop: StopRequest::listen(self.grace)? })
    }
}

impl Watch {
    /// Goes on with a run that was opened.
    fn go_on(&self, opened: Opened, again: &str, out: &Path) -> Result<Done, Failure> {
        tell_passed_over(&opened.passed_over);
        self.wait(&opened.simulation)?;
        tell(&format!("going on at step {}", opened.simulation.next_step()));
        self.drive(opened.simulation, again, out)
    }

    /// Waits for the models' servers, if that is asked for.
    fn wait(&self, simulation: &Simulation) -> Result<(), Failure> {
        match self.wait {
            Some(wait) => Ok(simulation.wait_for_models(wait)?),
            None => Ok(()),
        }
    }

    /// Carries out all steps that are left, and reports; what was timed also of steps that a stop or a failure ended.
    fn drive(&self, simulation: Simulation, again: &str, out: &Path) -> Result<Done, Failure> {
        let done = self.go_through(simulation, again, out);
        self.report(Some(out))?;
        done
    }

    fn go_through(&self, mut simulation: Simulation, again: &str, out: &Path) -> Result<Done, Failure> {
        let end = Step(simulation.world().config.run.steps);
        let why = match self.carry_out(&mut simulation, end) {
            Ok(Carried::Through) => None,
            Ok(Carried::Stopped) => Some("stopped"),
            Ok(Carried::BudgetSpent) => Some("calls.step_budget is spent: stopped"),
            Ok(Carried::RunBudgetSpent) => return Self::end_of_budget(simulation, out),
            Err(error @ (EngineError::AwaitsBatch { .. } | EngineError::ModelOutOfReach { .. })) => {
                simulation.keep_checkpoint()?;
                tell(&error.to_string());
                return Ok(Done::Stopped);
            }
            Err(error) => return Err(error.into()),
        };
        let money = spent_of(&simulation);
        if let Some(why) = why {
            simulation.keep_checkpoint()?;
            let done = simulation.next_step();
            tell(&format!(
                "{why} with {done} of {end} steps done{money}; go on with\n  murmur resume {}",
                out.display()
            ));
            return Ok(Done::Stopped);
        }
        let clock = simulation.world().clock;
        let spent = simulation.spent();
        let summary = simulation.finish()?;
        let folder = out.display();
        let next = [
            again.to_owned(),
            format!(
                "murmur fork {folder} --at {} --set opinion.model.confidence=0.2 --out {folder}-fork",
                summary.steps / 2
            ),
            format!(
                "duckdb -c \"SELECT * FROM '{folder}/tables/cascades.parquet' ORDER BY scale DESC LIMIT 10\""
            ),
        ];
        print(&summary::report(&summary, spent, &clock, &next, out))?;
        Ok(Done::Finished)
    }

    /// The run has no money left: going on would be steps without calls.
    fn end_of_budget(mut simulation: Simulation, out: &Path) -> Result<Done, Failure> {
        simulation.keep_checkpoint()?;
        let (done, run) = (simulation.next_step(), out.display());
        tell(&format!(
            "calls.run_budget is spent: stopped with {done} of {} steps done{}; go on with a larger one, such as\n  \
             murmur resume {run} --set calls.run_budget.tokens=N",
            simulation.world().config.run.steps,
            spent_of(&simulation),
        ));
        Ok(Done::Stopped)
    }

    /// Carries out the steps before `end`, unless it has to stop before.
    fn carry_out(&self, simulation: &mut Simulation, end: Step) -> Result<Carried, EngineError> {
        self.loading.finish();
        let models = if simulation.next_step() < end { simulation.model_figures()? } else { Vec::new() };
        let progress = Progress::new(end.0, models);
        let mut carried = Carried::Through;
        while simulation.next_step() < end {
            if self.stop.is_wanted() {
                carried = Carried::Stopped;
                break;
            }
            if simulation.run_budget_is_spent() {
                carried = Carried::RunBudgetSpent;
                break;
            }
            let report = self.step(simulation)?;
            progress.advance(&simulation.world().clock, &report);
            if report.budget_spent && !simulation.run_budget_is_spent() && simulation.next_step() < end {
                carried = Carried::BudgetSpent;
                break;
            }
        }
        progress.finish();
        if let Some(timings) = &self.timings {
            timings.note_memory(simulation);
        }
        Ok(carried)
    }

    /// Carries out a step, timed if that is asked for.
    fn step(&self, simulation: &mut Simulation) -> Result<StepReport, EngineError> {
        let Some(timings) = &self.timings else { return simulation.step() };
        timings.begin_step();
        let start = Instant::now();
        let report = simulation.step()?;
        timings.end_step(&report, start.elapsed());
        Ok(report)
    }

    /// Prints what was timed, if anything was, and keeps it in the run in `folder`, if there is one.
    fn report(&self, folder: Option<&Path>) -> Result<(), Failure> {
        let Some(timings) = &self.timings else { return Ok(()) };
        let stretch = timings.stretch();
        print(&format!("\n{}", timings::report(&stretch)))?;
        if let Some(folder) = folder
            && let Err(error) = stretch.append_to(folder)
        {
            tell(&format!("warning: {}/telemetry/timings.json: {error}", folder.display()));
        }
        Ok(())
    }
}

fn tell_complete(run: &Run) -> Result<Done, Failure> {
    let folder = run.path().display();
    let steps = run.committed()?;
    print(&format!(
        "the run has done all its {steps} steps; murmur resume {folder} --steps N makes it N steps long\n"
    ))?;
    Ok(Done::Finished)
}

pub(crate) fn tell_passed_over(passed_over: &[murmur_journal::JournalError]) {
    for error in passed_over {
        tell(&format!("warning: {error}; going on from an earlier one"));
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
    let mut folders = (1..).map(|number| numbered_folder(config, number));
    folders.find(|folder| !folder.exists()).expect("some number is free")
}

/// The folder for the `number`-th run of a configuration.
fn numbered_folder(config: &Path, number: u32) -> PathBuf {
    let name = config.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Path::new("runs").join(if number == 1 { name } else { format!("{name}-{number}") })
}
