//! A folder with configurations and runs, servers for their models, and runs read back.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use murmur_engine::{Config, EngineError, Opened, Run, Simulation, Summary, config};
use murmur_journal::{LedgerEntry, ReplyLedger};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value, json};

use crate::server::{Answer, Call, Server};

/// Forty agents of whom most are active in every step, without models.
const WORLD: &str = r#"
[run]
seed = 11
steps = 5
start = "12:00"
[[topic]]
name = "tea"
words = ["cup", "leaf"]
[[topic]]
name = "rain"
words = ["cloud", "puddle"]
[population]
kind = "synthetic"
size = 40
[population.traits]
activity = 0.7
activity_spread = 0.0
hours = [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]
[graph]
kind = "erdos-renyi"
mean_degree = 8.0
[journal]
checkpoint_every = 2
[[seed_post]]
name = "rumour"
author = 3
step = 0
topic = "tea"
stance = -0.9
text = "Tea is made of leaves from the pavement."
"#;

/// A `[[model]]` that tries again soon and often; `more` are further lines.
pub(crate) fn model(name: &str, urls: &[String], more: &str) -> String {
    format!(
        "[[model]]\nname = {name:?}\nmodel = \"mock\"\nurls = {urls:?}\nretries = 20\nbackoff_seconds = 0.01\n\
         timeout_seconds = 1.0\n{more}\n"
    )
}

/// The same of one server for the first 15 agents.
pub(crate) fn first_15(url: String, more: &str) -> String {
    model("m", &[url], &format!("agents = {{ kind = \"first\", count = 15 }}\n{more}"))
}

/// A folder for configurations and runs.
pub(crate) struct Desk(tempfile::TempDir);

