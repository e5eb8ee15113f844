//! The configuration of a run: one TOML file, every key with a default in its type, unknown keys refused.
//!
//! [`load`] reads a file and applies `--set key=value` overrides; [`Config::check`] finds what the types alone
//! cannot know.

mod classic;
mod intervention;
mod language;
mod load;
pub mod reference;
mod section;

use std::path::PathBuf;

use murmur_agents::{
    BehaviourConfig, ClaimConfig, EmotionConfig, InitialOpinions, Interests, MemoryConfig, StanceConfig,
    SyntheticConfig,
};
use murmur_core::{Clock, Probability, Stance};
use murmur_data::edges::NodeIds;
use murmur_dynamics::diffusion::DiffusionModel;
use murmur_dynamics::opinion::OpinionModel;
use murmur_graph::GraphModel;
use murmur_llm::{EndpointConfig, ModelConfig};
use murmur_prompt::PromptConfig;
use murmur_recsys::{FeedConfig, HashedEmbedder, IndexConfig, SuggestionConfig};
use murmur_store::PlatformConfig;
use serde::{Deserialize, Serialize};

use crate::measure::Scope;

pub use classic::{
    ClassicAgentsConfig, ClassicConfig, ClassicGraph, ClassicRunConfig, ClustersConfig, GivenTies, Model,
    Ties, TiesFile, load_classic,
};
pub(crate) use intervention::MOST_INTERVENTIONS;
pub use intervention::{
    ActionConfig, AmplifyConfig, ConditionConfig, CorrectConfig, DemoteConfig, FrictionConfig, InjectConfig,
    InterventionConfig, LabelConfig, NotesConfig, OtherFeedConfig, PrebunkConfig, TargetConfig, TiesConfig,
};
pub use language::{
    AgentsConfig, AnswerForm, CallMode, CallsConfig, ChoiceForm, CountOfAgents, Fallback, LabelOfAgents,
    ListOfAgents, ModelSection, ScaleForm, SchemaForm, ShareOfAgents, SurveyConfig,
};
pub(crate) use language::{MOST_MODELS, MOST_SURVEYS};
pub(crate) use load::with_overrides;
pub use load::{ConfigError, Override, load, of_script};

/// Everything that decides a run, except the files it names.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long the run is and where its randomness starts.
    pub run: RunConfig,
    /// What people talk about; at least one topic.
    pub topic: Vec<TopicConfig>,
    /// Who the agents are.
    #[serde(deserialize_with = "section::named")]
    pub population: PopulationConfig,
    /// Who follows whom at the start.
    #[serde(deserialize_with = "section::named")]
    pub graph: GraphConfig,
    /// The rules of the platform.
    pub platform: PlatformConfig,
    /// What agents are shown.
    pub feed: FeedConfig,
    /// Whom agents are suggested to follow.
    pub suggestions: SuggestionConfig,
    /// How the feed's interest source searches the live posts.
    #[serde(deserialize_with = "section::named")]
    pub index: IndexConfig,
    /// How texts become vectors.
    #[serde(deserialize_with = "section::named")]
    pub embedder: EmbedderConfig,
    /// What agents do.
    pub behaviour: BehaviourConfig,
    /// Language models, and the agents that they decide for. Agents without a model do as `behaviour` says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub model: Vec<ModelSection>,
    /// What language models are told of what their agents see, and what they may do.
    pub prompt: PromptConfig,
    /// What agents with a model remember.
    pub memory: MemoryConfig,
    /// How calls to language models are made.
    pub calls: CallsConfig,
    /// How the stance of what a language model writes is found out.
    pub stance: StanceConfig,
    /// Questions put to agents.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub survey: Vec<SurveyConfig>,
    /// What agents believe and how reading changes it.
    pub opinion: OpinionConfig,
    /// What reading makes agents feel.
    pub emotion: EmotionConfig,
    /// Claims that are true or false, and that agents come to believe or not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claim: Vec<ClaimConfig>,
    /// A model of diffusion that decides who shares what, in place of utilities.
    pub diffusion: DiffusionConfig,
    /// Posts planted by the experimenter.
    pub seed_post: Vec<SeedPost>,
    /// What the platform or the experimenter does while the run goes on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub intervention: Vec<InterventionConfig>,
    /// Actions written down beforehand.
    pub script: ScriptConfig,
    /// What is measured, and how often.
    pub metrics: MetricsConfig,
    /// What is written.
    pub tables: TablesConfig,
    /// How the run survives a stop.
    pub journal: JournalConfig,
}

