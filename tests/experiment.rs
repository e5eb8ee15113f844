//! Experiments through the binary: whatever the number of jobs, however the runs are shared out, and whatever happens on the
//! way, the results are the same; arms are the same until they are treated; and what makes no sense is refused before
//! anything is run.

mod left_behind;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use murmur_experiment::{Comparison, Results};
use tempfile::TempDir;

use left_behind::{Finished, files_in};

const MURMUR: &str = env!("CARGO_BIN_EXE_murmur");

/// A small platform on which something happens from the first step on.
const WORLD: &str = r#"[run]
steps = 30
start = "12:00"
[[topic]]
name = "tea"
words = ["cup", "leaf"]
[population]
kind = "synthetic"
size = 200
[population.traits]
activity = 0.3
[graph]
kind = "erdos-renyi"
mean_degree = 8.0
[journal]
checkpoint_every = 4
[[seed_post]]
name = "rumour"
author = 3
step = 8
topic = "tea"
stance = -0.9
text = "Tea is made of leaves from the pavement."
[[intervention]]
name = "demote"
from = 10
target = { posts = ["rumour"] }
action = { kind = "demote", factor = 0.2 }
"#;

/// Two factors, of which one changes nothing; four replicates, from the start or from a burn-in on.
const DESIGN: &str = r#"base = "world.toml"
seed = 7
replicates = 4
treatment = 10
[[factor]]
name = "demotion"
[[factor.level]]
name = "none"
set = { "intervention.demote.enabled" = false }
[[factor.level]]
name = "strong"
set = { "intervention.demote.action.factor" = 0.0 }
[[factor]]
name = "nothing"
[[factor.level]]
name = "left"
[[factor.level]]
name = "right"
set = { "journal.checkpoint_every" = 5 }
[[outcome]]
name = "reads"
scope = "cascade"
subject = "rumour"
metric = "exposures_total"
summary = { kind = "last" }
[[outcome]]
name = "mean opinion"
scope = "opinion"
subject = "tea"
metric = "mean"
summary = { kind = "mean" }
from = 0
[[outcome]]
name = "reposts"
scope = "platform"
metric = "repost"
summary = { kind = "area" }
until = 20
[[outcome]]
name = "decisions"
scope = "intervention"
subject = "demote"
metric = "decisions"
summary = { kind = "max" }
"#;

/// A folder with the files of an experiment.
struct Workplace(TempDir);

impl Workplace {
    fn new(design: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("world.toml"), WORLD).unwrap();
        fs::write(folder.path().join("trial.toml"), design).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(MURMUR);
        command.current_dir(self.0.path()).args(["experiment", "trial.toml"]).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        Finished::of(self.command(arguments).output().unwrap())
    }

    fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn results(&self, out: &str) -> Results {
        serde_json::from_str(&self.text(&format!("{out}/results.json"))).unwrap()
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The results in `out`, every file of them.
    fn result_files(&self, out: &str) -> left_behind::Files {
        let mut files = files_in(&self.path(out).join("results"));
        files.insert("results.json".to_owned(), fs::read(self.path(out).join("results.json")).unwrap());
        files
    }
}

/// Files directly in a folder.
fn count(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, |entries| {
        entries
            .filter(|entry| !entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'))
            .count()
    })
}

