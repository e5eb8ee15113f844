//! Chat replies as JSON, whole or as the events of a stream.

use hyper::body::Bytes;
use serde::Serialize;

use super::chat::{ChatReply, ToolCall};
use super::words::char_end;

/// Second of creation that all replies give: a reply knows no clock.
const CREATED: u64 = 1_700_000_000;
/// Bytes of text in an event: four tokens.
const EVENT_BYTES: usize = 16;

#[derive(Serialize)]
struct Completion<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: Vec<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delta: Option<Delta<'a>>,
    finish_reason: Option<&'static str>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
}

#[derive(Serialize, Default)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
}

#[derive(Serialize)]
struct Call<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: usize,
    completion_tokens: usize,
    total_tokens: usize,
}

/// The reply as one JSON object.
pub(crate) fn whole(reply: &ChatReply, model: &str) -> Vec<u8> {
    let calls = reply.calls.iter().enumerate().map(|(i, call)| Call {
        index: None,
        id: Some(call_id(reply, i)),
        kind: Some("function"),
        function: Function { name: Some(&call.name), arguments: &call.arguments },
    });
    let message =
        Message { role: "assistant", content: reply.content.as_deref(), tool_calls: calls.collect() };
    let choice = Choice { index: 0, message: Some(message), delta: None, finish_reason: Some(reply.finish) };
    json(reply, model, "chat.completion", vec![choice], Some(usage(reply)))
}

/// The reply as server-sent events.
pub(crate) fn events(reply: &ChatReply, model: &str, with_usage: bool) -> Vec<Bytes> {
    let mut events = Vec::new();
    let mut add = |choices: Vec<Choice<'_>>, usage: Option<Usage>| {
        let json = json(reply, model, "chat.completion.chunk", choices, usage);
        events.push([b"data: ", json.as_slice(), b"\n\n"].concat().into());
    };
    let opening = reply.content.as_ref().map(|_| "");
    add(delta(Delta { role: Some("assistant"), content: opening, ..Delta::default() }, None), None);
    for piece in reply.content.iter().flat_map(|content| pieces(content)) {
        add(delta(Delta { content: Some(piece), ..Delta::default() }, None), None);
    }
    for (i, call) in reply.calls.iter().enumerate() {
        for part in call_parts(reply, i, call) {
            add(delta(Delta { tool_calls: vec![part], ..Delta::default() }, None), None);
        }
    }
    add(delta(Delta::default(), Some(reply.finish)), None);
    if with_usage {
        add(Vec::new(), Some(usage(reply)));
    }
    events.push(Bytes::from_static(b"data: [DONE]\n\n"));
    events
}

fn delta<'a>(delta: Delta<'a>, finish_reason: Option<&'static str>) -> Vec<Choice<'a>> {
    vec![Choice { index: 0, message: None, delta: Some(delta), finish_reason }]
}

/// A tool call as a stream gives it: first its name, then its arguments bit by bit.
fn call_parts<'a>(reply: &ChatReply, index: usize, call: &'a ToolCall) -> Vec<Call<'a>> {
    let opening = Call {
        index: Some(index),
        id: Some(call_id(reply, index)),
        kind: Some("function"),
        function: Function { name: Some(&call.name), arguments: "" },
    };
    let more = |piece| Call {
        index: Some(index),
        id: None,
        kind: None,
        function: Function { name: None, arguments: piece },
    };
    std::iter::once(opening).chain(pieces(&call.arguments).map(more)).collect()
}

/// `text` in pieces of up to [`EVENT_BYTES`] bytes.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (piece, after) = rest.split_at(char_end(rest, EVENT_BYTES));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

fn call_id(reply: &ChatReply, index: usize) -> String {
    format!("call_{:016x}_{index}", reply.key)
}

fn usage(reply: &ChatReply) -> Usage {
    let (input, output) = (reply.tokens.input, reply.tokens.output);
    Usage { prompt_tokens: input, completion_tokens: output, total_tokens: input + output }
}

fn json(
    reply: &ChatReply,
    model: &str,
    object: &'static str,
    choices: Vec<Choice<'_>>,
    usage: Option<Usage>,
) -> Vec<u8> {
    let id = format!("chatcmpl-{:016x}", reply.key);
    let completion = Completion { id: &id, object, created: CREATED, model, choices, usage };
    serde_json::to_vec(&completion).expect("a reply has a JSON form")
}
