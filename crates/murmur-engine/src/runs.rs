//! Runs on disk: beginning one, going on with one, branching one off, and carrying one out again.
//!
//! A run's state at a step is made from three parts. Public state: the journal's actions, carried out again from the
//! first. Private state: the latest checkpoint before that step. The steps between: carried out again in full, with the
//! decisions that the journal holds, and held against it.

use std::path::{Path, PathBuf};

use murmur_core::{Action, AgentId, Event, Found, Outcome, Probability, Stance, Step};
use murmur_data::DataError;
use murmur_journal::{
    Ancestor, Digest, Durability, InputFile, JournalError, JournalReader, JournalWriter, Manifest,
    ReplyLedger, RunFolder, Settings, Tables, latest_checkpoint, write_checkpoint,
};
use murmur_store::PlatformConfig;

use crate::apply::{Applied, Seeded, carry_out};
use crate::config::with_overrides;
use crate::difference::{Difference, first_difference};
use crate::history::{RecordedEvent, RecordedOutcome, RecordedStep};
use crate::interventions;
use crate::record::{Recorder, Replay};
use crate::summary::Start;
use crate::votes::BallotsAgain;
use crate::{Config, EngineError, Override, Simulation, checkpoint, tables};

/// Under which settings the steps of a run that branched off others were carried out.
#[derive(Clone, Default)]
pub(crate) struct Lineage {
    /// Empty for a run of its own.
    branches: Vec<Branch>,
    own: Config,
}

/// Steps that a run took over, with the settings they were carried out under.
#[derive(Clone)]
struct Branch {
    until: Step,
    config: Config,
}

impl Lineage {
    /// The first step that is the run's own.
    pub(crate) fn start(&self) -> Step {
        self.branches.last().map_or(Step(0), |branch| branch.until)
    }

    /// The settings that `step` is carried out under.
    fn config_at(&self, step: Step) -> &Config {
        config_at(&self.branches, &self.own, step)
    }

    /// The settings that come into force as `step` begins, if others were in force before.
    fn change_at(&self, step: Step) -> Option<&Config> {
        let begins = step == Step(0) || self.branches.iter().any(|branch| branch.until == step);
        (begins && !self.branches.is_empty()).then(|| self.config_at(step))
    }
}

/// The settings of the branch that `step` lies in, or else the run's own.
fn config_at<'a>(branches: &'a [Branch], own: &'a Config, step: Step) -> &'a Config {
    let branch = branches.iter().find(|branch| step < branch.until);
    branch.map_or(own, |branch| &branch.config)
}

/// A run on disk, not being written.
pub struct Run {
    folder: RunFolder,
    manifest: Manifest,
    config: Config,
    branches: Vec<Branch>,
}

/// A run as of a step, and what had to be passed over to get there.
pub struct Opened {
    /// The state in which the step begins.
    pub simulation: Simulation,
    /// Damaged checkpoints that an earlier one, or the journal alone, made up for.
    pub passed_over: Vec<JournalError>,
}

/// Where and how a run branches off.
pub struct ForkRequest<'a> {
    /// The step from which on the new run goes its own way.
    pub at: Step,
    /// The settings that differ.
    pub overrides: &'a [Override],
    /// The folder of the new run.
    pub out: &'a Path,
}

impl Simulation {
    /// Makes the run folder `out` and records every step to come in its journal. Without this call a run leaves no files.
    ///
    /// # Errors
    /// When `out` is taken or cannot be written; when a language model cannot be called: there is no key, or no list of
    /// its servers.
    pub fn record_to(&mut self, out: &Path) -> Result<(), EngineError> {
        if self.has_addition {
            let message = "a simulation with follows or a script that are in no file cannot be recorded";
            return Err(EngineError::Unfit(message.to_owned()));
        }
        // What is missing is told before there is a folder.
        self.calls.connect()?;
        let folder = RunFolder::create(out, &manifest_of(&self.world.config)?)?;
        let settings = settings_of(&self.world.config);
        self.recorder = Recorder::Writing(JournalWriter::create(&folder.journal(), settings)?);
        self.world.embedding.keep_in(folder.path(), settings.durability)?;
        self.calls.keep_in(folder.path(), Step(0), settings.durability)?;
        self.folder = Some(folder);
        Ok(())
    }
}

