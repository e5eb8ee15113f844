//! Runs that are stopped within a step go on as if nothing had happened, and ask for nothing twice.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use murmur_engine::{EngineError, Simulation};
use serde_json::Value;

use crate::desk::{Desk, copy_folder, first_15, sensible, sensible_server, to_end};
use crate::server::{Call, Server};

/// Everything that takes calls: looking around, repairs, ratings, summaries, surveys.
const ALL: &str = r#"
[prompt]
platform = "reddit"
[memory]
recent = 1
older = 6
relevant = 2
summary = "model"
[stance]
method = "model"
[[survey]]
name = "mood"
steps = [1, 2]
question = "Tea or rain?"
answer = { kind = "choice", choices = ["tea", "rain"] }
topic = "tea"
"#;

fn world(url: String) -> String {
    // One after the other, so that the request at which a run is stopped is that of the same call.
    first_15(url, "most_in_flight = 3") + ALL
}

/// What a request is known by: prompts repeat, but not with the same sampling seed.
fn name_of(call: &Call) -> String {
    call.body.to_string()
}

/// The requests of a run that is stopped when `stop_at` have been sent, those answered by then and those of the run that
/// goes on from there. Both runs come out alike.
fn check_stopped_at(stop_at: usize) {
    let desk = Arc::new(Desk::new());
    let is_copied = Arc::new(AtomicBool::new(false));
    let answered: Arc<Mutex<Vec<String>>> = Arc::default();
    let server = {
        let (run, copy) = (desk.path("run"), desk.path("killed"));
        let (is_copied, answered) = (is_copied.clone(), answered.clone());
        Server::start(move |call| {
            // They are counted one after the other here: in the order of their numbers they may come to this lock or not.
            let mut answered = answered.lock().unwrap();
            if is_copied.load(Ordering::SeqCst) {
                return sensible(call);
            }
            if answered.len() < stop_at {
                answered.push(name_of(call));
            } else {
                copy_folder(&run, &copy);
                is_copied.store(true, Ordering::SeqCst);
            }
            sensible(call)
        })
    };
    let config = desk.config(&world(server.url()), &["run.steps=7"]);
    let summary = desk.run(config, "run");
    assert!(is_copied.load(Ordering::SeqCst), "{} requests", server.calls().len());
    let all: Vec<String> = server.calls().iter().map(name_of).collect();
    let kept = desk.ledger("killed").len();
    // A few answers were on their way or not yet written down.
    assert!(kept <= stop_at && kept + 20 > stop_at, "{kept} of {stop_at}");

    let before = server.calls().len();
    let again = desk.resume("killed");
    let asked_again: Vec<String> = server.calls()[before..].iter().map(name_of).collect();
    assert_eq!(asked_again.len() + kept, before, "what is in the ledger is not asked again");
    let answered = answered.lock().unwrap();
    let twice = asked_again.iter().filter(|name| answered.contains(name)).count();
    assert!(twice <= stop_at - kept, "{twice} asked twice, {} were in flight", stop_at - kept);
    assert!(asked_again.iter().all(|name| all.contains(name)), "no other requests");
    assert_eq!(desk.digest("killed"), desk.digest("run"));
    assert_eq!(again, summary);
    assert_eq!(desk.ledger_lines("killed"), desk.ledger_lines("run"));
}

#[test]
fn a_run_killed_within_a_step_asks_only_for_what_was_in_flight() {
    // In the first step, in one with a survey and a checkpoint before it, and later.
    for stop_at in [4, 33, 60, 81] {
        check_stopped_at(stop_at);
    }
}

#[test]
fn a_run_of_every_purpose_has_calls_for_it() {
    let desk = Desk::new();
    let server = sensible_server();
    desk.run(desk.config(&world(server.url()), &["run.steps=7"]), "run");
    let calls = desk.table("run", "calls");
    for purpose in ["act", "repair", "rate", "summarize", "survey"] {
        let of_purpose: Vec<_> = calls.iter().filter(|call| call.text("purpose") == purpose).collect();
        assert!(of_purpose.len() > 3, "{purpose}");
        assert!(of_purpose.iter().any(|call| call.text("verdict") == "accepted"), "{purpose}");
    }
}

