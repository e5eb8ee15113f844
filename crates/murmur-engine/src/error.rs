//! Why a run cannot start or go on.

use std::io::ErrorKind;
use std::path::PathBuf;

use murmur_core::{AgentId, Step};
use murmur_data::DataError;
use murmur_graph::GraphError;
use murmur_journal::{JournalError, RunError};
use murmur_llm::{EmbeddingError, ModelError, RequestHash, ServerError};
use murmur_prompt::PromptError;
use murmur_store::OutcomeDiffers;

use crate::ConfigError;
use crate::difference::Difference;
use crate::history::HistoryError;

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
    /// The journal or a checkpoint.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The content of the journal.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// A step comes out differently from what the journal holds.
    #[error(transparent)]
    Differs(#[from] Difference),
    /// An action comes out differently on a platform without feeds.
    #[error(transparent)]
    OutcomeDiffers(#[from] OutcomeDiffers),
    /// The run folder's manifest.
    #[error("{}: {message}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong and what was expected.
        message: String,
    },
    /// The run folder.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The servers of a language model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A template of prompts.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// In mode `replay`, a request that no ledger holds.
    #[error(
        "step {step}, agent {agent}: no reply to the request {hash} in the ledgers of {}; the runs differ from this one \
         before it. calls.mode = \"cache\" asks a server for what is missing",
        from.iter().map(|run| run.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    NotInLedgers {
        /// When it was to be asked.
        step: Step,
        /// For whom.
        agent: AgentId,
        /// The request.
        hash: RequestHash,
        /// Where it was looked for.
        from: Vec<PathBuf>,
    },
    /// No server of a model can be asked.
    #[error(
        "step {step}: model {model}: {reason}. Nobody can be asked, so the step is not carried out. Mend the server, or change \
         where it is with --set model.{model}.urls='[\"http://host:8000/v1\"]', and go on with murmur resume"
    )]
    ModelOutOfReach {
        /// The model's name in the configuration.
        model: String,
        /// What its servers said last.
        reason: String,
        /// The step that was to be carried out.
        step: Step,
    },
    /// In mode `batch`, requests that wait to be answered.
    #[error(
        "step {step}: {count} requests are written to {} and wait to be answered; take the results in with\n  murmur \
         batch {} RESULTS.jsonl\nand go on with\n  murmur resume {}",
        files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(" and "), run.display(), run.display()
    )]
    AwaitsBatch {
        /// The step they belong to.
        step: Step,
        /// How many there are.
        count: usize,
        /// Where they are, a file for each model.
        files: Vec<PathBuf>,
        /// The run.
        run: PathBuf,
    },
    /// The endpoint that embeds texts.
    #[error(transparent)]
    Embedding(#[from] EmbeddingError),
}

impl EngineError {
    /// Whether what the user gave is at fault, rather than the disk.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Config(_)
            | Self::Unfit(_)
            | Self::Manifest { .. }
            | Self::NoSuchFile { .. }
            | Self::Graph(_) => true,
            Self::Data(DataError::Malformed { .. } | DataError::Taken(_)) => true,
            Self::Data(DataError::Io { source, .. }) => {
                matches!(
                    source.kind(),
                    ErrorKind::NotFound
                        | ErrorKind::IsADirectory
                        | ErrorKind::InvalidData
                        | ErrorKind::InvalidInput
                        | ErrorKind::UnexpectedEof
                )
            }
            Self::Journal(error) => matches!(
                error,
                JournalError::Missing(_) | JournalError::Newer { .. } | JournalError::NoStep { .. }
            ),
            Self::Model(error) => !matches!(error, ModelError::NotReady { .. }),
            Self::ModelOutOfReach { .. } => false,
            Self::Prompt(_) | Self::NotInLedgers { .. } | Self::AwaitsBatch { .. } => true,
            Self::History(_) | Self::Differs(_) | Self::OutcomeDiffers(_) => false,
            Self::Run(error) => !matches!(error, RunError::Io { .. }),
            Self::Embedding(error) => matches!(
                error,
                EmbeddingError::Config(_)
                    | EmbeddingError::Dimensions { .. }
                    | EmbeddingError::NotVectors { .. }
                    | EmbeddingError::Server(
                        ServerError::NoKey { .. }
                            | ServerError::Unauthorised { .. }
                            | ServerError::NotFound { .. }
                            | ServerError::Redirect { .. }
                    )
            ),
        }
    }
}
