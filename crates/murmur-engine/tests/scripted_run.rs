//! A script inside a run: its lines come after the seed posts and before the agents, and each reads its own step.

use std::fs;

use murmur_core::{AgentId, PostId, TopicId};
use murmur_engine::{LineResult, Named, Override, Simulation, config};
use murmur_store::PostKind;

const CONFIG: &str = r#"
[run]
steps = 3
[population]
kind = "synthetic"
size = 50
[graph]
kind = "erdos-renyi"
mean_degree = 5
[[topic]]
name = "tea"
[[seed_post]]
author = 1
step = 1
topic = "tea"
stance = 0.5
text = "Tea cures colds."
[script]
path = "script.jsonl"
"#;

/// The run of `CONFIG` with `script`, without the agents' own actions.
fn simulation(script: &str) -> Result<Simulation, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("script.jsonl"), script).unwrap();
    fs::write(folder.path().join("run.toml"), CONFIG).unwrap();
    let quiet = ["behaviour.posts_per_session=0.0", "behaviour.session_seconds=0.000001"];
    let overrides: Vec<Override> = quiet.iter().map(|setting| setting.parse().unwrap()).collect();
    let config = config::load(&folder.path().join("run.toml"), &overrides).unwrap();
    Simulation::new(config).map_err(|error| error.to_string())
}

fn posted(id: u32) -> LineResult {
    LineResult { success: true, named: [("post_id", Named::Id(id))].into(), render: None }
}

#[test]
fn lines_follow_the_seed_posts_and_see_what_came_before() {
    let script = concat!(
        r#"{"step":1,"agent":4,"action":"create_post","args":{"content":"No.","topic":"tea","stance":-1}}"#,
        "\n",
        r#"{"step":1,"agent":5,"action":"repost","args":{"post_id":2}}"#,
        "\n",
        r#"{"step":1,"agent":6,"action":"repost","args":{"post_id":3}}"#,
    );
    let mut simulation = simulation(script).unwrap();
    simulation.step().unwrap();
    assert_eq!(simulation.take_line_results(), []);
    simulation.step().unwrap();
    assert_eq!(simulation.take_line_results(), [posted(2), posted(3), posted(4)]);
    simulation.step().unwrap();
    assert_eq!(simulation.take_line_results(), []);

    let posts = simulation.world().public.posts();
    let rows: Vec<(AgentId, PostKind)> =
        posts.ids().map(|post| (posts.author(post), posts.kind(post))).collect();
    let expected = [
        (AgentId(1), PostKind::Original),
        (AgentId(4), PostKind::Original),
        (AgentId(5), PostKind::Repost),
        (AgentId(6), PostKind::Repost),
    ];
    assert_eq!(rows, expected);
    let post = PostId::new(4).unwrap();
    assert_eq!((posts.topic(post), posts.stance(post).get()), (Some(TopicId(0)), -1.0));
    assert_eq!(posts.parent(post), PostId::new(3));
}

/// A script that does not fit the run is refused with a message that contains all of `expected`.
fn check_fault(script: &str, expected: &[&str]) {
    let message = simulation(script).err().expect("the script does not fit");
    for part in expected {
        assert!(message.contains(part), "expected {part:?} in {message:?}");
    }
}

#[test]
fn a_script_must_fit_the_run() {
    check_fault(
        r#"{"step":3,"agent":0,"action":"trend"}"#,
        &["script.jsonl: line 1", "run.steps (3)", "found 3"],
    );
    check_fault(r#"{"step":0,"agent":50,"action":"trend"}"#, &["line 1: agent", "0 to 49", "found 50"]);
    let unknown_topic =
        r#"{"step":0,"agent":0,"action":"create_post","args":{"content":"x","topic":"rain"}}"#;
    check_fault(unknown_topic, &["line 1", "args.topic", "tea", "rain"]);
}
