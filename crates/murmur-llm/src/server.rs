//! One JSON request to one model server, sent again while that may help.

use std::error::Error;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::LOCATION;
use hyper::{StatusCode, Uri};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector};
use hyper_util::client::proxy::matcher::Matcher;
use rustls::{ClientConfig, RootCertStore};

use crate::ServerError;
use crate::key::ApiKey;
use crate::retry;
use crate::route::Route;
use crate::text::excerpt;
use crate::wire::{Answer, Connection};

/// How much is read of an answer that is no success, in bytes.
const MOST_COMPLAINT: usize = 64 << 10;
/// Characters of an answer that errors quote.
const MOST_QUOTED: usize = 200;

/// A model server, with the connections to it.
pub(crate) struct Server {
    connector: HttpsConnector<Route>,
    /// Open connections without a request.
    idle: Mutex<Vec<Connection>>,
    url: Uri,
    key: Option<ApiKey>,
    timeout: Duration,
    retries: u32,
    most_answer: usize,
}

/// How a server is called.
pub(crate) struct Calls {
    /// Environment variable that holds the key.
    pub(crate) key_variable: Option<String>,
    /// After this an attempt has failed.
    pub(crate) timeout: Duration,
    /// How often [`Server::post`] sends a request again.
    pub(crate) retries: u32,
    /// Longest answer that is read, in bytes.
    pub(crate) most_answer: usize,
}

/// Why an attempt failed.
pub(crate) enum Failure {
    /// It would fail again.
    Lasting(ServerError),
    /// It may go better next time, not before `asked`.
    Passing { trouble: Trouble, what: String, asked: Option<Duration> },
}

/// What may pass.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// No answer in time.
    Slow,
    /// The server says that it cannot now, with this status (429, 5xx and the like).
    Overloaded(u16),
    /// No connection, or none to the end of the answer.
    Cut,
}

impl Server {
    /// A server at `url`, the whole address that requests go to.
    ///
    /// # Errors
    /// [`ServerError::NoKey`] and [`ServerError::Setup`].
    pub(crate) fn new(url: Uri, calls: Calls) -> Result<Self, ServerError> {
        let setup = |reason| ServerError::Setup { url: url.to_string(), reason };
        let key = calls.key_variable.as_deref().map(ApiKey::from_env).transpose()?;
        let route = Route::to(&url, &Matcher::from_env()).map_err(setup)?;
        let connector = HttpsConnector::from((route, tls(&url).map_err(setup)?));
        let Calls { timeout, retries, most_answer, .. } = calls;
        Ok(Self { connector, idle: Mutex::default(), url, key, timeout, retries, most_answer })
    }

    /// The address that requests go to.
    pub(crate) fn url(&self) -> String {
        self.url.to_string()
    }

    /// Posts the JSON text `body` and returns the body of a successful answer. Overloads (429, 503 and the like),
    /// failures of the server (5xx), of the network and of patience are tried again.
    ///
    /// # Errors
    /// A [`ServerError`] other than those of [`Self::new`].
    pub(crate) async fn post(&self, body: &Bytes) -> Result<Vec<u8>, ServerError> {
        let mut attempts = 1;
        loop {
            match self.attempt(Some(body.clone()), self.timeout).await {
                Ok(answer) => return Ok(answer),
                Err(Failure::Lasting(error)) => return Err(error),
                Err(Failure::Passing { what, .. }) if attempts > self.retries => {
                    return Err(ServerError::GaveUp { url: self.url(), attempts, last: what });
                }
                Err(Failure::Passing { asked, .. }) => tokio::time::sleep(retry::wait(attempts, asked)).await,
            }
            attempts += 1;
        }
    }

    /// What a server said, cut and without the key, so that it can stand in an error.
    pub(crate) fn quote(&self, said: &[u8]) -> String {
        let said = String::from_utf8_lossy(&said[..said.len().min(MOST_COMPLAINT)]);
        match &self.key {
            Some(key) => excerpt(&key.hide_in(&said), MOST_QUOTED),
            None => excerpt(&said, MOST_QUOTED),
        }
    }

    /// Sends the JSON text `body`, or asks without one (GET), once, and returns the body of a successful answer.
    pub(crate) async fn attempt(&self, body: Option<Bytes>, timeout: Duration) -> Result<Vec<u8>, Failure> {
        tokio::time::timeout(timeout, self.exchange(body)).await.unwrap_or_else(|_| {
            let what = format!("no answer within {} s", timeout.as_secs_f64());
            Err(Failure::Passing { trouble: Trouble::Slow, what, asked: None })
        })
    }

