//! `murmur export` and `murmur inspect`, through the binary: OASIS's scripts leave OASIS's tables, all formats tell the
//! same story, pseudonyms hide names, and nothing is ever overwritten.

#![allow(clippy::print_stderr, reason = "a test says that it was passed over")]

mod parity;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use parquet::file::reader::{FileReader, SerializedFileReader};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::{Value, json};

const FORMATS: [&str; 4] = ["parquet", "csv", "sqlite", "graphml"];

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
activity = 0.5
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

/// Names that no other text holds by chance.
const PEOPLE: [(&str, &str, &str); 4] = [
    ("quixley", "Quentin Xley", "quixotic windmills"),
    ("brumbold", "Bruna Old", "brumal evenings"),
    ("zaffre_7", "Zaff Re", "cobalt pigments"),
    ("wyvernly", "Wy Vernly", "heraldic beasts"),
];

/// What they do: a cascade of three, a quote, a comment, a feed, and names in all places that take words.
const DEEDS: [&str; 12] = [
    r#"{"step":1,"agent":0,"action":"create_post","args":{"content":"Ask @brumbold, or @ZAFFRE_7: who?"}}"#,
    r#"{"step":2,"agent":1,"action":"repost","args":{"post_id":1}}"#,
    r#"{"step":3,"agent":2,"action":"repost","args":{"post_id":2}}"#,
    r#"{"step":3,"agent":3,"action":"quote_post","args":{"post_id":1,"quote_content":"So says @quixley"}}"#,
    r#"{"step":4,"agent":3,"action":"create_comment","args":{"post_id":1,"content":"Not me, @Quixley."}}"#,
    r#"{"step":4,"agent":2,"action":"follow","args":{"followee_id":0}}"#,
    r#"{"step":4,"agent":2,"action":"like_post","args":{"post_id":1}}"#,
    r#"{"step":5,"agent":2,"action":"refresh"}"#,
    r#"{"step":5,"agent":1,"action":"search_user","args":{"query":"Quentin Xley"}}"#,
    r#"{"step":5,"agent":1,"action":"create_group","args":{"group_name":"Friends of @wyvernly"}}"#,
    r#"{"step":6,"agent":1,"action":"send_to_group","args":{"group_id":1,"content":"@quixley is out"}}"#,
    r#"{"step":6,"agent":1,"action":"report_post","args":{"post_id":1,"report_reason":"he is @wyvernly"}}"#,
];

/// A folder that commands run in.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with a run of `small.toml` in `run`.
    fn with_small_run() -> Self {
        let desk = Self::new();
        desk.write("small.toml", SMALL);
        desk.done(&["run", "small.toml", "--out", "run"]);
        desk
    }

    /// A folder with a run of [`DEEDS`] in `run`, and what they came to in `results.jsonl`.
    fn with_scripted_run() -> Self {
        let mut script = String::new();
        for (agent, (user_name, name, bio)) in PEOPLE.iter().enumerate() {
            let args = json!({"user_name": user_name, "name": name, "bio": bio});
            writeln!(script, "{}", json!({"step": 0, "agent": agent, "action": "sign_up", "args": args}))
                .unwrap();
        }
        let desk = Self::new();
        desk.write("script.jsonl", &(script + &DEEDS.join("\n") + "\n"));
        desk.done(&["script", "script.jsonl", "--out", "run", "--results", "results.jsonl"]);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    fn murmur(&self, words: &[&str]) -> Output {
        let output =
            Command::new(env!("CARGO_BIN_EXE_murmur")).args(words).current_dir(&self.0).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!errors.contains("panicked at"), "{words:?}: {errors}");
        output
    }

    /// The same, with success; what was printed.
    fn done(&self, words: &[&str]) -> String {
        let output = self.murmur(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same, with exit code 2 and an error that contains all of `expected`.
    fn refused(&self, words: &[&str], expected: &[&str]) {
        let output = self.murmur(words);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {message}");
        for part in expected {
            assert!(message.contains(part), "expected {part:?} in {message}");
        }
    }

    /// Exports `run` as `format` to `out`.
    fn export(&self, run: &str, format: &str, out: &str, more: &[&str]) {
        self.done(&[&["export", run, "--format", format, "--out", out], more].concat());
    }
}

/// All rows of a table of an SQLite file in the order of `rowid`, as JSON.
fn sqlite_rows(path: &Path, table: &str) -> Vec<Value> {
    let connection = Connection::open(path).unwrap();
    // A table whose key is its rowid alone has the order of its ids.
    let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\" ORDER BY rowid")).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        Ok((0..columns)
            .map(|column| match row.get_ref(column).unwrap() {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => json!(number),
                ValueRef::Text(text) => json!(str::from_utf8(text).unwrap()),
                other => panic!("{table}: {other:?}"),
            })
            .collect::<Value>())
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn sqlite_columns(path: &Path, table: &str) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let statement = connection.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
    statement.column_names().map(str::to_owned).collect()
}

