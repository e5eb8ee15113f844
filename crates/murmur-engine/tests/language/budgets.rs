//! What calls may cost: a spent budget lets the step come to its end, and stops the run after it.

use std::fs;
use std::time::Duration;

use murmur_core::Step;
use murmur_engine::ForkRequest;
use murmur_llm::Spent;

use crate::desk::{Desk, copy_folder, first_15, is_repair, says, sensible, sensible_server, to_end};
use crate::server::Server;

fn world(server: &Server, calls: &str) -> String {
    let more = "prices = { input = 2.0, output = 4.0 }\nmost_in_flight = 4";
    format!("{}\n[calls]\n{calls}\n", first_15(server.url(), more))
}

/// How many calls of a step of a finished run ended with `verdict`.
fn count(desk: &Desk, run: &str, step: u32, verdict: &str) -> usize {
    let calls = desk.table(run, "calls");
    calls.iter().filter(|call| call.number("step") == step && call.text("verdict") == verdict).count()
}

#[test]
fn a_step_that_spends_its_budget_comes_to_its_end_and_the_next_has_a_new_one() {
    let desk = Desk::new();
    let server = sensible_server();
    let toml = world(&server, "step_budget = { tokens = 800 }\nfallback = \"nothing\"");
    let mut simulation = desk.begin(desk.config(&toml, &[]), "run");
    for step in 0..5 {
        let before = server.calls().len();
        let report = simulation.step().unwrap();
        assert!(report.budget_spent, "step {step}");
        assert!(!simulation.run_budget_is_spent());
        // Some four are in flight when it is spent.
        let asked = server.calls().len() - before;
        assert!((2..12).contains(&asked), "{asked}");
        // As a run that was stopped by it.
        simulation.keep_checkpoint().unwrap();
        drop(simulation);
        simulation = desk.opened("run").resume(None).unwrap().simulation;
    }
    let summary = simulation.finish().unwrap();
    for step in 0..5 {
        assert!(count(&desk, "run", step, "budget_spent") > 0, "step {step}");
    }
    let model = &summary.models[0];
    assert_eq!(model.turns, model.valid + model.repaired + model.fallen_back);
    drop(server);
    assert_eq!(desk.replay("run", None).unwrap(), summary);
}

#[test]
fn a_run_that_spends_its_budget_does_no_step_more_without_another() {
    let desk = Desk::new();
    let server = sensible_server();
    // A thousandth of a unit of money is 500 input tokens.
    let toml = world(&server, "run_budget = { money = 0.02 }");
    let mut simulation = desk.begin(desk.config(&toml, &[]), "run");
    let mut steps = 0;
    while !simulation.run_budget_is_spent() {
        let report = simulation.step().unwrap();
        steps += 1;
        assert_eq!(report.budget_spent, simulation.run_budget_is_spent());
    }
    assert!((2..5).contains(&steps), "{steps}");
    let spent = simulation.spent();
    assert!(spent.money() >= 0.02 && spent.money() < 0.03, "{spent:?}");
    simulation.keep_checkpoint().unwrap();
    drop(simulation);
    let again = desk.opened("run").resume(None).unwrap().simulation;
    assert!(again.run_budget_is_spent());
    assert_eq!(again.spent(), spent);
    drop(again);

    let out = desk.path("fork");
    let overrides = ["calls.run_budget.money=1".parse().unwrap()];
    let fork = desk.opened("run").fork(&ForkRequest { at: Step(steps), overrides: &overrides, out: &out });
    let fork = fork.unwrap_or_else(|error| panic!("{error}")).simulation;
    assert!(!fork.run_budget_is_spent());
    assert_eq!(fork.spent(), spent);
    let before = server.calls().len();
    let summary = to_end(fork);
    assert!(server.calls().len() > before);
    assert_eq!(summary.steps, 5);
}

#[test]
fn a_step_has_one_deadline_for_all_its_rounds() {
    let desk = Desk::new();
    // Repairs end after the deadline of two seconds, though within two seconds of their own.
    let server = Server::start(|call| match is_repair(call) {
        true => sensible(call).after(Duration::from_millis(1800)),
        false => says(call, "Hm.").after(Duration::from_millis(400)),
    });
    let more = "timeout_seconds = 9.0\nleast_in_flight = 40";
    let toml = first_15(server.url(), more).replace("timeout_seconds = 1.0\n", "");
    let toml = format!("{toml}[calls]\nstep_deadline_seconds = 2.0\n");
    let mut simulation = desk.begin(desk.config(&toml, &["run.steps=1"]), "run");
    simulation.step().unwrap();
    let summary = simulation.finish().unwrap();
    let model = &summary.models[0];
    assert!(model.turns > 5);
    assert_eq!((model.faulty, model.failed, model.fallen_back), (model.turns, model.turns, model.turns));
    assert_eq!(count(&desk, "run", 0, "deadline") as u64, model.failed);
    drop(server);
    assert_eq!(desk.replay("run", None).unwrap(), summary);
}

/// What the calls of a finished run have cost, by its journal's state.
fn spent(desk: &Desk, run: &str) -> Spent {
    desk.opened(run).at(None).unwrap().simulation.spent()
}

#[test]
fn costs_are_those_of_the_replies_however_often_a_run_is_stopped() {
    let desk = Desk::new();
    let server = sensible_server();
    desk.run(desk.config(&world(&server, ""), &[]), "run");
    let mut simulation = desk.begin(desk.config(&world(&server, ""), &[]), "stopped");
    for _ in 0..5 {
        simulation.step().unwrap();
        drop(simulation);
        simulation = desk.opened("stopped").resume(None).unwrap().simulation;
    }
    simulation.finish().unwrap();
    assert_eq!(spent(&desk, "stopped"), spent(&desk, "run"));
    let calls = desk.table("run", "calls");
    let sum = |column: &str| calls.iter().map(|call| u64::from(call.number(column))).sum::<u64>();
    let (input, output) = (sum("input_tokens"), sum("output_tokens"));
    let money_nanos = 2000 * input + 4000 * output;
    assert_eq!(spent(&desk, "run"), Spent { tokens: input + output, money_nanos });
}

#[test]
fn a_step_stopped_beyond_its_budget_keeps_all_that_was_answered() {
    let desk = Desk::new();
    let server = sensible_server();
    let toml = world(&server, "step_budget = { tokens = 2000 }");
    let mut simulation = desk.begin(desk.config(&toml, &["run.steps=4"]), "run");
    for _ in 0..3 {
        simulation.step().unwrap();
    }
    // Killed when all of the last step was answered, beyond the budget, and nothing of it committed.
    desk.copy("run", "killed");
    let summary = to_end(simulation);
    assert!(count(&desk, "run", 3, "budget_spent") > 0);
    fs::remove_dir_all(desk.path("killed/replies")).unwrap();
    copy_folder(&desk.path("run/replies"), &desk.path("killed/replies"));
    drop(server);
    assert_eq!(desk.resume("killed"), summary);
    assert_eq!(desk.digest("killed"), desk.digest("run"));
}
