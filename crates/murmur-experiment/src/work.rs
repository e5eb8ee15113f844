//! Carrying out an experiment's runs: several at a time within the machine's memory, each in a thread pool of its own.
//!
//! What a run comes to depends on its settings alone, so neither the number of jobs nor stops and restarts show in results.
//! What is done is known by its file in `outcomes/`; what was interrupted goes on from its run folder.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use murmur_core::Step;
use murmur_engine::config::CallMode;
use murmur_engine::{Config, EngineError, Run, Simulation};
use murmur_journal::RunFolder;

use crate::folder::{Folder, OutcomeRecord, RunRecord};
use crate::outcome::Measured;
use crate::plan::Experiment;
use crate::share::Share;
use crate::{ExperimentError, memory};

/// How runs are carried out.
pub struct Work<'a> {
    /// The most runs at a time.
    pub jobs: usize,
    /// Threads in all.
    pub threads: usize,
    /// Which replicates.
    pub share: Share,
    /// How long to wait for servers of language models before a run.
    pub wait_for_models: Option<Duration>,
    /// Asked before every step; runs stop once it says so.
    pub is_stopped: &'a (dyn Fn() -> bool + Sync),
    /// Told what goes on, from any thread.
    pub tell: &'a (dyn Fn(Notice<'_>) + Sync),
}

/// What goes on.
#[derive(Clone, Copy, Debug)]
pub enum Notice<'a> {
    /// What there is to do.
    Begun {
        /// Runs that are left.
        runs: usize,
        /// Their steps, those included that an interrupted run has done.
        steps: u64,
    },
    /// A step was done.
    Step,
    /// A run goes on that was interrupted.
    Resumed {
        /// Which.
        run: &'a str,
        /// At which step.
        step: Step,
    },
    /// A run is done, and its outcomes are written.
    Done {
        /// Which.
        run: &'a str,
    },
    /// A run cannot go on for now: its requests wait for a batch, nobody answers, or a budget is spent.
    Halted {
        /// Which.
        run: &'a str,
        /// Why, and what lets it go on.
        reason: &'a str,
    },
    /// A run failed.
    Failed {
        /// Which.
        run: &'a str,
        /// Why.
        error: &'a ExperimentError,
    },
    /// Fewer runs at a time than asked for have room in memory.
    Limited {
        /// How many have.
        jobs: usize,
        /// Bytes that one takes.
        each: u64,
        /// Bytes that may be taken in all.
        room: u64,
    },
}

/// How far the runs got.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progressed {
    /// Runs that are done, those included that were done before.
    pub done: usize,
    /// Runs that are not.
    pub left: usize,
    /// Runs that failed.
    pub failed: usize,
    /// Whether the failures are of the system rather than of what was given.
    pub is_system_at_fault: bool,
}

/// Carries out what is left of the share's runs.
///
/// A run that fails takes the rest of its replicate with it; the others go on. One that cannot go on for now is left, and so
/// are those that need it.
///
/// # Errors
/// When no threads can be had, or what a killed process left cannot be removed. What becomes of runs is told as it happens, and counted.
pub fn carry_out(
    experiment: &Experiment,
    folder: &Folder,
    work: &Work<'_>,
) -> Result<Progressed, ExperimentError> {
    // Of this process nothing is under way yet, whatever process ids are in the names.
    for replicate in work.share.of(experiment.replicates) {
        clear_partials(&folder.replicate(replicate))?;
    }
    let units = units(experiment, folder, work.share);
    let runs: usize = units.iter().map(|unit| unit.arms.len()).sum();
    (work.tell)(Notice::Begun { runs, steps: units.iter().map(|unit| steps_of(experiment, unit)).sum() });
    let jobs = work.jobs.min(units.len()).max(1);
    let crew = Crew::new(experiment, folder, work, &units, jobs);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(|| crew.work_through())).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })?;
    let counts = crew.lock().counts;
    let all = work.share.of(experiment.replicates).count() * experiment.arms.len();
    let before = all - runs;
    Ok(Progressed { done: before + counts.done, left: runs - counts.done, ..counts })
}

