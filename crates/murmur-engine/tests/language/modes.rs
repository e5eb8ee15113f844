//! Where replies come from: servers, other runs, files.

use std::fs;
use std::path::PathBuf;

use murmur_engine::{BatchTaken, EngineError, Simulation};
use murmur_llm::Spent;
use serde_json::{Value, json};

use crate::desk::{Desk, completion, first_15, sensible_server, to_end, words_of};
use crate::server::Server;

/// The small world with calls as `calls` says.
fn world(server: &Server, calls: &str) -> String {
    let more = "prices = { input = 1.0, output = 2.0 }";
    format!("{}\n[prompt]\nplatform = \"reddit\"\n[calls]\n{calls}\n", first_15(server.url(), more))
}

/// A run of five steps in `live`.
fn live(desk: &Desk, server: &Server) -> usize {
    desk.run(desk.config(&world(server, ""), &[]), "live");
    server.calls().len()
}

#[test]
fn a_cache_asks_only_for_what_no_other_run_has() {
    let desk = Desk::new();
    let server = sensible_server();
    let asked = live(&desk, &server);
    let cached = world(&server, "mode = \"cache\"\nfrom = [\"live\"]");
    let mut simulation = desk.begin(desk.config(&cached, &["run.steps=7"]), "cached");
    for _ in 0..5 {
        simulation.step().unwrap();
    }
    assert_eq!(server.calls().len(), asked);
    assert_eq!(simulation.spent(), Spent::default(), "what another run has paid for costs nothing");
    drop(simulation);
    // Stopped and gone on with, nothing is asked or paid for either.
    let mut simulation = desk.opened("cached").resume(None).unwrap().simulation;
    assert_eq!((server.calls().len(), simulation.spent()), (asked, Spent::default()));
    simulation.step().unwrap();
    let in_sixth = server.calls().len() - asked;
    assert!(in_sixth > 5 && simulation.spent().tokens > 0);
    to_end(simulation);
    assert_eq!(desk.ledger("cached").len(), server.calls().len());

    desk.run(desk.config(&world(&server, ""), &["run.steps=7"]), "long");
    assert_eq!(desk.digest("cached"), desk.digest("long"));
    assert_eq!(desk.replay("cached", None).unwrap(), desk.replay("long", None).unwrap());

    // From several runs, and with nothing that they have.
    let count = server.calls().len();
    let both = world(&server, "mode = \"cache\"\nfrom = [\"live\", \"long\"]");
    desk.run(desk.config(&both, &["run.steps=7"]), "both");
    assert_eq!(server.calls().len(), count);
    desk.run(desk.config(&both, &["run.steps=1", "prompt.posts=3", "run.seed=12"]), "other seed");
    assert_eq!(server.calls().len() - count, desk.ledger("other seed").len());
}

