//! Why a call has no reply: plain data, so that a ledger can keep it.

use serde::{Deserialize, Serialize};

use crate::ServerError;
use crate::server::{Failure, Trouble};

/// Why a call has no reply, after all attempts. What a server said is quoted in part, without the key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CallFailure {
    /// The server did not answer in time.
    #[error("the server did not answer within timeout_seconds")]
    Timeout,
    /// The server said that it could not (429, 5xx and the like).
    #[error("the server was overloaded or broken ({status}). It said: {said}")]
    Overloaded {
        /// The status.
        status: u16,
        /// The beginning of the answer.
        said: String,
    },
    /// The server refuses the request, and would again (other 4xx, redirects, certificates).
    #[error("the server refused the request: {said}")]
    Refused {
        /// The status, if it came to one.
        status: Option<u16>,
        /// What it said.
        said: String,
    },
    /// The answer is no chat completion.
    #[error("the answer was no chat completion ({reason})")]
    Malformed {
        /// What was expected.
        reason: String,
    },
    /// There was no connection, or none to the end of the answer.
    #[error("the connection failed: {reason}")]
    Cut {
        /// What happened.
        reason: String,
    },
    /// The time for the request (`deadline_seconds`) or for the step was over.
    #[error("the time for it was over")]
    Deadline,
    /// The budget of tokens or money was spent before it was sent.
    #[error("the budget was spent")]
    BudgetSpent,
    /// All endpoints were out of order for `patience_seconds`.
    #[error("no endpoint was in order")]
    NoEndpoint,
    /// The caller gave the step up.
    #[error("it was given up")]
    Cancelled,
}

impl CallFailure {
    /// How many kinds there are.
    pub const KINDS: usize = 9;

    /// The kinds' names, as they are serialised.
    pub const NAMES: [&str; Self::KINDS] = [
        "timeout",
        "overloaded",
        "refused",
        "malformed",
        "cut",
        "deadline",
        "budget_spent",
        "no_endpoint",
        "cancelled",
    ];

    /// The kind's place in [`Self::NAMES`].
    pub fn kind(&self) -> usize {
        match self {
            Self::Timeout => 0,
            Self::Overloaded { .. } => 1,
            Self::Refused { .. } => 2,
            Self::Malformed { .. } => 3,
            Self::Cut { .. } => 4,
            Self::Deadline => 5,
            Self::BudgetSpent => 6,
            Self::NoEndpoint => 7,
            Self::Cancelled => 8,
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Timeout
                | Self::Overloaded { .. }
                | Self::Malformed { .. }
                | Self::Cut { .. }
                | Self::Deadline
                | Self::Cancelled
        )
    }

    /// Whether the endpoint refuses any request: a key it does not take, a model it has not, a certificate, a redirect.
    pub(crate) fn is_of_endpoint(&self) -> bool {
        matches!(self, Self::Refused { status: None | Some(300..=399 | 401 | 403..=405), .. })
    }
}

impl From<Failure> for CallFailure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Passing { trouble: Trouble::Slow, .. } => Self::Timeout,
            Failure::Passing { trouble: Trouble::Overloaded(status), what, .. } => {
                Self::Overloaded { status, said: what }
            }
            Failure::Passing { trouble: Trouble::Cut, what, .. } => Self::Cut { reason: what },
            Failure::Lasting(error @ ServerError::TooLong { .. }) => {
                Self::Malformed { reason: error.to_string() }
            }
            Failure::Lasting(error) => Self::Refused { status: error.status(), said: error.to_string() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CallOutcome, ChatReply, Finish, ToolCall, Usage};

    #[test]
    fn kinds_have_the_names_they_are_serialised_with() {
        let (said, reason) = (String::new(), String::new());
        let all = [
            CallFailure::Timeout,
            CallFailure::Overloaded { status: 429, said: said.clone() },
            CallFailure::Refused { status: None, said },
            CallFailure::Malformed { reason: reason.clone() },
            CallFailure::Cut { reason },
            CallFailure::Deadline,
            CallFailure::BudgetSpent,
            CallFailure::NoEndpoint,
            CallFailure::Cancelled,
        ];
        for (kind, failure) in all.into_iter().enumerate() {
            let json = serde_json::to_value(&failure).unwrap();
            assert_eq!((failure.kind(), json["kind"].as_str().unwrap()), (kind, CallFailure::NAMES[kind]));
            assert_eq!(serde_json::from_value::<CallFailure>(json).unwrap(), failure);
        }
    }

    #[test]
    fn a_ledger_can_keep_every_outcome() {
        let call = ToolCall { id: String::new(), name: "like\n".into(), arguments: "{\"é\": 1}".into() };
        let finishes =
            [Finish::Stop, Finish::ToolCalls, Finish::Length, Finish::ContentFilter, Finish::Other];
        let replies = finishes.map(|finish| {
            let usage = Usage { input: 1, cached: 2, output: u32::MAX };
            Ok(ChatReply { text: "\u{0}\u{1F600}\"".into(), tool_calls: vec![call.clone()], finish, usage })
        });
        let failures = [
            CallFailure::Refused { status: Some(400), said: "no".into() },
            CallFailure::Refused { status: None, said: String::new() },
            CallFailure::Cancelled,
        ];
        for outcome in replies.into_iter().chain(failures.map(Err)) {
            let json = serde_json::to_string(&outcome).unwrap();
            assert!(!json.contains('\n'), "one line of a ledger");
            assert_eq!(serde_json::from_str::<CallOutcome>(&json).unwrap(), outcome, "{json}");
        }
    }
}