/// The manifest of a run of `config` from its input files as they are now.
///
/// # Errors
/// When an input file cannot be read.
pub(crate) fn manifest_of(config: &Config) -> Result<Manifest, EngineError> {
    let describe = |path: PathBuf| InputFile::describe(&path).map_err(|source| DataError::io(&path, source));
    let inputs = config.inputs().into_iter().map(describe).collect::<Result<_, _>>()?;
    Ok(Manifest::new(serde_json::to_value(config).expect("a configuration has a JSON form"), inputs))
}

fn settings_of(config: &Config) -> Settings {
    let durability = if config.journal.durable { Durability::EachStep } else { Durability::AtSync };
    Settings { durability, ..Settings::default() }
}

impl Run {
    /// Opens the run at `path`.
    ///
    /// # Errors
    /// When there is none, a later version made it, or its manifest makes no sense.
    pub fn open(path: &Path) -> Result<Self, EngineError> {
        let opened = RunFolder::open(path)?;
        let manifest_path = path.join("manifest.json");
        let read = |value: &serde_json::Value| -> Result<Config, EngineError> {
            serde_json::from_value(value.clone()).map_err(|error| EngineError::Manifest {
                path: manifest_path.clone(),
                message: format!("config: {error}"),
            })
        };
        let config = read(&opened.manifest.config)?;
        config.check().map_err(|message| EngineError::Manifest { path: manifest_path.clone(), message })?;
        let branch =
            |ancestor: &Ancestor| Ok(Branch { until: Step(ancestor.until), config: read(&ancestor.config)? });
        let branches = opened.manifest.lineage.iter().map(branch).collect::<Result<_, EngineError>>()?;
        Ok(Self { folder: opened.folder, manifest: opened.manifest, config, branches })
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Its folder, to put what is derived from it there.
    pub(crate) fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// From what it was made.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The first step that is not committed.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn committed(&self) -> Result<Step, EngineError> {
        let journal = self.journal()?;
        if journal.is_none() && self.folder.is_finished() {
            return Err(JournalError::Missing(self.folder.journal()).into());
        }
        Ok(steps_in(journal.as_ref()))
    }

    /// Whether a run of `config`, from its input files as they are now, is this one.
    ///
    /// # Errors
    /// When an input file cannot be read, or naming the first key or file that differs.
    pub fn check_same(&self, config: &Config) -> Result<(), EngineError> {
        let other = manifest_of(config)?;
        let difference = first_difference("", &self.manifest.config, &other.config).or_else(|| {
            let mut inputs = self.manifest.inputs.iter().zip(&other.inputs);
            let changed = inputs.find(|(then, now)| then != now);
            changed.map(|(then, _)| format!("{} has changed", then.path.display()))
        });
        match difference {
            None => Ok(()),
            Some(difference) => Err(EngineError::Manifest {
                path: self.path().join("manifest.json"),
                message: format!(
                    "the run there is another one: {difference}; give another --out, or the settings it was made with"
                ),
            }),
        }
    }

    /// The rules of the platform in force at `step`.
    pub(crate) fn platform_at(&self, step: Step) -> &PlatformConfig {
        &config_at(&self.branches, &self.config, step).platform
    }

    fn lineage(&self) -> Lineage {
        Lineage { branches: self.branches.clone(), own: self.config.clone() }
    }

    /// From what it was made, as the folder says.
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The runs that it branched off from, the first ancestor first.
    pub(crate) fn ancestors(&self) -> &[Ancestor] {
        &self.manifest.lineage
    }

    /// Where `step` begins, or else the end of the run so far.
    ///
    /// # Errors
    /// When the run has not got so far.
    pub(crate) fn end(&self, step: Option<Step>) -> Result<Step, EngineError> {
        let Some(step) = step else { return self.committed() };
        // Damage from the step on is no matter.
        let done = steps_in(self.journal_before(step)?.as_ref());
        if done < step {
            return Err(EngineError::Unfit(format!(
                "--at {step}: expected a step up to {done}, the first that {} has not done",
                self.path().display()
            )));
        }
        Ok(step)
    }

    /// The journal, to go on writing it: no other process can meanwhile.
    pub(crate) fn writer(&self) -> Result<JournalWriter, EngineError> {
        let (dir, settings) = (self.folder.journal(), settings_of(&self.config));
        match JournalWriter::open(&dir, settings) {
            // Stopped before its first step.
            Err(JournalError::Missing(_)) => Ok(JournalWriter::create(&dir, settings)?),
            opened => Ok(opened?.0),
        }
    }

    /// The journal; `None` when the run was stopped before it had one.
    pub(crate) fn journal(&self) -> Result<Option<JournalReader>, EngineError> {
        found(JournalReader::open(&self.folder.journal()))
    }

