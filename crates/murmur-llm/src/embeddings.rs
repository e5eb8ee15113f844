//! Texts to unit vectors at an OpenAI-compatible `/v1/embeddings` endpoint.

use std::fmt;
use std::time::Duration;

use hyper::body::Bytes;
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};

use crate::config::target;
use crate::in_order::in_order;
use crate::reply;
use crate::server::{Calls, Server};
use crate::text::sendable;
use crate::{EmbeddingError, EndpointConfig, ServerError};

/// Longest answer that is read, in bytes.
const MOST_ANSWER: usize = 256 << 20;

/// A client of one embeddings endpoint. Connections stay open between calls.
pub struct EmbeddingClient {
    config: EndpointConfig,
    server: Server,
    runtime: Runtime,
}

/// The body of a request.
#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [&'a str],
    encoding_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

impl EmbeddingClient {
    /// Makes ready to ask; nothing is sent yet. If the environment names a proxy for the server, its name is looked up.
    ///
    /// # Errors
    /// [`EmbeddingError::Config`], [`ServerError::NoKey`] and [`ServerError::Setup`].
    pub fn new(config: EndpointConfig) -> Result<Self, EmbeddingError> {
        if let Some(fault) = config.fault() {
            return Err(EmbeddingError::Config(fault));
        }
        let url = target(&config.url)
            .and_then(|base| format!("{base}/embeddings").parse().map_err(|_| "too long".to_owned()))
            .map_err(|fault| EmbeddingError::Config(format!("embedder.url: {fault}")))?;
        let calls = Calls {
            key_variable: config.api_key_env.clone(),
            timeout: Duration::from_secs_f64(config.timeout_seconds),
            retries: config.retries,
            most_answer: MOST_ANSWER,
        };
        let setup =
            |error: std::io::Error| ServerError::Setup { url: config.url.clone(), reason: error.to_string() };
        // A thread of its own, so that a connection which the server closes between two calls is not used again.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(setup)?;
        Ok(Self { server: Server::new(url, calls)?, config, runtime })
    }

    /// The unit vectors of `texts`, in their order, each of the configured length. A blank text is not sent and has the
    /// zero vector; of a text longer than [`MOST_TEXT_BYTES`](crate::MOST_TEXT_BYTES) the beginning is sent. A zero
    /// vector from the server stays as it is. Not for use within asynchronous code: it waits.
    ///
    /// # Errors
    /// Of the first request that fails for good; the others are given up.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Box<[f32]>>, EmbeddingError> {
        let sent: Vec<(usize, &str)> =
            texts.iter().enumerate().filter_map(|(i, text)| Some((i, sendable(text)?))).collect();
        let batches: Vec<&[(usize, &str)]> = sent.chunks(self.config.batch).collect();
        let ask = |i: usize| self.ask(batches[i].iter().map(|&(_, text)| text).collect());
        let answers = self.runtime.block_on(in_order(batches.len(), self.config.concurrency, ask))?;

        let mut vectors = vec![Box::default(); texts.len()];
        for (&(i, _), vector) in sent.iter().zip(answers.into_iter().flatten()) {
            vectors[i] = vector;
        }
        for vector in vectors.iter_mut().filter(|vector| vector.is_empty()) {
            *vector = vec![0.0; self.config.dimensions].into();
        }
        Ok(vectors)
    }

    /// One request.
    async fn ask(&self, texts: Vec<&str>) -> Result<Vec<Box<[f32]>>, EmbeddingError> {
        let request = Request {
            model: &self.config.model,
            input: &texts,
            encoding_format: "float",
            dimensions: self.config.send_dimensions.then_some(self.config.dimensions),
        };
        let body = serde_json::to_vec(&request)
            .map(Bytes::from)
            .map_err(|error| ServerError::Setup { url: self.server.url(), reason: error.to_string() })?;
        let answer = self.server.post(&body).await?;
        reply::vectors(&self.server, &answer, &texts, self.config.dimensions)
    }
}

impl fmt::Debug for EmbeddingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddingClient").field("config", &self.config).finish_non_exhaustive()
    }
}
