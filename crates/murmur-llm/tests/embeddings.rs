//! The embedding client against a server that answers as it is told to, well or badly.

mod server;

use std::time::{Duration, Instant};

use murmur_llm::{EmbeddingClient, EmbeddingError, EndpointConfig, MOST_TEXT_BYTES, ServerError};
use serde_json::{Value, json};

use server::{Answer, Call, Server};

const DIMENSIONS: usize = 16;

/// A variable that cargo sets for tests, in the place of a key: tests cannot set one of their own without unsafe code.
const KEY_VARIABLE: &str = "CARGO_MANIFEST_DIR";
const KEY: &str = env!("CARGO_MANIFEST_DIR");

fn config(server: &Server) -> EndpointConfig {
    let config = json!({ "url": server.url(), "model": "tiny", "dimensions": DIMENSIONS, "retries": 0 });
    serde_json::from_value(config).unwrap()
}

fn embed(config: EndpointConfig, texts: &[&str]) -> Result<Vec<Box<[f32]>>, EmbeddingError> {
    EmbeddingClient::new(config).unwrap().embed(texts)
}

/// The vector that the server has for a text, not of unit length.
fn raw_vector(text: &str) -> Vec<f64> {
    let sum: usize = text.bytes().map(usize::from).sum();
    (0..DIMENSIONS).map(|i| ((sum + 7 * i * text.len()) % 23) as f64 - 11.5).collect()
}

fn unit_vector(text: &str) -> Box<[f32]> {
    let raw = raw_vector(text);
    let length = raw.iter().map(|x| x * x).sum::<f64>().sqrt();
    raw.iter().map(|x| (x / length) as f32).collect()
}

fn item(index: usize, text: &str) -> Value {
    json!({ "object": "embedding", "index": index, "embedding": raw_vector(text) })
}

fn items(call: &Call) -> Vec<Value> {
    call.texts().iter().enumerate().map(|(index, text)| item(index, text)).collect()
}

fn well(call: &Call) -> Answer {
    Answer::ok(json!({ "object": "list", "data": items(call), "model": "tiny", "usage": {} }))
}

