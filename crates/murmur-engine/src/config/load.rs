//! Reading a configuration file and applying overrides.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use murmur_data::DataError;
use murmur_data::script::read_script;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{
    Config, GivenGraph, GraphConfig, JournalConfig, NoMoreKeys, PopulationConfig, RunConfig, ScriptConfig,
};
use crate::EngineError;

/// A configuration that cannot be used. The message names the file with the line, or the key, and what was expected.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}; ready-made configurations lie in configs/", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not TOML, or a key or value in it is not what it should be.
    #[error("{}: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, excerpt and what was expected.
        message: String,
    },
    /// An override does not fit.
    #[error("--set {setting}: {message}")]
    Override {
        /// The override as given.
        setting: String,
        /// What was expected.
        message: String,
    },
    /// The parts do not fit together.
    #[error("{}: {message}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// The key and what was expected.
        message: String,
    },
}

/// `key=value` from the command line: a dotted key and a TOML value; what is not TOML is taken as text.
#[derive(Clone, PartialEq, Debug)]
pub struct Override {
    key: Vec<String>,
    value: toml::Value,
    setting: String,
}

impl FromStr for Override {
    type Err = String;

    fn from_str(setting: &str) -> Result<Self, String> {
        let (key, value) =
            setting.split_once('=').ok_or("expected key=value, for instance run.seed=7".to_owned())?;
        let key: Vec<String> = key.split('.').map(|part| part.trim().to_owned()).collect();
        if key.iter().any(String::is_empty) {
            return Err("expected a dotted key before `=`, for instance run.seed=7".to_owned());
        }
        let value = parse_value(value.trim());
        Ok(Self { key, value, setting: setting.to_owned() })
    }
}

fn parse_value(text: &str) -> toml::Value {
    let parsed = format!("value = {text}").parse::<toml::Table>().ok();
    parsed.and_then(|mut table| table.remove("value")).unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.setting)
    }
}

/// The table in a list that is called `name`; else, in words, how its tables are told apart.
fn named_entry<'a>(
    list: &'a mut [toml::Value],
    name: Option<&String>,
) -> Result<&'a mut toml::Table, String> {
    let own_name = |entry: &toml::Value| Some(entry.get("name")?.as_str()?.to_owned());
    let names: Vec<String> = list.iter().filter_map(own_name).collect();
    let place = list.iter().position(|entry| own_name(entry).as_ref() == name && name.is_some());
    let table = place.and_then(|place| list[place].as_table_mut());
    table.ok_or_else(|| match names.is_empty() {
        true => "its tables have no names to tell them by".to_owned(),
        false => format!("name one of its tables, {}", names.join(", ")),
    })
}

impl Override {
    /// The override of `key` (dotted) with `value`.
    pub fn new(key: &str, value: impl Into<toml::Value>) -> Self {
        let value = value.into();
        let setting = format!("{key}={value}");
        Self { key: key.split('.').map(str::to_owned).collect(), value, setting }
    }

    fn apply(&self, table: &mut toml::Table) -> Result<(), ConfigError> {
        let fails = |message: String| ConfigError::Override { setting: self.setting.clone(), message };
        let (last, sections) = self.key.split_last().expect("a key has at least one part");
        let mut at = table;
        let mut sections = sections.iter();
        while let Some(section) = sections.next() {
            let entry = at.entry(section.clone()).or_insert_with(|| toml::Table::new().into());
            at = match entry {
                toml::Value::Table(inner) => inner,
                toml::Value::Array(list) => named_entry(list, sections.next()).map_err(|names| {
                    fails(format!("`{section}` is a list; {names}, or change it in the file"))
                })?,
                _ => return Err(fails(format!("`{section}` is a value and has no keys"))),
            };
        }
        // A section's other keys belong to the kind or preset that it was before.
        let other_kind = last == "kind" && at.get(last).is_some_and(|old| old.is_str() && *old != self.value);
        if other_kind || last == "preset" {
            at.clear();
        }
        at.insert(last.clone(), self.value.clone());
        Ok(())
    }
}

/// Reads the configuration `path`, applies `overrides` in their order and checks the result. Paths in the file are
/// relative to its folder, paths in overrides to the working directory.
///
/// # Errors
/// See [`ConfigError`].
pub fn load(path: &Path, overrides: &[Override]) -> Result<Config, ConfigError> {
    load_layered(path, &[Layer { overrides, folder: Path::new("") }])
}

