//! Runs of agents that language models decide for, through the binary and against `murmur mock-model`: killed, in
//! batches, out of money, interviewed, and set up wrongly.

mod left_behind;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use left_behind::{Finished, files_in};

const MURMUR: &str = env!("CARGO_BIN_EXE_murmur");

/// Where the key is that clients and server are to have, and what must be seen nowhere.
const KEY_VARIABLE: &str = "MURMUR_TEST_KEY";
const KEY: &str = "sk-never-to-be-seen-0123456789";

/// Thirty agents of whom most are active in every step; the first twelve have a model.
const WORLD: &str = r#"[run]
seed = 5
steps = 6
[[topic]]
name = "tea"
words = ["cup", "leaf"]
[population]
kind = "synthetic"
size = 30
[population.traits]
activity = 0.7
activity_spread = 0.0
[graph]
kind = "erdos-renyi"
mean_degree = 6.0
[journal]
checkpoint_every = 2
[prompt]
platform = "reddit"
[memory]
summary = "model"
recent = 1
older = 6
relevant = 2
[stance]
method = "model"
[[survey]]
name = "mood"
steps = [3]
question = "Tea?"
answer = { kind = "choice", choices = ["yes", "no"] }
topic = "tea"
[[model]]
name = "opinion leaders"
model = "mock"
urls = ["URL"]
agents = { kind = "first", count = 12 }
backoff_seconds = 0.02
prices = { input = 1.0, output = 2.0 }
"#;

/// A mock server as a process of its own, which ends with this.
struct Mock {
    child: Child,
    url: String,
}

impl Mock {
    /// Starts one with these further words on the command line.
    fn start(words: &str) -> Self {
        let mut command = Command::new(MURMUR);
        command.args(["mock-model", "--port", "0"]).args(words.split_whitespace());
        let mut child = command.env(KEY_VARIABLE, KEY).stdout(Stdio::piped()).spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }

    fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap().strip_suffix("/v1").unwrap()
    }

    /// What it answers at `path` to `body`, or to nothing.
    fn ask(&self, path: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        let method = if body.is_empty() { "GET" } else { "POST" };
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
    }

    /// How many requests for completions have come.
    fn requests(&self) -> u64 {
        self.ask("/stats", "")["requests"].as_u64().unwrap()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with a small world that commands run in.
struct Desk(tempfile::TempDir);

impl Desk {
    /// With `world.toml`, whose model is at `url`, changed by `change`.
    fn changed(url: &str, change: impl Fn(String) -> String) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        fs::write(desk.path("world.toml"), change(WORLD.replace("URL", url))).unwrap();
        desk
    }

    fn new(mock: &Mock) -> Self {
        Self::changed(&mock.url, |world| world)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `murmur` with these words, split at spaces, in the folder.
    fn command(&self, words: &str) -> Command {
        let mut command = Command::new(MURMUR);
        command.args(words.split_whitespace()).current_dir(&self.0).env_remove(KEY_VARIABLE);
        command
    }

    fn murmur(&self, words: &str) -> Finished {
        Finished::of(self.command(words).output().unwrap())
    }

    /// The same, with success.
    fn done(&self, words: &str) -> Finished {
        self.murmur(words).expect(0, &[])
    }

    /// Begins a command and lets it run.
    fn start(&self, words: &str) -> Child {
        let mut command = self.command(words);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Journal, tables and summary of a finished run, by name.
    fn results(&self, run: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = files_in(&self.path(run));
        files.retain(|name, _| {
            ["journal/", "tables/", "summary.json"].iter().any(|part| name.starts_with(part))
        });
        files
    }

    /// Two runs have the same journal, tables and summary.
    fn check_same(&self, run: &str, expected: &str) {
        let (results, expected_results) = (self.results(run), self.results(expected));
        assert!(expected_results.len() > 10, "{expected} is not finished");
        assert_eq!(results.keys().collect::<Vec<_>>(), expected_results.keys().collect::<Vec<_>>());
        for (name, bytes) in &results {
            assert!(*bytes == expected_results[name], "{name} of {run} differs from that of {expected}");
        }
    }

    /// The number of replies in a run's ledger.
    fn replies(&self, run: &str) -> u64 {
        let files = files_in(&self.path(run).join("replies")).into_iter();
        let ledger = files.filter(|(name, _)| name.ends_with(".jsonl") && !name.contains('/'));
        ledger.map(|(_, bytes)| bytes.iter().filter(|&&byte| byte == b'\n').count() as u64).sum()
    }
}

/// Waits until `is_there` says so.
fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_there() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{what} does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
}

// Killed, and replayed

#[test]
fn a_killed_run_asks_again_only_for_what_was_in_flight() {
    let mock = Mock::start("--latency-ms 30 --jitter 0.5 --slots 6");
    let desk = Desk::new(&mock);
    desk.done("run world.toml --out undisturbed --threads 1");
    let whole = mock.requests();
    assert_eq!(desk.replies("undisturbed"), whole);
    for at in [0.1, 0.5, 0.8] {
        let before = mock.requests();
        let run = format!("killed-{at}");
        let mut child = desk.start(&format!("run world.toml --out {run}"));
        let enough = (at * whole as f64) as u64;
        wait_for("a reply", || desk.replies(&run) >= enough);
        child.kill().unwrap();
        Finished::of(child.wait_with_output().unwrap());
        let kept = desk.replies(&run);
        assert!(kept < whole, "killed within the run");
        let until_killed = mock.requests() - before;
        desk.done(&format!("resume {run} --threads 2"));
        let asked_again = mock.requests() - before - until_killed;
        // A line that was torn is asked for again.
        assert!(asked_again - (whole - kept) <= 1, "{asked_again} for {} without a reply", whole - kept);
        desk.check_same(&run, "undisturbed");
    }
    drop(mock);
    let again = desk.done("replay undisturbed --out again");
    assert!(again.stdout.contains("6 steps from step 0 on came out the same"), "{}", again.stdout);
    desk.check_same("again", "undisturbed");
    assert_eq!(desk.replies("again"), whole);
}

#[test]
fn a_run_through_many_faults_is_replayed_without_a_server() {
    let faults = "--faults 0.3 --slow-ms 20 --retry-after-s 0 --endless-tokens 300";
    let mocks = [Mock::start(faults), Mock::start(faults)];
    let desk = Desk::changed(&mocks[0].url, |world| {
        let both = format!("{:?}, {:?}", mocks[0].url, mocks[1].url);
        world
            .replace(&format!("{:?}", mocks[0].url), &both)
            .replace("prices", "retries = 1\ntimeout_seconds = 0.5\nprices")
    });
    desk.done("run world.toml --out run --threads 2");
    drop(mocks);
    let summary: Value = serde_json::from_slice(&fs::read(desk.path("run/summary.json")).unwrap()).unwrap();
    let model = &summary["models"][0];
    let count = |key: &str| model[key].as_u64().unwrap();
    assert!(count("failed") > 2 && count("faulty") > 2 && count("repaired") > 0, "{model}");
    assert_eq!(count("turns"), count("valid") + count("repaired") + count("fallen_back"));
    desk.done("replay run --threads 1");
    desk.done("replay run --threads 2 --out again");
    desk.check_same("again", "run");
}

// Batches and budgets

/// Answers the requests in the run's batch files as the mock does, with a file of results; the files are done with then.
fn answer_batch(desk: &Desk, mock: &Mock) {
    let mut results = String::new();
    let folder = desk.path("batched/batch");
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        for line in fs::read_to_string(&path).unwrap().lines() {
            let request: Value = serde_json::from_str(line).unwrap();
            assert_eq!(
                (&request["method"], &request["url"]),
                (&json!("POST"), &json!("/v1/chat/completions"))
            );
            // The very bytes, by which the mock is seeded.
            let body = &line[line.find("\"body\":").unwrap() + "\"body\":".len()..line.len() - 1];
            let response = json!({ "status_code": 200, "request_id": "r", "body": mock.ask("/v1/chat/completions", body) });
            let result =
                json!({ "id": "b", "custom_id": request["custom_id"], "response": response, "error": null });
            results += &format!("{result}\n");
        }
    }
    fs::write(desk.path("results.jsonl"), results).unwrap();
}

