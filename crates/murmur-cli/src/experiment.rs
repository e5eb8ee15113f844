//! `murmur experiment`: arms are run, watched and compared.

mod page;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use murmur_engine::Override;
use murmur_experiment::{
    Changes, Experiment, Folder, Notice, Progressed, Share, Work, carry_out, collect, write_results,
};

use crate::failure::{Done, Failure, print, tell};
use crate::stop::StopRequest;

#[derive(Args)]
pub(crate) struct ExperimentArgs {
    /// The experiment, a TOML file; `configs/experiments/` has ready-made ones.
    file: PathBuf,
    /// Folder for the experiment; the same command goes on with what is there [default: runs/NAME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Change one key of all arms, for instance run.steps=50. May be given often; levels stand above it.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<Override>,
    /// Number of replicates, instead of the file's. With more of them the experiment goes on.
    #[arg(long, value_name = "N")]
    replicates: Option<u32>,
    /// Check the experiment and print what it would run.
    #[arg(long)]
    plan: bool,
    /// Do one share of the runs, the I-th of N, and collect nothing. Tasks may share a folder on a shared disk.
    #[arg(long, value_name = "I/N", conflicts_with = "collect")]
    task: Option<Share>,
    /// Run nothing; compare what is done.
    #[arg(long)]
    collect: bool,
    /// Runs at a time [default: one for each core, as far as memory allows]. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    jobs: Option<u16>,
    /// Threads in all [default: all cores]. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    /// Seconds that steps may take to end after a signal to stop.
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    grace: u64,
    /// Wait before a run until all model servers answer, at most so many seconds [default: 600].
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "600")]
    wait_for_models: Option<u64>,
}

pub(crate) fn experiment(args: &ExperimentArgs) -> Result<Done, Failure> {
    let changes = Changes { overrides: args.overrides.clone(), replicates: args.replicates };
    let experiment = Experiment::load(&args.file, &changes)?;
    if args.plan {
        print(&page::plan(&experiment))?;
        return Ok(Done::Finished);
    }
    if args.collect {
        return report(&experiment, &Folder::open_done(&args.out(), &experiment)?);
    }
    let folder = Folder::open(&args.out(), &experiment)?;
    let stop = StopRequest::listen_for(args.grace, "the same command")?;
    let progressed = args.carry_out(&experiment, &folder, &stop)?;
    let Progressed { done, left, failed, is_system_at_fault } = progressed;
    if failed > 0 {
        let message =
            format!("{failed} runs failed, {left} are left to do; the same command takes them up again");
        return Err(if is_system_at_fault { Failure::system(message) } else { Failure::input(message) });
    }
    if left > 0 {
        tell(&format!("stopped with {done} of {} runs done; go on with the same command", done + left));
        return Ok(Done::Stopped);
    }
    if args.task.is_some() {
        print(&format!(
            "all {done} runs of the task are done; when all tasks are, compare them with\n  murmur experiment {} --out {} \
             --collect\n",
            args.file.display(),
            folder.path().display()
        ))?;
        return Ok(Done::Finished);
    }
    report(&experiment, &folder)
}

/// Compares what is done and prints it.
fn report(experiment: &Experiment, folder: &Folder) -> Result<Done, Failure> {
    let collected = collect(experiment, folder)?;
    let tables = write_results(experiment, folder, &collected.results)?;
    for warning in &collected.warnings {
        tell(&format!("warning: {warning}"));
    }
    print(&page::results(&collected.results, folder.path(), &tables))?;
    if collected.missing.is_empty() {
        return Ok(Done::Finished);
    }
    tell(&page::missing(&collected.missing));
    Ok(Done::Stopped)
}

impl ExperimentArgs {
    fn out(&self) -> PathBuf {
        let stem = self.file.file_stem().unwrap_or_default();
        self.out.clone().unwrap_or_else(|| Path::new("runs").join(stem))
    }

    fn carry_out(
        &self,
        experiment: &Experiment,
        folder: &Folder,
        stop: &StopRequest,
    ) -> Result<Progressed, Failure> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.map_or(cores, usize::from);
        let watch = Watch::new();
        let work = Work {
            jobs: self.jobs.map_or(threads, usize::from),
            threads,
            share: self.task.unwrap_or(Share::ALL),
            wait_for_models: self.wait_for_models.map(Duration::from_secs),
            is_stopped: &|| stop.is_wanted(),
            tell: &|notice| watch.take_in(notice),
        };
        let progressed = carry_out(experiment, folder, &work);
        watch.bar.finish_and_clear();
        Ok(progressed?)
    }
}

/// Shows on standard error how far the runs are: a bar on a terminal, a line for each run elsewhere.
struct Watch {
    bar: ProgressBar,
    is_terminal: bool,
    runs: AtomicUsize,
    done: AtomicUsize,
}

impl Watch {
    fn new() -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let target =
            if is_terminal { ProgressDrawTarget::stderr_with_hz(5) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{bar:16} {pos}/{len} steps  {msg}  {eta} left")
            .expect("the template is fixed");
        bar.set_style(style);
        Self { bar, is_terminal, runs: AtomicUsize::new(0), done: AtomicUsize::new(0) }
    }

    fn take_in(&self, notice: Notice<'_>) {
        match notice {
            Notice::Begun { runs, steps } => {
                self.runs.store(runs, Ordering::Relaxed);
                self.bar.set_length(steps);
            }
            Notice::Step => self.bar.inc(1),
            Notice::Resumed { run, step } => self.say(&format!("{run}: going on at step {step}")),
            Notice::Done { run } => {
                let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
                let text = format!("run {done}/{} done  {run}", self.runs.load(Ordering::Relaxed));
                match self.is_terminal {
                    true => self.bar.set_message(text),
                    false => tell(&text),
                }
            }
            Notice::Halted { run, reason } => self.say(&format!("{run}: {reason}")),
            Notice::Failed { run, error } => self.say(&format!("{run} failed: {error}")),
            Notice::Limited { jobs, each, room } => {
                const MIB: u64 = 1 << 20;
                self.say(&format!(
                    "a run takes {} MiB and {} MiB may be taken, so that {jobs} go on at a time",
                    each.div_ceil(MIB),
                    room / MIB
                ));
            }
        }
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| tell(line));
    }
}
