//! The configuration of an embedding endpoint.

use hyper::Uri;
use serde::{Deserialize, Serialize};

/// An OpenAI-compatible server that turns texts into vectors (vLLM, llama.cpp, Ollama, LiteLLM, hosted ones).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointConfig {
    /// Base URL, to which `/embeddings` is added: `http://127.0.0.1:8000/v1`. Proxy variables are used for public
    /// addresses only.
    pub url: String,
    /// Name of the model, as the server knows it.
    pub model: String,
    /// Length of the vectors that the endpoint gives, a multiple of 8.
    pub dimensions: usize,
    /// Name of the environment variable that holds the key. Default: no key is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// Texts a request, 1 to 2048.
    #[serde(default = "default_batch")]
    pub batch: usize,
    /// Requests in flight, 1 to 1024.
    #[serde(default = "default_concurrency")]
    pub concurrency: usize,
    /// Seconds after which a request has failed, up to 3600.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: f64,
    /// How often a request is sent again after an overload, a failure of the server or the network: up to 20. The
    /// waits are 0.5 s, 1 s, 2 s … up to 30 s, or longer if the server asks for it.
    #[serde(default = "default_retries")]
    pub retries: u32,
    /// Whether the model is asked to shorten its vectors to `dimensions`, which only some can.
    #[serde(default)]
    pub send_dimensions: bool,
}

fn default_batch() -> usize {
    64
}

fn default_concurrency() -> usize {
    4
}

fn default_timeout() -> f64 {
    60.0
}

fn default_retries() -> u32 {
    4
}

impl EndpointConfig {
    /// What is wrong with the configuration, if anything, naming the key. What might be a secret is not repeated.
    pub fn fault(&self) -> Option<String> {
        let count = |key: &str, value: usize, most: usize| {
            (!(1..=most).contains(&value))
                .then(|| format!("embedder.{key}: expected a number from 1 to {most}, found {value}"))
        };
        target(&self.url)
            .err()
            .map(|fault| format!("embedder.url: {fault}"))
            .or_else(|| self.model_fault())
            .or_else(|| self.dimensions_fault())
            .or_else(|| self.variable_fault())
            .or_else(|| count("batch", self.batch, 2048))
            .or_else(|| count("concurrency", self.concurrency, 1024))
            .or_else(|| self.timeout_fault())
            .or_else(|| {
                (self.retries > 20).then(|| {
                    format!("embedder.retries: expected a number from 0 to 20, found {}", self.retries)
                })
            })
    }

    fn model_fault(&self) -> Option<String> {
        self.model.trim().is_empty().then(|| "embedder.model: expected the name of a model".to_owned())
    }

    fn dimensions_fault(&self) -> Option<String> {
        let fits = self.dimensions.is_multiple_of(8) && (8..=MOST_DIMENSIONS).contains(&self.dimensions);
        (!fits).then(|| {
            format!(
                "embedder.dimensions: expected a multiple of 8 up to {MOST_DIMENSIONS}, found {}",
                self.dimensions
            )
        })
    }

    fn variable_fault(&self) -> Option<String> {
        variable_fault(self.api_key_env.as_deref()).map(|fault| format!("embedder.api_key_env: {fault}"))
    }

    fn timeout_fault(&self) -> Option<String> {
        (!(self.timeout_seconds > 0.0 && self.timeout_seconds <= 3600.0)).then(|| {
            format!(
                "embedder.timeout_seconds: expected a number above 0 and up to 3600, found {}",
                self.timeout_seconds
            )
        })
    }
}

/// What is wrong with the name of a variable that holds a key. Lower-case letters are refused, although systems allow
/// them: most keys have some, most variables none.
pub(crate) fn variable_fault(name: Option<&str>) -> Option<&'static str> {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    name.is_some_and(|name| !is_name(name)).then_some(
        "expected the name of an environment variable in upper case, such as OPENAI_API_KEY; the key itself does \
         not belong in a file",
    )
}

const MOST_DIMENSIONS: usize = 65_536;