/// Overrides from one place.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    /// The overrides, in their order.
    pub overrides: &'a [Override],
    /// The folder that paths in them are relative to.
    pub folder: &'a Path,
}

/// As [`load`], with overrides from several places, one after the other.
///
/// # Errors
/// See [`ConfigError`].
pub fn load_layered(path: &Path, layers: &[Layer<'_>]) -> Result<Config, ConfigError> {
    let mut config: Config = read_toml(path)?;
    in_folder_of(path, config.paths_mut())?;
    let folder = path.parent().unwrap_or(Path::new(""));
    for input in config.loose_paths_mut() {
        *input = folder.join(&*input);
    }
    config.make_paths_absolute();
    for layer in layers {
        config = with_overrides(config, layer.overrides)?;
        // What is relative now came with the layer.
        for input in config.paths_mut() {
            *input = layer.folder.join(&*input);
        }
        for input in config.loose_paths_mut() {
            *input = layer.folder.join(&*input);
        }
        config.make_paths_absolute();
    }
    config.behaviour.complete();
    config.check().map_err(|message| ConfigError::Unfit { path: path.to_owned(), message })?;
    Ok(config)
}

/// What the file `path` says.
pub(super) fn read_toml<C: DeserializeOwned>(path: &Path) -> Result<C, ConfigError> {
    let text = fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    toml::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| ConfigError::Malformed {
        path: path.to_owned(),
        message: error.to_string().trim_end().to_owned(),
    })
}

/// Resolves `inputs` from the folder that the file `path` is in.
pub(super) fn in_folder_of(path: &Path, inputs: Vec<&mut PathBuf>) -> Result<(), ConfigError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    for input in inputs {
        *input = folder.join(&*input);
        if input.to_str().is_none() {
            let message = format!("the path {} is not UTF-8; expected one that is", input.display());
            return Err(ConfigError::Unfit { path: path.to_owned(), message });
        }
    }
    Ok(())
}

/// The configuration of a run that is the script `path` and nothing else: a step is a minute, and the last step that of
/// the last line.
///
/// # Errors
/// When the script cannot be read, and see [`ConfigError`] for the overrides.
pub fn of_script(path: &Path, overrides: &[Override]) -> Result<Config, EngineError> {
    // Read for its length alone here; what its texts are about is for the run to know.
    let lines = read_script(path, &[])?;
    let last = lines.last();
    if let Some(line) = last.filter(|line| line.step.0 >= MOST_MINUTES) {
        let message = format!("step: expected a minute below {MOST_MINUTES} (19 years), found {}", line.step);
        return Err(DataError::at_line(path, line.line, message).into());
    }
    let steps = last.map_or(1, |line| line.step.0 + 1);
    let config = Config {
        run: RunConfig { steps, minutes_per_step: 1, ..RunConfig::default() },
        population: PopulationConfig::Script(NoMoreKeys {}),
        graph: GraphConfig::Given(GivenGraph::Population(NoMoreKeys {})),
        script: ScriptConfig { path: Some(path.to_owned()) },
        // Most steps of a script are minutes in which nothing happens.
        journal: JournalConfig { checkpoint_every: 10_000, ..JournalConfig::default() },
        ..Config::default()
    };
    let mut config = with_overrides(config, overrides)?;
    config.make_paths_absolute();
    config.behaviour.complete();
    config.check().map_err(|message| ConfigError::Unfit { path: path.to_owned(), message })?;
    Ok(config)
}

/// A script's steps are minutes; one beyond this is a time of another kind, as the seconds since 1970.
const MOST_MINUTES: u32 = 10_000_000;

impl Config {
    /// This configuration with `overrides` applied in their order, checked.
    ///
    /// # Errors
    /// When an override does not fit, or the parts do not fit together after them.
    pub fn under(&self, overrides: &[Override]) -> Result<Self, ConfigError> {
        let mut config = with_overrides(self.clone(), overrides)?;
        config.behaviour.complete();
        let settings = || overrides.iter().map(Override::to_string).collect::<Vec<_>>().join(" --set ");
        config.check().map_err(|message| ConfigError::Override { setting: settings(), message })?;
        Ok(config)
    }
}

