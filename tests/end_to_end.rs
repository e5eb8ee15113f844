//! The binary as a user meets it: runs and their files, exit codes, and what a fault says.

mod classic;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

const MURMUR: &str = env!("CARGO_BIN_EXE_murmur");
const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");

const TABLES: [&str; 8] =
    ["agents", "cascades", "comments", "events", "exposures", "metrics", "network", "posts"];

const SMALL: &str = r#"[run]
steps = 12
start = "12:00"
[[topic]]
name = "tea"
words = ["cup", "leaf"]
[population]
kind = "synthetic"
size = 60
[population.traits]
activity = 0.3
[graph]
kind = "erdos-renyi"
mean_degree = 6.0
[[seed_post]]
name = "rumour"
author = 3
step = 2
topic = "tea"
stance = -0.9
text = "Tea is made of leaves from the pavement."
"#;

/// A folder with small files that commands run in.
struct Desk(tempfile::TempDir);

/// What a finished command left.
#[derive(Debug)]
struct Finished {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Desk {
    /// A folder with `small.toml`.
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.write("small.toml", SMALL);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Runs `murmur` with these words, split at spaces, in the folder.
    fn murmur(&self, words: &str) -> Finished {
        let words: Vec<&str> = words.split_whitespace().collect();
        self.murmur_words(&words)
    }

    fn murmur_words(&self, words: &[&str]) -> Finished {
        let output = Command::new(MURMUR).args(words).current_dir(&self.0).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let finished =
            Finished { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
        assert!(!finished.stderr.contains("panicked at"), "{words:?}: {}", finished.stderr);
        finished
    }

    /// The same, with success.
    fn done(&self, words: &str) -> Finished {
        let finished = self.murmur(words);
        assert_eq!(finished.code, Some(0), "{words}: {}", finished.stderr);
        finished
    }

    /// The tables and the summary of a run.
    fn results(&self, run: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = files_in(&self.path(run).join("tables"));
        files.insert("summary.json".to_owned(), fs::read(self.path(run).join("summary.json")).unwrap());
        files
    }
}

/// Every file in a folder by its name.
fn files_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect()
}

/// The path of a file that not every checkout has beside it.
fn shared(file: &str) -> Option<String> {
    let path = format!("{SHARED}/{file}");
    if !Path::new(&path).exists() {
        eprintln!("passed over: {path} is absent");
        return None;
    }
    Some(path)
}

#[test]
fn a_run_leaves_its_folder_and_nothing_half_done() {
    let desk = Desk::new();
    let page = desk.done("run small.toml --out here/run").stdout;
    for part in ["simulated", "cascades", "rumour", "opinions", "here/run"] {
        assert!(page.contains(part), "expected {part:?} in:\n{page}");
    }
    let names: Vec<String> = files_in(&desk.path("here/run/tables")).into_keys().collect();
    assert_eq!(names, TABLES.map(|table| format!("{table}.parquet")));
    let names: Vec<String> = files_in(&desk.path("here/run")).into_keys().collect();
    assert_eq!(names, ["manifest.json", "summary.json"]);
    assert_eq!(fs::read_dir(desk.path("here")).unwrap().count(), 1);
    let json = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(desk.path("here/run").join(name)).unwrap()).unwrap()
    };
    assert_eq!(json("manifest.json")["config"]["run"]["steps"], 12);
    assert_eq!(json("manifest.json")["config"]["feed"]["preset"], "x-like");
    assert_eq!(json("summary.json")["agents"], 60);
    assert_eq!(json("summary.json")["watched"][0]["points"].as_array().unwrap().len(), 10);
}

#[test]
fn without_a_folder_a_run_takes_the_next_free_one() {
    let desk = Desk::new();
    desk.done("run small.toml");
    desk.done("run small.toml --seed 2");
    assert!(desk.path("runs/small/summary.json").exists());
    assert!(desk.path("runs/small-2/summary.json").exists());
}

#[test]
fn options_stand_for_keys_and_the_last_one_wins() {
    let desk = Desk::new();
    desk.done("run small.toml --out a --seed 7 --steps 5");
    desk.done("run small.toml --out b --set run.seed=7 --set run.steps=9 --set run.steps=5");
    assert_eq!(desk.results("a"), desk.results("b"));
}

