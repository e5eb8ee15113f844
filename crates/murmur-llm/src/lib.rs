//! What waits for a network: the client of model servers.
//!
//! For now it holds one thing: [`EmbeddingClient`], which turns texts into vectors at any OpenAI-compatible
//! `/v1/embeddings` endpoint. It is called like any function; the tokio runtime that drives its requests stays inside.
//!
//! Invariants: what is returned depends on the replies alone, not on the order in which they arrive; a key is read from
//! an environment variable and stands in no file, error or debug output; no redirect is followed.

mod config;
mod embeddings;
mod error;
mod in_order;
mod key;
pub mod mock;
mod reply;
mod retry;
mod route;
mod server;
mod text;

pub use config::EndpointConfig;
pub use embeddings::EmbeddingClient;
pub use error::{EmbeddingError, ServerError};
pub use text::MOST_TEXT_BYTES;
