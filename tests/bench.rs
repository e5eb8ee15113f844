//! `murmur bench`, through the binary: a small grid, what it leaves behind, and how it goes on.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// `murmur bench` over two sizes in `folder`, with these arguments more.
fn bench(folder: &Path, more: &[&str]) -> Output {
    let small =
        ["bench", "--agents", "200,400", "--threads", "1", "--steps", "2", "--warm-up", "1", "--repeat", "1"];
    Command::new(env!("CARGO_BIN_EXE_murmur"))
        .args(small)
        .args(more)
        .arg("--out")
        .arg(folder)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn check_done(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_bench_leaves_a_table_for_people_for_programs_and_for_browsers() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let said = check_done(&bench(folder, &["--active", "0.5,100"]));
    let mut csv = csv::Reader::from_path(folder.join("bench.csv")).unwrap();
    let columns: Vec<String> = csv.headers().unwrap().iter().map(str::to_owned).collect();
    let rows: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    let column = |row: usize, name: &str| -> f64 {
        rows[row][columns.iter().position(|column| column == name).unwrap()].parse().unwrap()
    };
    assert_eq!(rows.len(), 4);
    for row in 0..4 {
        let (agents, active) = (column(row, "agents"), column(row, "active"));
        assert_eq!(agents, [200.0, 200.0, 400.0, 400.0][row]);
        assert!(0.15 * agents < active && active < 0.7 * agents, "{agents}: {active}");
        let (step, worst) = (column(row, "step_seconds"), column(row, "worst_seconds"));
        assert!(0.0 < step && step <= worst);
        assert_eq!(column(row, "model_seconds"), 0.0);
        assert!(column(row, "events_per_second") > 0.0);
    }
    assert_eq!(said.lines().filter(|line| line.trim_start().starts_with(['2', '4'])).count(), 4, "{said}");
    let json: Value = serde_json::from_slice(&fs::read(folder.join("bench.json")).unwrap()).unwrap();
    assert!(json["machine"]["copied_per_second"].as_f64().unwrap() > 1e6);
    let html = fs::read_to_string(folder.join("bench.html")).unwrap();
    assert!(html.contains("fig-times") && html.contains("What was measured"));
    // No run of a cell stays behind, and nothing that a cell said.
    let left = fs::read_dir(folder.join("cells")).unwrap();
    assert!(left.map(Result::unwrap).all(|file| file.path().extension().is_some_and(|end| end == "json")));
}

#[test]
fn a_bench_goes_on_with_what_is_there_and_with_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    check_done(&bench(folder, &["--active", "0.5"]));
    let before = fs::read(folder.join("bench.csv")).unwrap();

    let again = bench(folder, &["--active", "0.5"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("--continue"), "{}", text(&again.stderr));
    let other = bench(folder, &["--active", "0.5", "--continue", "--set", "feed.preset=reddit"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(text(&other.stderr).contains("other settings"), "{}", text(&other.stderr));
    assert_eq!(fs::read(folder.join("bench.csv")).unwrap(), before);

    fs::remove_file(folder.join("cells/agents-400-active-0.5-threads-1-repeat-0.json")).unwrap();
    let gone_on = bench(folder, &["--active", "0.5", "--continue"]);
    check_done(&gone_on);
    let told = text(&gone_on.stderr);
    assert!(told.contains("agents-200-active-0.5-threads-1-repeat-0 was measured before"), "{told}");
    assert!(told.contains("measuring agents-400-active-0.5-threads-1-repeat-0"), "{told}");
    let after = text(&fs::read(folder.join("bench.csv")).unwrap());
    assert_eq!(after.lines().take(2).collect::<Vec<_>>(), text(&before).lines().take(2).collect::<Vec<_>>());
}

#[test]
fn time_of_models_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    check_done(&bench(folder.path(), &["--active", "0.1", "--model"]));
    let json: Value = serde_json::from_slice(&fs::read(folder.path().join("bench.json")).unwrap()).unwrap();
    for row in json["rows"].as_array().unwrap() {
        let seconds = |name: &str| row[name].as_f64().unwrap();
        assert!(seconds("model_seconds") > 0.0, "{row}");
        assert!(seconds("engine_seconds") < seconds("step_seconds"), "{row}");
    }
}

#[test]
fn bad_input_is_told_and_what_was_measured_stays() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let check = |arguments: &[&str], expected: &str| {
        let output = bench(folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(expected), "{arguments:?}: {}", text(&output.stderr));
    };
    check(&["--active", "1.5"], "expected a share such as 0.01 or a number of agents");
    check(&["--agents", "1"], "--agents: expected at least 2, found 1");
    check(&["--threads", "0"], "--threads: expected at least 1, found 0");
    check(&["--set", "feed.preset=nothing"], "agents-200-active-0.01-threads-1-repeat-0: the run failed");
    check(&["no-such.toml"], "no-such.toml");
    assert!(!folder.join("bench.csv").exists());
    // With the hundred best-known accounts of the configuration there cannot be 50 agents; the larger cells are measured before.
    check(&["--agents", "50"], "agents-50-active-0.01-threads-1-repeat-0: the run failed");
    assert_eq!(fs::read_to_string(folder.join("bench.csv")).unwrap().lines().count(), 1 + 4);
}
