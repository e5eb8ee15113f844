//! Offline batches: requests and results as lines of files, for clusters without a network and for batch services.
//!
//! The form is that of OpenAI's Batch API, which `vllm run-batch` takes and gives too. Where the two differ, in how they
//! write failures, both are read.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::chat::PreparedRequest;
use crate::server::is_passing;
use crate::text::excerpt;
use crate::{CallFailure, CallOutcome, answer};

/// Characters of what a server said that failures quote.
const MOST_QUOTED: usize = 200;

/// The line that asks for `request`, without its end. Results name it by `custom_id`, which should be unique in a file.
pub fn batch_line(custom_id: &str, request: &PreparedRequest) -> String {
    let body = String::from_utf8_lossy(request.body());
    let mut line = String::with_capacity(body.len() + custom_id.len() + 80);
    let id = Value::from(custom_id);
    let _ = write!(line, r#"{{"custom_id":{id},"method":"POST","url":"/v1/chat/completions","body":"#);
    // In JSON an end of a line is never part of a text, only between things.
    line.extend(body.chars().map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }));
    line.push('}');
    line
}

/// What a line of results says.
#[derive(Clone, PartialEq, Debug)]
pub struct BatchResult {
    /// Which request it is about, unchecked.
    pub custom_id: String,
    /// What came of it. Where the server has not counted input tokens, they are 0.
    pub outcome: CallOutcome,
}

/// Why a line is no result.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BatchLineError {
    /// It is not in the form of a result.
    #[error("expected a line of batch results ({reason}), found {line:?}")]
    NoResult {
        /// What was expected, and where.
        reason: String,
        /// The beginning of the line.
        line: String,
    },
    /// It says neither what was answered nor what went wrong.
    #[error("the result of {custom_id:?} has neither a response nor an error: remove the line to ask again")]
    NoOutcome {
        /// Which request it is about.
        custom_id: String,
    },
}

