//! `murmur division` and `murmur compare`, through the binary.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const SMALL: &str = r#"[run]
steps = 12
[[topic]]
name = "tea"
[[topic]]
name = "rain"
[population]
kind = "synthetic"
size = 80
[population.traits]
activity = 0.4
[graph]
kind = "erdos-renyi"
mean_degree = 6.0
[metrics]
label = "interest"
"#;

fn murmur(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_murmur")).current_dir(folder).args(arguments).output().unwrap()
}

/// What a command that must succeed prints.
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = murmur(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a command says that must fail for what it was given.
fn fault(folder: &Path, arguments: &[&str]) -> String {
    let output = murmur(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn desk() -> tempfile::TempDir {
    let desk = tempfile::tempdir().unwrap();
    fs::write(desk.path().join("small.toml"), SMALL).unwrap();
    printed(desk.path(), &["run", "small.toml", "--out", "a"]);
    desk
}

#[test]
fn division_is_printed_and_written_the_same_on_any_number_of_threads() {
    let desk = desk();
    let table = printed(desk.path(), &["division", "a", "--at", "6,12", "--rewirings", "5"]);
    for words in [
        "as step 6 begins, 80 agents",
        "as step 12 begins",
        "follows, tea",
        "interactions, rain",
        "reads, interest",
    ] {
        assert!(table.contains(words), "{words:?} is not in\n{table}");
    }
    let written = || fs::read_to_string(desk.path().join("a/division.json")).unwrap();
    let first = written();
    let output = Command::new(env!("CARGO_BIN_EXE_murmur"))
        .current_dir(desk.path())
        .args(["division", "a", "--at", "12,6", "--rewirings", "5", "--json"])
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .unwrap();
    assert!(output.status.success());
    assert!(written() == first && first.as_bytes() == output.stdout, "the file differs");
    let division: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(division["at"][1]["step"], 12);
    let sides = division["at"][1]["sides"].as_array().unwrap();
    let names: Vec<&str> = sides.iter().map(|own| own["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["tea", "rain", "interest"]);
    assert!(division["at"][1]["follows"]["partitions"][0]["modularity"]["z"].is_number());

    assert!(fault(desk.path(), &["division", "a", "--topic", "fog"]).contains("expected one of tea, rain"));
    assert!(
        fault(desk.path(), &["division", "a", "--at", "13"]).contains("--at 13: expected a step up to 12")
    );
}

#[test]
fn runs_are_compared_by_what_they_share() {
    let desk = desk();
    printed(
        desk.path(),
        &["run", "small.toml", "--seed", "2", "--set", "emotion.enabled=true", "--out", "b"],
    );
    let table = printed(desk.path(), &["compare", "a", "b", "--metric", "opinion/tea/mean"]);
    let (shared, rest) = table.split_once("not in all runs").unwrap();
    let row = shared.lines().find(|line| line.starts_with("platform/follows_total")).unwrap();
    let values: Vec<f64> = row.split_whitespace().skip(1).map(|value| value.parse().unwrap()).collect();
    assert_eq!(values[2], values[1] - values[0], "{row}");
    assert!(
        rest.lines().any(|line| line.starts_with("emotion/tea/arousal_mean") && line.ends_with(" B")),
        "{rest}"
    );
    assert!(rest.contains("● A   ○ B"), "{rest}");

    let message = fault(desk.path(), &["compare", "a", "b", "--metric", "opinion/fog/mean"]);
    assert!(message.contains("expected one like opinion/rain/mean, opinion/tea/mean"), "{message}");
    assert!(fault(desk.path(), &["compare", "a", "nowhere"]).contains("holds no run"));
}