/// The records of a CSV file by the names of their columns.
fn csv_rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(Result::unwrap).collect()
}

/// Every file below a folder, or the file itself, by its name within.
fn files_at(path: &Path) -> BTreeMap<String, Vec<u8>> {
    if path.is_file() {
        return BTreeMap::from([(String::new(), fs::read(path).unwrap())]);
    }
    let files = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|file| (file.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&file).unwrap()))
        .collect()
}

fn check_parity(name: &str) {
    let Some(parity) = parity::read(name) else { return };
    let desk = Desk::new();
    desk.write("script.jsonl", &parity::as_script(&parity));
    let settings = parity::settings(&parity);
    let mut words = vec!["script", "script.jsonl", "--out", "run"];
    words.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    desk.done(&words);
    desk.export("run", "sqlite", "oasis.db", &[]);

    let path = desk.path("oasis.db");
    let tables = parity["tables"].as_object().unwrap();
    for (table, expected) in tables {
        assert_eq!(json!(sqlite_columns(&path, table)), expected["columns"], "{table}");
        let rows = sqlite_rows(&path, table);
        assert_eq!(rows.len(), expected["rows"].as_array().unwrap().len(), "{table}");
        for (row, expected) in rows.iter().zip(expected["rows"].as_array().unwrap()) {
            assert_eq!(row, expected, "{table}");
        }
    }
    assert_eq!(tables.len(), 15);
    assert_eq!(sqlite_rows(&path, "rec"), Vec::<Value>::new());
}

#[test]
fn script_a_leaves_oasiss_file() {
    check_parity("script_a");
}

#[test]
fn script_b_leaves_oasiss_file() {
    check_parity("script_b");
}

/// The number under `name`.
fn number(row: &BTreeMap<String, String>, name: &str) -> i64 {
    row[name].parse().unwrap()
}