    /// Its steps before `end`, whatever became of later ones.
    fn journal_before(&self, end: Step) -> Result<Option<JournalReader>, EngineError> {
        found(JournalReader::open_before(&self.folder.journal(), end))
    }

    /// The world before the first step.
    fn beginning(&self) -> Result<Simulation, EngineError> {
        for input in &self.manifest.inputs {
            let now =
                InputFile::describe(&input.path).map_err(|source| DataError::io(&input.path, source))?;
            if now != *input {
                return Err(EngineError::Manifest {
                    path: input.path.clone(),
                    message: format!("has changed since the run was made: expected SHA-256 {}", input.sha256),
                });
            }
        }
        let mut simulation = Simulation::with_vectors_of(self.config.clone(), Some(self.path()))?;
        simulation.lineage = self.lineage();
        if !self.branches.is_empty() {
            // What agents believe before the first step follows from the settings of that step.
            simulation.begin_with_beliefs_of(config_at(&self.branches, &self.config, Step(0)));
        }
        Ok(simulation)
    }

    /// The state in which `step` begins; without one, that after the last committed step.
    ///
    /// # Errors
    /// When the run has no such step, its files are damaged beyond what an earlier checkpoint makes up for, or it comes
    /// out differently.
    pub fn at(&self, step: Option<Step>) -> Result<Opened, EngineError> {
        let end = self.end(step)?;
        let mut opened = self.before(end, end)?;
        opened.simulation.settle()?;
        Ok(opened)
    }

    /// The state in which the step `end` begins, under the settings of the step before it; of checkpoints, those of steps up
    /// to `latest` are of use.
    fn before(&self, end: Step, latest: Step) -> Result<Opened, EngineError> {
        let mut simulation = self.beginning()?;
        let Some(mut journal) = self.journal_before(end)? else {
            return Ok(Opened { simulation, passed_over: Vec::new() });
        };
        let latest = latest_checkpoint(self.path(), latest)?;
        let mut passed_over = latest.passed_over;
        if let Some(found) = latest.checkpoint {
            // A checkpoint of a step that the journal lost is no use, nor one of another world.
            simulation.rebuild(&mut journal, found.step)?;
            // It was made under the settings of the step that it is the beginning of.
            simulation.settle()?;
            let Simulation { world, meter, series, calls, .. } = &mut simulation;
            let digest = match found.step.0.checked_sub(1) {
                Some(last) => journal.digest_at(Step(last))?,
                None => Digest::default(),
            };
            match checkpoint::restore(&found.payload, digest, world, meter, series) {
                Ok(spent) => calls.set_spent(spent),
                Err(_) => {
                    passed_over.push(JournalError::Unreadable {
                        path: self.path().join(format!("checkpoints/{}.ckpt", found.step)),
                        expected: "the state of this run",
                    });
                    simulation = self.beginning()?;
                }
            }
            simulation.meter.look_at_network(&simulation.world);
        }
        simulation.recorder = Recorder::Replaying(Replay { journal, into: None });
        simulation.calls.replay_from(self.path())?;
        while simulation.next < end {
            simulation.step()?;
        }
        simulation.recorder = Recorder::Off;
        Ok(Opened { simulation, passed_over })
    }

    /// The run, to be gone on with under other settings of how calls to language models are made: what they may cost,
    /// where replies come from, where and how hard servers are driven. None of it changes what a request is.
    ///
    /// # Errors
    /// When a setting makes no sense, or is about something else.
    pub fn with_call_settings(mut self, overrides: &[Override]) -> Result<Self, EngineError> {
        let mut config = with_overrides(self.config.clone(), overrides)?;
        config.behaviour.complete();
        config.check().map_err(EngineError::Unfit)?;
        if self.config.with_calls_of(&config) != config {
            return Err(EngineError::Unfit(
                "--set: a run that is gone on with may change calls (but for calls.fallback) and, of a model, servers, key, \
                 prices, limits and times; with other settings murmur fork branches a new run off"
                    .to_owned(),
            ));
        }
        self.manifest.config = serde_json::to_value(&config).expect("a configuration has a JSON form");
        self.config = config;
        Ok(self)
    }

    /// The run, to be gone on with under `config`'s settings of how calls to language models are made, as far as they change
    /// neither requests nor what comes of a failure.
    #[must_use]
    pub fn with_calls_of(mut self, config: &Config) -> Self {
        self.config = self.config.with_calls_of(config);
        self.manifest.config = serde_json::to_value(&self.config).expect("a configuration has a JSON form");
        self
    }