/// How long the run is and where its randomness starts.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RunConfig {
    /// The seed of all random draws, up to 9223372036854775807. The same seed gives the same tables.
    pub seed: u64,
    /// Number of steps.
    #[schemars(range(min = 1))]
    pub steps: u32,
    /// Simulated minutes per step.
    #[schemars(range(min = 1, max = 1440))]
    pub minutes_per_step: u32,
    /// Time of day at which the run starts, as HH:MM.
    pub start: String,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self { seed: 1, steps: 480, minutes_per_step: 3, start: "00:00".to_owned() }
    }
}

/// A topic that posts are about and agents have opinions on.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicConfig {
    /// The topic as it stands in a sentence. Must differ from the others.
    pub name: String,
    /// Words that texts about the topic use, at most 256. Default: the name alone.
    #[serde(default)]
    pub words: Vec<String>,
    /// Sentences of those who are for it, to tell the stance of other texts by. Default: the phrasebook's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts_for: Vec<String>,
    /// Sentences of those who are against it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts_against: Vec<String>,
    /// Words that only those use who are for it, with `stance.method = "lexicon"`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words_for: Vec<String>,
    /// Words that only those use who are against it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words_against: Vec<String>,
    /// How reading moves opinions on it. Default: as `opinion.model` says.
    #[serde(default, deserialize_with = "section::maybe_named", skip_serializing_if = "Option::is_none")]
    pub opinion: Option<OpinionModel>,
}

/// Who the agents are. `kind` says where they come from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PopulationConfig {
    /// Made up: any number of agents with interests, hours and productivity drawn at random.
    Synthetic(SyntheticPopulation),
    /// OASIS's X/Twitter population, a CSV file.
    OasisX(PopulationFileConfig),
    /// OASIS's Reddit population, a JSON file.
    OasisReddit(PopulationFileConfig),
    /// The agents that the script signs up. They do what it says and nothing else.
    Script(NoMoreKeys),
}

impl Default for PopulationConfig {
    fn default() -> Self {
        Self::Synthetic(SyntheticPopulation::default())
    }
}

/// A synthetic population.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SyntheticPopulation {
    /// Number of agents. Default: as many as the graph file names, or 10,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u32>,
    /// How the agents differ.
    pub traits: SyntheticConfig,
}

/// A population read from a file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PopulationFileConfig {
    /// The file, relative to the configuration's folder.
    pub path: PathBuf,
}

/// Who follows whom at the start. `kind` says where the follows come from.
#[derive(Clone, PartialEq, Debug, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum GraphConfig {
    /// Follows that somebody else has written down.
    Given(GivenGraph),
    /// Follows drawn at random.
    Generated(GraphModel),
}

impl Default for GraphConfig {
    fn default() -> Self {
        Self::Generated(GraphModel::default())
    }
}

/// Follows that somebody else has written down.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum GivenGraph {
    /// The follows in the population's own file; none, if it holds none.
    Population(NoMoreKeys),
    /// An edge list.
    File(GraphFileConfig),
}

/// A section with no keys beyond its kind.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoMoreKeys {}

/// Edge lists: CSV with `source,target`, or SNAP's form with `#` comments; `.gz` too. The source follows (mutes,
/// blocks) the target.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GraphFileConfig {
    /// The follows, relative to the configuration's folder.
    pub path: PathBuf,
    /// What the ids in the files are.
    #[serde(default)]
    pub ids: NodeIds,
    /// Who has muted whom, likewise. Default: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutes: Option<PathBuf>,
    /// Who has blocked whom, likewise. Default: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<PathBuf>,
}

