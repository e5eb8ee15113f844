//! Runs that are carried out again, and forks: what a ledger holds is all that is needed, and is not to be changed.

use std::fs;

use murmur_core::Step;
use murmur_engine::ForkRequest;
use murmur_journal::{Durability, LedgerEntry, ReplyLedger};
use serde_json::value::RawValue;

use crate::desk::{Desk, first_15, sensible_server, to_end};

#[test]
fn a_replay_calls_nobody_and_has_the_same_ledger() {
    let desk = Desk::new();
    let server = sensible_server();
    let summary =
        desk.run(desk.config(&first_15(server.url(), "prices = { input = 1.0, output = 2.0 }"), &[]), "run");
    let asked = server.calls().len();
    drop(server);
    assert!(asked > 50 && summary.models[0].repaired > 0, "{summary:?}");
    assert_eq!(desk.replay("run", None).unwrap(), summary);
    assert_eq!(desk.replay("run", Some("again")).unwrap(), summary);
    assert_eq!(desk.digest("again"), desk.digest("run"));
    assert_eq!(desk.ledger_lines("again"), desk.ledger_lines("run"));
    assert_eq!(desk.ledger_lines("again").len(), asked);
    let spent = |run| desk.opened(run).at(None).unwrap().simulation.spent();
    assert!(spent("run").money_nanos > 0);
    assert_eq!(spent("again"), spent("run"));
    assert!(!desk.path("again/telemetry").exists(), "nobody was called");
}

#[test]
fn a_replay_is_not_stopped_by_the_budgets_of_the_run() {
    let desk = Desk::new();
    let server = sensible_server();
    let toml = first_15(server.url(), "")
        + "[calls]\nstep_budget = { tokens = 1500 }\nrun_budget = { tokens = 9000 }\n";
    let summary = desk.run(desk.config(&toml, &[]), "run");
    assert!(summary.models[0].failed > 10, "{summary:?}");
    let mut again = desk.opened("run").replay(None).unwrap().simulation;
    for _ in 0..5 {
        assert!(!again.step().unwrap().budget_spent && !again.run_budget_is_spent());
    }
    assert_eq!(again.finish().unwrap(), summary);
}

/// A ledger of the same entries, each as `change` makes it, or not at all.
fn rewrite(desk: &Desk, run: &str, change: impl Fn(LedgerEntry) -> Option<LedgerEntry>) {
    let entries = desk.ledger(run);
    fs::remove_dir_all(desk.path(run).join("replies")).unwrap();
    let mut ledger = ReplyLedger::open(&desk.path(run), Durability::AtSync).unwrap();
    for entry in entries {
        let shard = (entry.key.agent.0 % 3) as u8;
        if let Some(entry) = change(entry) {
            ledger.append(shard, &entry).unwrap();
        }
    }
}

/// A replay from the changed ledger fails, and says all `parts`.
fn check_tampered(change: impl Fn(LedgerEntry) -> Option<LedgerEntry>, parts: &[&str]) {
    let desk = Desk::new();
    let server = sensible_server();
    desk.run(desk.config(&first_15(server.url(), ""), &[]), "run");
    rewrite(&desk, "run", change);
    let said = desk.replay("run", None).unwrap_err().to_string();
    for part in parts {
        assert!(said.contains(part), "expected {part:?} in: {said}");
    }
}

/// The third step's first entry.
fn is_picked(entry: &LedgerEntry) -> bool {
    entry.key.step == Step(2) && entry.key.call == 0 && entry.key.agent.0 < 3
}

#[test]
fn a_changed_ledger_is_told_with_its_place() {
    let same = |entry| Some(entry);
    let changed = |entry: LedgerEntry| match is_picked(&entry) {
        true => Some(LedgerEntry { hash: entry.hash + 1, ..entry }),
        false => same(entry),
    };
    check_tampered(changed, &["step 2", "table calls", "agent", "call 0: the request was"]);
    let missing = |entry: LedgerEntry| if is_picked(&entry) { None } else { same(entry) };
    check_tampered(missing, &["step 2", "table calls", "agent", "call 0: no reply in the ledger"]);
    let other_words = |entry: LedgerEntry| {
        let payload =
            entry.payload.get().replace("create_post", "do_nothing").replace("like_post", "do_nothing");
        Some(LedgerEntry { payload: RawValue::from_string(payload).unwrap(), ..entry })
    };
    check_tampered(other_words, &["step 0", "comes out differently"]);
    let no_reply = |entry: LedgerEntry| {
        Some(LedgerEntry { payload: RawValue::from_string("{\"model\":\"m\"}".into()).unwrap(), ..entry })
    };
    check_tampered(no_reply, &["replies/", "expected a reply or a failure"]);
}