#[test]
fn a_run_in_batches_is_that_of_a_live_server() {
    let mock = Mock::start("");
    let desk = Desk::new(&mock);
    desk.done("run world.toml --out live --steps 4");
    let mut finished = desk.murmur("run world.toml --out batched --steps 4 --set calls.mode=batch");
    let mut rounds = 0;
    while finished.code == Some(75) {
        let finished_round =
            finished.expect(75, &["requests are written to", "murmur batch", "murmur resume"]);
        assert!(finished_round.stderr.contains("step-"), "{}", finished_round.stderr);
        answer_batch(&desk, &mock);
        let taken = desk.done("batch batched results.jsonl");
        assert!(!taken.stdout.contains("failed in passing"), "{}", taken.stdout);
        finished = desk.murmur("resume batched");
        rounds += 1;
        assert!(rounds < 100);
    }
    finished.expect(0, &[]);
    assert!(rounds > 8, "{rounds}");
    desk.check_same("batched", "live");
}

#[test]
fn a_spent_budget_stops_the_run_and_says_how_to_go_on() {
    let mock = Mock::start("");
    let desk = Desk::new(&mock);
    let mut said = desk.murmur("run world.toml --out run --set calls.step_budget.tokens=900");
    let mut stops = 0;
    while said.code == Some(75) {
        said.expect(75, &["calls.step_budget is spent", "of 6 steps done", "murmur resume run"]);
        said = desk.murmur("resume run");
        stops += 1;
    }
    said.expect(0, &[]);
    assert!((3..6).contains(&stops), "{stops}");
    desk.done("replay run");

    let parts = ["calls.run_budget is spent", "money spent", "murmur resume poor --set calls.run_budget"];
    // Two steps cost so much.
    desk.murmur("run world.toml --out poor --set calls.run_budget.money=0.004").expect(75, &parts);
    let before = mock.requests();
    desk.murmur("resume poor").expect(75, &parts);
    assert_eq!(mock.requests(), before);
    desk.done("fork poor --at 2 --set calls.run_budget.money=9 --out rich");
    assert!(mock.requests() > before);

    let refused = ["a run that is gone on with may change calls", "murmur fork"];
    desk.murmur("resume poor --set prompt.posts=3").expect(2, &refused);
    desk.murmur("resume poor --set calls.fallback=nothing").expect(2, &refused);
    desk.done("resume poor --set calls.run_budget.money=9");
    desk.done("replay poor");
}

// Interviews

#[test]
fn an_interview_prints_a_line_an_agent_and_leaves_the_run_alone() {
    let mock = Mock::start("");
    let desk = Desk::new(&mock);
    desk.done("run world.toml --out run");
    let before = files_in(&desk.path("run"));
    for (words, count) in [("", 30), ("--at 2", 30), ("--agents 1,20,7", 3), ("--agents first:4 --at 0", 4)] {
        let mut command = desk.command(&format!("ask run {words} --choices yes|no --topic tea --question"));
        let asked = Finished::of(command.arg("Is tea good?").output().unwrap()).expect(0, &[]);
        let lines: Vec<Value> =
            asked.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), count);
        assert!(lines.iter().all(|line| line["answer"] == "yes" || line["answer"] == "no"), "{lines:?}");
        assert_eq!(files_in(&desk.path("run")), before, "{words}");
    }
}

// Set up wrongly

/// A run of the changed world ends with `code`, says all `parts`, and leaves no folder.
fn check_refused(change: impl Fn(String) -> String, words: &str, code: i32, parts: &[&str]) {
    let desk = Desk::changed("http://127.0.0.1:9/v1", change);
    fs::write(desk.path("broken.jinja"), "{# turn #}\n{{ feed").unwrap();
    fs::write(desk.path("unknown.jinja"), "{# turn #}\n{{ fed }}\n").unwrap();
    desk.murmur(&format!("run world.toml --out run {words}")).expect(code, parts);
    assert!(!desk.path("run").exists(), "a run is there: {parts:?}");
}

/// The same, with a further line for the model.
fn check_line(line: &str, parts: &[&str]) {
    let change = |world: String| {
        let key = line.split(' ').next().unwrap();
        let others = world.lines().filter(|other| !other.starts_with(&format!("{key} =")) || key == "name");
        others.map(|other| format!("{other}\n")).collect::<String>() + line + "\n"
    };
    check_refused(change, "", 2, parts);
}