/// Runs of a replicate that one thread pool carries out, one after the other.
struct Unit {
    replicate: u32,
    arms: Vec<usize>,
}

/// What is left to do, replicate by replicate.
fn units(experiment: &Experiment, folder: &Folder, share: Share) -> Vec<Unit> {
    let mut units = Vec::new();
    for replicate in share.of(experiment.replicates) {
        let left = |&arm: &usize| !folder.is_done(replicate, &experiment.arms[arm].folder);
        let arms: Vec<usize> = (0..experiment.arms.len()).filter(left).collect();
        if !experiment.keeps(replicate) {
            tidy(experiment, folder, replicate, &arms);
        }
        if arms.is_empty() {
            continue;
        }
        match is_chained(experiment) {
            true => units.push(Unit { replicate, arms }),
            false => units.extend(arms.into_iter().map(|arm| Unit { replicate, arms: vec![arm] })),
        }
    }
    units
}

/// Removes run folders of a replicate that does not stay, as far as they are no longer needed: a process may have been killed
/// before it got to it. What cannot be removed does no harm.
fn tidy(experiment: &Experiment, folder: &Folder, replicate: u32, left: &[usize]) {
    if left.is_empty() {
        let _ = fs::remove_dir_all(folder.replicate(replicate));
    } else if !is_chained(experiment) {
        for (place, arm) in experiment.arms.iter().enumerate() {
            if !left.contains(&place) {
                let _ = fs::remove_dir_all(folder.run(replicate, &arm.folder));
            }
        }
    }
}

/// Whether arms of a replicate need each other: they branch off the same run, or take replies from one another.
fn is_chained(experiment: &Experiment) -> bool {
    experiment.burn_in > 0 || (0..experiment.arms.len()).any(|arm| takes_replies(experiment.config(arm)))
}

/// Whether replies that another run has got serve as well.
fn takes_replies(config: &Config) -> bool {
    !config.model.is_empty() && config.calls.mode == CallMode::Cache
}

fn steps_of(experiment: &Experiment, unit: &Unit) -> u64 {
    let own = u64::from(experiment.steps - experiment.burn_in) * unit.arms.len() as u64;
    own + u64::from(experiment.burn_in)
}

/// Threads that work through units.
struct Crew<'a> {
    experiment: &'a Experiment,
    folder: &'a Folder,
    work: &'a Work<'a>,
    units: &'a [Unit],
    /// What the process held and what was available before the first run.
    before: Option<(memory::Held, u64)>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// The unit that comes next.
    next: usize,
    /// Units under way.
    busy: usize,
    /// The most units at a time.
    jobs: usize,
    /// Whether it is known how much memory one takes; until then the first is alone.
    is_measured: bool,
    /// Replicates of which a run failed.
    failed: BTreeSet<u32>,
    counts: Progressed,
}

/// A unit under way: until it is dropped, even if that is by a panic, since others wait for it.
struct Taken<'a> {
    crew: &'a Crew<'a>,
    unit: &'a Unit,
    /// How many threads it may use.
    threads: usize,
    /// Whether it has shown how much memory a unit takes.
    shows_memory: bool,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.crew.put_back(self.shows_memory);
    }
}

/// The part of the available memory that runs may take.
const ROOM: f64 = 0.8;

/// Why a run ended before its last step, when nothing is wrong with it.
enum Ended {
    Through,
    /// With it ends what its replicate has under way.
    Stopped,
    /// For itself alone: it waits for a batch, or its budget is spent.
    Halted,
}