/// The error that `answer` makes of a request with two texts, which may be sent once only.
fn error_of(answer: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> EmbeddingError {
    let server = Server::start(answer);
    let error = embed(config(&server), &["first text", "second text"]).unwrap_err();
    assert_eq!(server.calls().len(), 1, "{error}");
    error
}

/// The error that an answer with this content makes.
fn error_of_body(body: &str) -> EmbeddingError {
    let body = body.to_owned();
    error_of(move |_| Answer::new(200, body.clone()))
}

/// An answer for two texts, the second one's vector written as `json`.
fn with_second_vector(json: &str) -> String {
    format!(r#"{{"data": [{}, {{"index": 1, "embedding": {json}}}]}}"#, item(0, "first text"))
}

#[test]
fn vectors_are_those_of_the_texts_at_unit_length_and_in_their_order() {
    let server = Server::start(|call| {
        let mut items = items(call);
        items.rotate_left(1);
        let early = 40_u64.saturating_sub(5 * call.number as u64);
        Answer::ok(json!({ "data": items })).after(Duration::from_millis(early))
    });
    let texts: Vec<String> = (0..50).map(|i| format!("text number {i} {}", "é".repeat(i))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = embed(EndpointConfig { batch: 3, ..config(&server) }, &texts).unwrap();
    assert_eq!(vectors, texts.iter().map(|text| unit_vector(text)).collect::<Vec<_>>());

    let calls = server.calls();
    assert_eq!(calls.len(), 17);
    assert!(calls.iter().all(|call| call.texts().len() <= 3));
    for call in calls {
        assert_eq!(call.path, "/v1/embeddings");
        assert_eq!(call.body["model"], "tiny");
        assert_eq!(call.body["encoding_format"], "float");
        assert_eq!(call.body.get("dimensions"), None);
        assert_eq!(call.header("authorization"), None);
    }
}

#[test]
fn requests_in_flight_reach_the_limit_and_never_exceed_it() {
    let server = Server::start(|call| well(call).after(Duration::from_millis(30)));
    let texts = vec!["text"; 20];
    embed(EndpointConfig { batch: 1, concurrency: 3, ..config(&server) }, &texts).unwrap();
    assert_eq!((server.calls().len(), server.most_in_flight()), (20, 3));
}

#[test]
fn items_without_an_index_are_in_the_order_of_the_texts() {
    let server = Server::start(|call| {
        let vectors = call.texts().into_iter().map(|text| json!({ "embedding": raw_vector(&text) }));
        Answer::ok(json!({ "data": vectors.collect::<Vec<_>>() }))
    });
    assert_eq!(embed(config(&server), &["a", "bc"]).unwrap(), [unit_vector("a"), unit_vector("bc")]);
}

#[test]
fn blank_texts_are_never_sent_and_have_the_zero_vector() {
    let server = Server::start(well);
    let zero: Box<[f32]> = vec![0.0; DIMENSIONS].into();
    let vectors = embed(config(&server), &["", "word", " \n\t"]).unwrap();
    assert_eq!(vectors, [zero.clone(), unit_vector("word"), zero.clone()]);
    assert_eq!(server.calls()[0].texts(), ["word"]);

    assert_eq!(embed(config(&server), &[" ", ""]).unwrap(), [zero.clone(), zero]);
    assert!(embed(config(&server), &[]).unwrap().is_empty());
    assert_eq!(server.calls().len(), 1);
}

#[test]
fn of_a_long_text_the_beginning_is_sent() {
    let server = Server::start(well);
    let long = "ü".repeat(500_000);
    embed(config(&server), &[&long]).unwrap();
    assert_eq!(server.calls()[0].texts(), ["ü".repeat(MOST_TEXT_BYTES / 2)]);
}

#[test]
fn a_zero_vector_stays_zero() {
    let server = Server::start(|_| Answer::ok(json!({ "data": [{ "embedding": vec![0; DIMENSIONS] }] })));
    assert!(embed(config(&server), &["word"]).unwrap()[0].iter().all(|&x| x == 0.0));
}

#[test]
fn shorter_vectors_are_asked_for_where_configured() {
    let server = Server::start(well);
    embed(EndpointConfig { send_dimensions: true, ..config(&server) }, &["word"]).unwrap();
    assert_eq!(server.calls()[0].body["dimensions"], DIMENSIONS);
}

#[test]
fn overload_is_waited_out_for_as_long_as_the_server_asks() {
    for status in [429, 503] {
        let server = Server::start(move |call| match call.number {
            0 => Answer::new(status, "slow down").header("Retry-After", "1"),
            _ => well(call),
        });
        let began = Instant::now();
        let vectors = embed(EndpointConfig { retries: 1, ..config(&server) }, &["word"]).unwrap();
        assert_eq!(vectors, [unit_vector("word")]);
        assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
        assert_eq!(server.calls().len(), 2);
    }
}

#[test]
fn passing_failures_are_tried_again() {
    for failure in [Answer::new(408, ""), Answer::new(500, ""), Answer::Cut, Answer::CutBody] {
        let name = format!("{failure:?}");
        let server = Server::start(move |call| match call.number {
            0 => failure.clone(),
            _ => well(call),
        });
        let vectors = embed(EndpointConfig { retries: 1, ..config(&server) }, &["word"]).unwrap();
        assert_eq!(vectors, [unit_vector("word")], "{name}");
        assert_eq!(server.calls().len(), 2, "{name}");
    }
}

#[test]
fn failures_that_do_not_pass_are_an_error_with_the_number_of_attempts() {
    let server = Server::start(|_| Answer::new(500, "out of memory\n"));
    let error = embed(EndpointConfig { retries: 1, ..config(&server) }, &["word"]).unwrap_err();
    assert_eq!(server.calls().len(), 2);
    let expected = "failed 2 times, the last time so: it answered 500 Internal Server Error: out of memory";
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn a_slow_answer_is_a_failure() {
    let server = Server::start(|call| well(call).after(Duration::from_millis(600)));
    let error = embed(EndpointConfig { timeout_seconds: 0.2, ..config(&server) }, &["word"]).unwrap_err();
    assert!(
        error.to_string().ends_with("failed 1 times, the last time so: no answer within 0.2 s"),
        "{error}"
    );
}

#[test]
fn nobody_there_is_a_failure() {
    let server = Server::start(well);
    let config = config(&server);
    drop(server);
    let error = embed(config, &["word"]).unwrap_err();
    assert!(matches!(&error, EmbeddingError::Server(ServerError::GaveUp { attempts: 1, .. })), "{error:?}");
    assert!(error.to_string().contains("Connection refused"), "{error}");
}

#[test]
fn a_connection_closed_between_two_calls_costs_no_attempt() {
    let server = Server::start(|call| well(call).then_close());
    let client = EmbeddingClient::new(config(&server)).unwrap();
    for _ in 0..3 {
        client.embed(&["a", "b"]).unwrap();
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(server.calls().len(), 3);
}

#[test]
fn what_is_no_number_is_an_error_that_names_the_text() {
    let good = raw_vector("second text");
    for bad in ["NaN", "-Infinity", "nan", "null", "1e999", "1e39", "\"3\"", "[1]"] {
        let mut numbers: Vec<String> = good.iter().map(f64::to_string).collect();
        numbers[5] = bad.to_owned();
        let error = error_of_body(&with_second_vector(&format!("[{}]", numbers.join(","))));
        assert!(error.to_string().starts_with("the vector of \"second text\" is not all numbers"), "{error}");
    }
    let error = error_of_body(&with_second_vector("\"AAAAAA==\""));
    assert!(matches!(error, EmbeddingError::NotNumbers { .. }), "{error:?}");
}

#[test]
fn a_long_text_is_named_by_its_first_60_characters() {
    let server = Server::start(|_| Answer::ok(json!({ "data": [{ "embedding": [null] }] })));
    let error = embed(config(&server), &["ä".repeat(100).as_str()]).unwrap_err();
    assert!(error.to_string().starts_with(&format!("the vector of \"{}…\"", "ä".repeat(60))), "{error}");
}

#[test]
fn vectors_of_another_length_are_an_error_with_both_and_the_key() {
    let check = |found: usize, remedy: &str| {
        let vector = serde_json::to_string(&vec![1; found]).unwrap();
        let error = error_of_body(&with_second_vector(&vector)).to_string();
        assert_eq!(
            error,
            format!("the model gives vectors of {found} numbers, embedder.dimensions is 16: {remedy}")
        );
    };
    check(384, "set it to 384");
    check(0, "use a model whose vectors have a multiple of 8");
    check(15, "use a model whose vectors have a multiple of 8");
}

#[test]
fn anything_but_one_vector_for_each_text_is_an_error() {
    let check = |indices: &'static [usize], expected: &str| {
        let error = error_of(move |_| {
            let items: Vec<Value> = indices.iter().map(|&index| item(index, "text")).collect();
            Answer::ok(json!({ "data": items }))
        });
        assert!(error.to_string().contains(expected), "{error}");
    };
    check(&[0], "answered with 1 vectors for 2 texts");
    check(&[], "answered with 0 vectors for 2 texts");
    check(&[0, 1, 1], "answered with 3 vectors for 2 texts");
    check(&[1, 1], "answered with index 1, which another vector has too");
    check(&[0, 2], "answered with index 2, beyond the texts of the request");
}

#[test]
fn what_is_no_list_of_vectors_is_an_error_with_its_beginning() {
    let check = |body: &str| {
        let error = error_of_body(body);
        assert!(matches!(error, EmbeddingError::NotVectors { .. }), "{error:?}");
        let beginning: String = body.chars().take(200).collect();
        assert!(error.to_string().contains(&beginning), "{error}");
        assert!(error.to_string().len() < 450, "{error}");
    };
    check("");
    check("<html><body>Bad Gateway</body></html>");
    check(&"x".repeat(1_000_000));
    check(r#"{"error": {"message": "model is still loading"}}"#);
    check(r#"{"data": [{"index": 0, "embedding": [1, 2"#);
    check(r#"{"data": [{"index": -1, "embedding": []}]}"#);
    check(&"[".repeat(100_000));
    let latin1 = error_of(|_| Answer::new(200, b"caf\xE9".to_vec()));
    assert!(matches!(latin1, EmbeddingError::NotVectors { .. }), "{latin1:?}");
}

#[test]
fn an_endless_answer_is_cut_off() {
    let error = error_of(|_| Answer::Endless);
    assert!(error.to_string().contains("answered with more than 256 MiB"), "{error}");
}

/// Bytes of a good answer are overwritten at random: what comes of it is an error or vectors of unit length.
#[test]
fn a_damaged_answer_never_panics() {
    let server = Server::start(|call| {
        let mut body = serde_json::to_vec(&json!({ "data": items(call) })).unwrap();
        let mut state = call.number as u64 + 1;
        for _ in 0..1 + call.number % 3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let place = (state >> 33) as usize % body.len();
            body[place] = b"0N[]{}\",:-e.\xFF"[(state >> 20) as usize % 13];
        }
        Answer::new(200, body)
    });
    let client = EmbeddingClient::new(config(&server)).unwrap();
    let (mut good, mut bad) = (0, 0);
    for _ in 0..400 {
        match client.embed(&["first text", "second text"]) {
            Ok(vectors) => {
                good += 1;
                let square = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>();
                assert!(vectors.iter().all(|v| v.len() == DIMENSIONS && (square(v) - 1.0).abs() < 1e-5));
            }
            Err(_) => bad += 1,
        }
    }
    assert!(good > 20 && bad > 20, "{good} good, {bad} bad");
}

#[test]
fn refusals_are_not_tried_again_and_say_what_to_do() {
    let check = |status: u16, expected: &str| {
        let server = Server::start(move |_| Answer::new(status, "because"));
        let error = embed(EndpointConfig { retries: 3, ..config(&server) }, &["word"]).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(server.calls().len(), 1);
    };
    check(400, "refused the request (400). It said: because");
    check(422, "refused the request (422). It said: because");
    check(404, "the base URL should end in /v1");
    check(401, "answered 401: it wants a key; name the environment variable that holds it in api_key_env");
    check(403, "answered 403: it wants a key");
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Server::start(well);
    let url = format!("{}/embeddings", elsewhere.url());
    let server = Server::start(move |_| Answer::new(307, "").header("Location", &url));
    let config = EndpointConfig { api_key_env: Some(KEY_VARIABLE.into()), ..config(&server) };
    let error = embed(config, &["word"]).unwrap_err();
    assert!(error.to_string().contains("a redirect to \"http://127.0.0.1"), "{error}");
    assert!(elsewhere.calls().is_empty());
}

#[test]
fn the_key_is_sent_and_never_shown() {
    let check = |answer: Answer| {
        let name = format!("{answer:?}");
        let server = Server::start(move |_| answer.clone());
        let config = EndpointConfig { api_key_env: Some(KEY_VARIABLE.into()), ..config(&server) };
        let client = EmbeddingClient::new(config).unwrap();
        let error = client.embed(&["word"]).unwrap_err();
        assert_eq!(server.calls()[0].header("authorization"), Some(format!("Bearer {KEY}").as_str()));
        for shown in [error.to_string(), format!("{error:?}"), format!("{client:?}")] {
            assert!(!shown.contains(KEY), "{name}: {shown}");
        }
        error
    };
    for status in [401, 403] {
        let error = check(Answer::new(status, format!("{KEY} is no key of ours")));
        let expected = format!("it refuses the key in the environment variable {KEY_VARIABLE}");
        assert!(error.to_string().ends_with(&expected), "{error}");
    }
    for status in [200, 400, 404, 429, 500] {
        let error = check(Answer::new(status, format!("what is {KEY}?")));
        assert!(error.to_string().contains("what is [key]?"), "{error}");
    }
    check(Answer::new(302, "").header("Location", &format!("http://127.0.0.1/{KEY}")));
    check(Answer::ok(json!({ "data": KEY })));
    check(Answer::ok(json!({ "data": [{ "embedding": [KEY] }] })));
}

#[test]
fn a_missing_key_and_a_bad_configuration_are_known_before_anything_is_sent() {
    let server = Server::start(well);
    let error = |config| EmbeddingClient::new(config).unwrap_err().to_string();
    let api_key_env = Some("MURMUR_TEST_NO_SUCH_VARIABLE".to_owned());
    assert_eq!(
        error(EndpointConfig { api_key_env, ..config(&server) }),
        "the environment variable MURMUR_TEST_NO_SUCH_VARIABLE is not set: put the server's key into it"
    );
    assert_eq!(
        error(EndpointConfig { batch: 0, ..config(&server) }),
        "embedder.batch: expected a number from 1 to 2048, found 0"
    );
    assert!(
        error(EndpointConfig { url: "localhost:80".into(), ..config(&server) }).starts_with("embedder.url")
    );
    assert!(server.calls().is_empty());
}