/// How texts become vectors. Only the first 8 KiB of a text count.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EmbedderConfig {
    /// By a table of word vectors that comes with the program, distilled from a language model (English): 64
    /// dimensions.
    Static(NoMoreKeys),
    /// By hashing words and parts of words: any language, but no synonyms.
    Hashed(HashedConfig),
    /// By a server that speaks OpenAI's protocol for embeddings. Its vectors are kept with the run, so that resuming or
    /// replaying it asks for none again.
    Endpoint(EndpointConfig),
}

impl Default for EmbedderConfig {
    fn default() -> Self {
        Self::Static(NoMoreKeys {})
    }
}

/// The hashed embedder.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HashedConfig {
    /// Length of the vectors, a multiple of 64.
    pub dimensions: usize,
}

impl Default for HashedConfig {
    fn default() -> Self {
        Self { dimensions: 64 }
    }
}

/// What agents believe and how reading changes it.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OpinionConfig {
    /// How opinions are spread at the start.
    pub initial: InitialOpinions,
    /// How reading moves them.
    #[serde(deserialize_with = "section::named")]
    pub model: OpinionModel,
}

/// A model of diffusion in place of utilities.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DiffusionConfig {
    /// The model. Agents share what it says and nothing else; whatever else they do, utilities decide. Default: none.
    #[serde(deserialize_with = "section::maybe_named", skip_serializing_if = "Option::is_none")]
    pub model: Option<DiffusionModel>,
    /// Names of the seed posts, and of interventions that inject, that it is about. Default: every post.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub posts: Option<Vec<String>>,
}

/// A post planted by the experimenter.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedPost {
    /// What tables and plots call it. Default: `seed 1`, `seed 2`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The agent that posts it.
    pub author: u32,
    /// The step in which it is posted, before anybody else acts. Default 0.
    #[serde(default)]
    pub step: u32,
    /// The name of its topic.
    pub topic: String,
    /// Where it stands on the topic, -1 to 1.
    pub stance: Stance,
    /// Its words.
    pub text: String,
    /// The name of the claim that it is about. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// Whether it asserts that claim, or denies it. Default true.
    #[serde(default = "intervention::yes")]
    pub asserts: bool,
}

/// Actions written down beforehand, such as those of confederates.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScriptConfig {
    /// A JSON Lines file of actions, relative to the configuration's folder. In each step its lines are carried out in
    /// their order, after the seed posts and before the agents act, each reading what the line before left. Default:
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
}

/// What is measured, and how often.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// Every how many steps the whole population is measured. Default: 1 up to 100,000 agents, 20 above. Counted
    /// from the first step on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<u32>,
    /// Names of seed posts whose cascade is measured at every step. Default: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watch: Option<Vec<String>>,
    /// The column of the population file whose values group agents for the E-I index (for a synthetic population:
    /// `interest`, the favourite topic). Default: the sign of the opinion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// What is written.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TablesConfig {
    /// Share of agents whose exposures are written; who they are is drawn once. 0 writes none.
    pub exposures: Probability,
}

impl Default for TablesConfig {
    fn default() -> Self {
        Self { exposures: Probability::of(1.0) }
    }
}

/// How the run survives a stop. None of it changes what is recorded.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JournalConfig {
    /// Steps from one checkpoint to the next.
    #[schemars(range(min = 1))]
    pub checkpoint_every: u32,
    /// Bring every step to the disk before the next begins, so that not even a power cut loses one. Otherwise that is
    /// done at checkpoints and at the end; a killed process loses nothing either way.
    pub durable: bool,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self { checkpoint_every: 20, durable: false }
    }
}

/// The interval to which activation probabilities refer, in simulated minutes.
pub const ACTIVATION_MINUTES: f64 = 3.0;

impl Config {
    /// The clock of the run. The configuration has been checked.
    pub fn clock(&self) -> Clock {
        let starts_at = minute_of_day(&self.run.start).expect("checked by `check`");
        Clock { minutes_per_step: self.run.minutes_per_step, starts_at }
    }

