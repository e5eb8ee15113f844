//! Replies that make no sense, and calls without one: each is repaired once or fallen back upon, and told.

use std::collections::BTreeSet;

use murmur_engine::Summary;
use murmur_prompt::ReplyFault;
use serde_json::{Value, json};

use crate::desk::{Desk, Row, files_in, first_15, is_repair, model, says, sensible, sensible_server};
use crate::server::{Answer, Call, Server};

/// A finish reason and words that make no sense for a reason of each kind, in the Schema format.
fn bad_replies() -> Vec<(&'static str, &'static str, String)> {
    let actions = |actions: Value| json!({ "actions": actions }).to_string();
    let one = |action: Value| actions(json!([action]));
    let post = |text: &str| json!({ "action": "create_post", "text": text });
    vec![
        ("cut", "length", one(post("Half a"))),
        ("filtered", "content_filter", String::new()),
        ("empty", "stop", "  \n".to_owned()),
        ("not_json", "stop", "I would like post 1.".to_owned()),
        ("wrong_form", "stop", "{\"act\": []}".to_owned()),
        ("too_many_actions", "stop", actions(json!([post("a"), post("b"), post("c"), post("d")]))),
        ("not_on_menu", "stop", one(json!({ "action": "dance" }))),
        ("missing", "stop", one(json!({ "action": "like_post" }))),
        ("wrong_type", "stop", one(json!({ "action": "like_post", "number": "one" }))),
        ("not_shown", "stop", one(json!({ "action": "like_post", "number": 99 }))),
        ("empty_text", "stop", one(post("   "))),
        ("text_too_long", "stop", one(post(&"long ".repeat(300)))),
    ]
}

fn reply(finish: &str, text: &str) -> Answer {
    Answer::ok(json!({
        "choices": [{ "message": { "role": "assistant", "content": text }, "finish_reason": finish }],
        "usage": { "prompt_tokens": 10, "completion_tokens": 2 },
    }))
}

/// A run of three steps in a new folder.
fn run(server: &Server, more: &str) -> (Desk, Summary) {
    let desk = Desk::new();
    let toml = first_15(server.url(), "retries = 0\npatience_seconds = 0.05").replace("retries = 20\n", "");
    let summary = desk.run(desk.config(&format!("{toml}{more}"), &["run.steps=3"]), "run");
    (desk, summary)
}

/// The calls of each turn, in order.
fn turns(desk: &Desk) -> Vec<Vec<Row>> {
    let calls = desk.table("run", "calls");
    let same = |a: &Row, b: &Row| {
        a.number("step") == b.number("step") && a.number("agent_id") == b.number("agent_id")
    };
    calls.chunk_by(same).map(<[Row]>::to_vec).collect()
}

fn verdicts(turn: &[Row]) -> Vec<(&str, &str)> {
    turn.iter().map(|call| (call.text("purpose"), call.text("verdict"))).collect()
}

/// The tables of what happened in a run, as bytes.
fn happened(desk: &Desk, run: &str) -> Vec<Vec<u8>> {
    // The others tell of the calls.
    let mut files = files_in(&desk.path(run).join("tables"));
    files.retain(|path, _| {
        !["calls", "metrics"].iter().any(|table| path.ends_with(format!("{table}.parquet")))
    });
    files.into_values().collect()
}

#[test]
fn every_kind_of_bad_reply_is_repaired_once_then_fallen_back_upon_and_told() {
    for (kind, finish, text) in bad_replies() {
        let server = Server::start(move |_| reply(finish, &text));
        let (desk, summary) = run(&server, "");
        for turn in turns(&desk) {
            assert_eq!(verdicts(&turn), [("act", kind), ("repair", kind)]);
        }
        let model = &summary.models[0];
        assert!(model.turns > 20, "{model:?}");
        assert_eq!((model.turns, model.turns), (model.fallen_back, turns(&desk).len() as u64), "{kind}");
        assert_eq!(
            (model.calls, model.faulty, model.failed),
            (2 * model.turns, 2 * model.turns, 0),
            "{kind}"
        );
    }
    let all: BTreeSet<&str> = bad_replies().iter().map(|(kind, ..)| *kind).collect();
    // The rest is of other forms and of surveys.
    let others = ["no_action", "not_a_line", "unexpected", "no_choice", "not_on_scale"];
    assert_eq!(all.len() + others.len(), ReplyFault::KINDS);
}

#[test]
fn calls_without_a_reply_are_fallen_back_upon_at_once_and_told() {
    type Answers = fn(&Call) -> Answer;
    // Every second call fails, so that the server never counts as out of order.
    let failures: [(&str, Answers); 5] = [
        ("refused", |call| every_second(call, Answer::new(400, "{\"error\": {\"message\": \"no\"}}"))),
        ("overloaded", |call| every_second(call, Answer::new(500, "broken"))),
        ("malformed", |call| every_second(call, Answer::new(200, "<html>"))),
        ("cut", |call| every_second(call, Answer::Cut)),
        ("cut", |call| every_second(call, Answer::CutBody)),
    ];
    for (kind, answers) in failures {
        let server = Server::start(answers);
        let (desk, summary) = run(&server, "");
        let mut seen = BTreeSet::new();
        for turn in turns(&desk) {
            assert_eq!(turn.len(), 1);
            seen.insert(turn[0].text("verdict").to_owned());
        }
        assert!(seen.contains(kind) && seen.contains("accepted"), "{kind}: {seen:?}");
        let model = &summary.models[0];
        assert!(model.fallen_back > 3 && model.valid > 3, "{kind}: {model:?}");
        assert_eq!((model.turns, model.faulty), (model.valid + model.fallen_back, 0), "{kind}");
        assert_eq!(model.problems.values().sum::<u64>(), model.failed, "{kind}: {model:?}");
    }
}

