//! `murmur report`: one page about a run or an experiment.

use std::path::PathBuf;

use clap::Args;
use murmur_data::Output;
use murmur_report::ReportError;

use crate::failure::{Failure, print};

#[derive(Args)]
pub(crate) struct ReportArgs {
    /// The folder of a run, finished or not, or of an experiment.
    folder: PathBuf,
    /// The file to write; one that is there is replaced [default: report.html in the folder].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Run(error) => error.into(),
            error if error.is_bad_input() => Self::input(error.to_string()),
            error => Self::system(error.to_string()),
        }
    }
}

pub(crate) fn report(args: &ReportArgs) -> Result<(), Failure> {
    let report = murmur_report::report(&args.folder)?;
    let out = args.out.clone().unwrap_or_else(|| args.folder.join("report.html"));
    write(&out, &report.html)
}

/// Writes a page and says where it is.
pub(crate) fn write(out: &std::path::Path, html: &str) -> Result<(), Failure> {
    let _ = Output::at;
    std::fs::write(out, html).map_err(|error| Failure::system(format!("{}: {error}", out.display())))?;
    print(&format!(
        "{} ({:.1} MB) opens in any browser, without a network\n",
        out.display(),
        html.len() as f64 / 1e6
    ))
}
