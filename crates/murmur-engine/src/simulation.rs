//! A run from its configuration to its summary.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use murmur_core::{AgentId, Probability, Step};
use murmur_data::table::{Form, TableFolder};
use murmur_data::{DataError, Warning};
use murmur_journal::{JournalReader, RunFolder, prune_checkpoints, write_checkpoint};
use murmur_llm::{Figures, Spent};
use murmur_recsys::Feeds;
use murmur_store::Naming;

use crate::activate::activate;
use crate::apply::apply;
use crate::decide::{Policy, decide};
use crate::language::calls::Calls;
use crate::measure::{Meter, measure};
use crate::observe::observe;
use crate::recommend::{feeds_of, recommend};
use crate::record::{Recorder, Replay, record};
use crate::runs::Lineage;
use crate::script::LineResult;
use crate::summary::{SeriesKeeper, Start, Summary, summarize};
use crate::tables::TableSources;
use crate::{Config, EngineError, World, checkpoint, setup, tables};

/// A world that steps, and what is kept of it.
pub struct Simulation {
    pub(crate) world: World,
    pub(crate) meter: Meter,
    pub(crate) series: SeriesKeeper,
    pub(crate) start: Start,
    warnings: Vec<Warning>,
    pub(crate) folder: Option<RunFolder>,
    pub(crate) recorder: Recorder,
    /// How language models are called.
    pub(crate) calls: Calls,
    /// From which runs this one branched off.
    pub(crate) lineage: Lineage,
    pub(crate) next: Step,
    line_results: Vec<LineResult>,
    /// Whether it began with what no configuration names.
    pub(crate) has_addition: bool,
}

/// What a step came to, for whoever watches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StepReport {
    /// The step.
    pub step: Step,
    /// Agents that were active in it.
    pub active: usize,
    /// Events on the platform in it: posts, comments, reactions, follows and the like, without exposures.
    pub events: usize,
    /// Rows of the post table after it.
    pub posts: usize,
    /// Whether a budget of calls to language models is spent, so that the run is to stop here.
    pub budget_spent: bool,
}

impl Simulation {
    /// Makes the world that `config` (checked) describes, reading its input files. Nothing is written.
    ///
    /// # Errors
    /// When an input cannot be used or the configuration does not fit it.
    pub fn new(config: Config) -> Result<Self, EngineError> {
        Self::with_vectors_of(config, None)
    }

    /// As [`Self::new`], with follows and a script that are in no file. It cannot be recorded, since no manifest would name
    /// what was added.
    ///
    /// # Errors
    /// As [`Self::new`]; when the addition names an agent that there is not.
    pub fn with_addition(config: Config, addition: setup::Addition) -> Result<Self, EngineError> {
        let made = setup::make_world_with(config, None, addition)?;
        Ok(Self { has_addition: true, ..Self::of(made) })
    }

    /// As [`Self::new`]; texts that the run in `folder` has embedded have its vectors.
    pub(crate) fn with_vectors_of(config: Config, folder: Option<&Path>) -> Result<Self, EngineError> {
        Ok(Self::of(setup::make_world(config, folder)?))
    }

    fn of(made: setup::Made) -> Self {
        let setup::Made { world, warnings } = made;
        let meter = Meter::new(&world);
        let calls = Calls::new(&world.config.calls, world.minds.servers(), world.seed());
        Self {
            calls,
            series: SeriesKeeper::new(&meter),
            start: Start::of(&world),
            world,
            meter,
            warnings,
            folder: None,
            recorder: Recorder::Off,
            lineage: Lineage::default(),
            next: Step(0),
            line_results: Vec::new(),
            has_addition: false,
        }
    }

    /// What was mended in the input files.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The world as it stands before the next step.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The step that comes next.
    pub fn next_step(&self) -> Step {
        self.next
    }

    /// What these agents would be served if they were active in the step that comes next, in their order.
    pub fn feeds(&self, readers: &[AgentId]) -> Feeds {
        feeds_of(&self.world, self.next, readers)
    }

    /// Whether all configured steps are done.
    pub fn is_finished(&self) -> bool {
        self.next.0 >= self.world.config.run.steps
    }