/// `config` with `overrides` applied in their order.
pub(crate) fn with_overrides<C>(config: C, overrides: &[Override]) -> Result<C, ConfigError>
where
    C: Serialize + DeserializeOwned + Clone,
{
    if overrides.is_empty() {
        return Ok(config);
    }
    let mut table = toml::Table::try_from(&config).expect("a configuration has a TOML form");
    let mut stages = Vec::new();
    for setting in overrides {
        setting.apply(&mut table)?;
        stages.push((setting, C::deserialize(table.clone()).map_err(|error| error.to_string())));
    }
    match stages.last().expect("there is an override").1.clone() {
        Ok(config) => Ok(config),
        Err(complaint) => {
            // The override to blame is the first after which the complaint is the final one.
            let (setting, _) = stages
                .iter()
                .find(|(_, result)| result.as_ref().err() == Some(&complaint))
                .expect("the last one complains so");
            let message = complaint.trim_end().replace('\n', " ");
            Err(ConfigError::Override { setting: setting.setting.clone(), message })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "[[topic]]\nname = \"tea\"\n[[seed_post]]\nname = \"rumour\"\nauthor = 0\ntopic = \"tea\"\n\
                         stance = 0.5\ntext = \"Tea cures colds.\"\n";

    fn try_load(text: &str, overrides: &[&str]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.toml");
        fs::write(&path, text).unwrap();
        let overrides: Vec<Override> = overrides.iter().map(|text| text.parse().unwrap()).collect();
        load(&path, &overrides)
            .map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))
    }

    /// Loading `SMALL` with `addition` and `overrides` fails with a message that contains all of `expected`.
    fn check_fault(addition: &str, overrides: &[&str], expected: &[&str]) {
        let message = try_load(&format!("{SMALL}{addition}"), overrides).unwrap_err();
        for part in expected {
            assert!(message.contains(part), "expected {part:?} in:\n{message}");
        }
    }

    #[test]
    fn faults_in_the_file_name_line_or_key_and_what_was_expected() {
        check_fault("[feed]\nlenght = 5\n", &[], &["run.toml", "line 10", "`lenght`", "`max_age`"]);
        check_fault("[run]\nsteps = \"many\"\n", &[], &["line 10", "\"many\"", "u32"]);
        check_fault("[run\n", &[], &["line 9"]);
        check_fault("[tables]\nexposures = 1.5\n", &[], &["line 10", "1.5 is not a probability", "0 to 1"]);
        check_fault("[graph]\nkind = \"erdos-renyi\"\nmean_degre = 3\n", &[], &["line 9", "`mean_degre`"]);
        check_fault("[graph]\nkind = \"erdos-renyi\"\nmean_degree = \"x\"\n", &[], &["`mean_degree`", "f64"]);
        check_fault("[graph]\nkind = \"ring\"\n", &[], &["line 9", "`ring`", "`watts-strogatz`", "`file`"]);
        check_fault("[population]\nkind = \"oasis-x\"\n", &[], &["missing field `path`"]);
        check_fault("[run]\nstart = \"25:00\"\n", &[], &["run.start", "HH:MM", "25:00"]);
        check_fault("[run]\nsteps = 0\n", &[], &["run.steps", "at least 1"]);
        check_fault("[metrics]\nwatch = [\"truth\"]\n", &[], &["metrics.watch", "rumour", "truth"]);
        let pipeline = "[[feed.pipeline]]\nslots = 3\n";
        check_fault(pipeline, &[], &["line 9", "missing field `source`"]);
        check_fault(&format!("{pipeline}source = []\n"), &[], &["feed.pipeline 1: source", "in-network"]);
        let stages = |stages: &str| format!("{pipeline}source = [{{ kind = \"random\" }}]\n{stages}\n");
        let unknown = stages("scorer = [{ kind = \"engagment\" }]");
        check_fault(&unknown, &[], &["`engagment`", "`engagement`", "`x-score`"]);
        check_fault(&stages("").replace("random", "rondom"), &[], &["`rondom`", "`interest`", "`trending`"]);
        check_fault(&stages("selector = { kind = \"best\" }"), &[], &["`best`", "`top`", "`mmr`"]);
        let cold = stages("selector = { kind = \"softmax\", temperature = 0.0 }");
        check_fault(&cold, &[], &["feed.pipeline 1: selector: temperature: expected a number above 0"]);
        check_fault("[feed]\npreset = \"reddit-x\"\n", &[], &["`reddit-x`", "`oasis-x`"]);
        check_fault("[population]\nkind = \"synthetic\"\nsize = 0\n", &[], &["population.size"]);
        check_fault(
            "[opinion.model]\nkind = \"bounded-confidence\"\nrate = 2.0\n",
            &[],
            &["`rate`", "2 is not"],
        );
    }

    #[test]
    fn faults_in_overrides_name_the_override() {
        check_fault("", &["feed.lenght=5"], &["--set feed.lenght=5: ", "`lenght`"]);
        check_fault("", &["run.steps=9", "run.seed=x"], &["--set run.seed=x: ", "u64"]);
        check_fault(
            "",
            &["topic.words=x"],
            &["--set topic.words=x: `topic` is a list; name one of its tables, "],
        );
        check_fault("", &["topic.nothing.words=x"], &["name one of its tables, "]);
        check_fault("", &["run.steps.x=1"], &["--set run.steps.x=1: `steps` is a value"]);
        check_fault("", &["run.steps=0"], &["run.steps: expected at least 1"]);
        assert!("run.seed".parse::<Override>().unwrap_err().contains("key=value"));
        assert!("run..seed=1".parse::<Override>().unwrap_err().contains("dotted key"));
    }

    #[test]
    fn a_table_of_a_list_is_changed_by_its_name() {
        let name = try_load(SMALL, &[]).unwrap().topic[0].name.clone();
        let config = try_load(SMALL, &[&format!("topic.{name}.words=[\"a\", \"b\"]")]).unwrap();
        assert_eq!(config.topic[0].words, ["a", "b"]);
    }

    #[test]
    fn overrides_apply_in_order_and_keep_the_rest() {
        let config =
            try_load(SMALL, &["run.steps=9", "feed.max_age=90", "run.steps=7", "run.start=\"08:00\""])
                .unwrap();
        assert_eq!((config.run.steps, config.feed.max_age), (7, Some(90)));
        assert_eq!(config.clock().starts_at, 480);
        assert_eq!(try_load(SMALL, &["run.start=08:00"]).unwrap().run.start, "08:00");
        assert_eq!(config.seed_name(0), "rumour");
    }

    #[test]
    fn another_kind_starts_its_section_anew() {
        let ring = "[graph]\nkind = \"watts-strogatz\"\nneighbours = 4\n";
        let overrides = ["graph.kind=erdos-renyi", "graph.mean_degree=3"];
        let config = try_load(&format!("{SMALL}{ring}"), &overrides).unwrap();
        assert!(matches!(
            config.graph,
            super::super::GraphConfig::Generated(murmur_graph::GraphModel::ErdosRenyi(_))
        ));
    }

    #[test]
    fn another_preset_starts_the_feed_anew() {
        let feed = "[[feed.pipeline]]\nslots = 3\nsource = [{ kind = \"random\" }]\n";
        let config = try_load(&format!("{SMALL}{feed}"), &["feed.preset=reddit"]).unwrap();
        assert_eq!((config.feed.pipeline.as_ref(), config.feed.length()), (None, 5));
    }

    #[test]
    fn paths_in_the_file_are_relative_to_it_and_those_of_overrides_are_not() {
        let file = "[population]\nkind = \"oasis-x\"\npath = \"people.csv\"\n";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.toml");
        fs::write(&path, format!("{SMALL}{file}")).unwrap();
        let inputs = |overrides: &[Override]| load(&path, overrides).unwrap().inputs();
        assert_eq!(inputs(&[]), [folder.path().join("people.csv")]);
        assert_eq!(
            inputs(&[Override::new("population.path", "other.csv")]),
            [std::path::absolute("other.csv").unwrap()]
        );
    }

    #[test]
    fn a_configuration_survives_its_toml_form() {
        let config = try_load(SMALL, &["metrics.every=5"]).unwrap();
        let text = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str::<Config>(&text).unwrap(), config);
    }
}