    /// Whether the run is a script and nothing else.
    pub fn is_script_alone(&self) -> bool {
        matches!(self.population, PopulationConfig::Script(_))
    }

    /// This configuration with `other`'s settings of how calls to language models are made, as far as they change neither
    /// requests nor what comes of a failure.
    pub(crate) fn with_calls_of(&self, other: &Self) -> Self {
        let mut mixed = self.clone();
        mixed.calls = CallsConfig { fallback: self.calls.fallback, ..other.calls.clone() };
        for (own, other) in mixed.model.iter_mut().zip(&other.model) {
            own.server = ModelConfig {
                name: own.server.name.clone(),
                model: own.server.model.clone(),
                sampling: own.server.sampling.clone(),
                ..other.server.clone()
            };
        }
        mixed
    }

    /// The name of the seed post at `index`.
    pub fn seed_name(&self, index: usize) -> String {
        self.seed_post[index].name.clone().unwrap_or_else(|| format!("seed {}", index + 1))
    }

    /// The place of the claim called `name`.
    pub fn claim_named(&self, name: &str) -> Option<usize> {
        self.claim.iter().position(|claim| claim.name == name)
    }

    /// How reading moves opinions on the topic at `place`.
    pub fn opinion_model(&self, place: usize) -> &OpinionModel {
        self.topic[place].opinion.as_ref().unwrap_or(&self.opinion.model)
    }

    /// The place of the topic called `name`.
    pub fn topic_named(&self, name: &str) -> Option<usize> {
        self.topic.iter().position(|topic| topic.name == name)
    }

    /// The files that the configuration names.
    pub fn inputs(&self) -> Vec<PathBuf> {
        let mut copy = self.clone();
        copy.paths_mut().into_iter().map(|path| path.clone()).collect()
    }

    /// Makes the run independent of the working directory, so that it can be gone on with from any other.
    fn make_paths_absolute(&mut self) {
        for path in self.paths_mut() {
            make_absolute(path);
        }
        for path in self.loose_paths_mut() {
            make_absolute(path);
        }
    }

    /// Paths that are no inputs: what is there may change while the run goes on.
    fn loose_paths_mut(&mut self) -> Vec<&mut PathBuf> {
        let lists = self.model.iter_mut().filter_map(|model| model.server.endpoints_file.as_mut());
        lists.chain(&mut self.calls.from).collect()
    }

    /// Every path of an input, to be resolved.
    fn paths_mut(&mut self) -> Vec<&mut PathBuf> {
        let mut paths = Vec::new();
        match &mut self.population {
            PopulationConfig::OasisX(file) | PopulationConfig::OasisReddit(file) => {
                paths.push(&mut file.path)
            }
            PopulationConfig::Synthetic(_) | PopulationConfig::Script(_) => {}
        }
        paths.extend(self.script.path.as_mut());
        paths.extend(self.prompt.template.as_mut());
        if let GraphConfig::Given(GivenGraph::File(file)) = &mut self.graph {
            paths.push(&mut file.path);
            paths.extend(file.mutes.as_mut());
            paths.extend(file.blocks.as_mut());
        }
        paths
    }

    /// Checks what the types alone cannot know.
    ///
    /// # Errors
    /// The first fault found, naming its key and what was expected.
    pub fn check(&self) -> Result<(), String> {
        self.check_run()?;
        self.check_topics()?;
        self.check_population()?;
        self.check_feed()?;
        self.check_behaviour()?;
        self.check_minds()?;
        self.check_seed_posts()?;
        self.check_interventions()?;
        self.check_models()?;
        self.check_surveys()?;
        self.check_metrics()
    }