    async fn exchange(&self, body: Option<Bytes>) -> Result<Vec<u8>, Failure> {
        let request = self.request(body);
        let mut connection = self.connection().await.map_err(|error| self.broken(&error))?;
        let most = |status: StatusCode| if status.is_success() { self.most_answer } else { MOST_COMPLAINT };
        let answer = connection.exchange(request, most).await.map_err(|error| self.broken(&error))?;
        if answer.keeps {
            self.idle().push(connection);
        }
        match (answer.status.is_success(), answer.is_whole) {
            (false, _) => Err(self.failure(&answer)),
            (true, true) => Ok(answer.body),
            (true, false) => {
                Err(Failure::Lasting(ServerError::TooLong { url: self.url(), most: self.most_answer }))
            }
        }
    }

    /// A connection that was used before and is still open, or else a new one.
    async fn connection(&self) -> io::Result<Connection> {
        loop {
            let Some(mut connection) = self.idle().pop() else { break };
            if connection.is_quiet() {
                return Ok(connection);
            }
        }
        // In a box, so that what connecting needs is not held afterwards.
        Box::pin(Connection::open(self.connector.clone(), self.url.clone())).await
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes of a request.
    fn request(&self, body: Option<Bytes>) -> Vec<u8> {
        let method = if body.is_some() { "POST" } else { "GET" };
        let path = self.url.path_and_query().map_or("/", |path| path.as_str());
        let host = self.url.authority().map_or("", |authority| authority.as_str());
        let body = body.unwrap_or_default();
        let mut request = Vec::with_capacity(body.len() + 512);
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: murmur/{}\r\naccept: */*\r\n",
            env!("CARGO_PKG_VERSION")
        );
        request.extend_from_slice(head.as_bytes());
        if let Some(key) = &self.key {
            request.extend_from_slice(b"authorization: ");
            request.extend_from_slice(key.header().as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        if method == "POST" {
            let length = format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
            request.extend_from_slice(length.as_bytes());
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(&body);
        request
    }

    /// What an answer that did not come, or not to its end, means.
    fn broken(&self, error: &(dyn Error + 'static)) -> Failure {
        let what = self.quote(with_causes(error).as_bytes());
        if is_distrust(error) {
            return Failure::Lasting(ServerError::Distrusted { url: self.url(), reason: what });
        }
        Failure::Passing { trouble: Trouble::Cut, what, asked: None }
    }

    /// What an answer that is no success means.
    fn failure(&self, answer: &Answer) -> Failure {
        let (url, status) = (self.url(), answer.status);
        let excerpt = self.quote(&answer.body);
        let code = status.as_u16();
        if is_passing(code) {
            let what = format!("it answered {status}: {excerpt}");
            let trouble = Trouble::Overloaded(code);
            return Failure::Passing { trouble, what, asked: retry::asked(&answer.headers) };
        }
        Failure::Lasting(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let variable = self.key.as_ref().map(|key| key.variable().to_owned());
                ServerError::Unauthorised { url, status: code, variable }
            }
            StatusCode::NOT_FOUND => ServerError::NotFound { url, excerpt },
            _ if status.is_redirection() => {
                let to = answer.headers.get(LOCATION).map(|to| self.quote(to.as_bytes()));
                ServerError::Redirect { url, status: code, to: to.unwrap_or_default() }
            }
            _ => ServerError::Refused { url, status: code, excerpt },
        })
    }
}

/// Whether the same request may succeed later, after an answer with this status.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// How to speak TLS: with the certificates that the system trusts, which plain HTTP does not need.
fn tls(url: &Uri) -> Result<ClientConfig, String> {
    let provider = rustls::crypto::ring::default_provider();
    let builder = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    if url.scheme_str() != Some("https") {
        return Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    let trusting = builder.with_native_roots().map_err(|error| {
        format!("{error}: install the package ca-certificates, or name a file in SSL_CERT_FILE")
    })?;
    Ok(trusting.with_no_client_auth())
}

/// An error, what caused it, what caused that …
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|error| error as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

/// An error and its causes on one line, without those that repeat another.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut said: Vec<String> = causes(error).map(ToString::to_string).collect();
    said.dedup();
    said.join(": ")
}

/// Whether the server's certificate was refused.
fn is_distrust(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| matches!(cause.downcast_ref(), Some(rustls::Error::InvalidCertificate(_))))
}

#[cfg(test)]
mod tests {
    use rustls::CertificateError;

    use super::*;

    #[test]
    fn a_refused_certificate_is_found_among_the_causes_and_named_once() {
        let check = |error: rustls::Error, expected: bool| {
            let said = error.to_string();
            let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, error));
            assert_eq!((is_distrust(&wrapped), with_causes(&wrapped)), (expected, said));
        };
        check(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer), true);
        check(rustls::Error::DecryptError, false);
    }
}
