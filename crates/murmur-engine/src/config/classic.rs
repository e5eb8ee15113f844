//! The configuration of `murmur classic`: a model of opinions or of diffusion in its classical form, without a platform.

use std::path::{Path, PathBuf};

use murmur_agents::InitialOpinions;
use murmur_data::edges::NodeIds;
use murmur_dynamics::diffusion::DiffusionModel;
use murmur_dynamics::opinion::ClassicModel;
use murmur_graph::GraphModel;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::check::expect;
use super::load::{in_folder_of, read_toml};
use super::{ConfigError, NoMoreKeys, Override, make_absolute, section, with_overrides};

/// Everything that decides what `murmur classic` runs, except the graph file it names.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassicConfig {
    /// How many runs, how long, and where their randomness starts.
    #[serde(default)]
    pub run: ClassicRunConfig,
    /// How many agents there are, and how they begin.
    #[serde(default)]
    pub agents: ClassicAgentsConfig,
    /// Who hears whom.
    #[serde(default, deserialize_with = "section::named")]
    pub graph: ClassicGraph,
    /// The model. It has to be given.
    #[serde(deserialize_with = "section::given")]
    pub model: Model,
    /// What counts as a cluster of opinions.
    #[serde(default)]
    pub clusters: ClustersConfig,
}

/// How many runs, how long, and where their randomness starts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClassicRunConfig {
    /// The seed of the first run, up to 9223372036854775807; each further run has the next.
    pub seed: u64,
    /// Number of independent runs. Each draws its own graph, opinions and first spreaders.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub runs: u32,
    /// Number of rounds, at most: a run ends sooner when it is at rest or over.
    #[schemars(range(min = 1))]
    pub rounds: u32,
    /// Rounds from one row of the series to the next.
    #[schemars(range(min = 1))]
    pub every: u32,
    /// A model of opinions is at rest when no agent would move further than this.
    pub tolerance: f64,
}

impl Default for ClassicRunConfig {
    fn default() -> Self {
        Self { seed: 1, runs: 1, rounds: 1000, every: 1, tolerance: 1e-6 }
    }
}

/// How many agents there are, and how they begin.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClassicAgentsConfig {
    /// Number of agents, at least 2. Default: as many as the graph file names, or 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// How opinions are spread at first, as in `opinion.initial`: `uniform`, `moderate` or `polarized`. For models of
    /// opinions only. Default: `uniform`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opinions: Option<InitialOpinions>,
    /// How many agents begin to spread; who they are is drawn in each run. For models of diffusion only. Default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seeds: Option<u32>,
    /// The agents that begin to spread, by their numbers from 0, in place of `seeds`. Default: drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed_agents: Option<Vec<u32>>,
}

/// What counts as a cluster of opinions.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ClustersConfig {
    /// Two neighbouring opinions further apart than this are of two clusters. From 0 to 2.
    pub gap: f64,
    /// A smaller share of all agents is no cluster. From 0 to 1.
    pub least_share: f64,
}

impl Default for ClustersConfig {
    fn default() -> Self {
        Self { gap: 0.1, least_share: 0.01 }
    }
}

/// Who hears whom. `kind` is one of those below or any generator of `[graph]` above, with its keys; agents hear those
/// that they follow. Of `homophilous` interests play no part, since nobody has any.
#[derive(Clone, PartialEq, Debug, Default, Serialize, schemars::JsonSchema)]
pub struct ClassicGraph {
    /// Whether every follow is returned, so that the two hear each other.
    #[serde(default)]
    pub undirected: bool,
    /// The follows.
    #[serde(flatten)]
    pub ties: Ties,
}

/// Where follows come from.
#[derive(Clone, PartialEq, Debug, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Ties {
    /// They are not drawn.
    Given(GivenTies),
    /// Drawn at random.
    #[schemars(skip)]
    Generated(GraphModel),
}

impl Default for Ties {
    fn default() -> Self {
        Self::Given(GivenTies::WellMixed(NoMoreKeys {}))
    }
}

