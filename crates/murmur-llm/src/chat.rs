//! A chat request, as the bytes that servers take and the hash that ledgers know it by.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use hyper::body::Bytes;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_128;

use crate::ModelConfig;
use crate::text::excerpt;

/// A request, but for what the model's configuration says. Lend it what is shared between agents.
#[derive(Clone, Debug, Default)]
pub struct ChatRequest<'a> {
    /// The conversation, instructions first: what requests share should stand first, for the servers' prefix caches.
    pub messages: Vec<Message<'a>>,
    /// The JSON list of tools that the model may call.
    pub tools: Option<&'a RawValue>,
    /// What the model must or may call: `"required"`, `"auto"` …, as JSON.
    pub tool_choice: Option<&'a RawValue>,
    /// The form of the reply, such as a JSON schema, as JSON.
    pub response_format: Option<&'a RawValue>,
    /// Seed of the sampling.
    pub seed: u32,
    /// Longest reply in tokens, in place of the configuration's.
    pub max_tokens: Option<u32>,
}

/// One message of a conversation.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub enum Message<'a> {
    /// Instructions.
    System {
        /// The text.
        content: Cow<'a, str>,
    },
    /// What is said to the model.
    User {
        /// The text.
        content: Cow<'a, str>,
    },
    /// What the model said before.
    Assistant {
        /// The text.
        content: Cow<'a, str>,
        /// The tools it called.
        #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "as_sent")]
        tool_calls: Cow<'a, [ToolCall]>,
    },
    /// What a tool answered.
    Tool {
        /// Which call it answers.
        tool_call_id: Cow<'a, str>,
        /// The answer.
        content: Cow<'a, str>,
    },
}

/// A tool that the model calls.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToolCall {
    /// What the answer to it is labelled with; may be empty.
    pub id: String,
    /// The tool's name, unchecked.
    pub name: String,
    /// The arguments: a JSON object if the model kept to the protocol.
    pub arguments: String,
}

/// Tokens of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Of the prompt.
    pub input: u32,
    /// Those of the prompt that the server had in its prefix cache.
    pub cached: u32,
    /// Of the reply.
    pub output: u32,
}

impl Usage {
    /// Input and output.
    pub fn tokens(self) -> u64 {
        u64::from(self.input) + u64::from(self.output)
    }
}

/// What a request is known by: xxh3-128 of its body with the seed, whether it is sent or not. The endpoint and the key
/// have no part in it. Written as 32 hexadecimal digits, in JSON too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RequestHash(u128);

impl RequestHash {
    /// The number.
    pub fn get(self) -> u128 {
        self.0
    }
}

impl From<u128> for RequestHash {
    fn from(number: u128) -> Self {
        Self(number)
    }
}

impl fmt::Display for RequestHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A text that is no hash of a request.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("expected 32 hexadecimal digits, found {0:?}")]
pub struct HashError(String);

impl FromStr for RequestHash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let is_hash = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = is_hash.then(|| u128::from_str_radix(text, 16).ok()).flatten();
        number.map(Self).ok_or_else(|| HashError(excerpt(text, 40)))
    }
}