    fn check_models(&self) -> Result<(), String> {
        expect(self.model.len() <= MOST_MODELS, "model", "at most 255 models", self.model.len())?;
        let mut shares = 0.0;
        for (index, model) in self.model.iter().enumerate() {
            let name = &model.server.name;
            let key = format!("model {} ({name})", index + 1);
            if let Some(fault) = model.server.fault() {
                return Err(format!("{key}: {}", fault.trim_start_matches("model.")));
            }
            if self.model[..index].iter().any(|other| other.server.name == *name) {
                return Err(format!("{key}: name: expected a name that no other model has"));
            }
            if let AgentsConfig::Share(part) = &model.agents {
                shares += part.share.get();
                expect(
                    shares <= 1.0 + 1e-9,
                    &format!("{key}: agents.share"),
                    "shares up to 1 in all",
                    shares,
                )?;
            }
        }
        let has_price =
            |model: &ModelSection| model.server.prices.input > 0.0 || model.server.prices.output > 0.0;
        let free = self.model.iter().find(|model| !has_price(model));
        let limits_money = self.calls.run_budget.money.or(self.calls.step_budget.money).is_some();
        if let Some(free) = free.filter(|_| limits_money) {
            return Err(format!(
                "calls: a budget of money expects prices of every model; model {} has none, so that it would never end",
                free.server.name
            ));
        }
        let faults = [self.prompt.fault(), self.memory.fault(), self.stance.fault()];
        if let Some(fault) = faults.into_iter().flatten().next() {
            return Err(fault);
        }
        let seconds = self.calls.step_deadline_seconds.unwrap_or(1.0);
        let fits = seconds > 0.0 && seconds <= 1e6;
        expect(fits, "calls.step_deadline_seconds", "a number above 0 and up to 1000000", seconds)?;
        let replays = self.calls.mode == CallMode::Replay && !self.model.is_empty();
        let sources = !replays || !self.calls.from.is_empty();
        expect(sources, "calls.from", "folders of runs whose replies are replayed", "none")
    }

    fn check_surveys(&self) -> Result<(), String> {
        expect(self.survey.len() <= MOST_SURVEYS, "survey", "at most 1000 surveys", self.survey.len())?;
        for (index, survey) in self.survey.iter().enumerate() {
            let key = |field: &str| format!("survey {} ({}): {field}", index + 1, survey.name);
            if self.survey[..index].iter().any(|other| other.name == survey.name) {
                return Err(key("expected a name that no other survey has"));
            }
            if let Some(topic) = &survey.topic {
                self.expect_topic(&key("topic"), topic)?;
            }
            if let Some(fault) = survey.question().fault() {
                return Err(key(&fault));
            }
        }
        Ok(())
    }

    fn check_run(&self) -> Result<(), String> {
        let run = &self.run;
        expect(run.steps >= 1, "run.steps", "at least 1", run.steps)?;
        expect(
            (1..=1440).contains(&run.minutes_per_step),
            "run.minutes_per_step",
            "1 to 1440 minutes",
            run.minutes_per_step,
        )?;
        let fits = run.steps.checked_mul(run.minutes_per_step).is_some();
        expect(fits, "run.steps", "a run of fewer than 4,294,967,296 simulated minutes", run.steps)?;
        expect(minute_of_day(&run.start).is_some(), "run.start", "a time of day as HH:MM", &run.start)
    }

    fn check_topics(&self) -> Result<(), String> {
        if self.topic.is_empty() && !self.is_script_alone() {
            return Err(
                "topic: expected at least one, for instance\n\n  [[topic]]\n  name = \"the election\"\n  \
                        words = [\"ballot\", \"candidate\"]\n"
                    .to_owned(),
            );
        }
        let count = self.topic.len();
        expect(count <= Interests::MOST_TOPICS, "topic", "at most 64 topics", count)?;
        for (index, topic) in self.topic.iter().enumerate() {
            let key = format!("topic {}", index + 1);
            expect(!topic.name.trim().is_empty(), &key, "a name", format!("{:?}", topic.name))?;
            let short_words = topic.words.iter().filter(|word| word.trim().is_empty()).count();
            expect(
                short_words == 0,
                &format!("{key}: words"),
                "no empty words",
                format!("{:?}", topic.words),
            )?;
            expect(
                topic.words.len() <= 256,
                &format!("{key}: words"),
                "at most 256 words",
                topic.words.len(),
            )?;
            if self.topic_named(&topic.name) != Some(index) {
                return Err(format!(
                    "{key}: expected a name that no other topic has, found {:?}",
                    topic.name
                ));
            }
        }
        Ok(())
    }

