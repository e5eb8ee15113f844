//! Requests that get an error for an answer, in the form that OpenAI gives it.

use serde::Serialize;

/// An answer that is no success.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// The error's `type`.
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    code: u16,
}

impl Refusal {
    pub(crate) fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into() }
    }

    /// The request is at fault.
    pub(crate) fn of_request(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    pub(crate) fn json(&self) -> Vec<u8> {
        let error = Body { message: &self.message, kind: self.kind, code: self.status };
        serde_json::to_vec(&Envelope { error }).expect("an error has a JSON form")
    }
}
