//! Messages, and requests beside the turns.

use murmur_llm::{ChatRequest, Message};

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
