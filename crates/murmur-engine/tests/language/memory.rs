//! Prompts do not grow with the run, whatever is remembered and however.

use murmur_prompt::tokens;

use crate::desk::{Desk, model, sensible_server, to_end};
use crate::server::Call;

const STEPS: u32 = 300;

/// The tokens of what a request says beyond its instructions, and of all of its first two messages.
fn sizes(call: &Call) -> (u32, u32) {
    let said = |place: usize| tokens(call.body["messages"][place]["content"].as_str().unwrap());
    (said(1), said(0) + said(1))
}

/// The tokens of what it tells of the past.
fn memory_tokens(call: &Call) -> u32 {
    let told = call.body["messages"][1]["content"].as_str().unwrap().lines();
    told.filter_map(|line| line.strip_prefix("Memory: ")).map(tokens).sum()
}

fn is_summary(call: &Call) -> bool {
    call.body["messages"][0]["content"].as_str().unwrap().contains("sum up")
}

/// Over 300 steps no turn is beyond its budget, nor the memory in it, nor does what is to be summed up grow; a run that is
/// stopped in between comes out the same.
fn check_bounded(memory: &str, summaries: bool) {
    let desk = Desk::new();
    let server = sensible_server();
    let settings = ["run.steps=300", "population.size=12", "journal.checkpoint_every=50"];
    let toml = format!(
        "{}[prompt]\nplatform = \"reddit\"\n[memory]\n{memory}\n",
        model("m", &[server.url()], "agents = { kind = \"first\", count = 3 }")
    );
    let config = desk.config(&toml, &settings);
    let (budget, most_remembered) = (config.prompt.turn_tokens, config.memory.tokens);
    desk.run(config, "run");
    let calls = server.calls();
    let turns: Vec<u32> = calls.iter().filter(|call| !is_summary(call)).map(|call| sizes(call).0).collect();
    assert!(turns.len() > STEPS as usize, "{}", turns.len());
    assert!(turns.iter().all(|&size| size <= budget), "{:?} beyond {budget}", turns.iter().max());
    let remembered: Vec<u32> = calls.iter().filter(|call| !is_summary(call)).map(memory_tokens).collect();
    let most = |part: &[u32]| part.iter().max().copied().unwrap_or(0);
    assert!(most(&remembered) <= most_remembered, "{} beyond {most_remembered}", most(&remembered));
    assert!(most(&remembered) > most_remembered / 2, "{}: it is used", most(&remembered));
    let asked: Vec<u32> = calls.iter().filter(|call| is_summary(call)).map(|call| sizes(call).1).collect();
    assert_eq!(!asked.is_empty(), summaries);
    assert!(most(&asked) < 1000, "{asked:?}");
    assert!(
        f64::from(most(&asked[asked.len() / 2..]))
            <= 1.3 * f64::from(most(&asked[..asked.len() / 2])).max(1.0)
    );

    let mut simulation = desk.begin(desk.config(&toml, &settings), "stopped");
    for _ in 0..160 {
        simulation.step().unwrap();
    }
    drop(simulation);
    to_end(desk.opened("stopped").resume(None).unwrap().simulation);
    assert_eq!(desk.digest("stopped"), desk.digest("run"));
}

#[test]
fn what_is_remembered_in_extracts_stays_within_its_budget() {
    check_bounded("summary = \"extractive\"", false);
}

#[test]
fn what_the_model_sums_up_stays_within_its_budget() {
    check_bounded("summary = \"model\"", true);
}

#[test]
fn prompts_tell_what_the_agent_has_done() {
    let desk = Desk::new();
    let server = sensible_server();
    let one = model("m", &[server.url()], "agents = { kind = \"first\", count = 5 }");
    desk.run(desk.config(&format!("{one}[memory]\ntokens = 200\n"), &["run.steps=20"]), "run");
    let told = |words: &str| {
        let calls = server.calls().into_iter();
        calls.filter(|call| call.body["messages"][1]["content"].as_str().unwrap().contains(words)).count()
    };
    for words in ["posted \"A cup of tea", "followed @", "liked @", "read @"] {
        assert!(told(words) > 0, "{words}");
    }
    let before = server.calls().len();
    desk.run(desk.config(&format!("{one}[memory]\ntokens = 0\n"), &["run.steps=20"]), "without");
    let without = server.calls().split_off(before);
    let tells = |call: &Call| call.body["messages"][1]["content"].as_str().unwrap().contains("read @");
    assert!(!without.iter().any(tells));
}