fn every_second(call: &Call, failure: Answer) -> Answer {
    if call.number.is_multiple_of(2) {
        failure
    } else {
        reply("stop", "{\"actions\":[{\"action\":\"do_nothing\"}]}")
    }
}

#[test]
fn servers_that_are_out_of_order_or_set_up_wrongly_stop_the_run_before_the_step() {
    let check = |status: u16, part: &str| {
        let server = Server::start(move |_| Answer::new(status, "{\"error\": {\"message\": \"no\"}}"));
        let desk = Desk::new();
        let toml = first_15(server.url(), "patience_seconds = 0.5\n");
        let mut simulation = desk.begin(desk.config(&toml, &[]), "run");
        let error = loop {
            if let Err(error) = simulation.step() {
                break error.to_string();
            }
        };
        assert!(error.contains("model m: ") && error.contains(part) && error.contains("resume"), "{error}");
        let kept = desk.ledger("run");
        assert!(!kept.iter().any(|entry| entry.payload.get().contains("no_endpoint")));
    };
    check(401, "401");
    check(404, "404");
    check(503, "503");
}

#[test]
fn falling_back_on_behaviour_is_being_without_a_model() {
    let server = Server::start(|_| reply("stop", "Hm."));
    let (desk, summary) = run(&server, "");
    desk.run(desk.config("", &["run.steps=3"]), "without");
    assert!(summary.models[0].fallen_back > 20);
    assert_eq!(happened(&desk, "run"), happened(&desk, "without"));
    assert!(happened(&desk, "run").len() > 3);
}

#[test]
fn falling_back_on_nothing_is_reading_alone() {
    let server = Server::start(|_| reply("stop", "Hm."));
    let (desk, _) = run(&server, "[calls]\nfallback = \"nothing\"\n");
    let by_models = |table: &str| {
        let rows = desk.table("run", table);
        rows.iter().filter(|row| row.number("agent_id") < 15 && row.number("step") > 0).count()
    };
    assert_eq!(by_models("events"), 0);
    assert!(by_models("exposures") > 10);
}

#[test]
fn a_repair_shows_what_was_wrong_and_its_reply_counts() {
    let server = Server::start(|call| match is_repair(call) {
        true => sensible(call),
        false => says(call, "{\"actions\": [{\"action\": \"dance\"}]}"),
    });
    let (desk, summary) = run(&server, "");
    let model = &summary.models[0];
    assert_eq!(model.valid, 0);
    assert!(model.repaired > 10 && model.repaired + model.fallen_back == model.turns, "{model:?}");
    let repairs: Vec<Call> = server.calls().into_iter().filter(is_repair).collect();
    assert_eq!(repairs.len() as u64, model.turns);
    for call in repairs {
        let messages = call.body["messages"].as_array().unwrap();
        let roles: Vec<&str> = messages.iter().map(|message| message["role"].as_str().unwrap()).collect();
        assert_eq!(roles, ["system", "user", "assistant", "user"]);
        let said = |place: usize| messages[place]["content"].as_str().unwrap();
        assert!(said(2).contains("dance"));
        assert!(said(3).contains("there is no action \"dance\""), "{}", said(3));
    }
    let seeds: BTreeSet<u64> =
        server.calls().iter().map(|call| call.body["seed"].as_u64().unwrap()).collect();
    assert_eq!(seeds.len(), server.calls().len(), "each call is sampled by itself");
    drop(desk);
}

#[test]
fn a_server_that_does_not_know_the_form_is_asked_in_the_other() {
    let server = Server::start(|call| match call.body.get("response_format") {
        Some(_) => Answer::new(400, "{\"error\": {\"message\": \"response_format?\"}}"),
        None => says(call, "do_nothing"),
    });
    let (desk, summary) = run(&server, "");
    assert_eq!(summary.models[0].fallen_back, summary.models[0].turns, "it has one form only");
    drop(desk);
    let desk = Desk::new();
    let toml = first_15(server.url(), "fallback_format = \"lines\"");
    let summary = desk.run(desk.config(&toml, &["run.steps=3"]), "run");
    let model = &summary.models[0];
    assert_eq!((model.repaired, model.failed), (model.turns, model.turns), "{model:?}");
    for turn in turns(&desk) {
        assert_eq!(verdicts(&turn), [("act", "refused"), ("repair", "accepted")]);
    }
}

#[test]
fn every_active_agent_with_a_model_has_a_turn() {
    let server = sensible_server();
    let desk = Desk::new();
    let mut simulation = desk.begin(desk.config(&model("m", &[server.url()], ""), &[]), "run");
    let mut active = 0;
    while !simulation.is_finished() {
        active += simulation.step().unwrap().active;
    }
    let summary = simulation.finish().unwrap();
    assert_eq!(turns(&desk).len(), active);
    assert_eq!(summary.models[0].turns, active as u64);
    assert_eq!(desk.ledger("run").len() as u64, summary.models[0].calls);
    assert_eq!(server.calls().len() as u64, summary.models[0].calls);
}
