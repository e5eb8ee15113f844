//! A run from its configuration to its summary.

use std::path::Path;

use murmur_core::Step;
use murmur_data::Warning;
use murmur_journal::{InputFile, Manifest, RunError, RunFolder};

use crate::activate::activate;
use crate::apply::apply;
use crate::decide::decide;
use crate::measure::{Meter, measure};
use crate::observe::observe;
use crate::recommend::recommend;
use crate::record::{Recorder, record};
use crate::script::LineResult;
use crate::summary::{SeriesKeeper, Start, Summary, summarize};
use crate::{Config, EngineError, World, setup};

/// A world that steps, and what is kept of it.
pub struct Simulation {
    world: World,
    meter: Meter,
    series: SeriesKeeper,
    start: Start,
    warnings: Vec<Warning>,
    folder: Option<RunFolder>,
    recorder: Option<Recorder>,
    next: Step,
    line_results: Vec<LineResult>,
}

/// What a step came to, for whoever watches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StepReport {
    /// The step.
    pub step: Step,
    /// Agents that were active in it.
    pub active: usize,
    /// Rows of the post table after it.
    pub posts: usize,
}

impl Simulation {
    /// Makes the world that `config` (checked) describes, reading its input files. Nothing is written.
    ///
    /// # Errors
    /// When an input cannot be used or the configuration does not fit it.
    pub fn new(config: Config) -> Result<Self, EngineError> {
        let setup::Made { world, warnings } = setup::make_world(config)?;
        let meter = Meter::new(&world);
        Ok(Self {
            series: SeriesKeeper::new(&meter),
            start: Start::of(&world),
            world,
            meter,
            warnings,
            folder: None,
            recorder: None,
            next: Step(0),
            line_results: Vec::new(),
        })
    }

    /// Makes the run folder `out` and records every step to come in it. Without this call a run leaves no files.
    ///
    /// # Errors
    /// When `out` is taken or cannot be written.
    pub fn record_to(&mut self, out: &Path) -> Result<(), EngineError> {
        let describe = |path: std::path::PathBuf| {
            InputFile::describe(&path).map_err(|source| RunError::Io { path, source })
        };
        let inputs = self.world.config.inputs().into_iter().map(describe).collect::<Result<_, _>>()?;
        let config = serde_json::to_value(&self.world.config).expect("a configuration has a JSON form");
        let folder = RunFolder::create(out, &Manifest::new(config, inputs))?;
        self.recorder = Some(Recorder::new(&folder)?);
        self.folder = Some(folder);
        Ok(())
    }

    /// What was mended in the input files.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The world as it stands before the next step.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Whether all configured steps are done.
    pub fn is_finished(&self) -> bool {
        self.next.0 >= self.world.config.run.steps
    }

    /// Carries out one step, once, for everybody.
    ///
    /// # Errors
    /// When the step cannot be written.
    pub fn step(&mut self) -> Result<StepReport, EngineError> {
        let now = self.next;
        let active = activate(&self.world, now);
        let feeds = recommend(&self.world, now, &active);
        let observations = observe(&self.world, now, active, &feeds);
        let decisions = decide(&self.world, now, &observations);
        let mut applied = apply(&mut self.world, now, &feeds, &observations, decisions);
        self.line_results.append(&mut applied.results);
        let measures = measure(&self.world, &mut self.meter, now, &applied);
        self.series.add(now, &self.meter);
        record(&mut self.recorder, &self.world, now, &applied, measures)?;
        self.next = Step(now.0 + 1);
        Ok(StepReport { step: now, active: applied.active, posts: self.world.public.posts().len() })
    }

    /// What the script's lines came to since this was last asked, in their order.
    pub fn take_line_results(&mut self) -> Vec<LineResult> {
        std::mem::take(&mut self.line_results)
    }

    /// Ends the run: finishes its tables, writes its summary and returns it.
    ///
    /// # Errors
    /// When the tables or the summary cannot be written.
    pub fn finish(self) -> Result<Summary, EngineError> {
        let _span = tracing::info_span!("finish").entered();
        let summary = summarize(&self.world, &self.meter, self.series, &self.start, self.next.0);
        if let Some(recorder) = self.recorder {
            recorder.finish(&self.world, &self.meter, &self.start)?;
        }
        if let Some(folder) = self.folder {
            folder.write_json("summary.json", &summary)?;
        }
        Ok(summary)
    }
}