    fn check_population(&self) -> Result<(), String> {
        if self.is_script_alone() {
            let signed_up_by = self.script.path.is_some();
            expect(signed_up_by, "script.path", "the script that signs the agents up", "nothing")?;
            let none = GraphConfig::Given(GivenGraph::Population(NoMoreKeys {}));
            expect(self.graph == none, "graph.kind", "`population`, with a script as population", "another")?;
        }
        if let PopulationConfig::Synthetic(population) = &self.population {
            expect(population.size != Some(0), "population.size", "at least 1 agent", 0)?;
            if let Some(fault) = population.traits.fault() {
                return Err(fault);
            }
            if self.graph == GraphConfig::Given(GivenGraph::Population(NoMoreKeys {})) {
                return Err(
                    "graph.kind: a synthetic population brings no follows; expected a generator or `file`"
                        .to_owned(),
                );
            }
        }
        Ok(())
    }

    fn check_feed(&self) -> Result<(), String> {
        if let Some(fault) = self.feed.fault() {
            return Err(fault);
        }
        if let Some(fault) = self.suggestions.fault() {
            return Err(fault);
        }
        if let Some(fault) = self.index.fault() {
            return Err(format!("index: {fault}"));
        }
        match &self.embedder {
            EmbedderConfig::Static(_) => Ok(()),
            EmbedderConfig::Hashed(HashedConfig { dimensions }) => expect(
                HashedEmbedder::new(*dimensions).is_some() && *dimensions <= 4096,
                "embedder.dimensions",
                "a multiple of 64 up to 4096",
                dimensions,
            ),
            EmbedderConfig::Endpoint(endpoint) => endpoint.fault().map_or(Ok(()), Err),
        }
    }

    fn check_behaviour(&self) -> Result<(), String> {
        let behaviour = &self.behaviour;
        let positive = |key: &str, value: f64| {
            let key = format!("behaviour.{key}");
            expect(value > 0.0 && value.is_finite(), &key, "a number above 0", value)
        };
        positive("session_seconds", behaviour.session_seconds)?;
        positive("reading_seconds", behaviour.reading_seconds)?;
        let not_negative = |key: &str, value: f64, most: f64| {
            let key = format!("behaviour.{key}");
            expect((0.0..=most).contains(&value), &key, &format!("a number from 0 to {most}"), value)
        };
        not_negative("writing_seconds", behaviour.writing_seconds, 86_400.0)?;
        not_negative("posts_per_session", behaviour.posts_per_session, 20.0)?;
        if let Some(key) = behaviour.not_finite() {
            return Err(format!("behaviour.{key}: expected a finite number"));
        }
        Ok(())
    }

    /// What agents think, feel and believe.
    fn check_minds(&self) -> Result<(), String> {
        let own = |(index, topic): (usize, &TopicConfig)| {
            let fault = topic.opinion.as_ref()?.fault()?;
            Some(format!("topic {} ({}): opinion.{fault}", index + 1, topic.name))
        };
        let fault = self.opinion.model.fault().map(|fault| format!("opinion.model.{fault}"));
        let fault = fault.or_else(|| self.topic.iter().enumerate().find_map(own));
        let fault = fault.or_else(|| self.emotion.fault());
        let spread = self.diffusion.model.as_ref().and_then(DiffusionModel::fault);
        if let Some(fault) = fault.or_else(|| spread.map(|fault| format!("diffusion.model.{fault}"))) {
            return Err(fault);
        }
        expect(self.claim.len() <= 64, "claim", "at most 64 claims", self.claim.len())?;
        for (index, claim) in self.claim.iter().enumerate() {
            let key = |field: &str| format!("claim {} ({}): {field}", index + 1, claim.name);
            if let Some(fault) = claim.fault() {
                return Err(key(&fault));
            }
            if self.claim_named(&claim.name) != Some(index) {
                return Err(key("name: expected a name that no other claim has"));
            }
            if let Some(topic) = &claim.topic {
                self.expect_topic(&key("topic"), topic)?;
            }
        }
        if let Some(posts) = &self.diffusion.posts {
            self.expect_planted("diffusion.posts", posts)?;
            let has_model = self.diffusion.model.is_some();
            expect(
                has_model,
                "diffusion.model",
                "a model, since diffusion.posts says what it is about",
                "none",
            )?;
        }
        Ok(())
    }