/// Follows that are not drawn.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum GivenTies {
    /// Everybody hears everybody else.
    WellMixed(NoMoreKeys),
    /// An edge list.
    File(TiesFile),
}

/// An edge list: CSV with `source,target`, or SNAP's form with `#` comments; `.gz` too. The source hears the target.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TiesFile {
    /// The file, relative to the configuration's folder.
    pub path: PathBuf,
    /// What the ids in the file are: `index` or `appearance`.
    #[serde(default)]
    pub ids: NodeIds,
}

/// A model in its classical form. `kind` names it.
#[derive(Clone, PartialEq, Debug, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum Model {
    /// How opinions move.
    Opinions(ClassicModel),
    /// How things spread.
    Diffusion(DiffusionModel),
}

impl Model {
    /// What it is called in a configuration.
    pub fn kind(&self) -> String {
        let table = toml::Table::try_from(self).expect("a model has a TOML form");
        table["kind"].as_str().expect("a model has a kind").to_owned()
    }

    fn fault(&self) -> Option<String> {
        match self {
            Self::Opinions(model) => model.fault(),
            Self::Diffusion(model) => model.fault(),
        }
    }
}

const UNKNOWN: &str = "unknown variant";

impl<'de> Deserialize<'de> for Model {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = toml::Table::deserialize(deserializer)?;
        let no_opinion = match ClassicModel::deserialize(table.clone()) {
            Ok(model) => return Ok(Self::Opinions(model)),
            Err(error) if error.message().starts_with(UNKNOWN) => error,
            Err(error) => return Err(D::Error::custom(error.message())),
        };
        DiffusionModel::deserialize(table).map(Self::Diffusion).map_err(|error| {
            let kinds = error.message().split_once("expected one of ").map(|(_, kinds)| kinds);
            match kinds.filter(|_| error.message().starts_with(UNKNOWN)) {
                Some(kinds) => D::Error::custom(format!("{}, {kinds}", no_opinion.message())),
                None => D::Error::custom(error.message()),
            }
        })
    }
}

impl<'de> Deserialize<'de> for ClassicGraph {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = toml::Table::deserialize(deserializer)?;
        let undirected = table.remove("undirected").map(bool::deserialize).transpose();
        let undirected = undirected.map_err(|error| D::Error::custom(error.message()))?.unwrap_or(false);
        let ties = Ties::deserialize(table).map_err(|error| D::Error::custom(error.message()))?;
        Ok(Self { undirected, ties })
    }
}

impl<'de> Deserialize<'de> for Ties {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let table = toml::Table::deserialize(deserializer)?;
        let kind = table.get("kind").and_then(toml::Value::as_str);
        let read = match kind {
            Some("well-mixed" | "file") => GivenTies::deserialize(table).map(Self::Given),
            _ => GraphModel::deserialize(table).map(Self::Generated),
        };
        read.map_err(|error| {
            let also = if error.message().starts_with(UNKNOWN) { ", `well-mixed` or `file`" } else { "" };
            D::Error::custom(format!("{}{also}", error.message()))
        })
    }
}

/// Reads the configuration `path` of `murmur classic`, applies `overrides` in their order and checks the result. The
/// path in the file is relative to its folder, one in an override to the working directory.
///
/// # Errors
/// See [`ConfigError`].
pub fn load_classic(path: &Path, overrides: &[Override]) -> Result<ClassicConfig, ConfigError> {
    let mut config: ClassicConfig = read_toml(path)?;
    in_folder_of(path, config.path_mut().into_iter().collect())?;
    let mut config = with_overrides(config, overrides)?;
    if let Some(input) = config.path_mut() {
        make_absolute(input);
    }
    config.check().map_err(|message| ConfigError::Unfit { path: path.to_owned(), message })?;
    Ok(config)
}

/// More runs than anybody waits for.
const MOST_RUNS: u32 = 1_000_000;

impl ClassicConfig {
    /// The path that it names, to be resolved.
    fn path_mut(&mut self) -> Option<&mut PathBuf> {
        match &mut self.graph.ties {
            Ties::Given(GivenTies::File(file)) => Some(&mut file.path),
            _ => None,
        }
    }