#[test]
fn a_replay_of_other_ledgers_asks_nothing_and_tells_what_is_missing() {
    let desk = Desk::new();
    let server = sensible_server();
    live(&desk, &server);
    let replayed = world(&server, "mode = \"replay\"\nfrom = [\"live\"]");
    drop(server);
    desk.run(desk.config(&replayed, &[]), "again");
    assert_eq!(desk.digest("again"), desk.digest("live"));

    let mut simulation = desk.begin(desk.config(&replayed, &["run.steps=6"]), "long");
    for _ in 0..5 {
        simulation.step().unwrap();
    }
    let error = simulation.step().unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, EngineError::NotInLedgers { .. }), "{said}");
    let live = desk.path("live");
    for part in
        ["step 5, agent ", "no reply to the request", live.to_str().unwrap(), "calls.mode = \"cache\""]
    {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn a_run_to_take_replies_from_must_be_there() {
    let desk = Desk::new();
    let server = sensible_server();
    for mode in ["cache", "replay"] {
        let toml = world(&server, &format!("mode = {mode:?}\nfrom = [\"nowhere\"]"));
        let mut simulation = Simulation::new(desk.config(&toml, &[])).unwrap();
        let error = simulation.record_to(&desk.path("run")).unwrap_err();
        let said = error.to_string();
        assert!(said.contains("calls.from") && said.contains("nowhere"), "{said}");
        assert!(error.is_bad_input() && !desk.path("run").exists(), "{said}");
    }
    assert_eq!(server.calls().len(), 0);
}

/// The line of results for a line of requests.
fn result_of(request: &str) -> String {
    let request: Value = serde_json::from_str(request).unwrap();
    let body = &request["body"];
    let body = completion(body, &words_of(body));
    let response = json!({ "status_code": 200, "request_id": "r", "body": body });
    json!({ "id": "b", "custom_id": request["custom_id"], "response": response, "error": null }).to_string()
}

/// Answers requests in files with a file of results.
fn answer(desk: &Desk, files: &[PathBuf]) -> PathBuf {
    let requests: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let results: Vec<String> = requests.lines().map(result_of).collect();
    let path = desk.path("results.jsonl");
    // Results come in any order, and the file may end without an end of line.
    fs::write(&path, results.into_iter().rev().collect::<Vec<_>>().join("\n")).unwrap();
    path
}

/// What every call may be for.
const ALL: &str = r#"
[memory]
recent = 1
older = 6
relevant = 2
summary = "model"
[stance]
method = "model"
[[survey]]
name = "mood"
steps = [1]
question = "Tea or rain?"
answer = { kind = "choice", choices = ["tea", "rain"] }
"#;

#[test]
fn a_run_in_batches_is_the_same_as_a_live_one() {
    let desk = Desk::new();
    let server = sensible_server();
    let live = desk.run(desk.config(&(world(&server, "") + ALL), &[]), "live");
    let asked = server.calls().len();
    let config = desk.config(&(world(&server, "mode = \"batch\"") + ALL), &[]);
    let mut simulation = desk.begin(config, "batched");
    let (mut rounds, mut replies) = (0, 0);
    let summary = loop {
        let error = loop {
            if simulation.is_finished() {
                break None;
            }
            if let Err(error) = simulation.step() {
                break Some(error);
            }
        };
        let Some(error) = error else { break simulation.finish().unwrap() };
        let said = error.to_string();
        let EngineError::AwaitsBatch { step, count, files, .. } = error else { panic!("{said}") };
        assert!(said.contains("murmur batch") && said.contains("murmur resume"), "{said}");
        assert_eq!(step, simulation.next_step());
        simulation.keep_checkpoint().unwrap();
        drop(simulation);
        let taken = desk.opened("batched").take_batch(&[answer(&desk, &files)]).unwrap();
        assert_eq!(taken, BatchTaken { replies: count, ..BatchTaken::default() });
        (rounds, replies) = (rounds + 1, replies + count);
        simulation = desk.opened("batched").resume(None).unwrap().simulation;
    };
    assert!(rounds > 10, "{rounds} rounds: each step has several");
    assert_eq!((replies, server.calls().len()), (asked, asked));
    assert_eq!(desk.digest("batched"), desk.digest("live"));
    assert_eq!(desk.ledger_lines("batched"), desk.ledger_lines("live"));
    assert_eq!(summary, live);
    let spent = |run| desk.opened(run).at(None).unwrap().simulation.spent();
    assert!(spent("live").money_nanos > 0);
    assert_eq!(spent("batched"), spent("live"), "what was paid for once is counted once");
}

#[test]
fn results_may_come_in_parts_and_what_failed_in_passing_is_asked_again() {
    let desk = Desk::new();
    let server = sensible_server();
    let mut simulation = desk.begin(desk.config(&world(&server, "mode = \"batch\""), &[]), "run");
    let EngineError::AwaitsBatch { files, count, .. } = simulation.step().unwrap_err() else { panic!() };
    drop(simulation);
    let results = fs::read_to_string(answer(&desk, &files)).unwrap();
    let mut results: Vec<&str> = results.lines().collect();
    let expired = "{\"custom_id\": ID, \"response\": null, \"error\": {\"code\": \"batch_expired\", \"message\": \"late\"}}";
    let of_first: Value = serde_json::from_str(results[0]).unwrap();
    let expired = expired.replace("ID", &of_first["custom_id"].to_string());
    results[0] = &expired;
    let take = |results: &[&str]| {
        let path = desk.path("part.jsonl");
        fs::write(&path, results.join("\n\n")).unwrap();
        desk.opened("run").take_batch(&[path])
    };
    assert_eq!(
        take(&results[..3]).unwrap(),
        BatchTaken { replies: 2, to_ask_again: 1, ..BatchTaken::default() }
    );
    let mut simulation = desk.opened("run").resume(None).unwrap().simulation;
    let EngineError::AwaitsBatch { count: left, files, .. } = simulation.step().unwrap_err() else {
        panic!()
    };
    assert_eq!(left, count - 2);
    assert_eq!(fs::read_to_string(&files[0]).unwrap().lines().count(), left);
    drop(simulation);
    // What was taken stands.
    let rest = BatchTaken { replies: count - 3, to_ask_again: 1, known: 2, ..BatchTaken::default() };
    assert_eq!(take(&results).unwrap(), rest);
    let mut simulation = desk.opened("run").resume(None).unwrap().simulation;
    while let Err(EngineError::AwaitsBatch { files, .. }) = simulation.step() {
        drop(simulation);
        desk.opened("run").take_batch(&[answer(&desk, &files)]).unwrap();
        simulation = desk.opened("run").resume(None).unwrap().simulation;
    }
    let models = simulation.summary().models;
    assert_eq!((models[0].failed, models[0].turns), (0, count as u64), "{models:?}");
}

#[test]
fn results_that_are_none_of_the_run_are_refused_whole() {
    let desk = Desk::new();
    let server = sensible_server();
    let mut simulation = desk.begin(desk.config(&world(&server, "mode = \"batch\""), &[]), "run");
    let EngineError::AwaitsBatch { files, .. } = simulation.step().unwrap_err() else { panic!() };
    drop(simulation);
    let results = answer(&desk, &files);
    let good = fs::read_to_string(&results).unwrap();
    let hash = "0".repeat(32);
    let check = |line: &str, part: &str| {
        fs::write(&results, format!("{good}\n{line}\n")).unwrap();
        let error = desk.opened("run").take_batch(std::slice::from_ref(&results)).unwrap_err();
        let said = error.to_string();
        let line = format!("results.jsonl: line {}", good.lines().count() + 1);
        assert!(said.contains(part) && said.contains(&line) && error.is_bad_input(), "{said}");
        assert_eq!(desk.ledger("run").len(), 0, "nothing is taken");
    };
    let with_id =
        |id: &str| format!("{{\"custom_id\": {id:?}, \"response\": null, \"error\": {{\"code\": \"x\"}}}}");
    check("{", "expected a line of batch results");
    check(&with_id("request-1"), "expected one of the requests in");
    check(&with_id(&format!("0-1-0-7-{hash}")), "a result of another run");
}
