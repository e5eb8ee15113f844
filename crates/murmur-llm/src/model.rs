//! The configuration of a chat model: where it is served, how it samples, what it costs, how hard it may be driven.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::account::Spent;
use crate::chat::Usage;
use crate::config::{target, variable_fault};

/// A chat model behind any number of OpenAI-compatible servers (vLLM, SGLang, llama.cpp, Ollama, LiteLLM, hosted ones).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// What the rest of the configuration calls it.
    pub name: String,
    /// Base URLs of its servers, to which `/chat/completions` is added: `["http://127.0.0.1:8000/v1"]`. Proxy variables
    /// are used for public addresses only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// A file with one base URL a line, in place of `urls`. It is read again while running, so that servers can come
    /// and go; blank lines and those that begin with `#` are passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoints_file: Option<PathBuf>,
    /// Name of the model, as the servers know it.
    pub model: String,
    /// Name of the environment variable that holds the key. Default: no key is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// How replies are sampled.
    #[serde(default)]
    pub sampling: SamplingConfig,
    /// What tokens cost.
    #[serde(default)]
    pub prices: PriceConfig,
    /// Requests in flight at one server, at least.
    #[serde(default = "default_least")]
    pub least_in_flight: usize,
    /// Requests in flight at one server, at most, up to 65,536. Between the two the number follows what the server
    /// bears.
    #[serde(default = "default_most")]
    pub most_in_flight: usize,
    /// Requests a minute at all servers together. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<f64>,
    /// Tokens a minute, input and output, at all servers together. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_minute: Option<f64>,
    /// Seconds after which one attempt has failed, up to 3600.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: f64,
    /// Seconds from a request's first attempt after which it has failed for good. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_seconds: Option<f64>,
    /// How often a request is sent again after an overload, a failure of the server or the network: up to 20. A refusal
    /// that says when to come again (`Retry-After`) is obeyed and does not count, within `patience_seconds`.
    #[serde(default = "default_retries")]
    pub retries: u32,
    /// The wait before the first retry in seconds, up to 60. It doubles each time up to 30 s, and is shortened by up to
    /// a half, by chance, so that retries do not come all at once.
    #[serde(default = "default_backoff")]
    pub backoff_seconds: f64,
    /// Seconds for which all servers may be out of order, or ask for time, before what is left has failed.
    #[serde(default = "default_patience")]
    pub patience_seconds: f64,
    /// Whether the servers take a `seed`. Where not, it counts in the request's hash and is not sent.
    #[serde(default = "default_honours_seed")]
    pub honours_seed: bool,
}

/// How replies are sampled. What is not given is left to the server.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SamplingConfig {
    /// Temperature, 0 to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Share of the probability that tokens are drawn from, above 0 and up to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Longest reply in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Texts at which a reply ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// Further keys of the request's body, such as `top_k` or `chat_template_kwargs`, as the servers take them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, serde_json::Value>,
}

/// Prices in any currency. Budgets are in the same one.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceConfig {
    /// Of a million input tokens.
    #[serde(default)]
    pub input: f64,
    /// Of a million input tokens that the server had in its prefix cache. Default: as `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<f64>,
    /// Of a million output tokens.
    #[serde(default)]
    pub output: f64,
}

fn default_least() -> usize {
    1
}

fn default_most() -> usize {
    256
}

fn default_timeout() -> f64 {
    120.0
}

fn default_retries() -> u32 {
    4
}

fn default_backoff() -> f64 {
    0.5
}

fn default_patience() -> f64 {
    300.0
}

fn default_honours_seed() -> bool {
    true
}

/// Keys of a request's body that are not for `sampling.extra`.
const OWN_KEYS: [&str; 12] = [
    "model",
    "messages",
    "tools",
    "tool_choice",
    "response_format",
    "seed",
    "temperature",
    "top_p",
    "max_tokens",
    "stop",
    "stream",
    "n",
];

impl ModelConfig {
    /// What is wrong with the configuration, if anything, naming the key. What might be a secret is not repeated.
    pub fn fault(&self) -> Option<String> {
        self.own_fault().map(|fault| format!("model.{fault}"))
    }

