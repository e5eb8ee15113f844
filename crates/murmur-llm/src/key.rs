//! The key of a server, which is sent and never shown.

use hyper::header::HeaderValue;

use crate::ServerError;

/// A key out of an environment variable. It has no `Debug` on purpose.
pub(crate) struct ApiKey {
    variable: String,
    secret: String,
    header: HeaderValue,
}

impl ApiKey {
    /// Reads the key; blanks around it are dropped.
    ///
    /// # Errors
    /// [`ServerError::NoKey`] if the variable is not set, empty, or holds what no header can carry.
    pub(crate) fn from_env(variable: &str) -> Result<Self, ServerError> {
        let no_key = |reason| ServerError::NoKey { variable: variable.to_owned(), reason };
        let found = std::env::var_os(variable).ok_or_else(|| no_key("is not set"))?;
        let secret = found.to_str().map(str::trim).ok_or_else(|| no_key("holds what is no text"))?;
        if secret.is_empty() {
            return Err(no_key("is empty"));
        }
        let mut header = HeaderValue::from_str(&format!("Bearer {secret}"))
            .map_err(|_| no_key("holds characters that no key has"))?;
        header.set_sensitive(true);
        Ok(Self { variable: variable.to_owned(), secret: secret.to_owned(), header })
    }

    /// The environment variable it came from.
    pub(crate) fn variable(&self) -> &str {
        &self.variable
    }

    /// The value of the header `Authorization`.
    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// `text`, which may repeat the key, without it.
    pub(crate) fn hide_in(&self, text: &str) -> String {
        text.replace(&self.secret, "[key]")
    }
}
