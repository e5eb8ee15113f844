//! Reports: one self-contained page that shows what a run, an experiment or a bench came to.
//!
//! Pages open without a network. A page is a function of the run folder alone: it holds nothing of the wall clock. A page of
//! a run is made from its manifest, its journal (read once), its summary and its tables; no state is made again. Charts are
//! Plotly's: `figure.rs` writes their data with the types of the crate `plotly`, `assets/page.js` draws them in the
//! colours of the page's theme.

mod compare;
mod error;
mod experiment;
mod figure;
mod force;
mod page;
mod run;
mod scaling;
mod table_file;
mod text;
mod time;
mod tree;

use std::path::{Path, PathBuf};

pub use error::ReportError;

/// A finished page.
#[derive(Debug)]
pub struct Report {
    /// The page, a whole HTML document.
    pub html: String,
}

/// The report of the run, the experiment or the bench in the folder `path`.
///
/// # Errors
/// When the folder holds neither, or what it holds cannot be read.
pub fn report(path: &Path) -> Result<Report, ReportError> {
    let page = if path.join("results.json").is_file() {
        experiment::page(path)?
    } else if path.join("bench.json").is_file() {
        scaling::page(path)?
    } else if path.join("manifest.json").is_file() {
        run::page(path)?
    } else {
        return Err(ReportError::NothingToReport(path.to_owned()));
    };
    Ok(Report { html: page.html() })
}

/// The same measures of several runs side by side, in the order given.
///
/// # Errors
/// When one of the folders holds no run, or a run cannot be read.
pub fn compare(runs: &[PathBuf]) -> Result<Report, ReportError> {
    Ok(Report { html: compare::page(runs)?.html() })
}
