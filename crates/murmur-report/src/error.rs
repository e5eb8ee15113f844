//! Why a report cannot be made.

use std::io;
use std::path::{Path, PathBuf};

use murmur_engine::EngineError;

/// Why a report cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The folder is something else.
    #[error(
        "{}: expected the folder of a run, with manifest.json, or of an experiment, with results.json; found neither", .0.display()
    )]
    NothingToReport(PathBuf),
    /// The run cannot be read.
    #[error(transparent)]
    Run(#[from] EngineError),
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file makes no sense.
    #[error("{}: {message}; it was changed by hand, or another version wrote it", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
}

impl ReportError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn malformed(path: &Path, message: impl ToString) -> Self {
        Self::Malformed { path: path.to_owned(), message: message.to_string() }
    }

    /// Whether what the user gave is at fault, rather than the disk.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::NothingToReport(_) | Self::Malformed { .. } => true,
            Self::Run(error) => error.is_bad_input(),
            Self::Io { source, .. } => source.kind() == io::ErrorKind::NotFound,
        }
    }
}