impl<'a> Crew<'a> {
    fn new(
        experiment: &'a Experiment,
        folder: &'a Folder,
        work: &'a Work<'a>,
        units: &'a [Unit],
        jobs: usize,
    ) -> Self {
        let state = State {
            next: 0,
            busy: 0,
            jobs,
            is_measured: jobs == 1,
            failed: BTreeSet::new(),
            counts: Progressed::default(),
        };
        let before = memory::held().zip(memory::available());
        Self { experiment, folder, work, units, before, state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics with the lock")
    }

    /// Takes one unit after the other.
    fn work_through(&self) -> Result<(), ExperimentError> {
        let mut pool: Option<(usize, rayon::ThreadPool)> = None;
        while let Some(mut taken) = self.take() {
            let threads = taken.threads;
            if pool.as_ref().is_none_or(|(size, _)| *size != threads) {
                pool = Some((threads, self.pool(threads)?));
            }
            let (_, pool) = pool.as_ref().expect("it was just made");
            taken.shows_memory = pool.install(|| self.carry_out(taken.unit));
        }
        Ok(())
    }

    fn pool(&self, threads: usize) -> Result<rayon::ThreadPool, ExperimentError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map_err(|error| ExperimentError::Io {
            path: self.folder.path().to_owned(),
            source: io::Error::other(format!("no threads for runs: {error}")),
        })
    }