/// `words` give the same bytes on one thread, on two and again, and other bytes with another seed.
fn check_repeats(desk: &Desk, words: &str) {
    for (out, threads) in [("one", 1), ("two", 2), ("again", 2)] {
        desk.done(&format!("run {words} --out {out} --threads {threads}"));
    }
    let expected = desk.results("one");
    assert_eq!(expected.len(), TABLES.len() + 1);
    for out in ["two", "again"] {
        for (name, bytes) in desk.results(out) {
            assert!(bytes == expected[&name], "{words}: {name} of `{out}` differs");
        }
    }
    desk.done(&format!("run {words} --out other --seed 99"));
    assert!(desk.results("other")["events.parquet"] != expected["events.parquet"], "{words}");
}

#[test]
fn the_quickstart_repeats_itself_on_any_number_of_threads() {
    check_repeats(
        &Desk::new(),
        &format!("{REPOSITORY}/configs/quickstart.toml --set population.size=1500 --steps 260"),
    );
}

#[test]
fn every_feed_graph_and_sample_repeats_itself() {
    for preset in ["random", "chronological", "reddit", "oasis-x", "x-like", "echo-chamber", "bridging"] {
        let config = format!(
            "small.toml --set population.size=1500 --set feed.preset={preset} --set graph.kind=homophilous \
             --set tables.exposures=0.5 --set run.minutes_per_step=6 --set metrics.label=interest"
        );
        check_repeats(&Desk::new(), &config);
    }
}

#[test]
fn oasis_populations_run_and_repeat_themselves() {
    let populations = [
        ("x", "twitter_polarization_197_progressive.csv"),
        ("x", "twitter_polarization_197_conservative.csv"),
        ("x", "twitter_False_Business_0.csv"),
        ("reddit", "user_data_36.json"),
    ];
    for (config, population) in populations {
        let Some(population) = shared(&format!("oasis/data/{population}")) else { return };
        check_repeats(
            &Desk::new(),
            &format!("{REPOSITORY}/configs/{config}.toml --set population.path={population} --steps 20"),
        );
    }
}

#[test]
fn a_folder_that_is_taken_is_left_alone() {
    let desk = Desk::new();
    desk.done("run small.toml --out run");
    let before = (files_in(&desk.path("run")), desk.results("run"));
    let again = desk.murmur("run small.toml --out run --seed 2");
    assert_eq!(again.code, Some(2), "{}", again.stderr);
    assert!(again.stderr.contains("run already holds a run"), "{}", again.stderr);
    assert_eq!((files_in(&desk.path("run")), desk.results("run")), before);

    fs::create_dir(desk.path("thesis")).unwrap();
    desk.write("thesis/chapter.tex", "years of work");
    let taken = desk.murmur("run small.toml --out thesis");
    assert_eq!(taken.code, Some(2));
    assert!(taken.stderr.contains("not an empty folder"), "{}", taken.stderr);
    assert_eq!(files_in(&desk.path("thesis")).len(), 1);
}

