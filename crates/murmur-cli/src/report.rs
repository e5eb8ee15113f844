//! `murmur report`: one page about a run or an experiment.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
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

/// Writes a page, whole or not at all, and says where it is.
pub(crate) fn write(out: &Path, html: &str) -> Result<(), Failure> {
    let name =
        out.file_name().ok_or_else(|| Failure::input(format!("--out {}: expected a file", out.display())))?;
    let partial = out.with_file_name(format!(".{}.{}.partial", name.to_string_lossy(), std::process::id()));
    let written = fs::write(&partial, html).and_then(|()| fs::rename(&partial, out));
    if let Err(error) = written {
        // What went wrong first matters, not whether anything is left of it.
        let _ = fs::remove_file(&partial);
        return Err(Failure::system(format!("{}: {error}", out.display())));
    }
    print(&format!(
        "{} ({:.1} MB) opens in any browser, without a network\n",
        out.display(),
        html.len() as f64 / 1e6
    ))
}