    /// Carries out one step, once, for everybody.
    ///
    /// # Errors
    /// When the step cannot be written; of a step that is carried out again, when it comes out differently.
    pub fn step(&mut self) -> Result<StepReport, EngineError> {
        self.settle()?;
        let now = self.next;
        let recorded = self.recorder.recorded(now)?;
        let policy = recorded.as_ref().map_or(Policy::Own, Policy::Replay);

        let active = activate(&self.world, now);
        let recommended = recommend(&self.world, now, &active);
        let observations = observe(&self.world, now, active, &recommended);
        let decided = decide(&self.world, &mut self.calls, now, &observations, policy)?;
        let (feeds, trips) = (&recommended.feeds, self.meter.trips());
        let mut applied = apply(&mut self.world, now, feeds, &observations, decided, trips)?;
        self.calls.end_step()?;
        let measures = measure(&self.world, &mut self.meter, now, &applied);
        record(&mut self.recorder, recorded.as_ref(), &self.world, now, &applied, &measures)?;

        self.line_results.append(&mut applied.results);
        self.series.add(now, &self.meter);
        self.next = Step(now.0 + 1);
        if self.next.0.is_multiple_of(self.world.config.journal.checkpoint_every) {
            self.keep_checkpoint()?;
        }
        Ok(StepReport {
            step: now,
            active: applied.turns.len(),
            events: applied.events.len(),
            posts: self.world.public.posts().len(),
            budget_spent: self.calls.is_spent(),
        })
    }

    /// Waits until every server of a language model answers.
    ///
    /// # Errors
    /// When one does not within `timeout`, or cannot be asked.
    pub fn wait_for_models(&self, timeout: Duration) -> Result<(), EngineError> {
        self.calls.wait_until_ready(timeout)
    }

    /// Connects to the language models and hands out their live figures, by name; none where no server is called.
    ///
    /// # Errors
    /// When a model's servers cannot be set up: there is no key, or no list of them.
    pub fn model_figures(&self) -> Result<Vec<(String, Arc<Figures>)>, EngineError> {
        self.calls.connect()?;
        Ok(self.calls.figures())
    }

    /// What the run's calls to language models have cost.
    pub fn spent(&self) -> Spent {
        self.calls.spent()
    }

    /// Whether nothing is left of the run's budget for calls: a fork may have another.
    pub fn run_budget_is_spent(&self) -> bool {
        self.calls.run_is_spent()
    }

    /// What the script's lines came to since this was last asked, in their order.
    pub fn take_line_results(&mut self) -> Vec<LineResult> {
        std::mem::take(&mut self.line_results)
    }

    /// Brings all that was recorded to the disk, with a checkpoint to go on from.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub fn keep_checkpoint(&mut self) -> Result<(), EngineError> {
        let (Recorder::Writing(journal), Some(folder)) = (&mut self.recorder, &self.folder) else {
            return Ok(());
        };
        let _span = tracing::info_span!("checkpoint").entered();
        // Vectors first, since the journal depends on them.
        self.world.embedding.sync()?;
        self.calls.sync()?;
        journal.sync()?;
        let spent = self.calls.spent_by_steps();
        let state = checkpoint::encode(&self.world, &self.meter, &self.series, spent, journal.digest());
        write_checkpoint(folder.path(), self.next, &state)?;
        prune_checkpoints(folder.path(), self.world.config.journal.checkpoint_every, self.lineage.start())?;
        Ok(())
    }

    /// Ends the run: keeps a last checkpoint, makes the tables, writes the summary and returns it.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub fn finish(mut self) -> Result<Summary, EngineError> {
        if let Recorder::Replaying(Replay { into: Some(journal), .. }) = self.recorder {
            self.recorder = Recorder::Writing(journal);
            self.world.config.tables.exposures = Some(Probability::of(1.0));
        }
        self.keep_checkpoint()?;
        let _span = tracing::info_span!("finish").entered();
        if let Some(folder) = &self.folder {
            let (path, tables) = (folder.path().to_owned(), folder.tables());
            std::fs::create_dir_all(&tables).map_err(|source| DataError::io(&tables, source))?;
            self.write_tables(&path, TableFolder { path: &tables, form: Form::Parquet }, &Naming::Real)?;
        }
        let summary = self.summary();
        if let Some(folder) = &self.folder {
            folder.write_summary(&summary)?;
        }
        Ok(summary)
    }

    /// Makes the tables of the run in `run`, of which this is a state, up to that state.
    ///
    /// # Errors
    /// When the journal cannot be read or the tables not be written.
    pub fn write_tables(
        &self,
        run: &Path,
        folder: TableFolder<'_>,
        naming: &Naming,
    ) -> Result<(), EngineError> {
        let mut journal = JournalReader::open(&RunFolder::open(run)?.folder.journal())?;
        let sources = TableSources {
            folder,
            naming,
            world: &self.world,
            meter: &self.meter,
            start: &self.start,
            end: self.next,
        };
        tables::write(&sources, &mut journal)
    }

    /// Sums up what has happened so far.
    pub fn summary(&self) -> Summary {
        summarize(&self.world, &self.meter, &self.series, &self.start, self.next.0)
    }
}