/// The command ends with `code` and one complaint on standard error that holds all `parts`; it prints nothing else
/// and leaves no file.
fn check_fault(desk: &Desk, words: &str, code: i32, parts: &[&str]) {
    let listing = || {
        let mut names: Vec<_> =
            fs::read_dir(&desk.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = listing();
    let finished = desk.murmur(words);
    assert_eq!(finished.code, Some(code), "{words}: {}", finished.stderr);
    for part in parts {
        assert!(finished.stderr.contains(part), "{words}: expected {part:?} in:\n{}", finished.stderr);
    }
    assert!(finished.stderr.starts_with("error: "), "{words}: {}", finished.stderr);
    assert_eq!(finished.stdout, "", "{words}");
    assert_eq!(listing(), before, "{words}");
}

#[test]
fn faults_in_a_configuration_name_file_line_or_key_and_what_was_expected() {
    let desk = Desk::new();
    let broken = |name: &str, old: &str, new: &str| {
        assert!(SMALL.contains(old), "{old}");
        desk.write(name, &SMALL.replacen(old, new, 1));
    };
    broken("unknown.toml", "start =", "begin =");
    broken("type.toml", "steps = 12", "steps = \"many\"");
    broken("probability.toml", "[graph]", "[tables]\nexposures = 1.5\n[graph]");
    broken("syntax.toml", "[run]", "[run");
    broken("topic.toml", "topic = \"tea\"", "topic = \"coffee\"");
    broken("stance.toml", "stance = -0.9", "stance = -9");
    broken("author.toml", "author = 3", "author = 60");
    broken("follows.toml", "mean_degree = 6.0", "mean_degree = 60.0");
    desk.write("empty.toml", "");
    fs::write(desk.path("latin.toml"), b"# caf\xe9\n").unwrap();

    check_fault(&desk, "run nowhere.toml", 2, &["nowhere.toml", "configs/"]);
    check_fault(&desk, "run unknown.toml", 2, &["unknown.toml", "line 3", "`begin`", "`start`"]);
    check_fault(&desk, "run type.toml", 2, &["type.toml", "line 2", "\"many\"", "u32"]);
    check_fault(&desk, "run probability.toml", 2, &["line 13", "1.5 is not a probability", "from 0 to 1"]);
    check_fault(&desk, "run syntax.toml", 2, &["syntax.toml", "line 1"]);
    check_fault(&desk, "run topic.toml", 2, &["seed_post 1 (rumour): topic", "\"tea\"", "\"coffee\""]);
    check_fault(&desk, "run stance.toml", 2, &["stance.toml", "-9 is not a stance", "from -1"]);
    check_fault(&desk, "run author.toml", 2, &["seed_post 1 (rumour): author", "from 0 to 59", "found 60"]);
    check_fault(&desk, "run follows.toml", 2, &["graph.mean_degree", "60"]);
    check_fault(&desk, "run empty.toml", 2, &["empty.toml", "topic: expected at least one"]);
    check_fault(&desk, "run latin.toml", 2, &["latin.toml", "UTF-8"]);
}

#[test]
fn faults_on_the_command_line_name_the_option() {
    let desk = Desk::new();
    check_fault(
        &desk,
        "run small.toml --set populaton.size=5",
        2,
        &["--set populaton.size=5", "`population`"],
    );
    check_fault(&desk, "run small.toml --set run.steps=x", 2, &["--set run.steps=x", "u32"]);
    check_fault(
        &desk,
        "run small.toml --set population.traits.activity=1.5",
        2,
        &["--set", "activity=1.5", "0 to 1"],
    );
    check_fault(&desk, "run small.toml --set steps", 2, &["--set", "key=value"]);
    check_fault(&desk, "run small.toml --set run.steps=0", 2, &["run.steps", "at least 1"]);
    check_fault(&desk, "run small.toml --steps 0", 2, &["run.steps", "at least 1"]);
    check_fault(&desk, "run small.toml --threads 0", 2, &["--threads", "1..=512"]);
    check_fault(&desk, "run small.toml --steps many", 2, &["--steps", "many"]);
    check_fault(&desk, "run", 2, &["<CONFIG>"]);
    check_fault(&desk, "ruin small.toml", 2, &["ruin"]);
}

/// The header of OASIS's X population, as far as it is used.
const X_HEADER: &str = "user_id,name,username,description,user_char,following_agentid_list,previous_tweets\n";

#[test]
fn faults_in_populations_and_graphs_name_file_line_and_column() {
    let desk = Desk::new();
    let x = |name: &str, rows: &str| desk.write(name, &format!("{X_HEADER}{rows}"));
    x("good.csv", "0,A,a,\"two\nlines\",c,[1],[]\n1,B,b,d,c,[],\"['Tea!']\"\n");
    x("follow.csv", "0,A,a,\"two\nlines\",c,[1],[]\n1,B,b,d,c,\"[0, 7]\",[]\n");
    x("list.csv", "0,A,a,d,c,[1],[]\n1,B,b,d,c,\"[0, \",[]\n");
    x("tweets.csv", "0,A,a,d,c,[],\"['half\"\n");
    x("none.csv", "");
    desk.write("columns.csv", "user_id,name\n0,A\n");
    let user = r#"{"realname":"A","username":"a","bio":"b","persona":"p","age":30,"gender":"f","mbti":"INTP","country":"UK","profession":"x","interested_topics":["tea"]}"#;
    desk.write("good.json", &format!("[{user}, {user}]"));
    desk.write("cut.json", &format!("[{user},\n{}", &user[..30]));
    desk.write("none.json", "[]");
    desk.write("far.csv", "source,target\n0,1\n3,900\n");

    let oasis = |kind: &str, file: &str| {
        format!(
            "run small.toml --set population.kind=oasis-{kind} --set population.path={file} \
             --set graph.kind=population --set seed_post=[]"
        )
    };
    desk.done(&format!("{} --out good-x", oasis("x", "good.csv")));
    desk.done(&format!("{} --out good-reddit", oasis("reddit", "good.json")));

    check_fault(&desk, &oasis("x", "nowhere.csv"), 2, &["nowhere.csv", "population.path"]);
    check_fault(
        &desk,
        &oasis("x", "follow.csv"),
        2,
        &["follow.csv: line 4", "`following_agentid_list`", "agent 7 does not exist", "from 0 to 1"],
    );
    check_fault(
        &desk,
        &oasis("x", "list.csv"),
        2,
        &["list.csv: line 3", "`following_agentid_list`", "expected a number"],
    );
    check_fault(
        &desk,
        &oasis("x", "tweets.csv"),
        2,
        &["tweets.csv: line 2", "`previous_tweets`", "expected"],
    );
    check_fault(&desk, &oasis("x", "none.csv"), 2, &["none.csv", "empty", "at least one account"]);
    check_fault(&desk, &oasis("x", "columns.csv"), 2, &["columns.csv", "missing column", "`user_char`"]);
    check_fault(&desk, &oasis("x", "good.json"), 2, &["good.json"]);
    check_fault(&desk, &oasis("reddit", "cut.json"), 2, &["cut.json: line 2", "cut short"]);
    check_fault(&desk, &oasis("reddit", "none.json"), 2, &["none.json", "empty", "at least one account"]);
    check_fault(&desk, &oasis("reddit", "good.csv"), 2, &["good.csv: line 1"]);
    check_fault(
        &desk,
        "run small.toml --set graph.kind=file --set graph.path=far.csv",
        2,
        &["far.csv: line 3", "agent 900 does not exist", "from 0 to 59"],
    );
    check_fault(
        &desk,
        "run small.toml --set graph.kind=file --set graph.path=no.csv",
        2,
        &["no.csv", "graph.path"],
    );
    check_fault(
        &desk,
        "run small.toml --set graph.kind=population",
        2,
        &["graph.kind", "expected a generator"],
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_place_that_cannot_be_written_is_the_systems_fault() {
    check_fault(&Desk::new(), "run small.toml --out /proc/run", 1, &["/proc/", "cannot read or write"]);
}

#[test]
fn a_folder_below_a_file_cannot_be_made() {
    let desk = Desk::new();
    let finished = desk.murmur("run small.toml --out small.toml/run");
    assert!(matches!(finished.code, Some(1 | 2)), "{finished:?}");
    assert!(finished.stderr.contains("small.toml/run"), "{finished:?}");
    assert_eq!(fs::read_to_string(desk.path("small.toml")).unwrap(), SMALL);
}

#[test]
fn faults_in_measured_files_name_the_line() {
    let desk = Desk::new();
    desk.write("orphan.csv", "child,parent,time\na,,0\nb,z,1\n");
    desk.write("cycle.csv", "child,parent,time\na,,0\nb,c,1\nc,b,1\n");
    desk.write("early.csv", "child,parent,time\na,,5\nb,a,4\n");
    desk.write("twice.csv", "child,parent,time\na,,0\nb,a,1\nb,a,2\n");
    desk.write("opinions.csv", "opinion\n0.5\n1.5\n");
    desk.write("words.csv", "opinion\n0.5\nmuch\n");
    desk.write("edges.csv", "source,target\n0,1\n");
    desk.write("nodes.csv", "node,label\n0,a\n");
    check_fault(&desk, "measure cascade orphan.csv", 2, &["orphan.csv: line 3", "`z`"]);
    check_fault(&desk, "measure cascade cycle.csv", 2, &["cycle.csv: line", "cycle"]);
    check_fault(&desk, "measure cascade early.csv", 2, &["early.csv: line 3"]);
    check_fault(&desk, "measure cascade twice.csv", 2, &["twice.csv: line 4", "`b`"]);
    check_fault(&desk, "measure cascade opinions.csv", 2, &["opinions.csv", "missing columns `child`"]);
    check_fault(&desk, "measure opinions opinions.csv", 2, &["opinions.csv: line 3", "1.5", "[-1, 1]"]);
    check_fault(&desk, "measure opinions words.csv", 2, &["words.csv: line 3", "much"]);
    check_fault(
        &desk,
        "measure network edges.csv --nodes nodes.csv",
        2,
        &["edges.csv: line 2", "`1`", "nodes.csv"],
    );
    check_fault(&desk, "measure network edges.csv", 2, &["--nodes"]);
    let absent = desk.murmur("measure opinions nowhere.csv");
    assert!(matches!(absent.code, Some(1 | 2)) && absent.stderr.contains("nowhere.csv"), "{absent:?}");
}

/// All numbers of `reference` that `printed` holds are equal, the dip to 1e-6 and the others to 1e-9; returns how
/// many there were.
fn compare(printed: &Value, reference: &Value, inputs: &[&str]) -> usize {
    let mut compared = 0;
    for (key, expected) in reference.as_object().unwrap() {
        if inputs.contains(&key.as_str()) {
            continue;
        }
        let found = &printed[key];
        let (Some(found), Some(expected)) = (found.as_f64(), expected.as_f64()) else {
            assert_eq!(found, expected, "{key} in {printed}");
            continue;
        };
        let tolerance = if key == "hartigan_dip" { 1e-6 } else { 1e-9 };
        assert!((found - expected).abs() <= tolerance, "{key}: {found} instead of {expected}");
        compared += 1;
    }
    compared
}

#[test]
fn measures_of_users_files_equal_the_reference() {
    let Some(path) = shared("reference/metrics.json") else { return };
    let reference: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let desk = Desk::new();
    let json = |words: &str| -> Value { serde_json::from_str(&desk.done(words).stdout).unwrap() };
    let list = |value: &Value| value.as_array().unwrap().clone();
    let mut compared = 0;

    for case in list(&reference["cascades"]) {
        let mut csv = "child,parent,time\n0,,0\n".to_owned();
        for row in list(&case["edges_child_parent_time"]) {
            csv += &format!("{},{},{}\n", row[0], row[1], row[2]);
        }
        desk.write("cascade.csv", &csv);
        let printed = json("measure cascade cascade.csv");
        compared += compare(&printed, &case, &["kind", "edges_child_parent_time", "series"]);
    }
    for case in list(&reference["opinions"]) {
        let values: String = list(&case["values"]).iter().map(|value| format!("{value}\n")).collect();
        desk.write("opinions.csv", &format!("opinion\n{values}"));
        let printed = json("measure opinions opinions.csv");
        compared += compare(&printed, &case, &["name", "values", "hartigan_dip_p"]);
    }
    for case in list(&reference["graphs"]) {
        let edges: String =
            list(&case["edges"]).iter().map(|edge| format!("{},{}\n", edge[0], edge[1])).collect();
        desk.write("edges.csv", &format!("source,target\n{edges}"));
        let inputs = ["name", "nodes", "edges", "labels", "label", "opinions", "opinion"];
        let column = |plural: &str, single: &str| {
            list(if case[plural].is_array() { &case[plural] } else { &case[single] })
        };
        let (labels, opinions) = (column("labels", "label"), column("opinions", "opinion"));
        let nodes = labels.iter().zip(&opinions).enumerate();
        let nodes: String =
            nodes.map(|(node, (label, opinion))| format!("{node},{label},{opinion}\n")).collect();
        desk.write("nodes.csv", &format!("node,label,opinion\n{nodes}"));
        compared += compare(&json("measure network edges.csv --nodes nodes.csv"), &case, &inputs);
    }
    assert!(compared > 60, "{compared}");
}

#[test]
fn several_roots_give_an_array_in_the_order_of_the_file() {
    let desk = Desk::new();
    desk.write("two.csv", "time,child,parent\n3,x,\n4,y,x\n0,a,\n");
    let printed: Value = serde_json::from_str(&desk.done("measure cascade two.csv").stdout).unwrap();
    let scales: Vec<u64> =
        printed.as_array().unwrap().iter().map(|root| root["scale"].as_u64().unwrap()).collect();
    assert_eq!(scales, [2, 1]);
}

#[test]
fn help_tells_of_every_command_and_option() {
    let desk = Desk::new();
    let check = |words: &str, parts: &[&str]| {
        let help = desk.done(words).stdout;
        for part in parts {
            assert!(help.contains(part), "{words}: expected {part:?} in:\n{help}");
        }
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{words}: {help}");
    };
    check("--help", &["run", "measure", "keys", "--version"]);
    check("run --help", &["<CONFIG>", "--out", "--seed", "--threads", "--steps", "--set", "--timings"]);
    check("measure --help", &["cascade", "opinions", "network"]);
    check("measure cascade --help", &["<FILE>", "child, parent"]);
    check("measure opinions --help", &["<FILE>", "opinion"]);
    check("measure network --help", &["<EDGES>", "--nodes"]);
    check("keys --help", &["Markdown"]);
    check("--version", &["murmur "]);
    assert_eq!(desk.murmur("").code, Some(2));
}

#[test]
fn keys_lists_what_a_configuration_may_hold() {
    let keys = Desk::new().done("keys").stdout;
    for key in ["minutes_per_step", "max_age", "exposures", "confidence", "mean_follows", "writing_seconds"] {
        assert!(keys.contains(key), "{key}");
    }
}

#[test]
fn timings_are_printed_when_asked_for() {
    let desk = Desk::new();
    let page = desk.done("run small.toml --out run --timings").stdout;
    for phase in ["activate", "recommend", "observe", "decide", "apply", "measure", "record"] {
        assert!(page.contains(phase), "{page}");
    }
    for structure in ["follows", "posts: rows", "peak"] {
        assert!(page.contains(structure), "{page}");
    }
    assert!(!desk.done("run small.toml --out quiet").stdout.contains("time by phase"));
    assert!(!desk.path("quiet/telemetry").exists());
}

#[test]
fn timings_are_kept_step_by_step_and_a_resumed_run_adds_its_own() {
    let desk = Desk::new();
    desk.done("run small.toml --out run --steps 3 --timings");
    desk.done("resume run --steps 5 --timings");
    let text = fs::read_to_string(desk.path("run/telemetry/timings.json")).unwrap();
    let timings: Value = serde_json::from_str(&text).unwrap();
    let stretches = timings["stretches"].as_array().unwrap();
    let steps = |stretch: &Value| -> Vec<u64> {
        let steps = stretch["steps"].as_array().unwrap();
        steps.iter().map(|step| step["step"].as_u64().unwrap()).collect()
    };
    assert_eq!(stretches.iter().map(steps).collect::<Vec<_>>(), [vec![0, 1, 2], vec![3, 4]]);
    for step in stretches.iter().flat_map(|stretch| stretch["steps"].as_array().unwrap()) {
        let phases: f64 =
            step["phases"].as_object().unwrap().values().map(|time| time.as_f64().unwrap()).sum();
        let seconds = step["seconds"].as_f64().unwrap();
        assert!(0.0 < phases && phases <= seconds, "{step}");
        assert_eq!(step["model_seconds"], 0.0);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let desk = Desk::new();
    let mut child = Command::new(MURMUR)
        .args(["run", "small.toml", "--out", "run"])
        .current_dir(&desk.0)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(desk.results("run").len(), TABLES.len() + 1);
}

/// A server that embeds texts as OpenAI's protocol has it, on a thread of its own: vectors of eight numbers that follow
/// from the text's letters.
struct EmbeddingServer {
    url: String,
    requests: Arc<AtomicUsize>,
}

impl EmbeddingServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let count = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let count = count.clone();
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream.unwrap());
                    while let Some(body) = request_body(&mut reader) {
                        count.fetch_add(1, Ordering::Relaxed);
                        let reply = embedded(&body);
                        let head = format!(
                            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                            reply.len()
                        );
                        reader.get_mut().write_all(format!("{head}{reply}").as_bytes()).unwrap();
                    }
                });
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

/// The body of the next request; `None` when the client has gone.
fn request_body(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

fn embedded(body: &[u8]) -> String {
    let request: Value = serde_json::from_slice(body).unwrap();
    let vector = |text: &str| {
        let mut counts = [0.5f64; 8];
        for byte in text.bytes() {
            counts[usize::from(byte) % 8] += 1.0;
        }
        counts
    };
    let texts = request["input"].as_array().unwrap().iter().map(|text| text.as_str().unwrap());
    let data: Vec<Value> = texts
        .enumerate()
        .map(|(index, text)| serde_json::json!({ "index": index, "embedding": vector(text) }))
        .collect();
    serde_json::json!({ "data": data }).to_string()
}

#[test]
fn an_endpoints_vectors_are_kept_with_the_run() {
    let server = EmbeddingServer::start();
    let desk = Desk::new();
    let endpoint = format!(
        "--set embedder.kind=endpoint --set embedder.url={} --set embedder.model=m --set embedder.dimensions=8",
        server.url
    );
    desk.done(&format!("run small.toml {endpoint} --out whole"));
    let asked = server.requests();
    assert!(asked > 0);
    // What was embedded once is asked for no more, nor by a run that branches off before anything new is written.
    desk.done("replay whole");
    desk.done("inspect whole");
    assert_eq!(server.requests(), asked);
    desk.done(&format!("run small.toml {endpoint} --out part --steps 6"));
    let asked = server.requests();
    desk.done("replay part");
    assert_eq!(server.requests(), asked);
    desk.done("resume part --steps 12");
    let journal = |run: &str| fs::read(desk.path(run).join("journal/0000-00000.seg")).unwrap();
    assert_eq!(journal("part"), journal("whole"));
    // A torn record is embedded again, a file of something else refused.
    let vectors = desk.path("part").join("vectors.bin");
    let bytes = fs::read(&vectors).unwrap();
    fs::write(&vectors, &bytes[..bytes.len() - 5]).unwrap();
    desk.done("replay part");
    fs::write(&vectors, b"something else altogether").unwrap();
    let told = desk.murmur("replay part");
    assert_eq!(told.code, Some(2));
    assert!(told.stderr.contains("vectors.bin") && told.stderr.contains("8 dimensions"), "{told:?}");
}

#[test]
fn an_endpoint_that_cannot_be_used_is_told_at_the_start() {
    let server = EmbeddingServer::start();
    let desk = Desk::new();
    let check = |settings: &str, expected: &[&str]| {
        let run = format!(
            "run small.toml --out none --set embedder.kind=endpoint --set embedder.model=m {settings}"
        );
        let told = desk.murmur(&run);
        assert_ne!(told.code, Some(0), "{told:?}");
        for part in expected {
            assert!(told.stderr.contains(part), "expected {part:?} in {told:?}");
        }
        assert!(!desk.path("none").exists());
    };
    let url = format!("--set embedder.url={}", server.url);
    check(&format!("{url} --set embedder.dimensions=16"), &["embedder.dimensions", "16", "8"]);
    check(&format!("{url} --set embedder.dimensions=10"), &["embedder.dimensions", "multiple of 8"]);
    check(
        &format!("{url} --set embedder.dimensions=8 --set embedder.api_key_env=MURMUR_NO_SUCH_KEY"),
        &["MURMUR_NO_SUCH_KEY"],
    );
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = format!("--set embedder.url=http://{nobody}/v1 --set embedder.dimensions=8");
    check(&format!("{settings} --set embedder.retries=0"), &[&nobody.to_string()]);
}