    fn expect_topic(&self, key: &str, topic: &str) -> Result<(), String> {
        let names: Vec<&str> = self.topic.iter().map(|topic| topic.name.as_str()).collect();
        let wanted = format!("one of the topics {names:?}");
        expect(names.contains(&topic), key, &wanted, format!("{topic:?}"))
    }

    fn expect_claim(&self, key: &str, claim: &str) -> Result<(), String> {
        let names: Vec<&str> = self.claim.iter().map(|claim| claim.name.as_str()).collect();
        let wanted = format!("one of the claims {names:?}");
        expect(names.contains(&claim), key, &wanted, format!("{claim:?}"))
    }

    /// Names are of seed posts or of interventions that inject.
    fn expect_planted(&self, key: &str, posts: &[String]) -> Result<(), String> {
        let seeds = (0..self.seed_post.len()).map(|index| self.seed_name(index));
        let injects = |own: &&InterventionConfig| matches!(own.action, ActionConfig::Inject(_));
        let injected = self.intervention.iter().filter(injects).map(|own| own.name.clone());
        let names: Vec<String> = seeds.chain(injected).collect();
        let wanted = format!("names of seed posts or of interventions that inject, which are {names:?}");
        let unknown = posts.iter().find(|name| !names.contains(name));
        unknown.map_or(Ok(()), |name| expect(false, key, &wanted, format!("{name:?}")))
    }

    /// That there is such a measure.
    fn check_condition(&self, when: &ConditionConfig) -> Result<(), String> {
        let scopes = Scope::NAMES;
        let Some(scope) = Scope::from_name(&when.scope) else {
            return expect(false, "scope", &format!("one of {scopes:?}"), format!("{:?}", when.scope));
        };
        let subjects: Option<Vec<&str>> = match scope {
            Scope::Platform => None,
            Scope::Opinion | Scope::Emotion => Some(self.topic.iter().map(|topic| &*topic.name).collect()),
            Scope::Claim => Some(self.claim.iter().map(|claim| &*claim.name).collect()),
            Scope::Intervention => Some(self.intervention.iter().map(|own| &*own.name).collect()),
            Scope::Model => Some(self.model.iter().map(|model| &*model.server.name).collect()),
            Scope::Cascade | Scope::Network | Scope::Feed => Some(Vec::new()),
        };
        match (subjects, &when.subject) {
            (None, Some(subject)) => {
                expect(false, "subject", "none, since the measure is of the platform", subject)?;
            }
            (Some(subjects), None) => {
                expect(
                    false,
                    "subject",
                    &format!("what the measure is about, such as {subjects:?}"),
                    "none",
                )?;
            }
            (Some(subjects), Some(subject)) if !subjects.is_empty() => {
                // A claim is measured by group, too.
                let name = subject.split_once('/').map_or(subject.as_str(), |(name, _)| name);
                let known = subjects.contains(&subject.as_str()) || subjects.contains(&name);
                expect(known, "subject", &format!("one of {subjects:?}"), format!("{subject:?}"))?;
            }
            _ => {}
        }
        let emotions = scope != Scope::Emotion || self.emotion.enabled;
        expect(emotions, "scope", "emotion.enabled = true besides", "emotions that are not simulated")?;
        let measures = scope.measures();
        let known = measures.is_empty() || measures.contains(&when.measure.as_str());
        expect(known, "measure", &format!("one of {measures:?}"), format!("{:?}", when.measure))
    }