/// Waits until `is_so`.
fn wait_until(mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "it never came to pass");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn results_do_not_depend_on_jobs_shares_or_deaths() {
    let place = Workplace::new(DESIGN);
    place.run(&["--out", "one", "--jobs", "1"]).expect(0, &["run 16/16 done"]);
    let expected = place.result_files("one");
    assert!(expected.contains_key("outcomes.csv") && expected.contains_key("comparisons.parquet"));

    place.run(&["--out", "two", "--jobs", "3", "--threads", "2"]).expect(0, &[]);
    assert!(place.result_files("two") == expected);

    for task in ["2/3", "1/3"] {
        place.run(&["--out", "shared", "--task", task]).expect(0, &[]);
    }
    // What a task left out is missed; what it did is compared.
    let partly =
        place.run(&["--out", "shared", "--collect"]).expect(75, &["4 runs are not done", "r0002 none, left"]);
    assert!(partly.stdout.contains("3 replicates"), "{}", partly.stdout);
    place.run(&["--out", "shared", "--task", "3/3"]).expect(0, &[]);
    place.run(&["--out", "shared", "--collect"]).expect(0, &[]);
    assert!(place.result_files("shared") == expected);

    let outcomes = place.path("killed/outcomes");
    for (done, signal, code) in [(1, "KILL", None), (4, "TERM", Some(75)), (9, "KILL", None)] {
        let mut child = place.start(&["--out", "killed", "--jobs", "2"]);
        wait_until(|| count(&outcomes) >= done || child.try_wait().unwrap().is_some());
        Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        assert_eq!(child.wait().unwrap().code(), code);
        assert!(count(&outcomes) < 16, "it was done before it was stopped");
    }
    place.run(&["--out", "killed"]).expect(0, &[]);
    assert!(place.result_files("killed") == expected);
    // Only the first replicate's runs stay, each whole.
    assert_eq!(count(&place.path("killed/runs")), 1);
    for arm in ["none-left", "none-right", "strong-left", "strong-right"] {
        assert!(place.path("killed/runs/r0000").join(arm).join("tables/metrics.parquet").exists(), "{arm}");
    }
    // Once more there is nothing to do.
    let again = place.run(&["--out", "killed"]).expect(0, &[]);
    assert!(!again.stderr.contains("done"), "{}", again.stderr);
}

/// As an array's tasks do, and where one was killed before it had described the folder.
#[test]
fn tasks_may_begin_together() {
    let place = Workplace::new(DESIGN);
    for round in 0..8 {
        let out = format!("out{round}");
        let tasks: Vec<Child> = (5..=8)
            .map(|task| place.start(&["--out", &out, "--replicates", "1", "--task", &format!("{task}/8")]))
            .collect();
        for mut task in tasks {
            assert_eq!(task.wait().unwrap().code(), Some(0));
        }
    }
    fs::create_dir(place.path("left")).unwrap();
    fs::write(place.path("left/.experiment.json.12.partial"), "{").unwrap();
    place.run(&["--out", "left", "--replicates", "1", "--task", "2/2"]).expect(0, &[]);
    fs::create_dir_all(place.path("taken/runs")).unwrap();
    place.run(&["--out", "taken"]).expect(2, &["is taken by something that is no experiment"]);
}

#[test]
fn arms_are_the_same_until_they_are_treated_and_where_nothing_differs() {
    let place = Workplace::new(DESIGN);
    place.run(&["--out", "out"]).expect(0, &[]);
    let results = place.results("out");
    assert_eq!((results.arms.len(), results.replicates, results.treatment), (4, 4, 10));
    assert_eq!(results.rows.len(), 4 * 4 * 4);

    let course =
        |arm: &str| results.series.iter().find(|own| own.outcome == "reads" && own.arm == arm).unwrap();
    let (none, strong) = (course("none, left"), course("strong, left"));
    assert_eq!(none.steps, (0..30).collect::<Vec<_>>());
    assert_eq!(none.mean[..=10], strong.mean[..=10]);
    assert!(none.mean[10].unwrap() > 0.0 && none.mean[29] > strong.mean[29], "{none:?} {strong:?}");
    let correlations =
        || results.correlations.iter().filter(|own| own.outcome == "reads" && own.arm == "strong, left");
    assert_eq!(correlations().next().unwrap().correlation, Some(1.0));
    assert_eq!(correlations().count(), 20);

    let of = |factor: &str| -> Vec<&Comparison> {
        results.comparisons.iter().filter(|own| own.factor == factor).collect()
    };
    assert_eq!((of("nothing").len(), of("demotion").len()), (8, 8));
    for own in of("nothing") {
        assert_eq!((own.difference, own.paired.p, own.pairs), (Some(0.0), Some(1.0), 4), "{own:?}");
        assert_eq!(own.paired.t.map(|ends| (ends.low, ends.high)), Some((0.0, 0.0)));
        assert_eq!(own.narrowing, None);
    }
    let reads = of("demotion").into_iter().find(|own| own.outcome == "reads").unwrap();
    assert_eq!((reads.arm.as_str(), reads.against.as_str()), ("strong, left", "none, left"));
    assert!(reads.difference.unwrap() < 0.0);
    // Demotion is one decision a copy; without it there are none, which is 0 and not missing.
    let decisions = of("demotion").into_iter().find(|own| own.outcome == "decisions").unwrap();
    assert!(decisions.difference.unwrap() >= 1.0 && decisions.pairs == 4, "{decisions:?}");
}