#[test]
fn all_formats_tell_the_same() {
    let desk = Desk::with_small_run();
    for format in FORMATS {
        desk.export("run", format, &format!("out.{format}"), &[]);
    }
    assert_eq!(files_at(&desk.path("out.parquet")), files_at(&desk.path("run/tables")));

    let tables: Vec<String> = files_at(&desk.path("out.csv")).into_keys().collect();
    let expected = ["agents", "cascades", "comments", "events", "exposures", "metrics", "network", "posts"];
    assert_eq!(tables, expected.map(|table| format!("{table}.csv")));
    for table in expected {
        let file = fs::File::open(desk.path(&format!("out.parquet/{table}.parquet"))).unwrap();
        let parquet = SerializedFileReader::new(file).unwrap();
        let csv = csv_rows(&desk.path(&format!("out.csv/{table}.csv")));
        assert_eq!(csv.len() as i64, parquet.metadata().file_metadata().num_rows(), "{table}");
        for (csv, parquet) in csv.iter().zip(parquet.get_row_iter(None).unwrap()) {
            for (name, field) in parquet.unwrap().get_column_iter() {
                use parquet::record::Field;
                let text = match field {
                    Field::Null => String::new(),
                    Field::UInt(value) => value.to_string(),
                    Field::Float(value) => value.to_string(),
                    Field::Double(value) => value.to_string(),
                    Field::Str(value) => value.clone(),
                    other => panic!("{other:?}"),
                };
                assert_eq!(csv[name], text, "{table}.{name}");
            }
        }
    }

    let sqlite = desk.path("out.sqlite");
    let posts = csv_rows(&desk.path("out.csv/posts.csv"));
    assert!(posts.len() > 20, "{} posts are too few to compare", posts.len());
    let post = |row: &BTreeMap<String, String>| {
        ["post_id", "author_id", "step", "likes", "dislikes", "shares", "reports"]
            .map(|name| number(row, name))
    };
    let stored = |row: &Value| [0, 1, 5, 6, 7, 8, 9].map(|column| row[column].as_i64().unwrap());
    assert_eq!(
        posts.iter().map(post).collect::<Vec<_>>(),
        sqlite_rows(&sqlite, "post").iter().map(stored).collect::<Vec<_>>()
    );
    let agents = csv_rows(&desk.path("out.csv/agents.csv"));
    let agent = |row: &BTreeMap<String, String>| {
        ["agent_id", "followings", "followers"].map(|name| number(row, name))
    };
    let user = |row: &Value| [1, 6, 7].map(|column| row[column].as_i64().unwrap());
    assert_eq!(
        agents.iter().map(agent).collect::<Vec<_>>(),
        sqlite_rows(&sqlite, "user").iter().map(user).collect::<Vec<_>>()
    );
    let graph = fs::read_to_string(desk.path("out.graphml")).unwrap();
    assert_eq!(graph.matches("<node ").count(), agents.len());
    let follows = sqlite_rows(&sqlite, "follow");
    assert_eq!(graph.matches("<edge ").count(), follows.len());
    for follow in &follows {
        let edge = format!("<edge source=\"{}\" target=\"{}\"/>", follow[1], follow[2]);
        assert!(graph.contains(&edge), "{edge}");
    }
    let opinion = format!("<data key=\"d3\">{}</data>", agents[7]["opinion_last:tea"]);
    assert!(graph.contains(&opinion), "{opinion}");
}

#[test]
fn networkx_reads_the_graph() {
    let has_networkx = Command::new("python3").args(["-c", "import networkx"]).output();
    if !has_networkx.is_ok_and(|output| output.status.success()) {
        eprintln!("passed over: no python3 with networkx");
        return;
    }
    let desk = Desk::with_small_run();
    desk.export("run", "graphml", "out.graphml", &[]);
    let script = "import networkx\n\
        graph = networkx.read_graphml('out.graphml')\n\
        assert graph.is_directed()\n\
        opinions = [data['opinion:tea'] for _, data in graph.nodes(data=True)]\n\
        followers = [data['followers'] == graph.in_degree(node) for node, data in graph.nodes(data=True)]\n\
        print(len(graph), all(-1 <= opinion <= 1 for opinion in opinions), all(followers), \
        graph.nodes['3']['user_name'], graph.nodes['3']['label'])";
    let output = Command::new("python3").args(["-c", script]).current_dir(&desk.0).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed, "60 True True user3 tea\n", "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_export_ends_before_its_step() {
    let desk = Desk::with_small_run();
    desk.done(&["run", "small.toml", "--steps", "5", "--out", "shorter"]);
    for format in FORMATS {
        let (at, whole) = (format!("at.{format}"), format!("whole.{format}"));
        desk.export("run", format, &at, &["--at", "5"]);
        desk.export("shorter", format, &whole, &[]);
        assert!(files_at(&desk.path(&at)) == files_at(&desk.path(&whole)), "{format}");
        desk.export("run", format, &format!("first.{format}"), &["--at", "0"]);
    }
    assert_eq!(csv_rows(&desk.path("first.csv/events.csv")).len(), 0);
    assert_eq!(csv_rows(&desk.path("first.csv/agents.csv")).len(), 60);
    assert_eq!(sqlite_rows(&desk.path("first.sqlite"), "trace").len(), 60, "the sign-ups");
    for format in FORMATS {
        let words = ["export", "run", "--format", format, "--out", "late", "--at", "13"];
        desk.refused(&words, &["--at 13", "a step up to 12"]);
    }
    assert!(!desk.path("late").exists());
}

