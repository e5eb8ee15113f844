//! The report of an experiment.

use std::path::Path;

use crate::ReportError;
use crate::page::Page;

pub(crate) fn page(path: &Path) -> Result<Page, ReportError> {
    Err(ReportError::NothingToReport(path.to_owned()))
}