    /// Goes on after the last committed step; the run is then `steps` long, if that is given.
    ///
    /// # Errors
    /// As [`Self::at`]; also when another process writes the run, or it has done more than `steps`.
    pub fn resume(mut self, steps: Option<u32>) -> Result<Opened, EngineError> {
        // First of all, so that what is read from here on stays as it is.
        let writer = self.writer()?;
        if let Some(steps) = steps.filter(|&steps| steps != self.config.run.steps) {
            let committed = self.committed()?;
            if steps < committed.0 {
                return Err(EngineError::Unfit(format!(
                    "--steps {steps}: expected {committed} or more, since the run has done {committed} steps"
                )));
            }
            self.config.run.steps = steps;
            self.config
                .check()
                .map_err(|message| EngineError::Manifest { path: self.path().to_owned(), message })?;
            self.manifest.config["run"]["steps"] = steps.into();
        }
        let mut opened = self.at(None)?;
        // What is derived from the journal is made anew at the end.
        self.folder.remove_summary()?;
        self.folder.write_manifest(&self.manifest)?;
        opened.simulation.recorder = Recorder::Writing(writer);
        let durability = settings_of(&self.config).durability;
        opened.simulation.world.embedding.keep_in(self.folder.path(), durability)?;
        let next = opened.simulation.next;
        opened.simulation.calls.keep_in(self.folder.path(), next, durability)?;
        opened.simulation.folder = Some(self.folder);
        Ok(opened)
    }

    /// Branches a new run off: it shares all steps before `at` and has other settings from there on.
    ///
    /// # Errors
    /// As [`Self::at`]; also when a setting cannot differ between branches, or the new folder is taken.
    pub fn fork(&self, request: &ForkRequest<'_>) -> Result<Opened, EngineError> {
        RunFolder::check_free(request.out)?;
        let at = self.end(Some(request.at))?;
        let mut config = with_overrides(self.config.clone(), request.overrides)?;
        config.behaviour.complete();
        config.check().map_err(EngineError::Unfit)?;
        self.fork_as(config, at, request.out)
    }

    /// As [`Self::fork`], with the settings `config` (checked) from `at` on.
    ///
    /// # Errors
    /// As [`Self::fork`].
    pub fn fork_as(&self, config: Config, at: Step, out: &Path) -> Result<Opened, EngineError> {
        RunFolder::check_free(out)?;
        let at = self.end(Some(at))?;
        self.config.check_fork(&config, at)?;
        // Where a branch begins that the new one takes the place of, its settings never come into force.
        let replaces = at > Step(0) && self.lineage().start() == at;
        let mut opened = self.before(at, if replaces { Step(at.0 - 1) } else { at })?;
        let simulation = &mut opened.simulation;
        simulation.world.script.check(&config, simulation.world.population.len())?;

        let mut journal = self.journal_before(at)?;
        let manifest = self.manifest_of_branch(&config, at, journal.as_ref())?;
        let settings = settings_of(&config);
        simulation.change_settings(config.clone(), at)?;
        if at == Step(0) {
            simulation.begin_with_beliefs_of(&config);
        }
        // The folder appears with all that it shares, so that a fork is there whole or not at all.
        let fill = |folder: &RunFolder| -> Result<(), EngineError> {
            let mut writer = JournalWriter::create(&folder.journal(), settings)?;
            if let Some(journal) = &mut journal {
                copy_steps(journal, &mut writer, at)?;
            }
            let Simulation { world, meter, series, calls, .. } = &*simulation;
            let state = checkpoint::encode(world, meter, series, calls.spent(), writer.digest());
            ReplyLedger::copy_before(self.path(), folder.path(), at)?;
            world.embedding.keep_in(folder.path(), settings.durability)?;
            world.embedding.sync()?;
            Ok(write_checkpoint(folder.path(), at, &state)?)
        };
        let folder = RunFolder::create_filled(out, &manifest, fill)?;
        let branch = Self::open(folder.path())?;
        simulation.recorder = Recorder::Writing(branch.writer()?);
        // The same file, under its new name.
        simulation.world.embedding.keep_in(folder.path(), settings.durability)?;
        simulation.folder = Some(folder);
        simulation.lineage = branch.lineage();
        simulation.calls.keep_in(branch.path(), at, settings.durability)?;
        Ok(opened)
    }