    /// The next unit, when there is room for it.
    fn take(&self) -> Option<Taken<'_>> {
        let mut state = self.lock();
        loop {
            if state.next >= self.units.len() || (self.work.is_stopped)() {
                self.changed.notify_all();
                return None;
            }
            let most = if state.is_measured { state.jobs } else { 1 };
            if state.busy < most {
                let unit = &self.units[state.next];
                state.next += 1;
                if state.failed.contains(&unit.replicate) {
                    continue;
                }
                state.busy += 1;
                let threads = (self.work.threads / most).max(1);
                return Some(Taken { crew: self, unit, threads, shows_memory: false });
            }
            state = self.changed.wait(state).expect("nobody panics with the lock");
        }
    }

    /// A unit is no longer under way; whether it has shown how much memory one takes.
    fn put_back(&self, shows_memory: bool) {
        let mut state = self.lock();
        state.busy -= 1;
        if !state.is_measured && shows_memory {
            state.is_measured = true;
            self.limit(&mut state);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Leaves as many jobs as there is memory for, by what the first unit took.
    fn limit(&self, state: &mut State) {
        let (Some((before, available)), Some(after)) = (self.before, memory::held()) else { return };
        let each = after.most.saturating_sub(before.now).max(1);
        let room = (available as f64 * ROOM) as u64;
        let jobs = fitting(each, room);
        if jobs < state.jobs {
            state.jobs = jobs;
            (self.work.tell)(Notice::Limited { jobs, each, room });
        }
    }

    /// Carries out a unit's runs. Whether they show how much memory a unit takes: one that fails may have come to nothing.
    fn carry_out(&self, unit: &Unit) -> bool {
        let mut is_through = true;
        for &arm in &unit.arms {
            let name = format!("r{:04} {}", unit.replicate, self.experiment.arms[arm].name);
            match self.run_of(unit, arm, &name) {
                Ok(Ended::Through) => {
                    self.lock().counts.done += 1;
                    (self.work.tell)(Notice::Done { run: &name });
                }
                // What later arms would ask for too is asked for once.
                Ok(Ended::Halted) if !takes_replies(self.experiment.config(arm)) => is_through = false,
                Ok(Ended::Halted | Ended::Stopped) => return true,
                Err(error) => {
                    let mut state = self.lock();
                    state.failed.insert(unit.replicate);
                    state.counts.failed += 1;
                    state.counts.is_system_at_fault |= !error.is_bad_input();
                    drop(state);
                    (self.work.tell)(Notice::Failed { run: &name, error: &error });
                    return false;
                }
            }
        }
        if is_through && !self.experiment.keeps(unit.replicate) && is_chained(self.experiment) {
            // Nobody branches off it or takes replies from it any more; what cannot be removed does no harm.
            let _ = fs::remove_dir_all(self.folder.replicate(unit.replicate));
        }
        true
    }

    /// Carries an arm's run out and writes what it comes to.
    fn run_of(&self, unit: &Unit, arm: usize, name: &str) -> Result<Ended, ExperimentError> {
        let (experiment, replicate) = (self.experiment, unit.replicate);
        let path = self.folder.run(replicate, &experiment.arms[arm].folder);
        let keeps = experiment.keeps(replicate);
        let config = self.config_of(replicate, arm);
        let begin = || match experiment.burn_in {
            0 => self.begin(config.clone(), &path).map(Some),
            at => self.branch_off(replicate, config.clone(), Step(at), &path, name),
        };
        let Some(simulation) = self.resume_or(&path, &config, name, begin)? else {
            return Ok(Ended::Stopped);
        };
        match self.steps(simulation, Step(experiment.steps), keeps, name)? {
            Ended::Through => {}
            ended => return Ok(ended),
        }
        self.folder.write_record(&experiment.arms[arm].folder, &self.record_of(&path, replicate, arm)?)?;
        if !keeps && !is_chained(experiment) {
            // The outcomes are written: what is left over is removed the next time, or does no harm.
            let _ = fs::remove_dir_all(&path);
            let _ = fs::remove_dir(self.folder.replicate(replicate));
        }
        Ok(Ended::Through)
    }

    /// The settings of a run; where replies of other runs serve, those of the arms before it do.
    fn config_of(&self, replicate: u32, arm: usize) -> Config {
        let mut config = self.experiment.config_of(arm, replicate);
        if takes_replies(&config) {
            let earlier =
                self.experiment.arms[..arm].iter().map(|arm| self.folder.run(replicate, &arm.folder));
            let earlier = earlier.filter(|run| RunFolder::holds_run(run));
            config.calls.from.extend(earlier.map(|run| std::path::absolute(&run).unwrap_or(run)));
        }
        config
    }

    fn begin(&self, config: Config, path: &Path) -> Result<Simulation, ExperimentError> {
        let mut simulation = Simulation::new(config)?;
        self.wait(&simulation)?;
        simulation.record_to(path)?;
        Ok(simulation)
    }

    fn wait(&self, simulation: &Simulation) -> Result<(), ExperimentError> {
        self.work.wait_for_models.map_or(Ok(()), |wait| Ok(simulation.wait_for_models(wait)?))
    }

    /// The run in `path` as it was left, or else what `begin` makes.
    fn resume_or(
        &self,
        path: &Path,
        config: &Config,
        name: &str,
        begin: impl FnOnce() -> Result<Option<Simulation>, ExperimentError>,
    ) -> Result<Option<Simulation>, ExperimentError> {
        if !RunFolder::holds_run(path) {
            // A folder without a manifest was being removed.
            remove_folder(path)?;
            return begin();
        }
        let run = Run::open(path)?.with_calls_of(config);
        run.check_same(config)?;
        let simulation = run.resume(None)?.simulation;
        self.wait(&simulation)?;
        (self.work.tell)(Notice::Resumed { run: name, step: simulation.next_step() });
        Ok(Some(simulation))
    }

    /// A run that branches off what the replicate's arms share, which is carried out before if it is not there.
    fn branch_off(
        &self,
        replicate: u32,
        config: Config,
        at: Step,
        path: &Path,
        name: &str,
    ) -> Result<Option<Simulation>, ExperimentError> {
        let trunk_path = self.folder.trunk(replicate);
        let trunk_config = self.experiment.trunk_of(replicate);
        let begin = || self.begin(trunk_config.clone(), &trunk_path).map(Some);
        let is_there = RunFolder::holds_run(&trunk_path) && Run::open(&trunk_path)?.committed()? >= at;
        if !is_there {
            let trunk = self.resume_or(&trunk_path, &trunk_config, name, begin)?;
            let Some(trunk) = trunk else { return Ok(None) };
            match self.steps(trunk, at, false, name)? {
                Ended::Through => {}
                Ended::Stopped | Ended::Halted => return Ok(None),
            }
        }
        let trunk = Run::open(&trunk_path)?.with_calls_of(&trunk_config);
        trunk.check_same(&trunk_config)?;
        let simulation = trunk.fork_as(config, at, path)?.simulation;
        self.wait(&simulation)?;
        Ok(Some(simulation))
    }

    /// Carries out the steps before `end`, and makes the tables of a run that stays.
    fn steps(
        &self,
        mut simulation: Simulation,
        end: Step,
        keeps: bool,
        name: &str,
    ) -> Result<Ended, ExperimentError> {
        while simulation.next_step() < end {
            if (self.work.is_stopped)() {
                simulation.keep_checkpoint()?;
                return Ok(Ended::Stopped);
            }
            let next = simulation.next_step();
            let halt = match step(&mut simulation, end) {
                Ok(halt) => halt,
                Err(error) => {
                    simulation.keep_checkpoint()?;
                    return Err(error.into());
                }
            };
            if simulation.next_step() > next {
                (self.work.tell)(Notice::Step);
            }
            if let Some(Halt { ended, reason }) = halt {
                simulation.keep_checkpoint()?;
                (self.work.tell)(Notice::Halted { run: name, reason: &reason });
                return Ok(ended);
            }
        }
        match keeps {
            true => drop(simulation.finish()?),
            // With a checkpoint to branch off from.
            false => simulation.keep_checkpoint()?,
        }
        Ok(Ended::Through)
    }

    fn record_of(&self, path: &Path, replicate: u32, arm: usize) -> Result<RunRecord, ExperimentError> {
        let run = Run::open(path)?;
        let series = run.series()?;
        let outcomes = self.experiment.outcomes.iter().map(|outcome| {
            let measured = Measured::of(outcome, &series, self.experiment.steps);
            OutcomeRecord {
                name: outcome.name.clone(),
                was_recorded: measured.was_recorded,
                value: measured.summary(outcome),
                steps: measured.steps,
                values: measured.values,
            }
        });
        let outcomes = outcomes.collect();
        let requests = match run.config().model.is_empty() {
            true => Vec::new(),
            false => run.requests(Step(self.experiment.treatment))?.iter().map(ToString::to_string).collect(),
        };
        let arm = self.experiment.arms[arm].name.clone();
        Ok(RunRecord { replicate, seed: self.experiment.seed_of(replicate), arm, outcomes, requests })
    }
}

/// How many runs of `each` bytes have room: one at least.
fn fitting(each: u64, room: u64) -> usize {
    usize::try_from(room / each).unwrap_or(usize::MAX).max(1)
}

/// Why a run cannot go on for now.
struct Halt {
    ended: Ended,
    /// With what lets it go on.
    reason: String,
}

/// Carries out a step, unless the run cannot go on for now; nor can it after one in which the step's budget is spent.
fn step(simulation: &mut Simulation, end: Step) -> Result<Option<Halt>, EngineError> {
    let halt = |ended, reason| Ok(Some(Halt { ended, reason }));
    let next = simulation.next_step();
    if simulation.run_budget_is_spent() {
        let reason = format!(
            "step {next}: calls.run_budget is spent; go on with a larger one, such as --set calls.run_budget.tokens=N, and \
             else the same command"
        );
        return halt(Ended::Halted, reason);
    }
    match simulation.step() {
        Ok(report) if report.budget_spent && !simulation.run_budget_is_spent() && next.0 + 1 < end.0 => halt(
            Ended::Halted,
            format!("step {next}: calls.step_budget is spent; go on with the same command"),
        ),
        Ok(_) => Ok(None),
        Err(EngineError::AwaitsBatch { step, count, files, run }) => {
            let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            let reason = format!(
                "step {step}: {count} requests are written to {} and wait to be answered; take the results in with\n  \
                 murmur batch {} RESULTS.jsonl\nand go on with the same command",
                files.join(" and "),
                run.display()
            );
            halt(Ended::Halted, reason)
        }
        // Nor would other arms find anybody.
        Err(EngineError::ModelOutOfReach { model, reason, step }) => {
            let reason = format!(
                "step {step}: model {model}: {reason}. Nobody can be asked, so the step is not carried out. Mend the server, \
                 or change where it is with --set model.{model}.urls='[\"http://host:8000/v1\"]', and go on with the same \
                 command"
            );
            halt(Ended::Stopped, reason)
        }
        Err(error) => Err(error),
    }
}

/// Removes what was being made when a process was killed.
fn clear_partials(replicate: &Path) -> Result<(), ExperimentError> {
    let entries = match fs::read_dir(replicate) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(ExperimentError::io(replicate))?,
    };
    for entry in entries {
        let entry = entry.map_err(ExperimentError::io(replicate))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') && name.ends_with(".partial") {
            remove_folder(&entry.path())?;
        }
    }
    Ok(())
}

