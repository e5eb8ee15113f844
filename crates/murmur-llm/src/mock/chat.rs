//! Chat completions: what a request asks for, and the reply to it.

use std::borrow::Cow;

use murmur_core::Stream;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::config::{MockConfig, TOKEN_BYTES, Tokens, tokens};
use super::draws::{Part, between, draws, pick};
use super::faults::{FaultKind, ReplyTraits};
use super::refusal::Refusal;
use super::schema::{Filled, fill};
use super::words::{Words, char_end};

/// A request, as far as the server heeds it. Its other keys change the reply as well, since its bytes are hashed.
#[derive(Deserialize)]
pub(crate) struct ChatRequest<'a> {
    #[serde(borrow, default)]
    pub(crate) model: Cow<'a, str>,
    #[serde(borrow)]
    messages: Vec<Message<'a>>,
    #[serde(borrow, default)]
    tools: Option<Vec<Tool<'a>>>,
    #[serde(default)]
    tool_choice: Option<ToolChoice>,
    #[serde(default)]
    parallel_tool_calls: Option<bool>,
    #[serde(borrow, default)]
    response_format: Option<ResponseFormat<'a>>,
    #[serde(default)]
    pub(crate) stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    max_tokens: Option<usize>,
    #[serde(default)]
    max_completion_tokens: Option<usize>,
    #[serde(default)]
    n: Option<u32>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Option<Content<'a>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Parts(#[serde(borrow)] Vec<TextPart<'a>>),
}

#[derive(Deserialize)]
struct TextPart<'a> {
    #[serde(borrow, default)]
    text: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Tool<'a> {
    #[serde(borrow)]
    function: Function<'a>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    description: Cow<'a, str>,
    /// Read only when the tool is called.
    #[serde(borrow, default)]
    parameters: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ToolChoice {
    Mode(String),
    One { function: Name },
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
struct ResponseFormat<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow, default)]
    json_schema: Option<JsonSchema<'a>>,
    /// The place of the schema at llama.cpp.
    #[serde(borrow, default)]
    schema: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct JsonSchema<'a> {
    #[serde(borrow)]
    schema: &'a RawValue,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

/// What the model says.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct ChatReply {
    /// Key of the request, from which ids are made.
    pub(crate) key: u64,
    pub(crate) content: Option<String>,
    pub(crate) calls: Vec<ToolCall>,
    /// Why it ended: `stop`, `tool_calls` or `length`.
    pub(crate) finish: &'static str,
    pub(crate) tokens: Tokens,
    has_bounded_integers: bool,
    is_json: bool,
}

/// A tool called.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct ToolCall {
    pub(crate) name: String,
    /// JSON.
    pub(crate) arguments: String,
}

impl ChatReply {
    pub(crate) fn traits(&self) -> ReplyTraits {
        let calls_tools = !self.calls.is_empty();
        ReplyTraits {
            is_chat: true,
            is_structured: calls_tools || self.is_json,
            calls_tools,
            has_bounded_integers: self.has_bounded_integers,
        }
    }

    fn bytes(&self) -> usize {
        let of_calls = self.calls.iter().map(|call| call.name.len() + call.arguments.len()).sum::<usize>();
        self.content.as_ref().map_or(0, String::len) + of_calls
    }

    /// Cuts the reply to `most` tokens, as an engine does that is told to stop there.
    fn cut(&mut self, most: usize) {
        let mut room = most.saturating_mul(TOKEN_BYTES);
        if self.bytes() <= room {
            return;
        }
        self.finish = "length";
        if let Some(content) = &mut self.content {
            content.truncate(char_end(content, room));
            room -= content.len();
        }
        self.calls.retain_mut(|call| {
            let fits = call.name.len() <= room;
            if fits {
                room -= call.name.len();
                call.arguments.truncate(char_end(&call.arguments, room));
                room -= call.arguments.len();
            }
            fits
        });
    }

    /// Says `text` and nothing else.
    fn say(&mut self, text: String) {
        self.content = Some(text);
        self.calls.clear();
        self.finish = "stop";
    }

    /// Makes its JSON none: a value that a comma follows instead of its last character.
    fn spoil_json(&mut self) {
        let texts = self.calls.iter_mut().map(|call| &mut call.arguments);
        for json in texts.chain(self.content.as_mut()) {
            json.pop();
            json.push(',');
        }
    }
}

impl<'a> ChatRequest<'a> {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// A refusal if it is none, or asks for what the server cannot do.
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, Refusal> {
        let request: Self =
            serde_json::from_slice(body).map_err(|error| Refusal::of_request(error.to_string()))?;
        if request.messages.is_empty() {
            return Err(Refusal::of_request("messages: expected at least one"));
        }
        if request.n.is_some_and(|n| n != 1) {
            return Err(Refusal::of_request("n: the mock model gives one choice"));
        }
        Ok(request)
    }