#[test]
fn mistakes_in_a_model_are_told_with_their_key() {
    let name = "model 1 (opinion leaders)";
    check_line("temprature = 0.5", &["world.toml", "unknown field `temprature`", "timeout_seconds"]);
    check_line("endpoints_file = \"list.txt\"", &[name, "urls", "endpoints_file in its place"]);
    check_line("urls = []", &[name, "urls", "expected a list of base URLs, or endpoints_file"]);
    check_line("urls = [\"localhost:8000\"]", &[name, "urls"]);
    check_line(
        "agents = { kind = \"share\", share = 1.5 }",
        &["[[model]]", "`agents.share`: 1.5 is not a probability"],
    );
    check_line(
        "agents = { kind = \"label\", value = \"Q\" }",
        &[name, "agents: value", "\"Q\"", "metrics.label"],
    );
    check_line("agents = { kind = \"list\", agents = [3, 30] }", &[name, "agents", "0 to 29", "found 30"]);
    check_line("agents = { kind = \"frist\", count = 3 }", &["`agents`: unknown variant `frist`", "`first`"]);
    check_line("format = \"xml\"", &["format", "xml", "schema"]);
    check_line("sampling = { temperature = 9.0 }", &[name, "temperature"]);
    check_line("sampling = { heat = 1.0 }", &["sampling", "heat"]);
    check_line("most_in_flight = 0", &[name, "most_in_flight"]);
    check_line("api_key_env = \"MURMUR_TEST_KEY\"", &["MURMUR_TEST_KEY", "environment variable"]);
    let only_file =
        |world: String| world.replace("urls = [\"http://127.0.0.1:9/v1\"]", "endpoints_file = \"none.txt\"");
    check_refused(only_file, "", 2, &["none.txt"]);
    let twice = |world: String| {
        world.clone()
            + "[[model]]\nname = \"opinion leaders\"\nmodel = \"m\"\nurls = [\"http://127.0.0.1:9/v1\"]\n"
    };
    check_refused(twice, "", 2, &["model 2 (opinion leaders): name", "no other model"]);
}

#[test]
fn mistakes_in_templates_calls_and_surveys_are_told_with_their_place() {
    let plain = |world: String| world;
    let template = |name: &str| format!("--set prompt.template={name}");
    check_refused(plain, &template("missing.jinja"), 2, &["missing.jinja", "prompt.template"]);
    check_refused(
        plain,
        &template("broken.jinja"),
        2,
        &["prompt.template", "broken.jinja, line 2, part turn"],
    );
    check_refused(plain, &template("unknown.jinja"), 2, &["unknown.jinja", "fed"]);
    check_refused(plain, "--set calls.mode=cached", 2, &["calls.mode", "cached"]);
    check_refused(plain, "--set calls.mode=replay", 2, &["calls.from"]);
    check_refused(plain, "--set calls.mode=cache --set calls.from=[\"gone\"]", 2, &["calls.from", "gone"]);
    check_refused(plain, "--set calls.step_deadline_seconds=0", 2, &["calls.step_deadline_seconds"]);
    check_refused(plain, "--set prompt.actions=[\"dance\"]", 2, &["prompt.actions", "dance"]);
    let survey = |from: &'static str, to: &'static str| move |world: String| world.replacen(from, to, 1);
    let with_topic = "choices = [\"yes\", \"no\"] }\ntopic = \"tea\"";
    let other_topic = "choices = [\"yes\", \"no\"] }\ntopic = \"coffee\"";
    check_refused(survey(with_topic, other_topic), "", 2, &["survey 1 (mood): topic", "coffee", "tea"]);
    check_refused(
        survey("[\"yes\", \"no\"]", "[\"yes\"]"),
        "",
        2,
        &["survey 1 (mood)", "choices", "at least two"],
    );
}

#[test]
fn a_server_that_is_down_is_told_after_the_wait() {
    let desk = Desk::changed("http://127.0.0.1:9/v1", |world| world);
    let begin = Instant::now();
    let parts = ["after 1 s", "not ready", "http://127.0.0.1:9/v1"];
    desk.murmur("run world.toml --out run --wait-for-models 1").expect(1, &parts);
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert!(!desk.path("run").exists(), "so that the next try finds room");
    let mock = Mock::start("");
    let up = Desk::new(&mock);
    up.done("run world.toml --out run --wait-for-models 30");
}

// The key