#[test]
fn arms_that_branch_off_are_those_that_ran_from_the_start() {
    let place =
        Workplace::new(&DESIGN.replace("treatment = 10", "burn_in = 10\ntreatment = 10\nkeep = \"none\""));
    place.run(&["--out", "forks"]).expect(0, &[]);
    assert_eq!(count(&place.path("forks/runs")), 0);
    let from_the_start = Workplace::new(DESIGN);
    from_the_start.run(&["--out", "out"]).expect(0, &[]);
    assert_eq!(place.results("forks"), from_the_start.results("out"));

    // Killed in the middle of a replicate, it goes on there.
    let outcomes = place.path("killed/outcomes");
    let mut child = place.start(&["--out", "killed", "--jobs", "1"]);
    wait_until(|| count(&outcomes) >= 6);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(count(&outcomes) < 16);
    place.run(&["--out", "killed"]).expect(0, &[]);
    assert!(place.result_files("killed") == place.result_files("forks"));
}

#[test]
fn a_plan_is_printed_and_nothing_run() {
    let place = Workplace::new(DESIGN);
    let plan = place.run(&["--plan"]).expect(0, &[]).stdout;
    let seed = place.run(&["--plan", "--replicates", "2"]).stdout;
    for part in [
        "trial: 16 runs, 4 arms times 4 replicates, of 30 steps",
        "arm strong, right",
        "intervention.demote.action.factor=0",
        "outcome reads: exposures_total of cascade rumour at step 29",
        "outcome reposts: sum of repost of the platform over steps 10 to 19",
        "strong, left is compared with none, left (demotion)",
        "replicate r0003: seed ",
    ] {
        assert!(plan.contains(part), "expected {part:?} in:\n{plan}");
    }
    // The first replicates have the same seeds however many there are.
    let seeds = |plan: &str| -> Vec<String> {
        plan.lines().filter(|line| line.contains("seed")).map(str::to_owned).collect()
    };
    assert_eq!(seeds(&plan)[..2], seeds(&seed)[..]);
    assert_eq!(count(place.0.path()), 2);
}

#[test]
fn more_replicates_are_added_and_another_experiment_is_not() {
    let place = Workplace::new(DESIGN);
    place.run(&["--out", "out", "--replicates", "2"]).expect(0, &["run 8/8 done"]);
    place.run(&["--out", "out", "--replicates", "3"]).expect(0, &["run 4/4 done"]);
    assert_eq!(place.results("out").replicates, 3);

    let other = ["--out", "out", "--set", "run.steps=25"];
    place
        .run(&other)
        .expect(2, &["holds another experiment: arm.none, left.config.run.steps is 30 there and 25 here"]);
    let changed = DESIGN.replace("seed = 7", "seed = 8");
    fs::write(place.path("trial.toml"), changed).unwrap();
    place.run(&["--out", "out"]).expect(2, &["seed is 7 there and 8 here"]);
    place.run(&["--out", "."]).expect(2, &["is taken by something that is no experiment"]);
    place.run(&["--out", "new", "--collect"]).expect(2, &["has no replicate all of whose runs are done"]);
    assert!(!place.path("new").exists());
}

