//! The same measures of several runs side by side.

use std::path::PathBuf;

use crate::ReportError;
use crate::page::Page;

pub(crate) fn page(runs: &[PathBuf]) -> Result<Page, ReportError> {
    Err(ReportError::NothingToReport(runs.first().cloned().unwrap_or_default()))
}
