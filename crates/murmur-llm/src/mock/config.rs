//! What a mock server is like.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::faults::Faults;

/// How a mock server behaves. The default answers at once, without faults, on a free loopback port.
#[derive(Clone, PartialEq, Debug)]
pub struct MockConfig {
    /// Where to listen; port 0 chooses a free one.
    pub address: SocketAddr,
    /// Seed of replies, jitter and faults.
    pub seed: u64,
    /// Names under `/v1/models`. Requests may name any model all the same.
    pub models: Vec<String>,
    /// Length of embeddings for requests that ask for none, 1 to 65,536.
    pub dimensions: usize,
    /// Generations at a time, 1 to 65,536.
    pub slots: usize,
    /// Requests that may wait for a slot; those beyond are answered 429.
    pub queue: usize,
    /// How long a generation takes.
    pub latency: Latency,
    /// Most tool calls in a reply, 1 to 16.
    pub tool_calls: u32,
    /// What goes wrong.
    pub faults: Faults,
    /// Environment variable with the key that `/v1/…` asks for. Default: no key is asked for.
    pub api_key_env: Option<String>,
    /// Threads that serve, 1 to 256.
    pub threads: usize,
}

impl Default for MockConfig {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seed: 0,
            models: vec!["mock".to_owned()],
            dimensions: 64,
            slots: 64,
            queue: 1024,
            latency: Latency::default(),
            tool_calls: 1,
            faults: Faults::default(),
            api_key_env: None,
            threads: 1,
        }
    }
}

impl MockConfig {
    /// What is wrong with the configuration, if anything.
    pub fn fault(&self) -> Option<String> {
        let count = |name: &str, value: usize, most: usize| {
            (!(1..=most).contains(&value))
                .then(|| format!("{name}: expected a number from 1 to {most}, found {value}"))
        };
        count("dimensions", self.dimensions, MOST_DIMENSIONS)
            .or_else(|| count("slots", self.slots, 65_536))
            .or_else(|| count("tool calls", self.tool_calls as usize, 16))
            .or_else(|| count("threads", self.threads, 256))
            .or_else(|| {
                let blank = self.models.iter().any(|model| model.trim().is_empty());
                (blank || self.models.is_empty()).then(|| "model: expected the name of a model".to_owned())
            })
            .or_else(|| self.latency.fault())
            .or_else(|| self.faults.fault())
    }
}

/// Longest embedding.
pub(crate) const MOST_DIMENSIONS: usize = 65_536;

/// How long a generation takes, from when it has a slot:
///
/// (base + input tokens × input + output tokens × output) × (1 + growth × (b − 1) / (slots − 1)) × (1 + jitter × u)
///
/// where b counts the busy slots as it begins, itself included (with one slot the factor is 1), and u is uniform in
/// [−1, 1) and keyed by seed and body. Embeddings have no output tokens.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Latency {
    /// Milliseconds of any request.
    pub base_ms: f64,
    /// Microseconds an input token.
    pub input_us: f64,
    /// Microseconds an output token.
    pub output_us: f64,
    /// How much longer a generation takes when it fills the last slot: 1 is twice as long as alone.
    pub batch_growth: f64,
    /// Largest deviation by chance, as a share, 0 to 1.
    pub jitter: f64,
}

/// Longest latency, so that no sum of durations overflows.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl Latency {
    fn fault(&self) -> Option<String> {
        let parts = [
            ("latency", self.base_ms),
            ("latency of input", self.input_us),
            ("latency of output", self.output_us),
            ("batch growth", self.batch_growth),
        ];
        let negative = parts.into_iter().find(|(_, value)| !(value.is_finite() && *value >= 0.0));
        negative
            .map(|(name, value)| format!("{name}: expected a number of at least 0, found {value}"))
            .or_else(|| {
                let within = (0.0..=1.0).contains(&self.jitter);
                (!within).then(|| format!("jitter: expected a number from 0 to 1, found {}", self.jitter))
            })
    }

    /// The time until the first output token and the time of the whole generation, when `busy` of `slots` are taken.
    /// `u` in [−1, 1) is the jitter's draw.
    pub(crate) fn times(&self, tokens: Tokens, busy: usize, slots: usize, u: f64) -> (Duration, Duration) {
        let share = busy.saturating_sub(1) as f64 / slots.saturating_sub(1).max(1) as f64;
        let factor = (1.0 + self.batch_growth * share) * (1.0 + self.jitter * u);
        let first_ms = self.base_ms + self.input_us * tokens.input as f64 / 1000.0;
        let whole_ms = first_ms + self.output_us * tokens.output as f64 / 1000.0;
        let duration =
            |ms: f64| Duration::try_from_secs_f64(ms * factor / 1000.0).unwrap_or(LONGEST).min(LONGEST);
        (duration(first_ms), duration(whole_ms))
    }
}

/// Tokens of a request and its reply.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub(crate) struct Tokens {
    pub(crate) input: usize,
    pub(crate) output: usize,
}

/// Bytes a token, in all counts.
pub(crate) const TOKEN_BYTES: usize = 4;

/// The tokens of `bytes` bytes of text.
pub(crate) fn tokens(bytes: usize) -> usize {
    bytes.div_ceil(TOKEN_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latency_follows_its_formula() {
        let latency =
            Latency { base_ms: 20.0, input_us: 10.0, output_us: 500.0, batch_growth: 1.0, jitter: 0.5 };
        let check = |busy, slots, u, first_ms, whole_ms| {
            let (first, whole) = latency.times(Tokens { input: 1000, output: 40 }, busy, slots, u);
            assert_eq!(
                (first, whole),
                (Duration::from_millis(first_ms), Duration::from_millis(whole_ms)),
                "{busy}"
            );
        };
        check(1, 5, 0.0, 30, 50);
        check(3, 5, 0.0, 45, 75);
        check(5, 5, 0.0, 60, 100);
        check(1, 1, 0.0, 30, 50);
        check(1, 5, -1.0, 15, 25);
        check(5, 5, 1.0, 90, 150);
    }

    #[test]
    fn faults_of_the_configuration_name_what_is_wrong() {
        let check = |config: MockConfig, expected: &str| {
            let fault = config.fault().unwrap();
            assert!(fault.starts_with(expected), "{fault}");
        };
        let default = MockConfig::default;
        let latency = |latency| MockConfig { latency, ..default() };
        assert_eq!(default().fault(), None);
        check(MockConfig { slots: 0, ..default() }, "slots: expected a number from 1");
        check(MockConfig { dimensions: 1 << 17, ..default() }, "dimensions");
        check(MockConfig { tool_calls: 0, ..default() }, "tool calls");
        check(MockConfig { threads: 0, ..default() }, "threads");
        check(MockConfig { models: vec![], ..default() }, "model");
        check(latency(Latency { base_ms: -1.0, ..Latency::default() }), "latency: expected");
        check(latency(Latency { output_us: f64::NAN, ..Latency::default() }), "latency of output");
        check(latency(Latency { jitter: 1.5, ..Latency::default() }), "jitter");
    }
}