    /// The manifest of a run of `config` that branches off at `at`; `journal` holds the steps before it.
    fn manifest_of_branch(
        &self,
        config: &Config,
        at: Step,
        journal: Option<&JournalReader>,
    ) -> Result<Manifest, EngineError> {
        let mut manifest = manifest_of(config)?;
        let older = self.manifest.lineage.iter().filter(|ancestor| ancestor.until < at.0);
        manifest.lineage = older.cloned().collect();
        if let Some(journal) = journal.filter(|_| at > Step(0)) {
            manifest.lineage.push(Ancestor {
                run: self.path().to_owned(),
                until: at.0,
                digest: journal.digest().to_string(),
                config: self.manifest_config_at(Step(at.0 - 1)),
            });
        }
        Ok(manifest)
    }

    /// The settings that `step` was carried out under, as a manifest holds them.
    fn manifest_config_at(&self, step: Step) -> serde_json::Value {
        let ancestor = self.manifest.lineage.iter().find(|ancestor| step.0 < ancestor.until);
        ancestor.map_or(&self.manifest.config, |ancestor| &ancestor.config).clone()
    }

    /// The run from its first step on, to be carried out again and held against its journal; and, if `out` is given,
    /// recorded there with the exposures of all agents.
    ///
    /// # Errors
    /// As [`Self::at`]; also when `out` is taken.
    pub fn replay(&self, out: Option<&Path>) -> Result<Opened, EngineError> {
        let mut opened = self.at(Some(Step(0)))?;
        let Some(journal) = self.journal()? else { return Ok(opened) };
        opened.simulation.calls.replay_from(self.path())?;
        let into = out.map(|out| self.record_again(&mut opened.simulation, out)).transpose()?;
        opened.simulation.recorder = Recorder::Replaying(Replay { journal, into });
        Ok(opened)
    }

    fn record_again(&self, simulation: &mut Simulation, out: &Path) -> Result<JournalWriter, EngineError> {
        let mut config = self.config.clone();
        config.tables.exposures = Some(Probability::of(1.0));
        let mut manifest = manifest_of(&config)?;
        manifest.lineage = self.manifest.lineage.clone();
        for ancestor in &mut manifest.lineage {
            ancestor.config["tables"]["exposures"] = 1.0.into();
        }
        let folder = RunFolder::create(out, &manifest)?;
        let writer = JournalWriter::create(&folder.journal(), settings_of(&config))?;
        simulation.world.embedding.keep_in(folder.path(), settings_of(&config).durability)?;
        simulation.calls.copy_to(folder.path(), settings_of(&config).durability)?;
        simulation.folder = Some(folder);
        Ok(writer)
    }

    /// The digest of its journal: runs with equal digests have equal journals.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn digest(&self) -> Result<String, EngineError> {
        Ok(self.journal()?.map_or_else(Default::default, |journal| journal.digest()).to_string())
    }

    /// Whether it has done all its steps, and its tables and summary are made.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn is_complete(&self) -> Result<bool, EngineError> {
        let derived = self.folder.is_finished() && tables::are_there(&self.folder.tables());
        Ok(derived && self.committed()?.0 >= self.config.run.steps)
    }

    /// Carries all actions before the step `end` out again and hands over the events of each step, as they came out.
    ///
    /// # Errors
    /// When the journal cannot be read or an action comes out differently, and whatever `each` fails with.
    pub fn for_each_step<E: From<EngineError>>(
        &self,
        end: Step,
        mut each: impl FnMut(Step, &[Event]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut simulation = self.beginning()?;
        let Some(mut journal) = self.journal()? else { return Ok(()) };
        for step in journal.steps().take_while(|&step| step < end) {
            let applied = simulation.carry_out_again(&mut journal, step)?;
            each(step, &applied.events)?;
        }
        Ok(())
    }

    /// The simulation before the first step: who the agents are and whom they follow.
    ///
    /// # Errors
    /// When an input file has changed or cannot be read.
    pub fn start(&self) -> Result<Simulation, EngineError> {
        self.beginning()
    }
}

