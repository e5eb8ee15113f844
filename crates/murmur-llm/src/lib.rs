//! What waits for a network: the client of model servers.
//!
//! [`EmbeddingClient`] turns texts into vectors at any OpenAI-compatible `/v1/embeddings` endpoint. [`Scheduler`] keeps
//! the servers of a chat model full: it takes a count and a function that renders the i-th request when there is room
//! for it, and returns replies in order. Both are called like any function; the tokio runtimes that drive their requests
//! stay inside. [`batch_line`] and [`parse_batch_result`] do without a network: they write requests to files and read
//! results. `docs/scheduler.md` says how requests are paced, sent again and paid for.
//!
//! Invariants: what is returned depends on the replies alone, not on the order in which they arrive; a key is read from
//! an environment variable and stands in no file, error or debug output; no redirect is followed.

mod account;
mod answer;
mod batch_file;
mod breaker;
mod bucket;
mod chat;
mod config;
mod embeddings;
mod endpoints;
mod error;
mod failure;
mod figures;
mod in_order;
mod key;
pub mod mock;
mod model;
mod pace;
mod reply;
mod retry;
mod route;
mod scheduler;
mod server;
mod text;
mod wire;

pub use account::{Account, Budget, Spent};
pub use answer::{ChatReply, Finish};
pub use batch_file::{BatchLineError, BatchResult, batch_line, parse_batch_result};
pub use chat::{ChatRequest, HashError, Message, PreparedRequest, RequestHash, ToolCall, Usage};
pub use config::EndpointConfig;
pub use embeddings::EmbeddingClient;
pub use error::{EmbeddingError, ModelError, ServerError};
pub use failure::CallFailure;
pub use figures::{Figures, Snapshot};
pub use model::{ModelConfig, PriceConfig, SamplingConfig};
pub use scheduler::{Batch, CallOutcome, CallResult, Job, Scheduler};
pub use text::MOST_TEXT_BYTES;
