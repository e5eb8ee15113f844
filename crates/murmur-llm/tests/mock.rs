//! The mock model server, asked over HTTP.

mod client;
mod schemas;

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use murmur_core::{AgentId, Purpose, Step, Stream};
use murmur_llm::EmbeddingClient;
use murmur_llm::mock::{FaultKind, Faults, Latency, MockConfig, MockError, MockServer, MockStats};
use serde_json::{Value, json};

use client::{Answer, call};
use schemas::{is_valid, random_schema};

/// A variable that cargo sets for tests, in the place of a key.
const KEY_VARIABLE: &str = "CARGO_MANIFEST_DIR";
const KEY: &str = env!("CARGO_MANIFEST_DIR");

const PATIENCE: Duration = Duration::from_secs(60);

fn start(config: MockConfig) -> MockServer {
    MockServer::start(config).unwrap()
}

fn plain() -> MockServer {
    start(MockConfig::default())
}

/// A server at which every request that can meets `kind`.
fn always(kind: FaultKind) -> MockServer {
    let mut faults = Faults::default().with(kind, 1.0);
    (faults.retry_after_seconds, faults.slow_ms, faults.endless_tokens) = (7, 200, 500);
    start(MockConfig { faults, ..MockConfig::default() })
}

fn get(server: &MockServer, path: &str) -> Answer {
    call("GET", &server.url(), path, "", "", PATIENCE).unwrap()
}

fn try_post(server: &MockServer, path: &str, body: &Value) -> io::Result<Answer> {
    call("POST", &server.url(), path, "", &body.to_string(), PATIENCE)
}

fn chat(server: &MockServer, body: &Value) -> Answer {
    try_post(server, "/v1/chat/completions", body).unwrap()
}

fn try_chat(server: &MockServer, body: &Value) -> io::Result<Answer> {
    try_post(server, "/v1/chat/completions", body)
}