#[test]
fn a_damaged_line_is_told_with_its_file() {
    let desk = Desk::new();
    let server = sensible_server();
    desk.run(desk.config(&first_15(server.url(), ""), &[]), "run");
    let file = fs::read_dir(desk.path("run/replies")).unwrap().next().unwrap().unwrap().path();
    let lines = fs::read_to_string(&file).unwrap();
    fs::write(&file, lines.replacen("\"agent\":", "\"agent\":1", 1)).unwrap();
    let said = desk.replay("run", None).unwrap_err().to_string();
    assert!(said.contains(file.file_name().unwrap().to_str().unwrap()) && said.contains("line 1"), "{said}");
}

#[test]
fn a_fork_takes_the_replies_it_shares_and_asks_for_the_rest() {
    let desk = Desk::new();
    let server = sensible_server();
    desk.run(desk.config(&first_15(server.url(), ""), &[]), "run");
    let before = server.calls().len();
    let fork = |at: u32, settings: &[String], out: &str| {
        let overrides: Vec<_> = settings.iter().map(|setting| setting.parse().unwrap()).collect();
        let out = desk.path(out);
        let request = ForkRequest { at: Step(at), overrides: &overrides, out: &out };
        to_end(desk.opened("run").fork(&request).unwrap_or_else(|error| panic!("{error}")).simulation)
    };
    let shared: Vec<LedgerEntry> =
        desk.ledger("run").into_iter().filter(|entry| entry.key.step < Step(3)).collect();

    // Without other settings: the rest is asked for again, and comes out the same.
    fork(3, &[], "same");
    let asked = server.calls().len() - before;
    assert_eq!(asked, before - shared.len());
    assert_eq!(desk.digest("same"), desk.digest("run"));
    assert_eq!(desk.ledger_lines("same"), desk.ledger_lines("run"));

    // With another model.
    let other = sensible_server();
    let url = other.url();
    let model = format!(
        "model=[{{ name = \"n\", model = \"other\", urls = [\"{url}\"], sampling = {{ temperature = 0.5 }}, \
         format = \"tools\", agents = {{ kind = \"first\", count = 15 }} }}]"
    );
    let count = server.calls().len();
    let summary = fork(3, &[model], "other");
    assert_eq!(server.calls().len(), count, "the other model is asked");
    assert!(!other.calls().is_empty());
    for call in other.calls() {
        assert_eq!((&call.body["model"], &call.body["temperature"]), (&"other".into(), &0.5.into()));
        assert!(call.body["tools"].is_array());
    }
    let lines = desk.ledger_lines("other");
    assert_eq!(lines[..shared.len()], desk.ledger_lines("run")[..shared.len()]);
    assert_eq!(lines.len(), shared.len() + other.calls().len());
    drop((server, other));
    assert_eq!(desk.replay("other", None).unwrap(), summary);
}

#[test]
fn a_fork_keeps_which_agents_have_a_model() {
    let desk = Desk::new();
    let server = sensible_server();
    desk.run(desk.config(&first_15(server.url(), ""), &[]), "run");
    let setting = |agents: &str, more: &str| -> String {
        format!(
            "model=[{{ name = \"m\", model = \"mock\", urls = [{:?}], agents = {agents} }}{more}]",
            server.url()
        )
    };
    let check = |setting: String| {
        let (overrides, out) = ([setting.parse().unwrap()], desk.path("fork"));
        let said = desk.opened("run").fork(&ForkRequest { at: Step(2), overrides: &overrides, out: &out });
        let said = said.err().unwrap().to_string();
        assert!(said.contains("model (but for its agents)"), "{said}");
    };
    check(setting("{ kind = \"first\", count = 16 }", ""));
    let another = ", { name = \"n\", model = \"n\", urls = [\"http://127.0.0.1:9/v1\"] }";
    check(setting("{ kind = \"first\", count = 15 }", another));
    check("model=[]".to_owned());
}