impl Desk {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The small world with `more` sections, and the values of `settings` put in (`run.steps=9`).
    pub(crate) fn config(&self, more: &str, settings: &[&str]) -> Config {
        let file = self.path("world.toml");
        fs::write(&file, format!("{WORLD}{more}")).unwrap();
        let settings: Vec<_> = settings.iter().map(|setting| setting.parse().unwrap()).collect();
        config::load(&file, &settings).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A run about to begin.
    pub(crate) fn begin(&self, config: Config, out: &str) -> Simulation {
        let mut simulation = Simulation::new(config).unwrap_or_else(|error| panic!("{error}"));
        simulation.record_to(&self.path(out)).unwrap();
        simulation
    }

    /// A whole run.
    pub(crate) fn run(&self, config: Config, out: &str) -> Summary {
        to_end(self.begin(config, out))
    }

    pub(crate) fn opened(&self, run: &str) -> Run {
        Run::open(&self.path(run)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Goes on with a run to its end.
    pub(crate) fn resume(&self, run: &str) -> Summary {
        to_end(self.opened(run).resume(None).unwrap_or_else(|error| panic!("{error}")).simulation)
    }

    /// Carries a run out again, without or with a record of it.
    pub(crate) fn replay(&self, run: &str, out: Option<&str>) -> Result<Summary, EngineError> {
        let run = self.opened(run);
        let steps = run.committed()?;
        let Opened { mut simulation, .. } = run.replay(out.map(|out| self.path(out)).as_deref())?;
        while simulation.next_step() < steps {
            simulation.step()?;
        }
        simulation.finish()
    }

    pub(crate) fn digest(&self, run: &str) -> String {
        self.opened(run).digest().unwrap()
    }

    pub(crate) fn ledger(&self, run: &str) -> Vec<LedgerEntry> {
        ReplyLedger::read(&self.path(run)).unwrap()
    }

    /// The ledger of a run as text, in the order of keys.
    pub(crate) fn ledger_lines(&self, run: &str) -> Vec<String> {
        let line = |entry: &LedgerEntry| format!("{:?} {:x} {}", entry.key, entry.hash, entry.payload.get());
        self.ledger(run).iter().map(line).collect()
    }

    /// The rows of a table of a finished run.
    pub(crate) fn table(&self, run: &str, name: &str) -> Vec<Row> {
        let path = self.path(run).join(format!("tables/{name}.parquet"));
        let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
        let rows = reader.get_row_iter(None).unwrap();
        rows.map(|row| Row(row.unwrap().get_column_iter().map(|(k, v)| (k.clone(), v.clone())).collect()))
            .collect()
    }

    /// Copies a run's folder as it is at this moment, as a killed process would leave it.
    pub(crate) fn copy(&self, run: &str, to: &str) {
        copy_folder(&self.path(run), &self.path(to));
    }
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}

/// Every file in a folder and the folders in it, by name.
pub(crate) fn files_in(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_in(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

/// Carries out all steps that are left.
pub(crate) fn to_end(mut simulation: Simulation) -> Summary {
    while !simulation.is_finished() {
        simulation.step().unwrap_or_else(|error| panic!("{error}"));
    }
    simulation.finish().unwrap()
}

/// What `run` gives on so many threads.
pub(crate) fn on_threads<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run)
}

/// A row of a table, by column.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Row(BTreeMap<String, Field>);

impl Row {
    pub(crate) fn number(&self, column: &str) -> u32 {
        match &self.0[column] {
            Field::UInt(value) => *value,
            other => panic!("{column}: {other:?}"),
        }
    }

    pub(crate) fn value(&self, column: &str) -> Option<f64> {
        match &self.0[column] {
            Field::Double(value) => Some(*value),
            Field::Null => None,
            other => panic!("{column}: {other:?}"),
        }
    }

    /// A text; empty for null.
    pub(crate) fn text(&self, column: &str) -> &str {
        match &self.0[column] {
            Field::Str(text) => text,
            Field::Null => "",
            other => panic!("{column}: {other:?}"),
        }
    }
}

/// A completion of the request with `body` that says `text`. Tokens are bytes over 4.
pub(crate) fn completion(body: &Value, text: &str) -> Value {
    json!({
        "choices": [{ "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": body.to_string().len() / 4, "completion_tokens": text.len() / 4 },
    })
}

pub(crate) fn says(call: &Call, text: &str) -> Answer {
    Answer::ok(completion(&call.body, text))
}

/// Whether the request is a repair of a reply to [`words_of`]'s kind of request.
pub(crate) fn is_repair(call: &Call) -> bool {
    call.body["messages"].as_array().unwrap().len() > 2
}

/// A server that answers as [`sensible`] does.
pub(crate) fn sensible_server() -> Server {
    Server::start(sensible)
}

/// Answers like a model of good will, by a hash of the request.
pub(crate) fn sensible(call: &Call) -> Answer {
    says(call, &words_of(&call.body))
}

pub(crate) fn words_of(body: &Value) -> String {
    let mut hasher = DefaultHasher::new();
    body.to_string().hash(&mut hasher);
    let draw = hasher.finish();
    let schema = ["/response_format/json_schema/schema", "/response_format/schema"];
    let Some(schema) = schema.iter().find_map(|place| body.pointer(place)) else {
        let system = body["messages"][0]["content"].as_str().unwrap();
        let one_of = |words: [&str; 3]| words[(draw % 3) as usize].to_owned();
        return match system.contains("FAVOR") {
            true => one_of(["FAVOR", "AGAINST", "NEUTRAL"]),
            false => one_of(["You like tea.", "You have read of rain and puddles.", "You did little."]),
        };
    };
    let answer = &schema["properties"]["answer"];
    match (answer["enum"].as_array(), answer["minimum"].as_i64(), answer["maximum"].as_i64()) {
        (Some(choices), ..) => json!({ "answer": choices[draw as usize % choices.len()] }),
        (_, Some(from), Some(to)) => json!({ "answer": from + (draw % (to - from + 1) as u64) as i64 }),
        _ => json!({ "actions": [action(draw)] }),
    }
    .to_string()
}

/// Posts that are not shown are liked, too, now and then: that is to be repaired.
fn action(draw: u64) -> Value {
    let number = draw / 8 % 3 + 1;
    match draw % 8 {
        0 | 1 => json!({ "action": "create_post", "text": format!("A cup of tea number {}.", draw % 1000) }),
        2 => json!({ "action": "create_post", "text": format!("A cloud, a puddle, rain {}.", draw % 1000) }),
        3 | 4 => json!({ "action": "like_post", "number": number }),
        5 => json!({ "action": "repost", "number": number }),
        6 => json!({ "action": "follow", "number": number }),
        _ => json!({ "action": "do_nothing" }),
    }
}