/// A successful chat reply's message.
fn message(server: &MockServer, body: &Value) -> Value {
    let answer = chat(server, body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["choices"][0]["message"].take()
}

/// The text that a message holds, as JSON.
fn parsed(text: &Value) -> Value {
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

fn prompt(text: &str) -> Value {
    json!({ "model": "m", "messages": [{ "role": "system", "content": "Be brief." }, { "role": "user", "content": text }] })
}

fn post_id_schema() -> Value {
    let id = json!({ "type": "integer", "minimum": 1, "maximum": 5 });
    json!({ "type": "object", "properties": { "post": id }, "required": ["post"] })
}

fn tool(name: &str, parameters: Value) -> Value {
    json!({ "type": "function", "function": { "name": name, "description": "d", "parameters": parameters } })
}

/// A request that offers two tools.
fn with_tools(text: &str) -> Value {
    let mut body = prompt(text);
    let text = json!({ "type": "object", "properties": { "content": { "type": "string" } }, "required": ["content"] });
    body["tools"] = json!([tool("like_post", post_id_schema()), tool("create_post", text)]);
    body
}

/// A request for JSON under `schema`.
fn with_schema(text: &str, schema: &Value) -> Value {
    let mut body = prompt(text);
    body["response_format"] =
        json!({ "type": "json_schema", "json_schema": { "name": "s", "schema": schema } });
    body
}

fn draws(key: u32) -> Stream {
    Stream::new(7, Purpose::Writing, Step(0), AgentId(key))
}

/// Waits until the server's figures are as expected, which some become after the client has gone on.
fn wait_for(server: &MockServer, expected: impl Fn(&MockStats) -> bool) -> MockStats {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let stats = server.stats();
        if expected(&stats) {
            return stats;
        }
        assert!(Instant::now() < deadline, "{stats:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn models_health_and_stats_are_served() {
    let server = start(MockConfig { models: vec!["a".into(), "b".into()], ..MockConfig::default() });
    let models = get(&server, "/v1/models").json();
    let ids: Vec<&Value> = models["data"].as_array().unwrap().iter().map(|model| &model["id"]).collect();
    assert_eq!(ids, ["a", "b"]);
    assert_eq!(get(&server, "/health").status, 200);
    chat(&server, &prompt("hello"));
    chat(&server, &json!({ "messages": [] }));
    wait_for(&server, |stats| stats.in_flight == 0);
    let stats: MockStats = serde_json::from_slice(&get(&server, "/stats").body).unwrap();
    assert_eq!((stats.requests, stats.peak_in_flight, stats.slots), (2, 1, 64));
    assert_eq!(stats.by_status.into_iter().collect::<Vec<_>>(), [(200, 1), (400, 1)]);
    assert_eq!(stats.input_tokens, 4, "14 bytes");
    assert_eq!(stats.abandoned, 0);
}

#[test]
fn a_text_reply_has_the_form_of_a_completion_and_counts_its_tokens() {
    let answer = chat(&plain(), &prompt("What about tea?"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let reply = answer.json();
    assert_eq!((&reply["object"], &reply["model"]), (&json!("chat.completion"), &json!("m")));
    let choice = &reply["choices"][0];
    assert_eq!((&choice["finish_reason"], &choice["message"]["role"]), (&json!("stop"), &json!("assistant")));
    let text = choice["message"]["content"].as_str().unwrap();
    assert!(text.split(' ').count() >= 4 && text.len() < 300, "{text}");
    let (input, output) = ("Be brief.What about tea?".len().div_ceil(4), text.len().div_ceil(4));
    let usage =
        json!({ "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output });
    assert_eq!(reply["usage"], usage);
}

#[test]
fn texts_use_words_of_the_prompt() {
    let server = plain();
    let own = (0..30).filter(|i| {
        let body = prompt(&format!("marmalade {i} submarine"));
        let text = message(&server, &body)["content"].as_str().unwrap().to_lowercase();
        text.contains("marmalade") || text.contains("submarine")
    });
    assert!(own.count() > 15);
}

#[test]
fn one_of_the_offered_tools_is_called_with_valid_arguments() {
    let server = plain();
    let mut names = Vec::new();
    for i in 0..60 {
        let message = message(&server, &with_tools(&format!("post {i}")));
        assert_eq!((&message["content"], message["tool_calls"].as_array().unwrap().len()), (&Value::Null, 1));
        let function = &message["tool_calls"][0]["function"];
        let arguments = parsed(&function["arguments"]);
        match function["name"].as_str().unwrap() {
            "like_post" => assert!(is_valid(&arguments, &post_id_schema(), &Value::Null), "{arguments}"),
            "create_post" => assert!(arguments["content"].is_string(), "{arguments}"),
            other => panic!("{other}"),
        }
        names.push(function["name"].clone());
    }
    assert!(names.iter().any(|name| name == "like_post") && names.iter().any(|name| name == "create_post"));
}

#[test]
fn the_choice_of_tools_is_honoured() {
    let server = start(MockConfig { tool_calls: 3, ..MockConfig::default() });
    let calls = |i: u32, key: &str, value: Value| {
        let mut body = with_tools(&format!("post {i}"));
        body[key] = value;
        message(&server, &body)["tool_calls"].as_array().map_or(0, Vec::len)
    };
    let counts: Vec<usize> = (0..40).map(|i| calls(i, "tool_choice", json!("required"))).collect();
    assert!((1..=3).all(|count| counts.contains(&count)), "{counts:?}");
    assert!((0..40).all(|i| calls(i, "parallel_tool_calls", json!(false)) == 1));
    assert!((0..10).all(|i| calls(i, "tool_choice", json!("none")) == 0));
    for i in 0..10 {
        let mut body = with_tools(&format!("post {i}"));
        body["tool_choice"] = json!({ "type": "function", "function": { "name": "create_post" } });
        assert_eq!(message(&server, &body)["tool_calls"][0]["function"]["name"], "create_post");
    }
}

#[test]
fn json_is_valid_under_any_schema() {
    let server = plain();
    for i in 0..400 {
        let schema = random_schema(&mut draws(i));
        let text = format!("prompt {i}");
        let content = parsed(&message(&server, &with_schema(&text, &schema))["content"]);
        assert!(is_valid(&content, &schema, &schema), "{schema}\n{content}");
        let mut body = prompt(&text);
        body["tools"] = json!([tool("act", schema.clone())]);
        let arguments = parsed(&message(&server, &body)["tool_calls"][0]["function"]["arguments"]);
        assert!(is_valid(&arguments, &schema, &schema), "{schema}\n{arguments}");
    }
}

#[test]
fn the_checker_of_these_tests_refuses_what_is_not_valid() {
    let check = |value: Value, schema: Value| assert!(!is_valid(&value, &schema, &schema), "{value}");
    check(json!({}), post_id_schema());
    check(json!({ "post": 6 }), post_id_schema());
    check(json!({ "post": "1" }), post_id_schema());
    check(json!([1, 1]), json!({ "uniqueItems": true }));
    check(json!("ab"), json!({ "maxLength": 1 }));
    check(json!({ "a": 1 }), json!({ "properties": {}, "additionalProperties": false }));
    check(json!(1), json!({ "$ref": "#/$defs/a", "$defs": { "a": { "type": "string" } } }));
}

#[test]
fn json_without_a_schema_is_an_object_and_llama_cpps_place_of_the_schema_is_known() {
    let server = plain();
    let mut body = prompt("an object");
    body["response_format"] = json!({ "type": "json_object" });
    assert!(parsed(&message(&server, &body)["content"]).is_object());
    body["response_format"]["schema"] = post_id_schema();
    let content = parsed(&message(&server, &body)["content"]);
    assert!(is_valid(&content, &post_id_schema(), &Value::Null), "{content}");
}

#[test]
fn streams_add_up_to_a_reply() {
    let server = plain();
    let mut body = prompt("a stream");
    body["stream"] = json!(true);
    body["stream_options"] = json!({ "include_usage": true });
    let answer = chat(&server, &body);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let events = answer.events();
    let text: String = events.iter().filter_map(|e| e["choices"][0]["delta"]["content"].as_str()).collect();
    let usage = &events[events.len() - 1]["usage"];
    assert_eq!(usage["completion_tokens"], text.len().div_ceil(4));
    assert_eq!(events[events.len() - 2]["choices"][0]["finish_reason"], "stop");

    let mut body = with_tools("a stream");
    body["stream"] = json!(true);
    let events = chat(&server, &body).events();
    let functions = || events.iter().map(|e| &e["choices"][0]["delta"]["tool_calls"][0]["function"]);
    assert_eq!(functions().filter(|function| function["name"].is_string()).count(), 1);
    let arguments: String = functions().filter_map(|function| function["arguments"].as_str()).collect();
    assert!(serde_json::from_str::<Value>(&arguments).unwrap().is_object());
    assert_eq!(events[events.len() - 1]["choices"][0]["finish_reason"], "tool_calls");
}

#[test]
fn a_limit_of_tokens_cuts_the_reply() {
    let server = plain();
    for key in ["max_tokens", "max_completion_tokens"] {
        let mut body = prompt("a long answer, please");
        body[key] = json!(2);
        let reply = chat(&server, &body).json();
        assert_eq!(reply["choices"][0]["message"]["content"].as_str().unwrap().len(), 8);
        assert_eq!(reply["choices"][0]["finish_reason"], "length");
        assert_eq!(reply["usage"]["completion_tokens"], 2);
    }
}

#[test]
fn replies_depend_on_seed_and_body_alone() {
    let bodies: Vec<Value> = (0..20)
        .map(|i| if i % 2 == 0 { with_tools(&format!("{i}")) } else { prompt(&format!("{i}")) })
        .collect();
    let replies = |seed, bodies: &mut dyn Iterator<Item = &Value>| {
        let server = start(MockConfig { seed, ..MockConfig::default() });
        bodies.map(|body| chat(&server, body).body).collect::<Vec<_>>()
    };
    let first = replies(1, &mut bodies.iter());
    let mut backwards = replies(1, &mut bodies.iter().rev());
    backwards.reverse();
    assert_eq!(first, backwards);
    let other = replies(2, &mut bodies.iter());
    assert!(first.iter().zip(&other).all(|(a, b)| a != b));

    let server = plain();
    let of_seed = |seed: u32| {
        let mut body = prompt("the same");
        body["seed"] = json!(seed);
        message(&server, &body)["content"].to_string()
    };
    assert_eq!(of_seed(1), of_seed(1));
    assert_ne!(of_seed(1), of_seed(2));
}

/// The embeddings of `texts`.
fn vectors(server: &MockServer, body: Value) -> Vec<Vec<f64>> {
    let answer = try_post(server, "/v1/embeddings", &body).unwrap().json();
    let data = answer["data"].as_array().unwrap();
    assert!(data.iter().enumerate().all(|(i, item)| item["index"] == i));
    data.iter().map(|item| serde_json::from_value(item["embedding"].clone()).unwrap()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn embeddings_are_unit_vectors_that_depend_on_text_and_model_alone() {
    let texts = ["cats and dogs", "dogs and parrots", "interest rates", "", "日本語", "cats and dogs"];
    let body = json!({ "model": "m", "input": texts, "encoding_format": "float", "dimensions": 256 });
    let of = |seed, body: &Value| vectors(&start(MockConfig { seed, ..MockConfig::default() }), body.clone());
    let found = of(1, &body);
    assert!(found.iter().all(|vector| vector.len() == 256 && (dot(vector, vector) - 1.0).abs() < 1e-5));
    assert_eq!(found[0], found[5]);
    assert!(dot(&found[0], &found[1]) > 0.3 + dot(&found[0], &found[2]).abs());
    assert_eq!(found, of(2, &body));
    let mut other_model = body.clone();
    other_model["model"] = json!("n");
    assert_ne!(found, of(1, &other_model));
    let single = json!({ "model": "m", "input": texts[0], "dimensions": 256 });
    assert_eq!(found[..1], of(1, &single));
    let usual = json!({ "model": "m", "input": texts[0] });
    assert_eq!(of(1, &usual)[0].len(), 64);
}

#[test]
fn what_cannot_be_served_is_refused_with_the_reason() {
    let server = plain();
    let check = |path: &str, body: Value, expected: &str| {
        let answer = try_post(&server, path, &body).unwrap();
        let error = answer.json()["error"].take();
        assert_eq!((answer.status, &error["type"]), (400, &json!("invalid_request_error")));
        assert!(error["message"].as_str().unwrap().contains(expected), "{error}");
    };
    let chat = "/v1/chat/completions";
    let with = |key: &str, value: Value| {
        let mut body = with_tools("x");
        body[key] = value;
        body
    };
    check(chat, json!({}), "messages");
    check(chat, json!({ "messages": [] }), "messages: expected at least one");
    check(chat, with("n", json!(2)), "one choice");
    check(chat, with("tool_choice", json!({ "function": { "name": "fly" } })), "no tool \"fly\"");
    let bad_schema = |property: Value, expected: &str| {
        let schema = json!({ "type": "object", "properties": { "a": property }, "required": ["a"] });
        check(chat, with_schema("x", &schema), &format!("response_format: schema/properties/a{expected}"));
    };
    bad_schema(json!({ "type": "string", "pattern": "^a" }), "/pattern: ");
    bad_schema(json!({ "type": "integer", "minimum": 3, "maximum": 2 }), ": no integer");
    bad_schema(json!({ "type": "number", "exclusiveMinimum": 3, "maximum": 3 }), ": no number");
    bad_schema(json!({ "enum": [] }), "/enum: it is empty");
    bad_schema(json!({ "type": "stone" }), "/type: there is no type \"stone\"");
    bad_schema(json!({ "$ref": "#/$defs/none" }), "/$ref: \"#/$defs/none\" is not in the schema");
    bad_schema(json!({ "$ref": "#/properties/a" }), "/$ref: it has no end");
    bad_schema(json!({ "type": "array", "minItems": 1_000_000 }), "/minItems: ");
    bad_schema(
        json!({ "type": "array", "items": { "enum": [1] }, "uniqueItems": true, "minItems": 2 }),
        "/uniqueItems: ",
    );
    check(
        chat,
        with_schema("x", &json!({ "properties": { "a": { "$ref": "#" } }, "required": ["a"] })),
        "it has no end",
    );
    check("/v1/embeddings", json!({ "input": [] }), "input: expected 1 to 2048 texts");
    check("/v1/embeddings", json!({ "input": "a", "dimensions": 0 }), "dimensions");
    assert_eq!(call("POST", &server.url(), chat, "", "{", PATIENCE).unwrap().status, 400);
    assert_eq!(get(&server, "/v1/embeddings").status, 405);
    assert_eq!(get(&server, "/v2").status, 404);
}

#[test]
fn a_key_is_asked_for_where_one_is_set() {
    let api_key_env = Some(KEY_VARIABLE.to_owned());
    let server = start(MockConfig { api_key_env, ..MockConfig::default() });
    let status =
        |path, headers: &str| call("GET", &server.url(), path, headers, "", PATIENCE).unwrap().status;
    assert_eq!(status("/v1/models", ""), 401);
    assert_eq!(status("/v1/models", "authorization: Bearer x\r\n"), 401);
    assert_eq!(status("/v1/models", &format!("authorization: Bearer {KEY}\r\n")), 200);
    assert_eq!(status("/health", ""), 200);
    let unset = MockConfig { api_key_env: Some("NO_SUCH_VARIABLE".into()), ..MockConfig::default() };
    assert!(matches!(MockServer::start(unset), Err(MockError::Key(_))));
}

#[test]
fn faults_of_the_connection_are_seen_by_the_client() {
    let body = prompt("hello");
    let check = |kind, expected: io::ErrorKind| {
        let server = always(kind);
        assert_eq!(try_chat(&server, &body).unwrap_err().kind(), expected, "{kind}");
        let stats = wait_for(&server, |stats| stats.in_flight == 0);
        assert_eq!((stats.faults[kind.name()], stats.abandoned), (1, 0), "{kind}");
    };
    check(FaultKind::Cut, io::ErrorKind::UnexpectedEof);
    check(FaultKind::CutBody, io::ErrorKind::UnexpectedEof);

    let server = always(FaultKind::Timeout);
    let patience = Duration::from_millis(300);
    let answer = call("POST", &server.url(), "/v1/chat/completions", "", &body.to_string(), patience);
    assert!(matches!(answer.unwrap_err().kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut));
    wait_for(&server, |stats| stats.in_flight == 0 && stats.faults["timeout"] == 1);

    let server = always(FaultKind::Slow);
    let begin = Instant::now();
    assert_eq!(chat(&server, &body).body, chat(&plain(), &body).body);
    assert!(begin.elapsed() >= Duration::from_millis(200));
}

#[test]
fn a_stream_can_be_cut_slow_and_broken_too() {
    let mut body = prompt("hello");
    body["stream"] = json!(true);
    assert_eq!(
        try_chat(&always(FaultKind::CutBody), &body).unwrap_err().kind(),
        io::ErrorKind::UnexpectedEof
    );
    let begin = Instant::now();
    assert_eq!(chat(&always(FaultKind::Slow), &body).body, chat(&plain(), &body).body);
    assert!(begin.elapsed() >= Duration::from_millis(200));
    let broken = chat(&always(FaultKind::BadJson), &body);
    let data = broken.text().split_terminator("\n\n").map(|event| &event["data: ".len()..]);
    assert_eq!(data.filter(|data| serde_json::from_str::<Value>(data).is_err()).count(), 2, "[DONE] and one");
}

#[test]
fn faults_of_the_answer_are_seen_by_the_client() {
    let body = prompt("hello");
    let answer = |kind| chat(&always(kind), &body);
    let check = |kind, status, retry_after: Option<&str>| {
        let answer = answer(kind);
        assert_eq!((answer.status, answer.header("retry-after")), (status, retry_after), "{kind}");
        assert!(answer.json()["error"]["message"].is_string());
    };
    check(FaultKind::TooMany, 429, None);
    check(FaultKind::TooManyRetryAfter, 429, Some("7"));
    check(FaultKind::ServerError, 500, None);
    check(FaultKind::Unavailable, 503, None);
    let html = answer(FaultKind::Html);
    assert_eq!((html.status, html.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(html.text().starts_with("<!DOCTYPE html>"));
    let broken = answer(FaultKind::BadJson);
    assert_eq!((broken.status, broken.header("content-type")), (200, Some("application/json")));
    assert!(serde_json::from_slice::<Value>(&broken.body).is_err());
}

#[test]
fn faults_of_the_model_are_seen_by_the_client() {
    let reply = |kind, body: &Value| chat(&always(kind), body).json()["choices"][0].take();
    for body in [prompt("hello"), with_tools("hello")] {
        let empty = reply(FaultKind::Empty, &body);
        assert_eq!(
            (&empty["message"]["content"], &empty["message"]["tool_calls"]),
            (&json!(""), &Value::Null)
        );
        let endless = reply(FaultKind::Endless, &body);
        assert_eq!(endless["message"]["content"].as_str().unwrap().len(), 2000);
        assert_eq!(endless["finish_reason"], "length");
        let mut limited = body.clone();
        limited["max_tokens"] = json!(100);
        let endless = reply(FaultKind::Endless, &limited);
        assert_eq!(endless["message"]["content"].as_str().unwrap().len(), 400);
    }
    let function = |kind| reply(kind, &with_tools("hello"))["message"]["tool_calls"][0]["function"].take();
    assert!(
        !["like_post", "create_post"].contains(&function(FaultKind::UnknownTool)["name"].as_str().unwrap())
    );
    for (i, schema) in
        [post_id_schema(), json!({ "type": "integer" }), json!({ "enum": ["a"] })].iter().enumerate()
    {
        let content =
            reply(FaultKind::BadArguments, &with_schema("hello", schema))["message"]["content"].take();
        assert!(serde_json::from_str::<Value>(content.as_str().unwrap()).is_err(), "{i}: {content}");
    }
    let arguments = function(FaultKind::BadArguments)["arguments"].take();
    assert!(serde_json::from_str::<Value>(arguments.as_str().unwrap()).is_err());
    let of_schema = |schema: &Value| {
        parsed(&reply(FaultKind::OutOfRange, &with_schema("hello", schema))["message"]["content"])
    };
    assert!(of_schema(&post_id_schema())["post"].as_i64().unwrap() > 5);
    assert!(of_schema(&json!({ "enum": [2, 9, 4] })).as_i64().unwrap() > 9);
}

#[test]
fn a_fault_leaves_alone_what_it_cannot_befall() {
    for kind in [FaultKind::BadArguments, FaultKind::UnknownTool, FaultKind::OutOfRange] {
        let (server, body) = (always(kind), prompt("hello"));
        assert_eq!(chat(&server, &body).body, chat(&plain(), &body).body, "{kind}");
        assert!(server.stats().faults.is_empty());
    }
}

#[test]
fn a_retry_may_succeed_and_every_server_deals_the_same_fates() {
    let life = |server: &MockServer, i: u32| {
        let body = prompt(&format!("request {i}"));
        let statuses = std::iter::repeat_with(|| try_chat(server, &body).map_or(0, |answer| answer.status));
        statuses.take(50).take_while(|&status| status != 200).collect::<Vec<u16>>()
    };
    let faults = Faults::default()
        .with(FaultKind::ServerError, 0.25)
        .with(FaultKind::TooMany, 0.15)
        .with(FaultKind::Cut, 0.1);
    let server = || start(MockConfig { faults: faults.clone(), ..MockConfig::default() });
    let (first, second) = (server(), server());
    let lives: Vec<Vec<u16>> = (0..60).map(|i| life(&first, i)).collect();
    let mut again: Vec<Vec<u16>> = (0..60).rev().map(|i| life(&second, i)).collect();
    again.reverse();
    assert_eq!(lives, again);
    assert!(lives.iter().all(|life| life.len() < 50));
    for status in [0, 429, 500] {
        assert!(lives.iter().flatten().any(|&found| found == status), "{status}");
    }
    let stats = first.stats();
    assert_eq!(stats.by_status[&200], 60);
    assert_eq!(stats.faults.values().sum::<u64>(), lives.iter().flatten().count() as u64);
}

/// The answers to `count` different requests that are sent at once.
fn at_once(server: &MockServer, count: u32) -> Vec<u16> {
    thread::scope(|scope| {
        let ask = |i| scope.spawn(move || chat(server, &prompt(&format!("request {i}"))).status);
        let asked: Vec<_> = (0..count).map(ask).collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn what_exceeds_slots_and_queue_is_answered_429() {
    let latency = Latency { base_ms: 800.0, ..Latency::default() };
    let server = start(MockConfig { slots: 2, queue: 3, latency, ..MockConfig::default() });
    let begin = Instant::now();
    let statuses = at_once(&server, 9);
    assert!(begin.elapsed() >= Duration::from_millis(3 * 800), "5 requests in 2 slots are 3 rounds");
    let count = |status| statuses.iter().filter(|&&found| found == status).count();
    assert_eq!((count(200), count(429)), (5, 4));
    let stats = wait_for(&server, |stats| stats.in_flight == 0);
    assert!((5..=9).contains(&stats.peak_in_flight));
    assert_eq!((stats.waiting, stats.running), (0, 0));
    assert!((stats.busy_slot_seconds - 5.0 * 0.8).abs() < 1e-6, "{stats:?}");
}

#[test]
fn a_full_server_loses_no_capacity_to_timers() {
    let latency = Latency { base_ms: 7.5, ..Latency::default() };
    let server = start(MockConfig { slots: 1, latency, ..MockConfig::default() });
    assert_eq!(at_once(&server, 40), [200; 40]);
    let stats = wait_for(&server, |stats| stats.in_flight == 0);
    assert!((stats.busy_slot_seconds - 40.0 * 0.0075).abs() < 1e-6, "{stats:?}");
}

#[test]
fn a_stream_takes_its_time_and_its_slot() {
    let latency = Latency { base_ms: 100.0, output_us: 20_000.0, ..Latency::default() };
    let server = start(MockConfig { latency, ..MockConfig::default() });
    let mut body = prompt("a stream");
    body["stream"] = json!(true);
    body["max_tokens"] = json!(5);
    let begin = Instant::now();
    chat(&server, &body).events();
    assert!(begin.elapsed() >= Duration::from_millis(200));
    let stats = wait_for(&server, |stats| stats.running == 0);
    assert!((stats.busy_slot_seconds - 0.2).abs() < 1e-6, "{stats:?}");
}

#[test]
fn a_client_that_goes_away_frees_its_slot() {
    let latency = Latency { base_ms: 3_600_000.0, ..Latency::default() };
    let server = start(MockConfig { slots: 1, latency, ..MockConfig::default() });
    let give_up = |i: u32| {
        let body = prompt(&format!("request {i}")).to_string();
        let patience = Duration::from_millis(200);
        call("POST", &server.url(), "/v1/chat/completions", "", &body, patience).unwrap_err();
    };
    thread::scope(|scope| {
        for i in 0..3 {
            scope.spawn(move || give_up(i));
        }
    });
    let stats = wait_for(&server, |stats| stats.in_flight == 0);
    assert_eq!((stats.abandoned, stats.waiting, stats.running), (3, 0, 0));
}

#[test]
fn a_dropped_server_listens_no_more() {
    let server = plain();
    let url = server.url();
    assert!(call("GET", &url, "/health", "", "", PATIENCE).is_ok());
    drop(server);
    let error = call("GET", &url, "/health", "", "", PATIENCE).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_configuration_that_cannot_be_is_refused() {
    let config = MockConfig { slots: 0, ..MockConfig::default() };
    assert!(matches!(MockServer::start(config), Err(MockError::Config(_))));
    let taken = plain();
    let address = taken.url()["http://".len()..].strip_suffix("/v1").unwrap().parse().unwrap();
    let error = MockServer::start(MockConfig { address, ..MockConfig::default() }).unwrap_err();
    assert!(error.to_string().contains("port 0 chooses a free one"), "{error}");
}

#[test]
fn the_embedding_client_gets_the_same_vectors_from_a_faulty_server() {
    let texts: Vec<String> = (0..40).map(|i| format!("text number {i} about tea and trains")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let embed = |faults: Faults, threads| {
        let api_key_env = Some(KEY_VARIABLE.to_owned());
        let server = start(MockConfig { faults, api_key_env, threads, ..MockConfig::default() });
        let config = json!({
            "url": server.url(), "model": "tiny", "dimensions": 32, "send_dimensions": true, "batch": 2,
            "concurrency": 20, "retries": 12, "timeout_seconds": 2, "api_key_env": KEY_VARIABLE
        });
        let client = EmbeddingClient::new(serde_json::from_value(config).unwrap()).unwrap();
        (client.embed(&texts).unwrap(), server.stats())
    };
    let (clean, stats) = embed(Faults::default(), 1);
    assert_eq!((stats.requests, stats.by_status[&200]), (20, 20));
    let mut faults = Faults::default();
    (faults.retry_after_seconds, faults.slow_ms) = (1, 100);
    let passing = [
        FaultKind::TooMany,
        FaultKind::TooManyRetryAfter,
        FaultKind::ServerError,
        FaultKind::Unavailable,
        FaultKind::Timeout,
        FaultKind::Cut,
        FaultKind::CutBody,
        FaultKind::Slow,
    ];
    for kind in passing {
        faults = faults.with(kind, 0.03);
    }
    let (vectors, stats) = embed(faults, 2);
    assert_eq!(clean, vectors);
    assert!(stats.faults.len() >= 2, "{stats:?}");
}
