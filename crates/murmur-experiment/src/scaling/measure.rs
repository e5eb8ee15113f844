//! Carries the cells of a plan out, each as `murmur run --timings` in a process of its own.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use thiserror::Error;

use super::{Cell, Machine, Row, ScalingPlan, ScalingResults, Skipped};
use crate::memory::available;
use crate::timing::{Stretch, read_timings};

/// The exit code of a run that was stopped.
const STOPPED: i32 = 75;

/// What keeps a scaling table from being measured.
#[derive(Debug, Error)]
pub enum ScalingError {
    /// A file of the bench cannot be written or read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The run of a cell failed, as it would have alone.
    #[error("{cell}: the run failed: {message} (all it said is in {})", log.display())]
    Failed {
        /// The cell.
        cell: String,
        /// The last that the run said.
        message: String,
        /// All that it said.
        log: PathBuf,
    },
}

/// Whether all cells were measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scaled {
    /// All of them, but for those that had to be left out.
    Through,
    /// Somebody wanted it to stop; what was measured is written.
    Stopped,
}

/// What becomes of a cell, for whoever watches.
#[derive(Debug)]
pub enum CellNotice<'a> {
    /// It is measured now.
    Begun(&'a Cell),
    /// It was measured before.
    Known(&'a Cell),
    /// It cannot be measured here.
    Skipped(&'a Skipped),
}

/// A plan with what carrying it out takes.
pub struct Bench<'a> {
    /// What is measured.
    pub plan: &'a ScalingPlan,
    /// What it is measured on.
    pub machine: Machine,
    /// The program `murmur`.
    pub program: &'a Path,
    /// The configuration that the settings of cells stand above.
    pub config: &'a Path,
    /// Where figures are kept.
    pub folder: &'a Path,
    /// The base URL of the language model that decides for the active agents; none: they behave.
    pub model_url: Option<&'a str>,
    /// Whether somebody wants it to stop.
    pub is_stopped: &'a dyn Fn() -> bool,
    /// Hears what becomes of each cell.
    pub tell: &'a dyn Fn(CellNotice<'_>),
}