/// The base URL's parts as requests need them, or what is wrong with it. The port of plain HTTP is always in it.
pub(crate) fn target(base: &str) -> Result<Uri, String> {
    if base.contains(['@', '?', '#']) {
        return Err("expected a URL without user, password, `?` or `#`; a key belongs in the environment \
                    variable that api_key_env names"
            .to_owned());
    }
    let expected = || format!("expected a URL such as http://127.0.0.1:8000/v1, found {base:?}");
    let url: Uri = base.trim_end_matches('/').parse().map_err(|_| expected())?;
    let (Some(scheme), Some(host)) = (url.scheme_str(), url.host().filter(|host| !host.is_empty())) else {
        return Err(expected());
    };
    for added in ["/embeddings", "/chat/completions"] {
        if url.path().ends_with(added) {
            return Err(format!("expected the URL without {added} at its end, found {base:?}"));
        }
    }
    let path = url.path().trim_end_matches('/');
    let whole = match (scheme, url.port_u16()) {
        ("http", port) => format!("http://{host}:{}{path}", port.unwrap_or(80)),
        ("https", Some(port)) => format!("https://{host}:{port}{path}"),
        ("https", None) => format!("https://{host}{path}"),
        _ => return Err(expected()),
    };
    whole.parse().map_err(|_| expected())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> EndpointConfig {
        serde_json::from_str(r#"{"url": "http://127.0.0.1:8000/v1", "model": "m", "dimensions": 64}"#)
            .unwrap()
    }

    #[test]
    fn faults_name_the_key_and_repeat_no_secret() {
        let check = |config: EndpointConfig, expected: &str| {
            let fault = config.fault().unwrap();
            assert!(fault.starts_with(expected), "{fault}");
            assert!(!fault.contains("s3cret"), "{fault}");
        };
        assert_eq!(config().fault(), None);
        for url in ["", "127.0.0.1:8000", "ftp://host/v1", "http://", "http:///v1", "http://a b/", "file:/x"]
        {
            check(EndpointConfig { url: url.into(), ..config() }, "embedder.url: expected a URL such as");
        }
        for url in ["http://me:s3cret@host/v1", "https://host/v1?key=s3cret", "http://host/#s3cret"] {
            check(EndpointConfig { url: url.into(), ..config() }, "embedder.url: expected a URL without");
        }
        let whole = "http://host/v1/embeddings/".to_owned();
        check(
            EndpointConfig { url: whole, ..config() },
            "embedder.url: expected the URL without /embeddings",
        );
        check(EndpointConfig { model: " ".into(), ..config() }, "embedder.model");
        for dimensions in [0, 100, 1 << 20] {
            check(EndpointConfig { dimensions, ..config() }, "embedder.dimensions: expected a multiple of 8");
        }
        for name in ["", "gsk_s3cret", "MY KEY", "1KEY", "A=B"] {
            let api_key_env = Some(name.to_owned());
            check(EndpointConfig { api_key_env, ..config() }, "embedder.api_key_env");
        }
        check(EndpointConfig { batch: 0, ..config() }, "embedder.batch: expected a number from 1 to 2048");
        check(EndpointConfig { concurrency: 0, ..config() }, "embedder.concurrency");
        for timeout_seconds in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            check(EndpointConfig { timeout_seconds, ..config() }, "embedder.timeout_seconds");
        }
        check(EndpointConfig { retries: 21, ..config() }, "embedder.retries");
    }

    #[test]
    fn the_target_has_the_port_and_no_slash_at_its_end() {
        let check = |base: &str, expected: &str| assert_eq!(target(base).unwrap(), expected, "{base}");
        check("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1");
        check("http://127.0.0.1:8000/v1//", "http://127.0.0.1:8000/v1");
        check("http://node7/v1", "http://node7:80/v1");
        check("https://api.example.org/v1/", "https://api.example.org/v1");
        check("https://[::1]:8443/v1", "https://[::1]:8443/v1");
    }

    #[test]
    fn unknown_keys_are_refused() {
        let text = r#"{"url": "http://h/v1", "model": "m", "dimensions": 64, "api_key": "x"}"#;
        assert!(serde_json::from_str::<EndpointConfig>(text).is_err());
    }
}
