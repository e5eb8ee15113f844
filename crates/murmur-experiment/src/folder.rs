//! The folder of an experiment: `experiment.json` (what it is), `runs/` (run folders), `outcomes/` (a file for each run that
//! is done), and what the results are written to.
//!
//! A file is there whole or not at all, so that several processes can share the folder without locks as long as they carry
//! out different runs.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use murmur_engine::{Config, first_difference};
use murmur_journal::InputFile;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ExperimentError;
use crate::names::TRUNK;
use crate::plan::Experiment;

/// The folder of an experiment.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// What a run came to, as its file in `outcomes/` has it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct RunRecord {
    pub(crate) replicate: u32,
    pub(crate) seed: u64,
    pub(crate) arm: String,
    /// In the order of the experiment's outcomes.
    pub(crate) outcomes: Vec<OutcomeRecord>,
    /// Hashes of the requests to language models from the treatment on, ascending, in hexadecimal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) requests: Vec<String>,
}

/// An outcome of a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct OutcomeRecord {
    pub(crate) name: String,
    /// Whether the measure has a row in the run's table.
    pub(crate) was_recorded: bool,
    pub(crate) value: Option<f64>,
    /// Where the measure was taken.
    pub(crate) steps: Vec<u32>,
    /// What it was there.
    pub(crate) values: Vec<Option<f64>>,
}

/// The file that says which experiment a folder is of.
const DESCRIPTION: &str = "experiment.json";

/// How the names of files end that are being written.
const PARTIAL: &str = ".partial";

/// Keys of the description that may change while the experiment goes on.
const OPEN_KEYS: [&str; 2] = ["replicates", "keep"];

/// What a folder is opened for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To carry out runs: the version and what inputs hold matter.
    CarryOut,
    /// To compare outcomes that are there.
    Compare,
}

impl Folder {
    /// Makes the folder `path` of the experiment, or opens it if it is this one's.
    ///
    /// # Errors
    /// When something else is there, naming the first difference if it is another experiment; when an input or the disk cannot
    /// be read or written.
    pub fn open(path: &Path, experiment: &Experiment) -> Result<Self, ExperimentError> {
        let folder = Self { path: path.to_owned() };
        let hashed = |path: PathBuf| InputFile::describe(&path).map_err(ExperimentError::io(&path));
        let inputs: Vec<InputFile> = experiment.inputs().into_iter().map(hashed).collect::<Result<_, _>>()?;
        let description = describe(experiment, &inputs);
        let holds_same = || folder.holds_same(&description, experiment, Purpose::CarryOut);
        if !holds_same()? {
            let is_free = folder.is_free()?;
            // Another task may have described it meanwhile.
            if !is_free && !holds_same()? {
                return Err(ExperimentError::Folder {
                    path: path.to_owned(),
                    message: "is taken by something that is no experiment: give another --out".to_owned(),
                });
            }
        }
        // The description comes first: whoever finds anything else here finds it too.
        fs::create_dir_all(path).map_err(ExperimentError::io(path))?;
        folder.write_json(Path::new(DESCRIPTION), &description)?;
        for inner in [folder.runs(), folder.outcomes()] {
            fs::create_dir_all(&inner).map_err(ExperimentError::io(&inner))?;
        }
        Ok(folder)
    }

