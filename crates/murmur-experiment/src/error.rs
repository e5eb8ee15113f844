//! Why an experiment cannot be carried out. The message names the place and what was expected.

use std::io;
use std::path::{Path, PathBuf};

use murmur_data::DataError;
use murmur_engine::{ConfigError, EngineError};

/// Anything that stops an experiment.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The file cannot be read.
    #[error("{}: {source}; ready-made experiments lie in configs/experiments/", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not TOML, or a key or value in it is not what it should be.
    #[error("{}: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, excerpt and what was expected.
        message: String,
    },
    /// The parts of the design do not fit together.
    #[error("{}: {message}", path.display())]
    Unfit {
        /// The experiment's file.
        path: PathBuf,
        /// The key and what was expected.
        message: String,
    },
    /// The folder is another experiment's, or nobody's.
    #[error("{}: {message}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What was expected.
        message: String,
    },
    /// The share of the replicates makes no sense.
    #[error("--task {given}: expected I/N with I from 1 to N, for instance 1/4")]
    Task {
        /// What was given.
        given: String,
    },
    /// There are no outcomes to collect.
    #[error("{} has no replicate all of whose runs are done: run the experiment, or all its tasks, first", path.display())]
    NothingDone {
        /// The experiment's folder.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot read or write {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A run.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl ExperimentError {
    /// That the system refused to read or write `path`.
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    /// Whether what the user gave is at fault, rather than the system.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Io { .. } => false,
            Self::Engine(error) => error.is_bad_input(),
            _ => true,
        }
    }
}

impl From<ConfigError> for ExperimentError {
    fn from(error: ConfigError) -> Self {
        EngineError::from(error).into()
    }
}

impl From<DataError> for ExperimentError {
    fn from(error: DataError) -> Self {
        EngineError::from(error).into()
    }
}

impl From<murmur_journal::RunError> for ExperimentError {
    fn from(error: murmur_journal::RunError) -> Self {
        EngineError::from(error).into()
    }
}