/// The outcomes of a cluster are compared on another machine, whatever its version, and its folder goes on where the inputs
/// are the same.
#[test]
fn a_folder_may_be_compared_elsewhere() {
    let place = Workplace::new(DESIGN);
    let world =
        WORLD.replace("kind = \"erdos-renyi\"\nmean_degree = 8.0", "kind = \"file\"\npath = \"follows.csv\"");
    fs::write(place.path("world.toml"), &world).unwrap();
    fs::write(place.path("follows.csv"), "source,target\n0,3\n1,3\n2,3\n").unwrap();
    place.run(&["--out", "out", "--replicates", "1"]).expect(0, &[]);

    let elsewhere = Workplace::new(DESIGN);
    fs::write(elsewhere.path("world.toml"), &world).unwrap();
    fs::create_dir_all(elsewhere.path("out/outcomes")).unwrap();
    for (name, content) in files_in(&place.path("out/outcomes")) {
        fs::write(elsewhere.path("out/outcomes").join(name), content).unwrap();
    }
    let description = place.text("out/experiment.json");
    fs::write(elsewhere.path("out/experiment.json"), &description).unwrap();
    let collect = ["--out", "out", "--replicates", "1", "--collect"];
    elsewhere.run(&collect).expect(0, &[]);
    assert!(elsewhere.result_files("out") == place.result_files("out"));

    let run = ["--out", "out", "--replicates", "1"];
    fs::copy(place.path("follows.csv"), elsewhere.path("follows.csv")).unwrap();
    elsewhere.run(&run).expect(0, &[]);
    fs::write(elsewhere.path("follows.csv"), "source,target\n0,3\n").unwrap();
    elsewhere.run(&run).expect(2, &["graph.path is \"follows.csv with SHA-256 ", " here"]);

    let version = format!("\"murmur\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(description.contains(&version));
    let other = description.replace(&version, "\"murmur\": \"0.0.1\"");
    fs::write(place.path("out/experiment.json"), other).unwrap();
    place.run(&collect).expect(0, &[]);
    place.run(&run).expect(2, &["murmur is \"0.0.1\" there"]);
}

#[test]
fn a_run_that_fails_leaves_the_others() {
    let design = DESIGN.replace(
        "set = { \"intervention.demote.action.factor\" = 0.0 }",
        "set = { \"population.path\" = \"people.csv\", \"population.kind\" = \"oasis-x\", \"graph.kind\" = \"population\" }",
    );
    let place = Workplace::new(&design);
    fs::write(place.path("people.csv"), "user_id\nno such table\n").unwrap();
    let failed = place.run(&["--out", "out", "--replicates", "2", "--jobs", "1"]);
    failed.expect(2, &["r0000 strong, left failed", "people.csv", "2 runs failed, 4 are left to do"]);
    assert_eq!(count(&place.path("out/outcomes")), 4);
}

/// A model that five agents have, at `url`.
fn with_model(place: &Workplace, url: &str) {
    let model = format!(
        "[[model]]\nname = \"m\"\nmodel = \"mock\"\nurls = [\"{url}\"]\nbackoff_seconds = 0.01\npatience_seconds = 0.3\n\
         agents = {{ kind = \"first\", count = 5 }}\n"
    );
    fs::write(place.path("world.toml"), format!("{WORLD}{model}")).unwrap();
}

/// Runs that nobody answers are stopped rather than failed, and so are those that wait for a batch, every arm of them.
#[test]
fn a_run_that_waits_is_no_failure() {
    let place = Workplace::new(DESIGN);
    with_model(&place, "http://127.0.0.1:1/v1");
    let check = |out: &str, more: &[&str], times: usize, parts: &[&str]| {
        let arguments = [&["--out", out, "--replicates", "1"], more].concat();
        let said = place.run(&arguments).expect(75, &[parts, &["stopped with 0 of 4 runs done"]].concat());
        assert_eq!(said.stderr.matches(parts[0]).count(), times, "{}", said.stderr);
        assert!(!said.stderr.contains("murmur resume"), "{}", said.stderr);
    };
    let remedy = "--set model.m.urls='[\"http://host:8000/v1\"]', and go on with the same command";
    check("out", &[], 4, &["Nobody can be asked", "r0000 none, left: step 0: model m", remedy]);
    // What is taken up again waits as well.
    let wait = ["--out", "out", "--replicates", "1", "--wait-for-models", "1"];
    let waited = place.run(&wait).expect(1, &["r0000 none, left failed", "after 1 s", "not ready"]);
    assert!(!waited.stderr.contains("Nobody can be asked"), "{}", waited.stderr);

    let parts = ["wait to be answered", "murmur batch ", "go on with the same command"];
    for _ in 0..2 {
        check("batch", &["--set", "calls.mode=batch"], 4, &parts);
    }
    let forks = DESIGN.replace("treatment = 10", "burn_in = 10");
    fs::write(place.path("trial.toml"), forks).unwrap();
    check("forks", &["--set", "calls.mode=batch"], 1, &parts);
}

/// With a larger budget the same experiment goes on.
#[test]
fn a_spent_budget_is_no_failure() {
    let mut server = Command::new(MURMUR);
    server.args(["mock-model", "--port", "0"]).stdout(Stdio::piped());
    let mut server = server.spawn().unwrap();
    let mut url = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let place = Workplace::new(DESIGN);
    with_model(&place, url.trim());
    let run = |budget| place.run(&["--out", "out", "--replicates", "1", "--set", budget]);
    let parts = ["calls.run_budget is spent; go on with a larger one", "stopped with 0 of 4 runs done"];
    let spent = [run("calls.run_budget.tokens=1"), run("calls.run_budget.tokens=2")];
    let on = run("calls.run_budget.tokens=1000000000");
    server.kill().unwrap();
    server.wait().unwrap();
    for said in spent {
        said.expect(75, &parts);
    }
    on.expect(0, &["none, left: going on at step "]);
}

/// `design` is refused with a message that has all `parts`, and nothing is made.
fn check_refused(design: &str, parts: &[&str]) {
    let place = Workplace::new(design);
    place.run(&["--out", "out"]).expect(2, &[&["trial.toml: "], parts].concat());
    assert!(!place.path("out").exists());
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_run() {
    let replaced = |from: &str, to: &str| {
        assert!(DESIGN.contains(from), "{from}");
        DESIGN.replacen(from, to, 1)
    };
    let check = |from: &str, to: &str, parts: &[&str]| check_refused(&replaced(from, to), parts);
    check("seed = 7", "sed = 7", &["line 2", "unknown field `sed`", "`replicates`"]);
    check("kind = \"last\"", "kind = \"latest\"", &["unknown variant `latest`", "`time-to`"]);
    check("kind = \"last\"", "kind = \"last\", step = 3", &["unknown field `step`"]);
    check("replicates = 4", "replicates = 0", &["replicates: expected at least 1"]);
    check("seed = 7", "seed = 9223372036854775808", &["seed: expected one up to 9223372036854775807"]);
    check(
        "treatment = 10",
        "treatment = 30",
        &["treatment: expected a step from burn_in (0) to 29, found 30"],
    );
    check("treatment = 10", "burn_in = 30", &["burn_in: expected fewer than the run's 30 steps"]);
    check("name = \"nothing\"", "name = \"demotion\"", &["factor 2: expected a name that no other has"]);
    check(
        "name = \"right\"",
        "name = \"left\"",
        &["factor nothing: level 2: expected a name that no other has"],
    );
    check("name = \"reposts\"", "name = \"reads\"", &["outcome 3: expected a name that no other has"]);
    check(
        "subject = \"rumour\"",
        "subject = \"rumor\"",
        &["outcome reads: subject: expected one of [\"rumour\"], found \"rumor\""],
    );
    check(
        "metric = \"repost\"",
        "metric = \"reposts\"",
        &["outcome reposts: metric: expected one of [", "\"repost\"", "found \"reposts\""],
    );
    check(
        "scope = \"platform\"",
        "scope = \"site\"",
        &["scope: expected one of [\"platform\", ", "found \"site\""],
    );
    check("metric = \"repost\"", "metric = \"repost\"\nsubject = \"tea\"", &["subject: expected none"]);
    check(
        "until = 20",
        "until = 31",
        &["outcome reposts: until: expected up to the run's 30 steps, found 31"],
    );
    check(
        "until = 20",
        "until = 10",
        &["outcome reposts: from: expected a step before until (10), found 10"],
    );
    check(
        "{ kind = \"last\" }",
        "{ kind = \"at\", step = 5 }",
        &["outcome reads: summary.step: expected one of the horizon, 10 to 29"],
    );
    check(
        "{ kind = \"last\" }",
        "{ kind = \"time-to\" }",
        &["outcome reads: summary: expected a finite number `above` or `below`"],
    );
    check(
        "\"journal.checkpoint_every\" = 5",
        "\"journal.chekpoint\" = 5",
        &["arm none, right: journal.chekpoint=5: ", "`chekpoint`"],
    );
    check(
        "\"journal.checkpoint_every\" = 5",
        "journal.checkpoint_every = 5",
        &["level right: journal: expected a dotted key in quotes"],
    );
    check(
        "\"journal.checkpoint_every\" = 5",
        "\"run.seed\" = 5",
        &["run.seed: replicates have seeds of their own"],
    );
    check(
        "\"journal.checkpoint_every\" = 5",
        "\"run.steps\" = 25",
        &["arm none, right: expected as many steps"],
    );
    check(
        "\"journal.checkpoint_every\" = 5",
        "\"intervention.demot.enabled\" = false",
        &["`intervention` is a list; name one of its tables, demote"],
    );
    let forks = replaced("treatment = 10", "burn_in = 10")
        .replace("\"journal.checkpoint_every\" = 5", "\"population.size\" = 300");
    check_refused(
        &forks,
        &[
            "arm none, right: a fork may change",
            "population.size is 200 there and 300 here",
            "With burn_in = 0 arms run from the start",
        ],
    );
    let (design, _) = DESIGN.split_once("[[outcome]]").unwrap();
    check_refused(design, &["outcome: expected at least one [[outcome]]"]);

    let place = Workplace::new(DESIGN);
    place.run(&["--task", "3/2"]).expect(2, &["I/N"]);
    place.run(&["--set", "run.stps=3"]).expect(2, &["--set: run.stps=3: ", "`stps`"]);
    fs::remove_file(place.path("world.toml")).unwrap();
    place.run(&[]).expect(2, &["world.toml"]);
}

/// Without factors there is one arm, and nothing to compare.
#[test]
fn replicates_of_one_world_have_means() {
    let (head, rest) = DESIGN.split_once("[[factor]]").unwrap();
    let (_, outcomes) = rest.split_once("[[outcome]]").unwrap();
    let place = Workplace::new(&format!("{head}[[outcome]]{outcomes}"));
    place.run(&["--out", "out", "--replicates", "3"]).expect(0, &[]);
    let results = place.results("out");
    assert_eq!((results.arms.as_slice(), results.comparisons.len()), (&["all".to_owned()][..], 0));
    assert_eq!(results.means.iter().map(|own| own.runs).collect::<Vec<_>>(), [3; 4]);
}