    /// Opens the folder `path` of the experiment to compare what is done there. No input is read, so that outcomes may be
    /// compared where the inputs are not.
    ///
    /// # Errors
    /// When no experiment is there, or another one, naming the first difference; when the disk cannot be read.
    pub fn open_done(path: &Path, experiment: &Experiment) -> Result<Self, ExperimentError> {
        let folder = Self { path: path.to_owned() };
        let named = |path| InputFile { path, bytes: 0, sha256: String::new() };
        let inputs: Vec<InputFile> = experiment.inputs().into_iter().map(named).collect();
        match folder.holds_same(&describe(experiment, &inputs), experiment, Purpose::Compare)? {
            true => Ok(folder),
            false => Err(ExperimentError::NothingDone { path: path.to_owned() }),
        }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where an arm's run in a replicate lies.
    pub fn run(&self, replicate: u32, arm: &str) -> PathBuf {
        self.replicate(replicate).join(arm)
    }

    /// Where the run lies that a replicate's arms branch off from.
    pub(crate) fn trunk(&self, replicate: u32) -> PathBuf {
        self.replicate(replicate).join(TRUNK)
    }

    /// Where a replicate's runs lie.
    pub(crate) fn replicate(&self, replicate: u32) -> PathBuf {
        self.runs().join(format!("r{replicate:04}"))
    }

    fn runs(&self) -> PathBuf {
        self.path.join("runs")
    }

    fn outcomes(&self) -> PathBuf {
        self.path.join("outcomes")
    }

    fn outcome_file(replicate: u32, arm: &str) -> PathBuf {
        Path::new("outcomes").join(format!("r{replicate:04}-{arm}.json"))
    }

    /// Whether a run is done: its outcomes are written.
    pub(crate) fn is_done(&self, replicate: u32, arm: &str) -> bool {
        self.path.join(Self::outcome_file(replicate, arm)).exists()
    }

    /// What a run came to; none if it is not done.
    ///
    /// # Errors
    /// When its file cannot be read or makes no sense.
    pub(crate) fn record(&self, replicate: u32, arm: &str) -> Result<Option<RunRecord>, ExperimentError> {
        let path = self.path.join(Self::outcome_file(replicate, arm));
        match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map(Some).map_err(|error| ExperimentError::Malformed {
                path,
                message: format!("{error}; remove the file, and the experiment makes it again"),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ExperimentError::Io { path, source }),
        }
    }

    /// Writes what a run came to, by which it counts as done.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(crate) fn write_record(&self, arm: &str, record: &RunRecord) -> Result<(), ExperimentError> {
        let text = serde_json::to_string(record).expect("what is written has a JSON form");
        self.write(&Self::outcome_file(record.replicate, arm), &text)
    }

    /// Writes a file of the folder, by one rename.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub(crate) fn write_json(&self, name: &Path, value: &impl Serialize) -> Result<(), ExperimentError> {
        let text = serde_json::to_string_pretty(value).expect("what is written has a JSON form");
        self.write(name, &text)
    }

    fn write(&self, name: &Path, text: &str) -> Result<(), ExperimentError> {
        let path = self.path.join(name);
        let file_name = path.file_name().unwrap_or_default().to_string_lossy();
        // Tasks that write the same file at once may have the same process id, on other machines.
        let own = RandomState::new().build_hasher().finish();
        let partial = path.with_file_name(format!(".{file_name}.{own:016x}{PARTIAL}"));
        let write = || -> io::Result<()> {
            let mut file = File::create(&partial)?;
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&partial, &path)
        };
        write().map_err(ExperimentError::io(&path))
    }

    /// Whether nothing is there but a description that was being written.
    fn is_free(&self) -> Result<bool, ExperimentError> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(false),
            Err(source) => return Err(ExperimentError::Io { path: self.path.clone(), source }),
        };
        for entry in entries {
            let name = entry.map_err(ExperimentError::io(&self.path))?.file_name();
            let name = name.to_string_lossy();
            if !(name.starts_with(&format!(".{DESCRIPTION}.")) && name.ends_with(PARTIAL)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the folder has a description, which is then this experiment's.
    fn holds_same(
        &self,
        description: &Value,
        experiment: &Experiment,
        purpose: Purpose,
    ) -> Result<bool, ExperimentError> {
        let path = self.path.join(DESCRIPTION);
        match fs::read_to_string(&path) {
            Ok(text) => self.check_same(&text, description, experiment, purpose).map(|()| true),
            Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) => {
                Ok(false)
            }
            Err(source) => Err(ExperimentError::Io { path, source }),
        }
    }

    fn check_same(
        &self,
        text: &str,
        description: &Value,
        experiment: &Experiment,
        purpose: Purpose,
    ) -> Result<(), ExperimentError> {
        let fault = |message: String| ExperimentError::Folder { path: self.path.clone(), message };
        let mut there: Value = serde_json::from_str(text)
            .map_err(|error| fault(format!("{DESCRIPTION} makes no sense: {error}; give another --out")))?;
        // Written and read again, so that floats have gone the same way.
        let mut here: Value = serde_json::from_str(&description.to_string()).expect("it was just written");
        for value in [&mut there, &mut here] {
            for key in OPEN_KEYS {
                value.get_mut(key).map(Value::take);
            }
            for (place, arm) in experiment.arms.iter().enumerate() {
                let described =
                    value.get_mut("arm").and_then(|arms| arms.get_mut(&arm.name)?.get_mut("config"));
                if let Some(described) = described {
                    take_calls_of(described, experiment.config(place));
                }
            }
            name_inputs(value, purpose);
            if purpose == Purpose::Compare {
                value.get_mut("murmur").map(Value::take);
            }
        }
        match first_difference("", &there, &here) {
            None => Ok(()),
            Some(difference) => Err(fault(format!(
                "holds another experiment: {difference}; give another --out, or the design that it was made with"
            ))),
        }
    }
}