#[test]
fn a_fork_is_exported_under_the_rules_of_each_step() {
    let desk = Desk::new();
    desk.write("small.toml", &SMALL.replace("activity = 0.5", "activity = 0.9"));
    let script: Vec<String> =
        [1, 8].map(|step| json!({"step": step, "agent": 5, "action": "trend"}).to_string()).into();
    let first = r#"{"step":0,"agent":5,"action":"create_post","args":{"content":"Tea?"}}"#;
    desk.write("script.jsonl", &format!("{first}\n{}\n", script.join("\n")));
    desk.done(&["run", "small.toml", "--set", "script.path=script.jsonl", "--out", "run"]);
    desk.done(&["fork", "run", "--at", "6", "--set", "platform.show_score=true", "--out", "fork"]);
    desk.export("fork", "sqlite", "fork.db", &[]);
    let trends: Vec<Value> = sqlite_rows(&desk.path("fork.db"), "trace")
        .into_iter()
        .filter(|row| row[2] == "trend")
        .map(|row| serde_json::from_str(row[3].as_str().unwrap()).unwrap())
        .collect();
    let has = |trend: &Value, key: &str| trend["posts"][0].get(key).is_some();
    assert_eq!(trends.len(), 2);
    assert!(has(&trends[0], "num_likes") && !has(&trends[0], "score"), "{}", trends[0]);
    assert!(has(&trends[1], "score") && !has(&trends[1], "num_likes"), "{}", trends[1]);
}

#[test]
fn a_feed_is_traced_as_it_was_served() {
    let desk = Desk::with_scripted_run();
    desk.export("run", "sqlite", "out.sqlite", &[]);
    let trace = sqlite_rows(&desk.path("out.sqlite"), "trace");
    let refresh = trace.iter().find(|row| row[2] == "refresh").unwrap();
    let info: Value = serde_json::from_str(refresh[3].as_str().unwrap()).unwrap();
    let results = fs::read_to_string(desk.path("results.jsonl")).unwrap();
    let result = results.lines().nth(PEOPLE.len() + 7).unwrap();
    let result: Value = serde_json::from_str(result).unwrap();
    assert_eq!(info["posts"], result["render"]);
    assert!(!info["posts"].as_array().unwrap().is_empty());
}

/// All texts of an export, in lower case.
fn texts_of(path: &Path, format: &str) -> String {
    let text = match format {
        "parquet" => files_at(path)
            .into_keys()
            .map(|name| {
                let reader = SerializedFileReader::new(fs::File::open(path.join(name)).unwrap()).unwrap();
                let rows = reader.get_row_iter(None).unwrap();
                rows.map(|row| row.unwrap().to_string()).collect::<Vec<_>>().join("\n")
            })
            .collect(),
        // SQLite keeps texts as they are; what was deleted would be found too.
        _ => files_at(path)
            .values()
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .collect::<String>(),
    };
    text.to_lowercase()
}

#[test]
fn pseudonyms_hide_every_name() {
    let desk = Desk::with_scripted_run();
    let renamed =
        r#"{"step":7,"agent":3,"action":"edit_profile","args":{"user_name":"gryphonly","bio":"claws"}}"#;
    let afterwards = r#"{"step":7,"agent":0,"action":"create_post","args":{"content":"Hi @gryphonly!"}}"#;
    let script = fs::read_to_string(desk.path("script.jsonl")).unwrap();
    desk.write("script.jsonl", &format!("{script}{renamed}\n{afterwards}\n"));
    desk.done(&["script", "script.jsonl", "--out", "renamed"]);
    let names = PEOPLE.iter().flat_map(|(user_name, name, bio)| [*user_name, *name, *bio]);
    let names: Vec<String> = names.chain(["gryphonly", "claws"]).map(str::to_lowercase).collect();
    for format in FORMATS {
        let (real, hidden) = (format!("real.{format}"), format!("hidden.{format}"));
        desk.export("renamed", format, &real, &[]);
        desk.export("renamed", format, &hidden, &["--pseudonymize"]);
        desk.export("renamed", format, &format!("again.{format}"), &["--pseudonymize"]);
        let (real, hidden) = (texts_of(&desk.path(&real), format), texts_of(&desk.path(&hidden), format));
        assert!(real.contains("quixley"), "{format}");
        for name in &names {
            assert!(!hidden.contains(name), "{format}: {name}");
        }
        assert_eq!(hidden, texts_of(&desk.path(&format!("again.{format}")), format));
    }
    let users = sqlite_rows(&desk.path("hidden.sqlite"), "user");
    let pseudonym = |agent: usize| users[agent][2].as_str().unwrap();
    let content = &sqlite_rows(&desk.path("hidden.sqlite"), "post")[0][3];
    assert_eq!(*content, json!(format!("Ask @{}, or @{}: who?", pseudonym(1), pseudonym(2))));
    let agents = csv_rows(&desk.path("hidden.csv/agents.csv"));
    assert_eq!(agents[2]["user_name"], pseudonym(2));
}