    fn own_fault(&self) -> Option<String> {
        let blank = |key: &str, value: &str| {
            value.trim().is_empty().then(|| format!("{key}: expected the name of a model"))
        };
        blank("name", &self.name)
            .or_else(|| blank("model", &self.model))
            .or_else(|| self.urls_fault())
            .or_else(|| {
                variable_fault(self.api_key_env.as_deref()).map(|fault| format!("api_key_env: {fault}"))
            })
            .or_else(|| self.sampling.fault())
            .or_else(|| self.prices.fault())
            .or_else(|| self.limits_fault())
            .or_else(|| self.times_fault())
    }

    fn urls_fault(&self) -> Option<String> {
        if self.urls.is_empty() != self.endpoints_file.is_some() {
            return Some("urls: expected a list of base URLs, or endpoints_file in its place".to_owned());
        }
        self.urls.iter().find_map(|url| target(url).err()).map(|fault| format!("urls: {fault}"))
    }

    fn limits_fault(&self) -> Option<String> {
        let positive = |key: &str, value: Option<f64>| {
            let value = value.filter(|value| !(*value > 0.0 && value.is_finite()))?;
            Some(format!("{key}: expected a number above 0, found {value}"))
        };
        if !(1..=MOST_IN_FLIGHT).contains(&self.most_in_flight) {
            let found = self.most_in_flight;
            return Some(format!(
                "most_in_flight: expected a number from 1 to {MOST_IN_FLIGHT}, found {found}"
            ));
        }
        if !(1..=self.most_in_flight).contains(&self.least_in_flight) {
            let (most, found) = (self.most_in_flight, self.least_in_flight);
            return Some(format!(
                "least_in_flight: expected a number from 1 to most_in_flight ({most}), found {found}"
            ));
        }
        positive("requests_per_minute", self.requests_per_minute)
            .or_else(|| positive("tokens_per_minute", self.tokens_per_minute))
            .or_else(|| {
                (self.retries > 20)
                    .then(|| format!("retries: expected a number from 0 to 20, found {}", self.retries))
            })
    }

    fn times_fault(&self) -> Option<String> {
        let seconds = |key: &str, value: f64, most: f64| {
            (!(value > 0.0 && value <= most))
                .then(|| format!("{key}: expected a number above 0 and up to {most}, found {value}"))
        };
        seconds("timeout_seconds", self.timeout_seconds, 3600.0)
            .or_else(|| seconds("deadline_seconds", self.deadline_seconds.unwrap_or(1.0), 86_400.0))
            .or_else(|| seconds("backoff_seconds", self.backoff_seconds, 60.0))
            .or_else(|| seconds("patience_seconds", self.patience_seconds, 86_400.0))
    }
}

const MOST_IN_FLIGHT: usize = 65_536;

impl SamplingConfig {
    fn fault(&self) -> Option<String> {
        let within = |key: &str, value: Option<f64>, fits: fn(f64) -> bool, expected: &str| {
            let value = value.filter(|&value| !fits(value))?;
            Some(format!("sampling.{key}: expected a number {expected}, found {value}"))
        };
        within("temperature", self.temperature, |x| (0.0..=2.0).contains(&x), "from 0 to 2")
            .or_else(|| within("top_p", self.top_p, |x| x > 0.0 && x <= 1.0, "above 0 and up to 1"))
            .or_else(|| {
                (self.max_tokens == Some(0))
                    .then(|| "sampling.max_tokens: expected a number above 0".to_owned())
            })
            .or_else(|| {
                let key = self.extra.keys().find(|key| OWN_KEYS.contains(&key.as_str()))?;
                Some(format!("sampling.extra.{key}: this key is set elsewhere: remove it"))
            })
    }
}

impl PriceConfig {
    fn fault(&self) -> Option<String> {
        [("input", self.input), ("cached_input", self.cached_input.unwrap_or(0.0)), ("output", self.output)]
            .into_iter()
            .find(|(_, price)| !(0.0..=1e6).contains(price))
            .map(|(key, price)| format!("prices.{key}: expected a number from 0 to 1000000, found {price}"))
    }

