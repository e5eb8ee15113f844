//! A run, or what is committed of it, in the forms that other programs read.
//!
//! Parquet and CSV hold the tables of `docs/tables.md`; SQLite holds OASIS's tables (`export/oasis.rs`); GraphML holds
//! the follow graph (`export/follow_graph.rs`).

mod follow_graph;
mod oasis;

use std::fs;
use std::path::Path;

use murmur_core::{Action, Step};
use murmur_data::table::{Form, TableFolder};
use murmur_data::{DataError, Output};
use murmur_journal::{JournalError, Tables};
use murmur_store::{Naming, Pseudonyms};

use crate::history::RecordedStep;
use crate::{EngineError, Run};

/// The form of an export.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExportFormat {
    /// A folder of Parquet files.
    Parquet,
    /// A folder of CSV files.
    Csv,
    /// An SQLite file with OASIS's tables.
    Sqlite,
    /// A GraphML file of the follow graph.
    Graphml,
}

/// How an export names users.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Names {
    /// As they are called.
    Real,
    /// By pseudonyms.
    Pseudonyms,
}

/// What to export, and where to.
#[derive(Clone, Copy, Debug)]
pub struct ExportRequest<'a> {
    /// The form.
    pub format: ExportFormat,
    /// The new file or folder.
    pub out: &'a Path,
    /// How users are named.
    pub names: Names,
    /// The step that the export ends before; without one, it ends with the last committed step.
    pub at: Option<Step>,
}

/// An export that was written.
#[derive(Debug)]
pub struct Exported {
    /// How many steps are in it.
    pub steps: Step,
    /// Damaged checkpoints that an earlier one, or the journal alone, made up for.
    pub passed_over: Vec<JournalError>,
}

impl Run {
    /// Writes the run in another form. The run is left as it is, and may be going on.
    ///
    /// # Errors
    /// When something is at `out`, the run has not got to the step, its files are damaged or have changed, or the disk
    /// cannot be written. Then nothing is left at `out`.
    pub fn export(&self, request: &ExportRequest<'_>) -> Result<Exported, EngineError> {
        let output = Output::at(request.out)?;
        let end = self.end(request.at)?;
        let naming = match request.names {
            Names::Real => Naming::Real,
            Names::Pseudonyms => self.pseudonyms()?,
        };
        let passed_over = match request.format {
            ExportFormat::Parquet => self.export_tables(Form::Parquet, output.partial(), end, &naming)?,
            ExportFormat::Csv => self.export_tables(Form::Csv, output.partial(), end, &naming)?,
            ExportFormat::Graphml => {
                let opened = self.at(Some(end))?;
                follow_graph::write(opened.simulation.world(), &naming, output.partial())?;
                opened.passed_over
            }
            ExportFormat::Sqlite => {
                oasis::write(self, end, &naming, output.partial())?;
                Vec::new()
            }
        };
        output.keep()?;
        Ok(Exported { steps: end, passed_over })
    }

    fn export_tables(
        &self,
        form: Form,
        folder: &Path,
        end: Step,
        naming: &Naming,
    ) -> Result<Vec<JournalError>, EngineError> {
        let opened = self.at(Some(end))?;
        fs::create_dir(folder).map_err(|source| DataError::io(folder, source))?;
        opened.simulation.write_tables(self.path(), TableFolder { path: folder, form }, naming)?;
        Ok(opened.passed_over)
    }

    /// Pseudonyms that know every name that a user bears at some time in the run.
    fn pseudonyms(&self) -> Result<Naming, EngineError> {
        let mut pseudonyms = Pseudonyms::new(self.config().run.seed);
        let start = self.start()?;
        let population = &start.world().population;
        for agent in population.agents() {
            pseudonyms.learn(agent, population.user_name(agent), population.name(agent));
        }
        let Some(mut journal) = self.journal()? else { return Ok(Naming::Pseudonyms(pseudonyms)) };
        for step in journal.steps() {
            let batches = journal.step(step, Tables::Only(&[RecordedStep::EVENTS]))?;
            for event in (RecordedStep { step, batches }).events(start.world())? {
                match &event.action {
                    Action::SignUp(profile) => {
                        pseudonyms.learn(event.agent, &profile.user_name, &profile.name);
                    }
                    Action::EditProfile(edit) => {
                        let [user_name, name] =
                            [&edit.user_name, &edit.name].map(|name| name.as_deref().unwrap_or_default());
                        pseudonyms.learn(event.agent, user_name, name);
                    }
                    _ => {}
                }
            }
        }
        Ok(Naming::Pseudonyms(pseudonyms))
    }
}