#[derive(Deserialize)]
struct Line<'a> {
    custom_id: String,
    #[serde(borrow)]
    response: Option<Response<'a>>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Response<'a> {
    status_code: u16,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// Reads a line of a file of results, or of a file of errors, as batch services and `vllm run-batch` write them.
///
/// # Errors
/// A [`BatchLineError`]. That a request failed is none: it is the line's outcome.
pub fn parse_batch_result(line: &str) -> Result<BatchResult, BatchLineError> {
    let Line { custom_id, response, error } = serde_json::from_str(line).map_err(|error| {
        BatchLineError::NoResult { reason: error.to_string(), line: excerpt(line, MOST_QUOTED) }
    })?;
    let outcome = match (response, error) {
        (None, None) => return Err(BatchLineError::NoOutcome { custom_id }),
        (None, Some(error)) => Err(unanswered(&error)),
        (Some(response), error) => answered(&response, error),
    };
    Ok(BatchResult { custom_id, outcome })
}

/// What a response comes to. vLLM puts what went wrong beside it, OpenAI into its body.
fn answered(response: &Response<'_>, error: Option<Value>) -> CallOutcome {
    let body = response.body.map_or("", RawValue::get);
    let status = response.status_code;
    if (200..300).contains(&status) && error.is_none() {
        return answer::reply(body.as_bytes(), 0);
    }
    let said =
        error.or_else(|| serde_json::from_str(body).ok()).map_or_else(String::new, |said| said_in(&said));
    Err(match is_passing(status) {
        true => CallFailure::Overloaded { status, said },
        false => CallFailure::Refused { status: Some(status), said },
    })
}

/// Why a request was never answered.
fn unanswered(error: &Value) -> CallFailure {
    match error["code"].as_str() {
        Some("batch_expired") => CallFailure::Deadline,
        Some("batch_cancelled") => CallFailure::Cancelled,
        _ => CallFailure::Refused { status: None, said: said_in(error) },
    }
}

/// The message of an error in any of its forms: a text, `{message}` or `{error: {message}}`.
fn said_in(error: &Value) -> String {
    let texts = [error, &error["message"], &error["error"], &error["error"]["message"]];
    match texts.into_iter().find_map(Value::as_str) {
        Some(text) => excerpt(text, MOST_QUOTED),
        None => excerpt(&error.to_string(), MOST_QUOTED),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{ChatReply, ChatRequest, Finish, Message, ModelConfig, Usage};

    fn config() -> ModelConfig {
        serde_json::from_value(json!({ "name": "n", "urls": ["http://h/v1"], "model": "m" })).unwrap()
    }

    #[test]
    fn a_line_asks_for_what_would_have_been_sent() {
        let tools = RawValue::from_string("[\n  {\"type\":\r\n\"function\"}]".into()).unwrap();
        let request = config().prepare(&ChatRequest {
            messages: vec![Message::User { content: "é\n\"x\"".into() }],
            tools: Some(&tools),
            seed: 7,
            ..ChatRequest::default()
        });
        let line = batch_line("step 3, \"agent\" 9\n", &request);
        assert!(!line.contains(['\n', '\r']), "{line}");
        let expected = json!({
            "custom_id": "step 3, \"agent\" 9\n", "method": "POST", "url": "/v1/chat/completions",
            "body": serde_json::from_slice::<Value>(request.body()).unwrap(),
        });
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), expected);
    }

    /// Checks what a line, with the `response` and the `error` given, says of the request `a`.
    fn check(response: &str, error: &str, expected: CallOutcome) {
        let line = format!(r#"{{"id": "b", "custom_id": "a", "response": {response}, "error": {error}}}"#);
        assert_eq!(
            parse_batch_result(&line),
            Ok(BatchResult { custom_id: "a".into(), outcome: expected }),
            "{line}"
        );
    }

    fn refused(status: Option<u16>, said: &str) -> CallOutcome {
        Err(CallFailure::Refused { status, said: said.into() })
    }

    #[test]
    fn replies_are_read_from_both_kinds_of_file() {
        let reply = |input| {
            Ok(ChatReply {
                text: "Hi".into(),
                tool_calls: vec![],
                finish: Finish::Stop,
                usage: Usage { input, cached: 0, output: 2 },
            })
        };
        let choices = r#""choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi", "refusal": null,
            "tool_calls": [], "reasoning_content": null}, "logprobs": null, "finish_reason": "stop", "stop_reason": null}]"#;
        let openai = format!(
            r#"{{"status_code": 200, "request_id": "req_1", "body": {{"id": "chatcmpl-1", "object": "chat.completion",
                "created": 1711652795, "model": "m", {choices}, "system_fingerprint": "fp_1",
                "usage": {{"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}}}}}}"#
        );
        check(&openai, "null", reply(9));
        let vllm = format!(
            r#"{{"status_code":200,"request_id":"vllm-batch-1","body":{{"id":"chatcmpl-1","object":"chat.completion",
                "created":1,"model":"m",{choices},"service_tier":null,"prompt_logprobs":null,"kv_transfer_params":null,
                "usage":{{"prompt_tokens":9,"total_tokens":11,"completion_tokens":2,"prompt_tokens_details":null}}}}}}"#
        );
        check(&vllm, "null", reply(9));
        let uncounted = format!(r#"{{"status_code": 200, "body": {{{choices}}}}}"#);
        let mut expected = reply(0);
        expected.as_mut().unwrap().usage.output = 1;
        check(&uncounted, "null", expected);
    }

    #[test]
    fn failures_are_read_from_both_kinds_of_file() {
        // OpenAI: in the body, or without a response.
        let body = r#"{"error": {"message": "Invalid tool", "type": "invalid_request_error", "code": null}}"#;
        let response =
            |status: u16| format!(r#"{{"status_code": {status}, "request_id": "r", "body": {body}}}"#);
        check(&response(400), "null", refused(Some(400), "Invalid tool"));
        let overloaded = |status| Err(CallFailure::Overloaded { status, said: "Invalid tool".into() });
        check(&response(429), "null", overloaded(429));
        check(&response(500), "null", overloaded(500));
        check("null", r#"{"code": "batch_expired", "message": "too late"}"#, Err(CallFailure::Deadline));
        check("null", r#"{"code": "batch_cancelled", "message": "no"}"#, Err(CallFailure::Cancelled));
        check("null", r#"{"code": "mismatched_model", "message": "no such"}"#, refused(None, "no such"));

        // vLLM: beside a response without a body.
        let empty = r#"{"status_code":400,"request_id":"vllm-batch-1","body":null}"#;
        let error = r#"{"error":{"message":"too long","type":"BadRequestError","param":null,"code":400}}"#;
        check(empty, error, refused(Some(400), "too long"));
        let older =
            r#"{"object":"error","message":"too long","type":"BadRequestError","param":null,"code":400}"#;
        check(empty, older, refused(Some(400), "too long"));
        check(
            empty,
            r#""Request must not be sent in stream mode""#,
            refused(Some(400), "Request must not be sent in stream mode"),
        );
        check(empty, "null", refused(Some(400), ""));
        check(r#"{"status_code": 200, "body": null}"#, r#"{"what": 1}"#, refused(Some(200), r#"{"what":1}"#));
    }

    #[test]
    fn a_success_that_is_no_completion_is_malformed() {
        for body in ["null", "3", r#"{"choices": []}"#, r#"{"object": "list", "data": []}"#] {
            let line = format!(r#"{{"custom_id": "a", "response": {{"status_code": 200, "body": {body}}}}}"#);
            let result = parse_batch_result(&line).unwrap();
            assert!(matches!(result.outcome, Err(CallFailure::Malformed { .. })), "{line}");
        }
    }

    #[test]
    fn bad_lines_are_errors_that_quote_them() {
        let no_outcome = BatchLineError::NoOutcome { custom_id: "a".into() };
        assert_eq!(
            parse_batch_result(r#"{"custom_id": "a", "response": null, "error": null}"#),
            Err(no_outcome.clone())
        );
        assert_eq!(parse_batch_result(r#"{"custom_id": "a"}"#), Err(no_outcome));
        let long = format!(r#"{{"custom_id": "{}"#, "x".repeat(1000));
        let lines = [
            "",
            "null",
            "[]",
            "{}",
            r#"{"custom_id": 3, "response": null, "error": "no"}"#,
            r#"{"custom_id": "a", "response": {"body": {}}}"#,
            r#"{"custom_id": "a", "response": {"status_code": 70000, "body": {}}}"#,
            r#"{"custom_id": "a", "error": "no"} {}"#,
            &long,
        ];
        for line in lines {
            let error = parse_batch_result(line).unwrap_err();
            let BatchLineError::NoResult { line: quoted, .. } = &error else { panic!("{line}: {error}") };
            assert!(line.starts_with(quoted.trim_end_matches('…')) && quoted.len() < 210, "{error}");
        }
    }
}