    /// What these tokens cost.
    pub fn of(&self, usage: Usage) -> Spent {
        // A price of a million tokens is a thousand times as many billionths a token.
        let nanos = |tokens: u32, price: f64| u64::from(tokens) * (price * 1e3).round() as u64;
        let cached = usage.cached.min(usage.input);
        let money_nanos = nanos(usage.input - cached, self.input)
            + nanos(cached, self.cached_input.unwrap_or(self.input))
            + nanos(usage.output, self.output);
        Spent { tokens: usage.tokens(), money_nanos }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> ModelConfig {
        let text = r#"{"name": "small", "urls": ["http://127.0.0.1:8000/v1"], "model": "m"}"#;
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn faults_name_the_key_and_repeat_no_secret() {
        let check = |config: ModelConfig, expected: &str| {
            let fault = config.fault().unwrap();
            assert!(fault.starts_with(expected), "{fault}");
            assert!(!fault.contains("s3cret"), "{fault}");
        };
        assert_eq!(config().fault(), None);
        check(ModelConfig { name: " ".into(), ..config() }, "model.name");
        check(ModelConfig { model: String::new(), ..config() }, "model.model");
        check(ModelConfig { urls: vec![], ..config() }, "model.urls");
        check(ModelConfig { endpoints_file: Some("urls.txt".into()), ..config() }, "model.urls");
        check(ModelConfig { urls: vec!["http://me:s3cret@host/v1".into()], ..config() }, "model.urls");
        let whole = vec!["http://host/v1/chat/completions".into()];
        check(ModelConfig { urls: whole, ..config() }, "model.urls: expected the URL without /chat");
        check(ModelConfig { api_key_env: Some("sk-s3cret".into()), ..config() }, "model.api_key_env");
        check(ModelConfig { most_in_flight: 0, ..config() }, "model.most_in_flight");
        check(ModelConfig { least_in_flight: 257, ..config() }, "model.least_in_flight");
        check(ModelConfig { requests_per_minute: Some(0.0), ..config() }, "model.requests_per_minute");
        check(ModelConfig { tokens_per_minute: Some(f64::INFINITY), ..config() }, "model.tokens_per_minute");
        check(ModelConfig { timeout_seconds: 0.0, ..config() }, "model.timeout_seconds");
        check(ModelConfig { deadline_seconds: Some(-1.0), ..config() }, "model.deadline_seconds");
        check(ModelConfig { backoff_seconds: f64::NAN, ..config() }, "model.backoff_seconds");
        check(ModelConfig { patience_seconds: 0.0, ..config() }, "model.patience_seconds");
        check(ModelConfig { retries: 21, ..config() }, "model.retries");
        let sampling = |sampling| ModelConfig { sampling, ..config() };
        let default = SamplingConfig::default;
        check(sampling(SamplingConfig { temperature: Some(2.1), ..default() }), "model.sampling.temperature");
        check(sampling(SamplingConfig { top_p: Some(0.0), ..default() }), "model.sampling.top_p");
        check(sampling(SamplingConfig { max_tokens: Some(0), ..default() }), "model.sampling.max_tokens");
        let extra = [("seed".to_owned(), 1.into())].into();
        check(sampling(SamplingConfig { extra, ..default() }), "model.sampling.extra.seed");
        let prices = PriceConfig { output: -1.0, ..PriceConfig::default() };
        check(ModelConfig { prices, ..config() }, "model.prices.output");
    }

    #[test]
    fn unknown_keys_are_refused() {
        let text = r#"{"name": "s", "urls": ["http://h/v1"], "model": "m", "api_key": "x"}"#;
        assert!(serde_json::from_str::<ModelConfig>(text).is_err());
    }

    #[test]
    fn tokens_cost_what_their_kind_does() {
        let prices = PriceConfig { input: 0.15, cached_input: Some(0.075), output: 0.6 };
        let usage = Usage { input: 1_000_000, cached: 400_000, output: 500_000 };
        let expected = Spent { tokens: 1_500_000, money_nanos: 90_000_000 + 30_000_000 + 300_000_000 };
        assert_eq!(prices.of(usage), expected);
        assert_eq!(expected.money(), 0.42);
    }
}
