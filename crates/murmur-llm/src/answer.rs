//! What a chat completions endpoint answers, read with distrust.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::CallFailure;
use crate::chat::{ToolCall, Usage};

/// A reply as it came: what it means is for the caller to find out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChatReply {
    /// What the model said; may be empty.
    pub text: String,
    /// The tools it called, in its order.
    pub tool_calls: Vec<ToolCall>,
    /// Why it ended.
    pub finish: Finish,
    /// Tokens, as the server counted, or at four bytes a token where it did not.
    pub usage: Usage,
}

/// Why a reply ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model had done.
    Stop,
    /// It called tools.
    ToolCalls,
    /// It came to the limit of tokens.
    Length,
    /// The server kept it back.
    ContentFilter,
    /// The server gave another reason, or none.
    #[default]
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Completion<'a> {
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
    usage: Option<Counted>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Said<'a>,
    finish_reason: Option<Finish>,
}

#[derive(Deserialize)]
struct Said<'a> {
    content: Option<String>,
    #[serde(borrow)]
    tool_calls: Option<Vec<Called<'a>>>,
}

#[derive(Deserialize)]
struct Called<'a> {
    id: Option<String>,
    #[serde(borrow)]
    function: Function<'a>,
}

#[derive(Deserialize)]
struct Function<'a> {
    name: String,
    /// A text with JSON in it; from some servers the JSON itself.
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Counted {
    prompt_tokens: Option<u32>,
    completion_tokens: Option<u32>,
    prompt_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    cached_tokens: Option<u32>,
}

/// The reply in the answer to a request of `sent` bytes.
pub(crate) fn reply(answer: &[u8], sent: usize) -> Result<ChatReply, CallFailure> {
    let malformed = |reason: String| CallFailure::Malformed { reason };
    let completion: Completion<'_> =
        serde_json::from_slice(answer).map_err(|error| malformed(error.to_string()))?;
    let choice = completion.choices.into_iter().next();
    let choice = choice.ok_or_else(|| malformed("expected a choice, found none".to_owned()))?;
    let text = choice.message.content.unwrap_or_default();
    let tool_calls: Vec<ToolCall> =
        choice.message.tool_calls.into_iter().flatten().map(ToolCall::from).collect();
    let said =
        text.len() + tool_calls.iter().map(|call| call.name.len() + call.arguments.len()).sum::<usize>();
    let usage = usage(completion.usage, sent, said);
    Ok(ChatReply { text, tool_calls, finish: choice.finish_reason.unwrap_or_default(), usage })
}

impl From<Called<'_>> for ToolCall {
    fn from(called: Called<'_>) -> Self {
        let raw = called.function.arguments.map_or("", RawValue::get);
        let arguments = serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned());
        Self { id: called.id.unwrap_or_default(), name: called.function.name, arguments }
    }
}

fn usage(counted: Option<Counted>, sent: usize, said: usize) -> Usage {
    let estimate = |bytes: usize| u32::try_from(bytes.div_ceil(4)).unwrap_or(u32::MAX);
    let (input, output) = (estimate(sent), estimate(said));
    match counted {
        None => Usage { input, cached: 0, output },
        Some(counted) => Usage {
            input: counted.prompt_tokens.unwrap_or(input),
            cached: counted.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0),
            output: counted.completion_tokens.unwrap_or(output),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read_as_servers_write_them() {
        let check =
            |answer: &str, expected: ChatReply| assert_eq!(reply(answer.as_bytes(), 40), Ok(expected));
        let call =
            |arguments: &str| ToolCall { id: "c".into(), name: "f".into(), arguments: arguments.into() };
        check(
            r#"{"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hé\n"}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 8}}}"#,
            ChatReply {
                text: "Hé\n".into(),
                tool_calls: vec![],
                finish: Finish::Stop,
                usage: Usage { input: 9, cached: 8, output: 2 },
            },
        );
        check(
            r#"{"choices": [{"message": {"content": null, "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}},
                {"id": "c", "function": {"name": "f", "arguments": {"a": 1}}},
                {"id": "c", "function": {"name": "f"}}]}, "finish_reason": "tool_calls"}]}"#,
            ChatReply {
                text: String::new(),
                tool_calls: vec![call("{\"a\": 1}"), call("{\"a\": 1}"), call("")],
                finish: Finish::ToolCalls,
                usage: Usage { input: 10, cached: 0, output: 5 },
            },
        );
        check(
            r#"{"choices": [{"message": {"content": "x", "tool_calls": null}, "finish_reason": "abort"}],
                "usage": {"prompt_tokens": 3, "completion_tokens": null, "prompt_tokens_details": null}}"#,
            ChatReply {
                text: "x".into(),
                tool_calls: vec![],
                finish: Finish::Other,
                usage: Usage { input: 3, cached: 0, output: 1 },
            },
        );
    }

    #[test]
    fn what_is_no_completion_is_malformed() {
        for answer in
            ["", "null", "{}", r#"{"choices": []}"#, r#"{"choices": [{"message": {"content": 3}}]}"#, "\u{1}"]
        {
            let found = reply(answer.as_bytes(), 0);
            assert!(matches!(found, Err(CallFailure::Malformed { .. })), "{answer}: {found:?}");
        }
    }
}
