//! `murmur script`, from a file of actions to the run folder and the results: OASIS's own scripts come to OASIS's own
//! results, and faults are told apart.

mod parity;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn murmur(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_murmur")).args(arguments).current_dir(folder).output().unwrap()
}

fn check_parity(name: &str) {
    let Some(parity) = parity::read(name) else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("script.jsonl"), parity::as_script(&parity)).unwrap();
    let settings = parity::settings(&parity);
    let mut arguments = vec!["script", "script.jsonl", "--out", "run", "--results", "results.jsonl"];
    for setting in &settings {
        arguments.extend(["--set", setting]);
    }
    let output = murmur(&arguments, folder.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let results = fs::read_to_string(folder.path().join("results.jsonl")).unwrap();
    let results: Vec<Value> = results.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = parity["results"].as_array().unwrap();
    let signed_up = results.len() - expected.len();
    assert!(results[..signed_up].iter().all(|result| result["success"] == true));
    let script = parity["script"].as_array().unwrap();
    for ((line, result), expected) in script.iter().zip(&results[signed_up..]).zip(expected) {
        assert_eq!(result, expected, "{line}");
    }
    let manifest = fs::read_to_string(folder.path().join("run/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let input = manifest["inputs"][0]["path"].as_str().unwrap();
    assert!(input.ends_with("/script.jsonl"), "{input}");
}

#[test]
fn script_a_comes_to_what_oasis_came_to() {
    check_parity("script_a");
}

#[test]
fn script_b_comes_to_what_oasis_came_to() {
    check_parity("script_b");
}

const SIGN_UP: &str =
    r#"{"step":0,"agent":0,"action":"sign_up","args":{"user_name":"u","name":"U","bio":"likes tea"}}"#;

/// Running `script` with `arguments` fails with `code` and an error that contains all of `expected`.
fn check_fault(script: &str, arguments: &[&str], code: i32, expected: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("script.jsonl"), script).unwrap();
    fs::write(folder.path().join("taken.jsonl"), "precious\n").unwrap();
    let output = murmur(&[&["script", "script.jsonl"], arguments].concat(), folder.path());
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{message}");
    for part in expected {
        assert!(message.contains(part), "expected {part:?} in {message}");
    }
    assert!(!folder.path().join("run").exists(), "a run was left behind");
    assert_eq!(fs::read_to_string(folder.path().join("taken.jsonl")).unwrap(), "precious\n");
}

#[test]
fn faults_are_told_before_anything_is_written() {
    let out = ["--out", "run"];
    let with = |line: &str| format!("{SIGN_UP}\n{line}\n");
    let check = |line: &str, expected: &[&str]| check_fault(&with(line), &out, 2, expected);
    check(r#"{"step":1,"agent":0,"action":"dance"}"#, &["script.jsonl: line 2", "action", "\"dance\""]);
    check("nonsense", &["script.jsonl: line 2", "expected a JSON object"]);
    check(r#"{"step":1,"agent":9,"action":"trend"}"#, &["line 2", "agent", "signs up", "9"]);
    check_fault("", &out, 2, &["script.jsonl", "sign_up"]);
    check_fault(
        SIGN_UP,
        &["--out", "run", "--set", "platform.colour=1"],
        2,
        &["platform.colour=1", "`colour`"],
    );
    check_fault(
        SIGN_UP,
        &["--out", "run", "--results", "taken.jsonl"],
        2,
        &["taken.jsonl exists", "--results"],
    );
}

/// Ids that no row can have are ids of rows that are not there: the platform refuses, and the script goes on.
#[test]
fn ids_of_nothing_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let like = |id: &str| {
        format!("{{\"step\":1,\"agent\":0,\"action\":\"like_post\",\"args\":{{\"post_id\":{id}}}}}\n")
    };
    let script = format!("{SIGN_UP}\n{}{}{}", like("0"), like("7"), like("99999999999"));
    fs::write(folder.path().join("script.jsonl"), script).unwrap();
    let output = murmur(&["script", "script.jsonl", "--out", "run", "--results", "out.jsonl"], folder.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let results = fs::read_to_string(folder.path().join("out.jsonl")).unwrap();
    assert_eq!(results.matches("{\"success\":false}").count(), 3, "{results}");
}