#[test]
fn nothing_is_overwritten_and_faults_are_told() {
    let desk = Desk::with_small_run();
    fs::create_dir(desk.path("folder")).unwrap();
    desk.write("file", "precious\n");
    for format in FORMATS {
        for taken in ["file", "folder"] {
            desk.refused(
                &["export", "run", "--format", format, "--out", taken],
                &[&format!("{taken} exists"), "--out"],
            );
        }
        desk.refused(&["export", "nowhere", "--format", format, "--out", "new"], &["nowhere holds no run"]);
    }
    assert_eq!(fs::read_to_string(desk.path("file")).unwrap(), "precious\n");
    assert_eq!(fs::read_dir(desk.path("folder")).unwrap().count(), 0);
    desk.refused(
        &["export", "run", "--format", "xlsx", "--out", "new"],
        &["xlsx", "parquet", "csv", "sqlite", "graphml"],
    );
    desk.refused(&["inspect", "nowhere"], &["nowhere holds no run"]);
    desk.refused(&["inspect", "run", "--agent", "60"], &["--agent 60", "from 0 to 59"]);
    desk.refused(&["inspect", "run", "--post", "0"], &["--post 0", "from 1 to"]);
    desk.refused(&["inspect", "run", "--post", "4000000000"], &["--post 4000000000", "from 1 to"]);
    desk.refused(&["inspect", "run", "--post", "1", "--at", "0"], &["no posts before step 0"]);
    desk.refused(&["inspect", "run", "--at", "13"], &["--at 13", "up to 12"]);
    let mut left: Vec<_> = fs::read_dir(&desk.0)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["file", "folder", "run", "small.toml"]);
}

/// A run that goes on until it is killed.
struct Going(Child);