#[test]
fn a_finished_run_goes_on_for_more_steps_as_a_longer_one_would_have() {
    let desk = Desk::new();
    let server = sensible_server();
    desk.run(desk.config(&world(server.url()), &["run.steps=9"]), "long");
    let whole = server.calls().len();
    desk.run(desk.config(&world(server.url()), &["run.steps=6"]), "short");
    let opened = desk.opened("short").resume(Some(9)).unwrap();
    to_end(opened.simulation);
    assert_eq!(server.calls().len(), 2 * whole);
    assert_eq!(desk.digest("short"), desk.digest("long"));
    assert_eq!(desk.ledger_lines("short"), desk.ledger_lines("long"));
    // From any checkpoint, and without one, the state is the same: memories and costs too.
    let spent = |run: &str| desk.opened(run).at(None).unwrap().simulation.spent();
    let expected = spent("long");
    assert!(expected.tokens > 10_000);
    std::fs::remove_dir_all(desk.path("short/checkpoints")).unwrap();
    assert_eq!(spent("short"), expected);
    desk.opened("short").resume(Some(10)).map(|opened| to_end(opened.simulation)).unwrap();
    desk.opened("long").resume(Some(10)).map(|opened| to_end(opened.simulation)).unwrap();
    assert_eq!(desk.digest("short"), desk.digest("long"));
}

/// Runs of three steps and of four, the latter of which has replies to the last step's calls that `is_kept` holds for. Its
/// server is gone then, and it goes on: as if it had been killed before the step was committed.
fn three_of_four(desk: &Desk, more: &str, is_kept: impl Fn(usize, &Value) -> bool) -> Simulation {
    let server = sensible_server();
    let toml = first_15(server.url(), more) + ALL;
    desk.run(desk.config(&toml, &["run.steps=4"]), "run");
    desk.run(desk.config(&toml, &["run.steps=3"]), "shorter");
    drop(server);
    for entry in fs::read_dir(desk.path("run/replies")).unwrap() {
        let path = entry.unwrap().path();
        let lines = fs::read_to_string(&path).unwrap();
        let of_last = lines.split_inclusive('\n').filter(|line| line.starts_with("{\"step\":3,"));
        let kept =
            of_last.enumerate().filter(|(nth, line)| is_kept(*nth, &serde_json::from_str(line).unwrap()));
        let kept: String = kept.map(|(_, line)| line).collect();
        let to = desk.path("shorter/replies").join(path.file_name().unwrap());
        OpenOptions::new().append(true).create(true).open(to).unwrap().write_all(kept.as_bytes()).unwrap();
    }
    desk.opened("shorter").resume(Some(4)).unwrap_or_else(|error| panic!("{error}")).simulation
}

#[test]
fn what_was_answered_needs_no_server() {
    let desk = Desk::new();
    let summary = to_end(three_of_four(&desk, "", |_, _| true));
    assert_eq!(summary.models[0].failed, 0, "{summary:?}");
    assert_eq!(desk.digest("shorter"), desk.digest("run"));
}

#[test]
fn a_step_that_nobody_can_be_asked_for_waits_for_a_server() {
    let desk = Desk::new();
    let is_kept = |_, entry: &Value| entry["call"] == 0 && entry["agent"].as_u64().unwrap().is_multiple_of(2);
    let more = "patience_seconds = 0.3\nleast_in_flight = 1\nmost_in_flight = 1\n";
    let mut simulation = three_of_four(&desk, more, is_kept);
    let before = desk.ledger_lines("shorter");
    let error = simulation.step().unwrap_err();
    assert!(matches!(error, EngineError::ModelOutOfReach { .. }), "{error}");
    assert!(error.to_string().contains("Connection refused") && error.to_string().contains("murmur resume"));
    assert_eq!(desk.ledger_lines("shorter"), before, "nothing counts as failed that was not asked");
    drop(simulation);

    let server = sensible_server();
    let moved = format!("model.m.urls=[\"{}\"]", server.url()).parse().unwrap();
    let run = desk.opened("shorter").with_call_settings(&[moved]).unwrap();
    to_end(run.resume(None).unwrap().simulation);
    assert_eq!(desk.digest("shorter"), desk.digest("run"));
    let lines = desk.ledger_lines("shorter").len();
    assert_eq!(server.calls().len(), lines - before.len(), "what was answered stands");
}
