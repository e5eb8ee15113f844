//! What can go wrong with a model server, in words that say whose fault it was and what to do.
//!
//! What a server said is quoted in part, without the key.

use std::path::PathBuf;

/// Why texts have no vectors.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddingError {
    /// The configuration cannot be used.
    #[error("{0}")]
    Config(String),
    /// The server gave no answer that could be read.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The answer is not what an embeddings endpoint gives.
    #[error("{url} answered what is no list of vectors ({reason}): check embedder.url. It said: {excerpt}")]
    NotVectors {
        /// Where the request went.
        url: String,
        /// What was expected.
        reason: String,
        /// The beginning of the answer.
        excerpt: String,
    },
    /// Not one vector for each text.
    #[error(
        "{url} answered with {found} vectors for {expected} texts: the server does not keep to the protocol"
    )]
    Count {
        /// Where the request went.
        url: String,
        /// Vectors in the answer.
        found: usize,
        /// Texts in the request.
        expected: usize,
    },
    /// An item of the answer names a text that was not in the request, or one that another item names.
    #[error("{url} answered with index {index}, {problem}: the server does not keep to the protocol")]
    Index {
        /// Where the request went.
        url: String,
        /// The index in the answer.
        index: usize,
        /// Why it is wrong.
        problem: &'static str,
    },
    /// Vectors of another length than configured.
    #[error("the model gives vectors of {found} numbers, embedder.dimensions is {expected}: {}", remedy(*found))]
    Dimensions {
        /// Length of the vector in the answer.
        found: usize,
        /// Length in the configuration.
        expected: usize,
    },
    /// A vector holds NaN, an infinity or what is no number.
    #[error("the vector of {text:?} is not all numbers ({reason}): the model or its server is at fault")]
    NotNumbers {
        /// The beginning of the text.
        text: String,
        /// What was found.
        reason: String,
    },
}

fn remedy(found: usize) -> String {
    match found.is_multiple_of(8) && found > 0 {
        true => format!("set it to {found}"),
        false => "use a model whose vectors have a multiple of 8".to_owned(),
    }
}

/// Why a model cannot be called at all.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The configuration cannot be used.
    #[error("{0}")]
    Config(String),
    /// A server cannot be used.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The list of endpoints cannot be used.
    #[error("model.endpoints_file {}: {reason}", path.display())]
    EndpointsFile {
        /// The file.
        path: PathBuf,
        /// What is wrong, and in which line.
        reason: String,
    },
    /// Endpoints did not answer in time.
    #[error("after {seconds} s these are not ready: {}", waiting.join("; "))]
    NotReady {
        /// How long they were waited for.
        seconds: f64,
        /// Each one's URL and what was last heard.
        waiting: Vec<String>,
    },
}

/// Why a server gave no answer to a request.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// There is no key in the environment.
    #[error("the environment variable {variable} {reason}: put the server's key into it")]
    NoKey {
        /// Name of the variable.
        variable: String,
        /// What is wrong with its content.
        reason: &'static str,
    },
    /// The client cannot be set up.
    #[error("cannot prepare requests to {url}: {reason}")]
    Setup {
        /// Where requests would go.
        url: String,
        /// What is missing.
        reason: String,
    },
    /// The server's certificate was refused.
    #[error("{url} is not trusted ({reason}): name a file with its issuer's certificate in SSL_CERT_FILE")]
    Distrusted {
        /// Where the request would have gone.
        url: String,
        /// What is wrong with the certificate.
        reason: String,
    },
    /// The key was refused, or there was none.
    #[error("{url} answered {status}: {}", key_remedy(variable.as_deref()))]
    Unauthorised {
        /// Where the request went.
        url: String,
        /// The status.
        status: u16,
        /// Name of the environment variable the key came from.
        variable: Option<String>,
    },
    /// No such path, or no such model.
    #[error(
        "{url} was not found (404): the base URL should end in /v1 for most servers, and the model should be one \
         that the server lists under /v1/models. It said: {excerpt}"
    )]
    NotFound {
        /// Where the request went.
        url: String,
        /// The beginning of the answer.
        excerpt: String,
    },
    /// The server points elsewhere; redirects are not followed, so that no key goes where it was not meant for.
    #[error(
        "{url} answered {status}, a redirect to {to:?}, which is not followed: if you trust it, change the URL"
    )]
    Redirect {
        /// Where the request went.
        url: String,
        /// The status.
        status: u16,
        /// Where it points.
        to: String,
    },
    /// The server refuses the request, and would again.
    #[error("{url} refused the request ({status}). It said: {excerpt}")]
    Refused {
        /// Where the request went.
        url: String,
        /// The status.
        status: u16,
        /// The beginning of the answer.
        excerpt: String,
    },
    /// The answer is longer than any that is sensible.
    #[error("{url} answered with more than {} MiB: ask for less in a request", most >> 20)]
    TooLong {
        /// Where the request went.
        url: String,
        /// Longest answer that is read, in bytes.
        most: usize,
    },
    /// All attempts failed.
    #[error("{url} failed {attempts} times, the last time so: {last}")]
    GaveUp {
        /// Where the requests went.
        url: String,
        /// How often the request was sent.
        attempts: u32,
        /// The last failure.
        last: String,
    },
}

impl ServerError {
    /// The HTTP status, if the server gave one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Unauthorised { status, .. }
            | Self::Redirect { status, .. }
            | Self::Refused { status, .. } => Some(*status),
            Self::NotFound { .. } => Some(404),
            _ => None,
        }
    }
}

fn key_remedy(variable: Option<&str>) -> String {
    match variable {
        Some(variable) => format!("it refuses the key in the environment variable {variable}"),
        None => "it wants a key; name the environment variable that holds it in api_key_env".to_owned(),
    }
}
