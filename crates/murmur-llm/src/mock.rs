//! A model server without a model: OpenAI-compatible, quick, seeded, and as unreliable as it is told to be, for tests,
//! benches and trials of a configuration. `docs/mock-model.md` is its manual.
//!
//! A reply is a function of the server's seed and the bytes of the request's body, nothing else. Which fault a request
//! meets is a function of the same and of how often it has failed since it last succeeded, so that a retry can do
//! better. Only latencies know a clock.

mod body;
mod chat;
mod config;
mod draws;
mod embeddings;
mod faults;
mod refusal;
mod render;
mod schema;
mod serve;
mod slots;
mod stats;
mod words;

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

pub use config::{Latency, MockConfig};
pub use faults::{FaultKind, FaultRate, Faults};
pub use stats::MockStats;

use crate::ServerError;
use crate::key::ApiKey;
use serve::Shared;

/// Why there is no mock server.
#[derive(Debug, thiserror::Error)]
pub enum MockError {
    /// The configuration cannot be used.
    #[error("{0}")]
    Config(String),
    /// The key that clients must show cannot be read.
    #[error(transparent)]
    Key(#[from] ServerError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; port 0 chooses a free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system gives no thread or timer.
    #[error("cannot start the server's threads: {0}")]
    Threads(io::Error),
}

/// A running mock server. It stops when dropped, and cuts the connections that are still open.
pub struct MockServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

impl MockServer {
    /// Starts a server on threads of its own; it listens when this returns.
    ///
    /// # Errors
    /// A [`MockError`].
    pub fn start(config: MockConfig) -> Result<Self, MockError> {
        if let Some(fault) = config.fault() {
            return Err(MockError::Config(fault));
        }
        let key = config.api_key_env.as_deref().map(ApiKey::from_env).transpose()?;
        let failed = |source| MockError::Listen { address: config.address, source };
        let listener = TcpListener::bind(config.address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let runtime = runtime(config.threads).map_err(MockError::Threads)?;
        let shared = Arc::new(Shared::new(config, key));
        let (stop, stopped) = oneshot::channel();
        let served = shared.clone();
        let serving = thread::Builder::new()
            .name("mock-model".to_owned())
            .spawn(move || runtime.block_on(serve::serve(listener, served, stopped)))
            .map_err(MockError::Threads)?;
        Ok(Self { address, shared, stop: Some(stop), serving: Some(serving) })
    }

    /// The base URL, such as `http://127.0.0.1:8000/v1`.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What the server has done so far.
    pub fn stats(&self) -> MockStats {
        self.shared.stats()
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(serving) = self.serving.take() {
            let _ = serving.join();
        }
    }
}

impl fmt::Debug for MockServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockServer").field("address", &self.address).finish_non_exhaustive()
    }
}

/// One thread serves fastest alone; several share the connections.
fn runtime(threads: usize) -> io::Result<Runtime> {
    match threads {
        1 => Builder::new_current_thread().enable_all().build(),
        _ => Builder::new_multi_thread().worker_threads(threads).enable_all().build(),
    }
}
