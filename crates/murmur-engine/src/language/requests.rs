//! Calls as they are wanted: for whom, with which sampling seed, in which messages.

use murmur_core::{AgentId, Purpose, Step, Stream};
use murmur_journal::ReplyKey;
use murmur_llm::{ChatRequest, Message, PreparedRequest};

use crate::EngineError;

/// A call to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Call {
    pub(crate) agent: AgentId,
    /// Its number among the agent's calls of the step.
    pub(crate) number: u16,
    /// The model's place in the configuration.
    pub(crate) model: usize,
}

impl Call {
    /// What a ledger knows it by, as a call of the step `now`.
    pub(crate) fn key(&self, now: Step) -> ReplyKey {
        ReplyKey { step: now, agent: self.agent, call: self.number }
    }
}

/// The sampling seeds of a run's calls.
#[derive(Clone, Copy)]
pub(crate) struct Seeds(u64);

impl Seeds {
    /// Those of the run with this seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed of a call.
    pub(crate) fn of(self, now: Step, call: &Call) -> u32 {
        // The streams about agents serve as streams about numbers of calls.
        let about = AgentId(call.number.into());
        // Some servers take seeds of 31 bits.
        Stream::new(self.0, Purpose::Reply, now, call.agent).about_agent(about).next_u32() >> 1
    }
}

/// Renders the request of the i-th call.
pub(crate) type Render<'a> = dyn Fn(usize) -> Result<PreparedRequest, EngineError> + Sync + 'a;

/// Calls that are made together.
#[derive(Clone, Copy)]
pub(crate) struct Round<'a> {
    /// The step.
    pub(crate) now: Step,
    pub(crate) calls: &'a [Call],
    pub(crate) render: &'a Render<'a>,
}

/// A request beside the turns, made of instructions and a question.
pub(crate) fn plain_request<'a>(
    instructions: &'a str,
    question: &'a str,
    seed: u32,
    max_tokens: u32,
) -> ChatRequest<'a> {
    ChatRequest {
        messages: vec![system(instructions), user(question)],
        seed,
        max_tokens: Some(max_tokens),
        ..ChatRequest::default()
    }
}

pub(crate) fn system(text: &str) -> Message<'_> {
    Message::System { content: text.into() }
}

pub(crate) fn user(text: &str) -> Message<'_> {
    Message::User { content: text.into() }
}

pub(crate) fn assistant(text: &str) -> Message<'_> {
    Message::Assistant { content: text.into(), tool_calls: Vec::new().into() }
}
