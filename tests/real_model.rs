//! A few turns of a real model, where one is served: see `scripts/real_model.sh`. Where none is, the test says so and
//! passes over it.

use std::net::TcpStream;
use std::process::{Command, Output};
use std::time::Duration;

const ADDRESS: &str = "127.0.0.1:8765";

const WORLD: &str = r#"
[run]
steps = 2

[[topic]]
name = "the weather"
words = ["rain", "sun", "wind"]

[population]
kind = "synthetic"
size = 6
traits = { activity = 1.0, activity_spread = 0.0 }

[graph]
kind = "erdos-renyi"
mean_degree = 3.0

[prompt]
exact_schema = true

[calls]
fallback = "nothing"

[[model]]
name = "real"
urls = ["http://127.0.0.1:8765/v1"]
model = "smollm2"
schema_form = "json-object"
most_in_flight = 1
agents = { kind = "first", count = 3 }
sampling = { max_tokens = 120 }

[[seed_post]]
author = 5
topic = "the weather"
stance = 0.5
text = "Rain again. I like it, the garden needs it."
"#;

fn murmur(folder: &std::path::Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_murmur")).current_dir(folder).args(words).output().unwrap()
}

#[test]
fn a_real_model_takes_its_turns_and_its_run_is_replayed_without_it() {
    let address = ADDRESS.parse().unwrap();
    if TcpStream::connect_timeout(&address, Duration::from_millis(300)).is_err() {
        eprintln!("passed over: no model is served at {ADDRESS} (scripts/real_model.sh)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("world.toml"), WORLD).unwrap();
    let run = murmur(folder.path(), &["run", "world.toml", "--out", "run", "--wait-for-models", "60"]);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let summary = std::fs::read_to_string(folder.path().join("run/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let count = |key: &str| summary["models"][0][key].as_u64().unwrap();
    let turns = count("turns");
    assert!((1..=6).contains(&turns), "{turns}");
    assert_eq!(count("valid") + count("repaired") + count("fallen_back"), turns);
    assert!(count("valid") + count("repaired") > 0, "{}", summary["models"]);
    assert!(count("input_tokens") > 100 * turns && count("output_tokens") > 0);
    let replay = murmur(folder.path(), &["replay", "run"]);
    assert!(replay.status.success(), "{}", String::from_utf8_lossy(&replay.stderr));
}