impl From<RequestHash> for String {
    fn from(hash: RequestHash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for RequestHash {
    type Error = HashError;

    fn try_from(text: String) -> Result<Self, HashError> {
        text.parse()
    }
}

/// A request ready to be sent.
#[derive(Clone, Debug)]
pub struct PreparedRequest {
    pub(crate) hash: RequestHash,
    pub(crate) body: Bytes,
    pub(crate) most_output: u32,
}

/// Tokens that a reply is reckoned with, for rates, where its length is not limited.
const USUAL_OUTPUT: u32 = 256;

impl PreparedRequest {
    /// What the request is known by.
    pub fn hash(&self) -> RequestHash {
        self.hash
    }

    /// The body that is sent, JSON.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Tokens it may take, at four bytes a token: what rates reckon with until the server has counted.
    pub(crate) fn tokens_expected(&self) -> f64 {
        self.body.len() as f64 / 4.0 + f64::from(self.most_output)
    }
}

/// The body of a request.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: &'a [Message<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stop: &'a [String],
    #[serde(flatten)]
    extra: &'a std::collections::BTreeMap<String, serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u32>,
}

impl ModelConfig {
    /// The request as it is sent to this model.
    pub fn prepare(&self, request: &ChatRequest<'_>) -> PreparedRequest {
        let max_tokens = request.max_tokens.or(self.sampling.max_tokens);
        let mut body = Body {
            model: &self.model,
            messages: &request.messages,
            tools: request.tools,
            tool_choice: request.tool_choice,
            response_format: request.response_format,
            temperature: self.sampling.temperature,
            top_p: self.sampling.top_p,
            max_tokens,
            stop: &self.sampling.stop,
            extra: &self.sampling.extra,
            seed: Some(request.seed),
        };
        let with_seed = bytes(&body);
        let hash = RequestHash::from(xxh3_128(&with_seed));
        let body = match self.honours_seed {
            true => with_seed,
            false => {
                body.seed = None;
                bytes(&body)
            }
        };
        PreparedRequest { hash, body: body.into(), most_output: max_tokens.unwrap_or(USUAL_OUTPUT) }
    }
}

fn bytes(body: &Body<'_>) -> Vec<u8> {
    serde_json::to_vec(body).expect("texts, numbers and JSON with text keys always serialise")
}

/// Tool calls in the form of the protocol.
fn as_sent<S: Serializer>(calls: &[ToolCall], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Sent<'a> {
        id: &'a str,
        r#type: &'static str,
        function: Function<'a>,
    }
    #[derive(Serialize)]
    struct Function<'a> {
        name: &'a str,
        arguments: &'a str,
    }
    serializer.collect_seq(calls.iter().map(|call| Sent {
        id: &call.id,
        r#type: "function",
        function: Function { name: &call.name, arguments: &call.arguments },
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn config(more: Value) -> ModelConfig {
        let mut config = json!({ "name": "n", "urls": ["http://h/v1"], "model": "m" });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(config).unwrap()
    }

    fn request(seed: u32) -> ChatRequest<'static> {
        let messages = vec![
            Message::System { content: "Be \"brief\".".into() },
            Message::User { content: "Hi".into() },
            Message::Assistant {
                content: "".into(),
                tool_calls: vec![ToolCall { id: "1".into(), name: "look".into(), arguments: "{}".into() }]
                    .into(),
            },
            Message::Tool { tool_call_id: "1".into(), content: "nothing".into() },
        ];
        ChatRequest { messages, seed, ..ChatRequest::default() }
    }

    #[test]
    fn the_body_is_what_the_protocol_says() {
        let more = json!({ "sampling": { "temperature": 0.7, "max_tokens": 99, "stop": ["\n"],
            "extra": { "top_k": 5 } } });
        let tools = RawValue::from_string(r#"[{"type":"function"}]"#.into()).unwrap();
        let prepared = config(more).prepare(&ChatRequest { tools: Some(&tools), ..request(7) });
        let expected = json!({
            "model": "m", "temperature": 0.7, "max_tokens": 99, "stop": ["\n"], "top_k": 5, "seed": 7,
            "tools": [{ "type": "function" }],
            "messages": [
                { "role": "system", "content": "Be \"brief\"." },
                { "role": "user", "content": "Hi" },
                { "role": "assistant", "content": "", "tool_calls": [
                    { "id": "1", "type": "function", "function": { "name": "look", "arguments": "{}" } } ] },
                { "role": "tool", "tool_call_id": "1", "content": "nothing" },
            ],
        });
        assert_eq!(serde_json::from_slice::<Value>(prepared.body()).unwrap(), expected);
    }

    #[test]
    fn the_hash_knows_the_seed_and_the_sampling_but_not_the_endpoint() {
        let hash = |more: Value, seed| config(more).prepare(&request(seed)).hash();
        let plain = hash(json!({}), 7);
        assert_eq!(plain, hash(json!({ "urls": ["http://other/v1"], "timeout_seconds": 9 }), 7));
        assert_eq!(plain, hash(json!({ "honours_seed": false }), 7));
        assert_ne!(plain, hash(json!({}), 8));
        assert_ne!(plain, hash(json!({ "model": "other" }), 7));
        assert_ne!(plain, hash(json!({ "sampling": { "temperature": 0.1 } }), 7));
        assert_eq!(plain.to_string().len(), 32);
        let unsent = config(json!({ "honours_seed": false })).prepare(&request(7));
        assert_eq!(serde_json::from_slice::<Value>(unsent.body()).unwrap().get("seed"), None);
    }

    #[test]
    fn hashes_are_32_digits_and_come_back_from_them() {
        for number in [0, 0xABC, u128::MAX] {
            let hash = RequestHash::from(number);
            let text = format!("{number:032x}");
            assert_eq!((hash.get(), hash.to_string(), text.parse()), (number, text.clone(), Ok(hash)));
            let json = serde_json::to_string(&hash).unwrap();
            assert_eq!(
                (json.as_str(), serde_json::from_str(&json).ok()),
                (&*format!("\"{text}\""), Some(hash))
            );
        }
        for text in ["", "+bc", "abc", &"0".repeat(33), &"g".repeat(32), &format!("+{}", "0".repeat(31))] {
            assert!(text.parse::<RequestHash>().is_err(), "{text}");
        }
    }
}
