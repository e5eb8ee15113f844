//! `murmur mock-model`: a model server without a model, until a signal comes.

use std::net::{IpAddr, SocketAddr};

use clap::Args;
use murmur_llm::mock::{FaultRate, Faults, Latency, MockConfig, MockError, MockServer};
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

use crate::failure::{Failure, print};

#[derive(Args)]
pub(crate) struct MockModelArgs {
    /// Address to listen on.
    #[arg(long, default_value_t = MockConfig::default().address.ip())]
    host: IpAddr,
    /// Port to listen on; 0 chooses a free one.
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// Seed of replies, jitter and faults.
    #[arg(long, default_value_t = MockConfig::default().seed)]
    seed: u64,
    /// Name that /v1/models lists. May be given often. Requests may name any model.
    #[arg(long = "model", value_name = "NAME", default_values_t = MockConfig::default().models)]
    models: Vec<String>,
    /// Length of embeddings for requests that ask for none.
    #[arg(long, value_name = "N", default_value_t = MockConfig::default().dimensions)]
    dimensions: usize,
    /// Generations at a time.
    #[arg(long, value_name = "N", default_value_t = MockConfig::default().slots)]
    slots: usize,
    /// Requests that may wait for a slot; those beyond are answered 429.
    #[arg(long, value_name = "N", default_value_t = MockConfig::default().queue)]
    queue: usize,
    /// Milliseconds that any request takes.
    #[arg(long, value_name = "MS", default_value_t = Latency::default().base_ms)]
    latency_ms: f64,
    /// Microseconds that an input token takes.
    #[arg(long, value_name = "US", default_value_t = Latency::default().input_us)]
    input_us: f64,
    /// Microseconds that an output token takes.
    #[arg(long, value_name = "US", default_value_t = Latency::default().output_us)]
    output_us: f64,
    /// How much longer a generation takes when all slots are busy: 1 is twice as long as alone.
    #[arg(long, value_name = "SHARE", default_value_t = Latency::default().batch_growth)]
    batch_growth: f64,
    /// Largest deviation of a latency by chance, as a share, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = Latency::default().jitter)]
    jitter: f64,
    /// Most tool calls in a reply.
    #[arg(long, value_name = "N", default_value_t = MockConfig::default().tool_calls)]
    tool_calls: u32,
    /// Probability of a fault, divided evenly among all kinds.
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    faults: f64,
    /// Probability of one kind of fault, such as cut=0.02. May be given often.
    #[arg(long = "fault", value_name = "KIND=P")]
    fault: Vec<FaultRate>,
    /// Seconds that Retry-After asks for.
    #[arg(long, value_name = "S", default_value_t = Faults::default().retry_after_seconds)]
    retry_after_s: u32,
    /// Milliseconds that a slow body takes.
    #[arg(long, value_name = "MS", default_value_t = Faults::default().slow_ms)]
    slow_ms: u32,
    /// Tokens of an endless text, unless the request's own limit is lower.
    #[arg(long, value_name = "N", default_value_t = Faults::default().endless_tokens)]
    endless_tokens: usize,
    /// Environment variable with the key that clients must show.
    #[arg(long, value_name = "NAME")]
    api_key_env: Option<String>,
    /// Threads that serve.
    #[arg(long, value_name = "N", default_value_t = MockConfig::default().threads)]
    threads: usize,
}

impl MockModelArgs {
    fn config(&self) -> MockConfig {
        let mut faults = Faults::all(self.faults);
        for rate in &self.fault {
            faults = faults.with(rate.kind, rate.probability);
        }
        faults.retry_after_seconds = self.retry_after_s;
        faults.slow_ms = self.slow_ms;
        faults.endless_tokens = self.endless_tokens;
        MockConfig {
            address: SocketAddr::new(self.host, self.port),
            seed: self.seed,
            models: self.models.clone(),
            dimensions: self.dimensions,
            slots: self.slots,
            queue: self.queue,
            latency: Latency {
                base_ms: self.latency_ms,
                input_us: self.input_us,
                output_us: self.output_us,
                batch_growth: self.batch_growth,
                jitter: self.jitter,
            },
            tool_calls: self.tool_calls,
            faults,
            api_key_env: self.api_key_env.clone(),
            threads: self.threads,
        }
    }
}

/// Serves until a signal comes. The base URL is printed once the server listens.
pub(crate) fn mock_model(args: &MockModelArgs) -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGUSR1])?;
    let server = MockServer::start(args.config())?;
    print(&format!("{}\n", server.url()))?;
    signals.forever().next();
    Ok(())
}

impl From<MockError> for Failure {
    fn from(error: MockError) -> Self {
        let message = error.to_string();
        match error {
            MockError::Config(_) | MockError::Key(_) | MockError::Listen { .. } => Self::input(message),
            MockError::Threads(error) => Self::from(error),
        }
    }
}