    /// Whether a stream is to end with the usage.
    pub(crate) fn wants_usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|options| options.include_usage)
    }

    /// The reply to the request with `key`, spoilt by `fault` if that is one of a reply.
    ///
    /// # Errors
    /// A refusal if a schema cannot be met, or `tool_choice` names no tool that is offered.
    pub(crate) fn reply(
        &self,
        key: u64,
        config: &MockConfig,
        fault: Option<FaultKind>,
    ) -> Result<ChatReply, Refusal> {
        let mut draws = draws(key, Part::Reply, 0);
        let mut reply = self.proper(key, config, fault == Some(FaultKind::OutOfRange), &mut draws)?;
        let limit = self.max_tokens.into_iter().chain(self.max_completion_tokens).min();
        match fault {
            Some(FaultKind::BadArguments) => reply.spoil_json(),
            Some(FaultKind::UnknownTool) => self.invent_tools(&mut reply),
            Some(FaultKind::Empty) => reply.say(String::new()),
            Some(FaultKind::Endless) => {
                let most = limit.unwrap_or(usize::MAX).min(config.faults.endless_tokens);
                reply.say(self.words().endless(most, &mut draws));
                reply.finish = "length";
            }
            _ => {}
        }
        if let Some(limit) = limit {
            reply.cut(limit);
        }
        reply.tokens = Tokens { input: tokens(self.bytes()), output: tokens(reply.bytes()) };
        Ok(reply)
    }

    fn proper(
        &self,
        key: u64,
        config: &MockConfig,
        out_of_range: bool,
        draws: &mut Stream,
    ) -> Result<ChatReply, Refusal> {
        let mut reply = ChatReply {
            key,
            content: None,
            calls: Vec::new(),
            finish: "stop",
            tokens: Tokens::default(),
            has_bounded_integers: false,
            is_json: false,
        };
        let callable = self.callable()?;
        if !callable.is_empty() {
            let most = if self.parallel_tool_calls == Some(false) { 1 } else { config.tool_calls };
            reply.finish = "tool_calls";
            for _ in 0..between(1, most, draws) {
                let function = &pick(callable, draws).expect("there are some").function;
                let place = || format!("tool {}: ", function.name);
                let filled = self.fill(function.parameters, out_of_range, draws, place)?;
                reply.has_bounded_integers |= filled.has_bounded_integers;
                let arguments = filled.value.to_string();
                reply.calls.push(ToolCall { name: function.name.to_string(), arguments });
            }
            return Ok(reply);
        }
        match &self.response_format {
            Some(format) if format.kind.starts_with("json") => {
                let schema = format.json_schema.as_ref().map(|json| json.schema).or(format.schema);
                let filled = self.fill(schema, out_of_range, draws, || "response_format: ".to_owned())?;
                reply.has_bounded_integers = filled.has_bounded_integers;
                reply.is_json = true;
                reply.content = Some(filled.value.to_string());
            }
            _ => reply.content = Some(self.words().sentence(draws)),
        }
        Ok(reply)
    }

    /// A value under `schema`, or any object if there is none.
    fn fill(
        &self,
        schema: Option<&RawValue>,
        out_of_range: bool,
        draws: &mut Stream,
        place: impl Fn() -> String,
    ) -> Result<Filled, Refusal> {
        let schema = schema.map_or(r#"{"type": "object"}"#, RawValue::get);
        let refuse = |fault: String| Refusal::of_request(place() + &fault);
        let schema: Value = serde_json::from_str(schema).map_err(|error| refuse(error.to_string()))?;
        fill(&schema, self.words(), draws, out_of_range).map_err(refuse)
    }

    /// The tools that may be called.
    fn callable(&self) -> Result<&[Tool<'a>], Refusal> {
        let tools = self.tools.as_deref().unwrap_or_default();
        match &self.tool_choice {
            Some(ToolChoice::Mode(mode)) if mode == "none" => Ok(&[]),
            Some(ToolChoice::One { function }) => {
                let place = tools.iter().position(|tool| tool.function.name == function.name);
                let place = place.ok_or_else(|| {
                    Refusal::of_request(format!("tool_choice: no tool {:?} is offered", function.name))
                })?;
                Ok(&tools[place..=place])
            }
            _ => Ok(tools),
        }
    }

    /// Puts names that are not offered in the place of those called.
    fn invent_tools(&self, reply: &mut ChatReply) {
        for call in &mut reply.calls {
            let is_offered = |name: &str| self.tools.iter().flatten().any(|tool| tool.function.name == name);
            while is_offered(&call.name) {
                call.name.push_str("_now");
            }
        }
    }

    fn words(&self) -> Words<'_> {
        let prompt = match self.messages.last().and_then(|message| message.content.as_ref()) {
            Some(Content::Text(text)) => text,
            Some(Content::Parts(parts)) => parts.last().map_or("", |part| &part.text),
            None => "",
        };
        Words { prompt }
    }

    /// Bytes that count as input: texts of messages, names, descriptions and parameters of tools, the schema.
    fn bytes(&self) -> usize {
        let of_message = |message: &Message<'_>| match &message.content {
            Some(Content::Text(text)) => text.len(),
            Some(Content::Parts(parts)) => parts.iter().map(|part| part.text.len()).sum(),
            None => 0,
        };
        let raw = |json: Option<&RawValue>| json.map_or(0, |json| json.get().len());
        let of_tool = |tool: &Tool<'_>| {
            let function = &tool.function;
            function.name.len() + function.description.len() + raw(function.parameters)
        };
        let of_format = self.response_format.as_ref().map_or(0, |format| {
            raw(format.json_schema.as_ref().map(|json| json.schema)) + raw(format.schema)
        });
        self.messages.iter().map(of_message).sum::<usize>()
            + self.tools.iter().flatten().map(of_tool).sum::<usize>()
            + of_format
    }
}