#[test]
fn the_key_is_seen_nowhere() {
    let mock =
        Mock::start(&format!("--api-key-env {KEY_VARIABLE} --faults 0.2 --slow-ms 20 --retry-after-s 0"));
    let with_key =
        |world: String| world + &format!("api_key_env = \"{KEY_VARIABLE}\"\ntimeout_seconds = 0.5\n");
    let desk = Desk::changed(&mock.url, with_key);
    let run = |words: &str, key: &str| {
        let output = desk.command(words).env(KEY_VARIABLE, key).env("RUST_LOG", "trace").output().unwrap();
        let finished = Finished::of(output);
        assert!(!format!("{finished:?}").contains(key), "{words}");
        finished
    };
    run("run world.toml --out run --timings --wait-for-models 10", KEY).expect(0, &[]);
    run("replay run --out again --timings", KEY).expect(0, &[]);
    // Another key: all is refused, and fallen back upon.
    let other = "sk-another-key-9876543210";
    run("run world.toml --out refused --steps 2 --set run.seed=6", other);
    run("run world.toml --out waited --wait-for-models 2", other);
    for (name, bytes) in files_in(&desk.path("")) {
        let seen = |key: &str| bytes.windows(key.len()).any(|window| window == key.as_bytes());
        assert!(!seen(KEY) && !seen(other), "{name}");
    }
    let names: Vec<String> = files_in(&desk.path("run")).into_keys().collect();
    for part in ["replies/", "telemetry/calls.jsonl", "manifest.json", "journal/", "tables/calls.parquet"] {
        assert!(names.iter().any(|name| name.starts_with(part)), "{part}: {names:?}");
    }
}

// Experiments

/// Three arms, of which one changes nothing and one what agents see.
const EXPERIMENT: &str = r#"base = "world.toml"
replicates = 2
treatment = 2
[set]
"calls.mode" = "cache"
"model.opinion leaders.patience_seconds" = 0.5
[[factor]]
name = "feed"
[[factor.level]]
name = "as it is"
[[factor.level]]
name = "the same"
set = { "journal.checkpoint_every" = 3 }
[[factor.level]]
name = "random"
set = { "feed.preset" = "random" }
[[outcome]]
name = "posts"
scope = "platform"
metric = "posts_total"
summary = { kind = "last" }
"#;

#[test]
fn arms_of_an_experiment_share_replies_and_survive_their_servers() {
    let mock = Mock::start("");
    let desk = Desk::new(&mock);
    fs::write(desk.path("trial.toml"), EXPERIMENT).unwrap();
    desk.done("experiment trial.toml --out whole --jobs 2");
    let results: Value = serde_json::from_slice(&fs::read(desk.path("whole/results.json")).unwrap()).unwrap();
    for row in results["replies"].as_array().unwrap() {
        let (requests, shared) = (row["requests"].as_u64().unwrap(), row["shared"].as_u64().unwrap());
        match row["arm"].as_str().unwrap() {
            "the same" => assert!(requests > 0 && requests == shared, "{row}"),
            _ => assert!(shared < requests, "{row}"),
        }
    }
    // Nobody was asked for the arm that changes nothing.
    let ledger = files_in(&desk.path("whole/runs/r0000/the-same/replies")).into_iter();
    let ledger = ledger.filter(|(name, _)| name.ends_with(".jsonl") && !name.contains('/'));
    let lines: Vec<String> = ledger
        .flat_map(|(_, bytes)| {
            String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| line.contains("\"reused\":true")), "{}", lines[0]);
    let tables = desk.path("whole/runs/r0000");
    assert!(["as-it-is", "the-same", "random"].iter().all(|arm| tables.join(arm).join("tables").exists()));

    // The servers are gone, and come back elsewhere.
    drop(mock);
    let stopped = desk.murmur("experiment trial.toml --out again --jobs 1");
    stopped.expect(75, &["r0000 as it is: step 0", "r0001 as it is: step 0", "go on with the same command"]);
    let mock = Mock::start("");
    fs::write(desk.path("world.toml"), WORLD.replace("URL", &mock.url)).unwrap();
    desk.done("experiment trial.toml --out again");
    assert_eq!(
        fs::read(desk.path("again/results.json")).unwrap(),
        fs::read(desk.path("whole/results.json")).unwrap()
    );
}