/// Gives a described configuration another's settings of how calls to language models are made: servers may change while an
/// experiment goes on. What is no configuration stays as it is.
fn take_calls_of(described: &mut Value, config: &Config) {
    if let Ok(there) = serde_json::from_value::<Config>(described.clone()) {
        *described =
            serde_json::to_value(there.with_calls_of(config)).expect("a configuration has a JSON form");
    }
}

/// Puts in place of inputs' paths, wherever they are, the files' names and what is known of their content: it does not
/// matter where they lie.
fn name_inputs(description: &mut Value, purpose: Purpose) {
    let inputs = description.get_mut("inputs").map(Value::take);
    let inputs: Vec<InputFile> =
        inputs.and_then(|inputs| serde_json::from_value(inputs).ok()).unwrap_or_default();
    let name = |input: &InputFile| {
        let name = input.path.file_name().unwrap_or_default().to_string_lossy();
        match purpose {
            Purpose::CarryOut => format!("{name} with SHA-256 {}", input.sha256),
            Purpose::Compare => name.into_owned(),
        }
    };
    let names = inputs.iter().map(|input| (input.path.to_string_lossy().into_owned(), name(input)));
    replace_texts(description, &names.collect());
}

/// Replaces texts by others wherever they stand.
fn replace_texts(value: &mut Value, by: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => {
            if let Some(other) = by.get(text) {
                text.clone_from(other);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace_texts(item, by)),
        Value::Object(entries) => entries.values_mut().for_each(|entry| replace_texts(entry, by)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Everything that decides what an experiment comes to.
fn describe(experiment: &Experiment, inputs: &[InputFile]) -> Value {
    let arm = |(place, arm): (usize, &crate::plan::Arm)| {
        let mut config =
            serde_json::to_value(experiment.config(place)).expect("a configuration has a JSON form");
        // Replicates have their own.
        if let Some(run) = config["run"].as_object_mut() {
            run.remove("seed");
        }
        (arm.name.clone(), serde_json::json!({ "folder": arm.folder, "config": config }))
    };
    let outcome = |outcome: &crate::plan::Outcome| {
        let described = serde_json::json!({
            "scope": outcome.scope,
            "subject": outcome.subject,
            "metric": outcome.metric,
            "summary": outcome.summary,
            "from": outcome.from,
            "until": outcome.until,
        });
        (outcome.name.clone(), described)
    };
    serde_json::json!({
        "format": 1,
        "murmur": env!("CARGO_PKG_VERSION"),
        "name": experiment.name,
        "seed": experiment.seed,
        "replicates": experiment.replicates,
        "keep": experiment.keep,
        "burn_in": experiment.burn_in,
        "treatment": experiment.treatment,
        "factors": experiment.factors,
        "arm": experiment.arms.iter().enumerate().map(arm).collect::<serde_json::Map<_, _>>(),
        "outcomes": experiment.outcomes.iter().map(|outcome| &outcome.name).collect::<Vec<_>>(),
        "outcome": experiment.outcomes.iter().map(outcome).collect::<serde_json::Map<_, _>>(),
        "inputs": inputs,
    })
}