    fn check_interventions(&self) -> Result<(), String> {
        let count = self.intervention.len();
        expect(count <= MOST_INTERVENTIONS, "intervention", "at most 1000 interventions", count)?;
        for (index, own) in self.intervention.iter().enumerate() {
            let key = |field: &str| format!("intervention {} ({}): {field}", index + 1, own.name);
            if let Some(fault) = own.fault() {
                return Err(key(&fault));
            }
            let seeds = (0..self.seed_post.len()).any(|seed| self.seed_name(seed) == own.name);
            if seeds || self.intervention[..index].iter().any(|other| other.name == own.name) {
                return Err(key("name: expected a name that no other intervention and no seed post has"));
            }
            if let Some(when) = &own.when {
                self.check_condition(when).map_err(|fault| key(&format!("when.{fault}")))?;
            }
            let target = &own.target;
            self.expect_planted(&key("target.posts"), &target.posts)?;
            if let Some(topic) = &target.topic {
                self.expect_topic(&key("target.topic"), topic)?;
            }
            if let Some(claim) = &target.claim {
                self.expect_claim(&key("target.claim"), claim)?;
            }
            if let Some(label) = &target.label {
                let labels: Vec<&str> =
                    self.intervention.iter().filter_map(|own| own.action.label()).collect();
                let wanted = format!("one of the labels that interventions put, which are {labels:?}");
                let is_put = labels.contains(&label.as_str());
                expect(is_put, &key("target.label"), &wanted, format!("{label:?}"))?;
            }
            if let ActionConfig::Inject(inject) = &own.action {
                self.expect_topic(&key("action.topic"), &inject.topic)?;
            }
            if let Some(claim) = own.action.claim() {
                self.expect_claim(&key("action.claim"), claim)?;
            }
        }
        Ok(())
    }

    fn check_seed_posts(&self) -> Result<(), String> {
        for (index, post) in self.seed_post.iter().enumerate() {
            let name = self.seed_name(index);
            let key = |field: &str| format!("seed_post {} ({name}): {field}", index + 1);
            self.expect_topic(&key("topic"), &post.topic)?;
            if let Some(claim) = &post.claim {
                self.expect_claim(&key("claim"), claim)?;
            }
            let denies = !post.asserts && post.claim.is_none();
            expect(!denies, &key("claim"), "the claim that it denies", "none")?;
            if (0..index).any(|earlier| self.seed_name(earlier) == name) {
                return Err(key("expected a name that no other seed post has"));
            }
        }
        Ok(())
    }

    fn check_metrics(&self) -> Result<(), String> {
        expect(self.metrics.every != Some(0), "metrics.every", "at least 1 step", 0)?;
        expect(self.journal.checkpoint_every >= 1, "journal.checkpoint_every", "at least 1 step", 0)?;
        let names: Vec<String> = (0..self.seed_post.len()).map(|index| self.seed_name(index)).collect();
        for watched in self.metrics.watch.iter().flatten() {
            let wanted = format!("names of seed posts, which are {names:?}");
            expect(names.contains(watched), "metrics.watch", &wanted, format!("{watched:?}"))?;
        }
        Ok(())
    }
}

/// Makes a path independent of the working directory.
fn make_absolute(path: &mut PathBuf) {
    // Only an empty path has no absolute form; whoever opens it says so.
    if let Ok(absolute) = std::path::absolute(&*path) {
        *path = absolute;
    }
}

/// `Ok` if `holds`, else what was expected of `key` and what was found.
fn expect(holds: bool, key: &str, wanted: &str, found: impl std::fmt::Display) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("{key}: expected {wanted}, found {found}")) }
}

/// The minute of the day that `HH:MM` stands for.
fn minute_of_day(time: &str) -> Option<u32> {
    let (hours, minutes) = time.split_once(':')?;
    let number = |digits: &str, below: u32| {
        let two_digits = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|&number: &u32| two_digits && number < below)
    };
    Some(number(hours, 24)? * 60 + number(minutes, 60)?)
}