impl Bench<'_> {
    /// Measures the cells that the folder has no figures of yet, and writes `bench.csv` and `bench.json` there after each.
    ///
    /// # Errors
    /// When a run fails or the folder cannot be written; what was measured before stays.
    pub fn measure(&self) -> Result<(ScalingResults, Scaled), ScalingError> {
        let cells = self.folder.join("cells");
        fs::create_dir_all(&cells).map_err(at(&cells))?;
        let (machine, plan) = (self.machine.clone(), self.plan.clone());
        let mut results = ScalingResults { machine, plan, rows: Vec::new(), skipped: Vec::new() };
        let mut measured: Vec<(Cell, Stretch)> = Vec::new();
        for cell in self.plan.cells() {
            let figures = cells.join(format!("{}.json", cell.name()));
            let stretch = if let Some(stretch) = known(&figures) {
                (self.tell)(CellNotice::Known(&cell));
                stretch
            } else if let Some(why) = too_large(&cell) {
                let skipped = Skipped { cell, why };
                (self.tell)(CellNotice::Skipped(&skipped));
                results.skipped.push(skipped);
                continue;
            } else {
                if (self.is_stopped)() {
                    return Ok((results, Scaled::Stopped));
                }
                (self.tell)(CellNotice::Begun(&cell));
                let Some(stretch) = self.run(&cell, &cells)? else { return Ok((results, Scaled::Stopped)) };
                keep(&stretch, &figures).map_err(at(&figures))?;
                stretch
            };
            measured.push((cell, stretch));
            results.rows = rows(&measured, self.plan.warm_up);
            results.write(self.folder).map_err(at(self.folder))?;
        }
        Ok((results, Scaled::Through))
    }

    /// Runs a cell; none if it was stopped. Its run folder is taken away again, and what it said if it succeeded.
    fn run(&self, cell: &Cell, cells: &Path) -> Result<Option<Stretch>, ScalingError> {
        let (out, log) = (cells.join(cell.name()), cells.join(format!("{}.log", cell.name())));
        // What a stopped bench left.
        let _ = fs::remove_dir_all(&out);
        let said = File::create(&log).map_err(at(&log))?;
        let errors = said.try_clone().map_err(at(&log))?;
        let mut command = Command::new(self.program);
        command.arg("run").arg(self.config).arg("--timings");
        command.args(["--threads", &cell.threads.to_string()]).arg("--out").arg(&out);
        for setting in self.plan.settings_of(cell, self.model_url) {
            command.arg("--set").arg(setting);
        }
        let status = command.stdin(Stdio::null()).stdout(said).stderr(errors).status();
        let status = status.map_err(at(self.program))?;
        let stretch = match status.success() {
            true => read_timings(&out).ok().and_then(|stretches| stretches.into_iter().last()),
            false => None,
        };
        let _ = fs::remove_dir_all(&out);
        if status.code() == Some(STOPPED) && (self.is_stopped)() {
            return Ok(None);
        }
        let Some(stretch) = stretch else {
            let all = fs::read_to_string(&log).unwrap_or_default();
            let said = all.lines().rfind(|line| line.starts_with("error")).or(all.lines().last());
            let message = said.map_or_else(|| format!("it said nothing ({status})"), str::to_owned);
            return Err(ScalingError::Failed { cell: cell.name(), message, log });
        };
        fs::remove_file(&log).map_err(at(&log))?;
        Ok(Some(stretch))
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> ScalingError {
    let path = path.to_owned();
    move |source| ScalingError::Io { path, source }
}

/// The figures of a cell that was measured before. Those that cannot be read are measured again.
fn known(figures: &Path) -> Option<Stretch> {
    serde_json::from_slice(&fs::read(figures).ok()?).ok()
}

fn keep(stretch: &Stretch, figures: &Path) -> io::Result<()> {
    let partial = figures.with_extension("partial");
    fs::write(&partial, serde_json::to_vec(stretch)?)?;
    fs::rename(partial, figures)
}

/// Why a cell is not tried, if it is not.
fn too_large(cell: &Cell) -> Option<String> {
    let left = available()?;
    let giga = |bytes: u64| bytes as f64 / 1e9;
    (cell.bytes() > left).then(|| {
        format!("it may need {:.1} GB of memory, and {:.1} GB are free", giga(cell.bytes()), giga(left))
    })
}

/// A row for the repeats of each cell, in the order of the grid.
fn rows(measured: &[(Cell, Stretch)], warm_up: u32) -> Vec<Row> {
    let firsts = measured.iter().map(|(cell, _)| *cell).filter(|cell| {
        let first = measured.iter().find(|(other, _)| Cell { repeat: cell.repeat, ..*other } == *cell);
        first.is_some_and(|(other, _)| other == cell)
    });
    firsts
        .filter_map(|cell| {
            let repeats = measured.iter().filter(|(other, _)| Cell { repeat: cell.repeat, ..*other } == cell);
            let stretches: Vec<&Stretch> = repeats.map(|(_, stretch)| stretch).collect();
            Row::of(&cell, &stretches, warm_up)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::scaling::Active;
    use crate::timing::StepTiming;

    fn stretch(seconds: [f64; 3]) -> Stretch {
        let step = |(step, seconds): (u32, f64)| StepTiming {
            step,
            active: 10 * step as usize,
            events: 100,
            seconds,
            model_seconds: 0.25,
            phases: [("recommend".to_owned(), seconds / 2.0)].into(),
        };
        Stretch {
            version: "0".into(),
            threads: 1,
            steps: (0..).zip(seconds).map(step).collect(),
            seconds: [("setup".to_owned(), 9.0)].into(),
            peak_bytes: Some(seconds[2] as u64),
            resident_bytes: BTreeMap::new(),
            structures: Vec::new(),
        }
    }

    #[test]
    fn repeats_of_a_cell_share_a_row_without_the_warm_up() {
        let cell = |agents, repeat| Cell { agents, active: Active::Share(0.5), threads: 1, repeat };
        let measured = [
            (cell(100, 0), stretch([90.0, 1.0, 2.0])),
            (cell(200, 0), stretch([90.0, 7.0, 8.0])),
            (cell(100, 1), stretch([90.0, 3.0, 4.0])),
        ];
        let rows = rows(&measured, 1);
        assert_eq!(
            rows.iter().map(|row| (row.agents, row.repeats)).collect::<Vec<_>>(),
            [(100, 2), (200, 1)]
        );
        let Row { active, step_seconds, engine_seconds, worst_seconds, recommend_seconds, .. } = rows[0];
        assert_eq!((active, step_seconds, engine_seconds), (15.0, 2.5, 2.25));
        assert_eq!((worst_seconds, recommend_seconds), (4.0, 1.25));
        assert_eq!((rows[0].setup_seconds, rows[0].peak_bytes), (9.0, Some(4)));
        assert!((rows[0].events_per_second - 400.0 / 10.0).abs() < 1e-12);
    }
}
