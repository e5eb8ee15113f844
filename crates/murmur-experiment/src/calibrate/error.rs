//! Why a calibration cannot be made.

use std::path::{Path, PathBuf};

use murmur_data::DataError;
use murmur_engine::{ConfigError, EngineError};

/// Anything that stops a calibration. The message names the place and what was expected.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// The calibration's file.
    #[error("{}: {message}", path.display())]
    Plan {
        /// The file.
        path: PathBuf,
        /// The line or key, and what was expected.
        message: String,
    },
    /// The base configuration, or a simulation made from it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The cascades, or a file of results.
    #[error(transparent)]
    Data(#[from] DataError),
}

impl From<ConfigError> for CalibrationError {
    fn from(error: ConfigError) -> Self {
        Self::Engine(error.into())
    }
}

impl CalibrationError {
    pub(super) fn plan(path: &Path, message: impl Into<String>) -> Self {
        Self::Plan { path: path.to_owned(), message: message.into() }
    }
}