    /// Checks what the types alone cannot know.
    ///
    /// # Errors
    /// The first fault found, naming its key and what was expected.
    pub fn check(&self) -> Result<(), String> {
        self.check_run()?;
        self.check_agents()?;
        self.check_graph()?;
        let ClustersConfig { gap, least_share } = self.clusters;
        expect((0.0..=2.0).contains(&gap), "clusters.gap", "a number from 0 to 2", gap)?;
        expect(
            (0.0..=1.0).contains(&least_share),
            "clusters.least_share",
            "a number from 0 to 1",
            least_share,
        )?;
        self.model.fault().map_or(Ok(()), |fault| Err(format!("model.{fault}")))
    }

    fn check_run(&self) -> Result<(), String> {
        let ClassicRunConfig { seed, runs, rounds, every, tolerance } = self.run;
        expect((1..=MOST_RUNS).contains(&runs), "run.runs", "1 to 1000000 runs", runs)?;
        let last = i64::try_from(seed).ok().and_then(|seed| seed.checked_add(runs.into()));
        expect(last.is_some(), "run.seed", "seeds up to 9223372036854775807 in all runs", seed)?;
        expect(rounds >= 1, "run.rounds", "at least 1", rounds)?;
        expect(every >= 1, "run.every", "at least 1", every)?;
        expect((0.0..=2.0).contains(&tolerance), "run.tolerance", "a number from 0 to 2", tolerance)
    }

    fn check_agents(&self) -> Result<(), String> {
        let ClassicAgentsConfig { count, opinions, seeds, seed_agents } = &self.agents;
        if let Some(count) = *count {
            expect(count >= 2, "agents.count", "at least 2 agents", count)?;
        }
        let kind = self.model.kind();
        let nothing_of = |key: &str, is_given: bool, what: &str| {
            let wanted = format!("nothing, since {kind} is a model of {what}");
            expect(!is_given, &format!("agents.{key}"), &wanted, "a value; leave it out")
        };
        match self.model {
            Model::Opinions(_) => {
                nothing_of("seeds", seeds.is_some(), "opinions")?;
                nothing_of("seed_agents", seed_agents.is_some(), "opinions")
            }
            Model::Diffusion(_) => {
                nothing_of("opinions", opinions.is_some(), "diffusion")?;
                let both = seeds.is_some() && seed_agents.is_some();
                expect(!both, "agents.seeds", "either seeds or seed_agents", "both; leave one out")?;
                expect(*seeds != Some(0), "agents.seeds", "at least 1", 0)?;
                let none = seed_agents.as_ref().is_some_and(Vec::is_empty);
                expect(!none, "agents.seed_agents", "at least one agent", "an empty list")
            }
        }
    }