/// The journal that was opened; `None` where there is none.
fn found(opened: Result<JournalReader, JournalError>) -> Result<Option<JournalReader>, EngineError> {
    match opened {
        Ok(journal) => Ok(Some(journal)),
        Err(JournalError::Missing(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The first step that a journal does not hold.
fn steps_in(journal: Option<&JournalReader>) -> Step {
    journal.and_then(JournalReader::last_step).map_or(Step(0), |last| Step(last.0 + 1))
}

/// Copies all steps before `end`.
fn copy_steps(journal: &mut JournalReader, writer: &mut JournalWriter, end: Step) -> Result<(), EngineError> {
    for step in journal.steps().take_while(|&step| step < end) {
        for batch in journal.step(step, Tables::All)?.iter() {
            writer.append(batch.table, batch.shard, batch.rows, batch.payload)?;
        }
        writer.commit(step)?;
    }
    Ok(writer.sync()?)
}

impl Simulation {
    /// Carries the public half of all steps before `end` out again.
    fn rebuild(&mut self, journal: &mut JournalReader, end: Step) -> Result<(), EngineError> {
        while self.next < end {
            let applied_step = self.next;
            let applied = self.carry_out_again(journal, applied_step)?;
            self.meter.take_in(&self.world, applied_step, &applied);
            self.world.take_in(&applied.events, self.next)?;
        }
        self.world.recommender.rebuild_index(&self.world.public, &self.world.clock, self.next);
        Ok(())
    }

    /// Carries the actions of the next step out again, and nothing else of it.
    pub(crate) fn carry_out_again(
        &mut self,
        journal: &mut JournalReader,
        step: Step,
    ) -> Result<Applied, EngineError> {
        let recorded =
            RecordedStep { step, batches: journal.step(step, Tables::Only(&[RecordedStep::EVENTS]))? };
        self.settle()?;
        let mut recorded_events = recorded.events(&self.world)?;
        let actions = recorded_events.iter_mut().map(|event| &mut event.action);
        self.world.embedding.fill(&self.world.public, actions)?;
        let mut applied = Applied::default();
        let mut seed_posts = self.world.seed_posts_due(step).into_iter();
        let mut ballots = BallotsAgain::of(&self.world.votes, step);
        for (row, event) in recorded_events.into_iter().enumerate() {
            let injected_by = interventions::injected_by(applied.events.last());
            let is_ruling = matches!(event.action, Action::Moderate(_));
            let RecordedEvent { agent, action, outcome, served } = event;
            // A feed depends on what the agent had read and believed, and changes nothing.
            if matches!(action, Action::Refresh) {
                let found = || Outcome::Found(Box::new(Found::Posts(served)));
                let outcome = outcome.refusal().map_or_else(found, Outcome::Refused);
                applied.events.push(Event { step, agent, action, outcome });
                continue;
            }
            carry_out(&mut self.world, step, agent, action, &mut applied.events);
            let event = applied.events.last().expect("one was just added");
            let again = RecordedOutcome::of(&event.outcome);
            if again != outcome {
                let what = format!("row {row}: recorded {outcome:?}, now {again:?}");
                return Err(Difference { step, table: "events", shard: None, what }.into());
            }
            if let Some(by) = injected_by {
                self.world.take_in_injected(&by, event);
            } else if !is_ruling {
                // What interventions do aside, seed posts come first, and then those of a voting experiment.
                match (seed_posts.next(), &event.outcome) {
                    (Some(seed_post), &Outcome::Posted(post)) => {
                        self.world.take_in_seeded(seed_post, post);
                        applied.seeded.push(Seeded { seed_post, post });
                    }
                    (Some(_), _) => {}
                    (None, _) => ballots.take_in(&mut self.world.votes, event),
                }
            }
        }
        self.next = Step(step.0 + 1);
        Ok(applied)
    }

    /// Takes in the opinions of an agent that have changed, each with its topic's place.
    pub(crate) fn set_opinions(&mut self, agent: AgentId, changed: &[(usize, Stance)]) {
        let mut opinions = self.world.beliefs.of(agent).to_vec();
        for &(topic, opinion) in changed {
            opinions[topic] = opinion;
        }
        self.world.beliefs.set(agent, &opinions);
    }

    /// Begins with what agents believe under `config`, before the first step.
    fn begin_with_beliefs_of(&mut self, config: &Config) {
        self.world.begin_with_beliefs_of(config);
        self.start = Start::of(&self.world);
        self.meter.look_at_network(&self.world);
    }

    /// Puts the settings in force under which the next step is carried out, if they change there.
    pub(crate) fn settle(&mut self) -> Result<(), EngineError> {
        match self.lineage.change_at(self.next).cloned() {
            Some(config) => self.change_settings(config, self.next),
            None => Ok(()),
        }
    }

    /// Goes on with step `next` under other settings.
    fn change_settings(&mut self, config: Config, next: Step) -> Result<(), EngineError> {
        self.world.change_settings(config, next)?;
        self.meter.change_settings(&self.world);
        self.calls.change_settings(&self.world.config.calls, self.world.minds.servers());
        Ok(())
    }
}