fn remove_folder(path: &Path) -> Result<(), ExperimentError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(ExperimentError::Io { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Changes;

    const WORLD: &str = "[run]\nsteps = 2\n[[topic]]\nname = \"tea\"\nwords = [\"cup\"]\n[population]\nkind = \"synthetic\"\n\
                         size = 5\n[graph]\nkind = \"erdos-renyi\"\nmean_degree = 1.0\n";
    const DESIGN: &str = "base = \"world.toml\"\nreplicates = 3\n[[outcome]]\nname = \"reposts\"\nscope = \"platform\"\n\
                          metric = \"repost\"\nsummary = { kind = \"area\" }\n";

    /// An experiment of three runs in a folder.
    fn experiment(place: &Path) -> (Experiment, Folder) {
        fs::write(place.join("world.toml"), WORLD).unwrap();
        fs::write(place.join("trial.toml"), DESIGN).unwrap();
        let experiment = Experiment::load(&place.join("trial.toml"), &Changes::default()).unwrap();
        let folder = Folder::open(&place.join("out"), &experiment).unwrap();
        (experiment, folder)
    }

    #[test]
    fn a_unit_that_panics_or_fails_is_put_back_and_the_next_is_alone_too() {
        let place = tempfile::tempdir().unwrap();
        let (experiment, folder) = experiment(place.path());
        let work = Work {
            jobs: 2,
            threads: 2,
            share: Share::ALL,
            wait_for_models: None,
            is_stopped: &|| false,
            tell: &|_| (),
        };
        let units = units(&experiment, &folder, work.share);
        let crew = Crew::new(&experiment, &folder, &work, &units, 2);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _taken = crew.take().unwrap();
            panic!("as a fault in a run would");
        }));
        assert!(panicked.is_err() && crew.lock().busy == 0);

        let mut second = crew.take().unwrap();
        assert_eq!(second.threads, 2);
        // Where no run's folder can be made, it fails before its first step.
        fs::remove_dir(place.path().join("out/runs")).unwrap();
        fs::write(place.path().join("out/runs"), "").unwrap();
        second.shows_memory = crew.carry_out(second.unit);
        drop(second);
        assert!(!crew.lock().is_measured && crew.lock().counts.failed == 1);

        fs::remove_file(place.path().join("out/runs")).unwrap();
        let mut third = crew.take().unwrap();
        third.shows_memory = crew.carry_out(third.unit);
        drop(third);
        assert!(crew.lock().is_measured && crew.lock().counts.done == 1);
    }

    /// In containers process ids repeat.
    #[test]
    fn what_a_killed_process_of_the_same_id_left_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let (experiment, folder) = experiment(place.path());
        let left = folder.replicate(0).join(format!(".all.{}.partial", std::process::id()));
        fs::create_dir_all(&left).unwrap();
        fs::write(left.join("journal.bin"), "half a journal").unwrap();
        let work = Work {
            jobs: 1,
            threads: 1,
            share: Share::ALL,
            wait_for_models: None,
            is_stopped: &|| true,
            tell: &|_| (),
        };
        carry_out(&experiment, &folder, &work).unwrap();
        assert!(!left.exists());
    }

    #[test]
    fn as_many_runs_go_on_as_have_room_and_one_at_least() {
        assert_eq!([fitting(10, 35), fitting(10, 30), fitting(10, 9)], [3, 3, 1]);
    }
}