impl Drop for Going {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_run_is_exported_while_it_goes_on_and_after_it_was_killed() {
    let desk = Desk::new();
    desk.write("small.toml", SMALL);
    let run = Command::new(env!("CARGO_BIN_EXE_murmur"))
        .args(["run", "small.toml", "--steps", "1000000", "--out", "run"])
        .current_dir(&desk.0)
        .stderr(Stdio::null())
        .spawn();
    let going = Going(run.unwrap());
    let started = Instant::now();
    let commits = desk.path("run/journal/commits.log");
    while !fs::metadata(&commits).is_ok_and(|file| file.len() > 2_000) {
        assert!(started.elapsed() < Duration::from_secs(60), "the run commits nothing");
        std::thread::sleep(Duration::from_millis(5));
    }
    desk.export("run", "csv", "early.csv", &[]);
    drop(going);
    assert!(!desk.path("run/summary.json").exists());
    for format in FORMATS {
        desk.export("run", format, &format!("late.{format}"), &[]);
    }
    let [early, late] = ["early.csv", "late.csv"]
        .map(|out| fs::read_to_string(desk.path(&format!("{out}/events.csv"))).unwrap());
    assert!(early.lines().count() > 10, "{early}");
    assert!(late.starts_with(&early) && late.len() > early.len());
    let traced = sqlite_rows(&desk.path("late.sqlite"), "trace").len();
    let done =
        csv_rows(&desk.path("late.csv/events.csv")).iter().filter(|row| row["outcome"] == "done").count();
    assert_eq!(traced, 60 + done, "sign-ups, and what was done");
    assert!(desk.done(&["inspect", "run"]).contains("of 1000000 steps done"));
}

/// What `murmur inspect` prints contains all of `expected`, in this order.
fn check_inspect(desk: &Desk, words: &[&str], expected: &[&str]) {
    let printed = desk.done(&[&["inspect", "run"], words].concat());
    let mut rest = printed.as_str();
    for part in expected {
        let place =
            rest.find(part).unwrap_or_else(|| panic!("{words:?}: expected {part:?} in order in\n{printed}"));
        rest = &rest[place + part.len()..];
    }
}

#[test]
fn a_post_an_agent_and_a_run_are_shown_as_the_tables_have_them() {
    let desk = Desk::with_scripted_run();
    check_inspect(
        &desk,
        &["--post", "1"],
        &[
            "post 1: original by quixley (agent 0), step 1",
            "1 likes, 0 dislikes, 3 shares, 1 comments, 1 reports",
            "Ask @brumbold, or @ZAFFRE_7: who?",
            "thread: 1 comments\n  comment 1 by wyvernly (agent 3), step 4",
            "Not me, @Quixley.",
            "quotes: 1\n  post 4, quote by wyvernly (agent 3)",
            "cascade of post 1: scale 3, depth 2, breadth 1, virality 1.333",
            "\n  post 1 by quixley (agent 0)",
            "\n    post 2 by brumbold (agent 1)",
            "\n      post 3 by zaffre_7 (agent 2)",
        ],
    );
    check_inspect(
        &desk,
        &["--post", "1", "--at", "3"],
        &["0 likes, 0 dislikes, 1 shares, 0 comments, 0 reports", "thread: 0", "scale 2, depth 1"],
    );
    check_inspect(
        &desk,
        &["--post", "3"],
        &["post 3: repost", "made from post 2", "pointing at post 1", "scale 3"],
    );
    check_inspect(
        &desk,
        &["--agent", "2"],
        &[
            "agent 2: zaffre_7 (Zaff Re)",
            "cobalt pigments",
            "follows 1: quixley (agent 0)",
            "followed by 0: none",
            "repost post 2, making post 3",
            "follow agent 0",
            "like_post post 1",
            "feed in step 7",
            "in-network: post 1, original by quixley",
        ],
    );
    check_inspect(
        &desk,
        &[],
        &[
            "4 agents, seed",
            "7 of 7 steps done",
            "top posts",
            "post 1, original by quixley (agent 0), step 1",
            "1 likes, 3 shares",
            "largest cascades\n  3 rows, depth 2, breadth 1",
            "events                 16",
            "checkpoints at steps: 7",
        ],
    );
}

#[test]
fn opinions_and_sizes_are_those_of_the_tables() {
    let desk = Desk::with_small_run();
    desk.export("run", "csv", "out.csv", &[]);
    let agents = csv_rows(&desk.path("out.csv/agents.csv"));
    let moved = agents.iter().find(|row| row["opinion_first:tea"] != row["opinion_last:tea"]).unwrap();
    let opinion = |name: &str| format!("{:+.3}", moved[name].parse::<f64>().unwrap());
    let (first, last) = (opinion("opinion_first:tea"), opinion("opinion_last:tea"));
    let agent = &moved["agent_id"];
    check_inspect(
        &desk,
        &["--agent", agent],
        &[&format!("tea: {first} at first"), &format!("{last} after step "), "(moved ", "feed in step 12"],
    );
    let exposures = csv_rows(&desk.path("out.csv/exposures.csv"));
    let first_read = exposures.iter().find(|row| row["step"] == "9" && row["rank"] == "0").unwrap();
    let read =
        |row: &&BTreeMap<String, String>| row["step"] == "9" && row["agent_id"] == first_read["agent_id"];
    let served = |row: &BTreeMap<String, String>| {
        format!("\n  {} {}: post {}, ", row["rank"], row["source"], row["post_id"])
    };
    let served: Vec<String> = exposures.iter().filter(read).map(served).collect();
    let served: Vec<&str> =
        std::iter::once("feed in step 9").chain(served.iter().map(String::as_str)).collect();
    check_inspect(&desk, &["--agent", &first_read["agent_id"], "--at", "9"], &served);

    let count = |table: &str| csv_rows(&desk.path(&format!("out.csv/{table}.csv"))).len().to_string();
    let page = desk.done(&["inspect", "run"]).replace(',', "");
    for (name, table) in [("events", "events"), ("measures", "metrics"), ("exposures", "exposures")] {
        let line = page.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        let fields: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(fields[1], count(table), "{line}");
        let [rows, bytes, each] = [1, 2, 3].map(|field| fields[field].parse::<f64>().unwrap());
        assert!((bytes / rows - each).abs() < 0.006, "{line}");
    }
}
