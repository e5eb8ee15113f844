//! Why a run cannot start or go on.

use std::io::ErrorKind;
use std::path::PathBuf;

use murmur_data::DataError;
use murmur_graph::GraphError;
use murmur_journal::RunError;

use crate::ConfigError;

/// Anything that stops a run. The message names the place and what was expected.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A value of the configuration that does not fit the population.
    #[error("{0}")]
    Unfit(String),
    /// An input file that is not there.
    #[error("{}: no such file; name one with --set {key}=FILE, or in the configuration", path.display())]
    NoSuchFile {
        /// Where it was looked for.
        path: PathBuf,
        /// The key that names it.
        key: &'static str,
    },
    /// An input file or a table.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The parameters of a generated graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The run folder.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl EngineError {
    /// Whether what the user gave is at fault, rather than the disk.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Config(_) | Self::Unfit(_) | Self::NoSuchFile { .. } | Self::Graph(_) => true,
            Self::Data(DataError::Malformed { .. }) => true,
            Self::Data(DataError::Io { source, .. }) => {
                matches!(source.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory)
            }
            Self::Run(error) => !matches!(error, RunError::Io { .. }),
        }
    }
}