    fn check_graph(&self) -> Result<(), String> {
        match &self.graph.ties {
            Ties::Given(GivenTies::WellMixed(_)) if self.graph.undirected => Err(
                "graph.undirected: among the well mixed everybody hears everybody; leave it out, or name a \
                     graph.kind"
                    .to_owned(),
            ),
            Ties::Given(GivenTies::File(file)) => expect(
                file.ids != NodeIds::UserName,
                "graph.ids",
                "`index` or `appearance`",
                "`user-name`, which agents of a classical model have not",
            ),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "[model]\nkind = \"deffuant\"\n";

    fn try_load(text: &str, overrides: &[&str]) -> Result<ClassicConfig, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("classic.toml");
        std::fs::write(&path, text).unwrap();
        let overrides: Vec<Override> = overrides.iter().map(|text| text.parse().unwrap()).collect();
        load_classic(&path, &overrides).map_err(|error| error.to_string())
    }

    fn check_fault(text: &str, overrides: &[&str], expected: &[&str]) {
        let message = try_load(text, overrides).unwrap_err();
        for part in expected {
            assert!(message.contains(part), "expected {part:?} in:\n{message}");
        }
    }

    #[test]
    fn faults_name_line_or_key_and_what_was_expected() {
        let with = |addition: &str| format!("{SMALL}{addition}");
        check_fault("", &[], &["missing field `model`"]);
        check_fault("[model]\n", &[], &["line 1", "missing field `kind`"]);
        check_fault(&with("confidense = 0.2\n"), &[], &["line 1", "`confidense`", "`confidence`"]);
        check_fault(&with("confidence = \"x\"\n"), &[], &["line 1", "`confidence`: ", "f64"]);
        check_fault(&with("confidence = 3.0\n"), &[], &["model.confidence", "0 to 2", "3"]);
        check_fault(&with("[run]\nround = 3\n"), &[], &["line 4", "`round`", "`rounds`"]);
        check_fault("[model]\nkind = \"defuant\"\n", &[], &["`defuant`", "`deffuant`", "`maki-thompson`"]);
        check_fault("[model]\nkind = \"sir\"\nrecover = 1\n", &[], &["`recover`", "`recovery`"]);
        check_fault(&with("[graph]\nkind = \"ring\"\n"), &[], &["`ring`", "`watts-strogatz`", "`file`"]);
        check_fault(&with("[graph]\nkind = \"file\"\n"), &[], &["missing field `path`"]);
        check_fault(&with("[graph]\nundirected = 3\n"), &[], &["line 3", "`undirected`", "boolean"]);
        check_fault(&with("[graph]\nundirected = true\n"), &[], &["graph.undirected", "graph.kind"]);
        let named = "[graph]\nkind = \"file\"\npath = \"e.csv\"\nids = \"user-name\"\n";
        check_fault(&with(named), &[], &["graph.ids", "`appearance`"]);
    }

    #[test]
    fn what_the_model_has_no_use_for_is_refused() {
        let with = |addition: &str| format!("{SMALL}[agents]\n{addition}\n");
        check_fault(&with("seeds = 3"), &[], &["agents.seeds", "deffuant is a model of opinions"]);
        check_fault(&with("seed_agents = [3]"), &[], &["agents.seed_agents", "leave it out"]);
        let sir = ["model.kind=sir"];
        check_fault(&with("opinions = \"uniform\""), &sir, &["agents.opinions", "sir is a model of diff"]);
        check_fault(&with("seeds = 2\nseed_agents = [3]"), &sir, &["agents.seeds", "leave one out"]);
        check_fault(&with("seeds = 0"), &sir, &["agents.seeds", "at least 1"]);
        check_fault(&with("seed_agents = []"), &sir, &["agents.seed_agents", "at least one"]);
        check_fault(&with("count = 1"), &[], &["agents.count", "at least 2"]);
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        let refused = |setting: &str, key: &str| check_fault(SMALL, &[setting], &[key, "expected"]);
        refused("run.runs=0", "run.runs");
        refused("run.rounds=0", "run.rounds");
        refused("run.every=0", "run.every");
        refused("run.tolerance=-1.0", "run.tolerance");
        refused("run.tolerance=nan", "run.tolerance");
        refused("run.seed=9223372036854775807", "run.seed");
        refused("clusters.gap=3.0", "clusters.gap");
        refused("clusters.least_share=2.0", "clusters.least_share");
        check_fault(SMALL, &["run.runs=x"], &["--set run.runs=x: ", "u32"]);
    }

    #[test]
    fn everything_but_the_model_has_a_default_and_overrides_reach_all() {
        let config = try_load(SMALL, &[]).unwrap();
        assert_eq!((config.run.clone(), config.graph.clone()), Default::default());
        let overrides = ["graph.kind=watts-strogatz", "graph.neighbours=4", "graph.undirected=true"];
        let config = try_load(SMALL, &overrides).unwrap();
        assert!(config.graph.undirected);
        let Ties::Generated(GraphModel::WattsStrogatz(ring)) = &config.graph.ties else { panic!() };
        assert_eq!(ring.neighbours, 4);
        let text = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str::<ClassicConfig>(&text).unwrap(), config);
    }
}
