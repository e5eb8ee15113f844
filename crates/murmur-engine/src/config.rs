//! The configuration of a run: one TOML file, every key with a default in its type, unknown keys refused.
//!
//! [`load`] reads a file and applies `--set key=value` overrides; [`Config::check`] (`config/check.rs`) finds what the
//! types alone cannot know.

mod check;
mod classic;
mod fork;
mod intervention;
mod language;
mod load;
pub mod reference;
mod section;

use std::path::PathBuf;

use murmur_agents::{
    BehaviourConfig, ClaimConfig, EmotionConfig, InitialOpinions, MemoryConfig, StanceConfig, SyntheticConfig,
};
use murmur_core::{Clock, Probability, Stance};
use murmur_data::edges::NodeIds;
use murmur_dynamics::diffusion::DiffusionModel;
use murmur_dynamics::opinion::OpinionModel;
use murmur_graph::GraphModel;
use murmur_graph::generate::Homophilous;
use murmur_llm::{EndpointConfig, ModelConfig};
use murmur_prompt::PromptConfig;
use murmur_recsys::{FeedConfig, IndexConfig, SuggestionConfig};
use murmur_store::PlatformConfig;
use serde::{Deserialize, Serialize};

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
pub use load::{ConfigError, Layer, Override, load, load_layered, of_script};

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
    /// A voting experiment: posts whose first vote a confederate casts.
    pub votes: VotesConfig,
    /// Posts that agents wrote before anybody read.
    pub backlog: BacklogConfig,
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

/// A population read from a file, alone or among made-up agents.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PopulationFileConfig {
    /// The file, relative to the configuration's folder.
    pub path: PathBuf,
    /// Number of agents in all: those after the file's are made up as synthetic ones are. The file's agents keep their
    /// places, from 0. Default: those of the file alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grow_to: Option<u32>,
    /// How the made-up agents differ, with `grow_to`.
    #[serde(default)]
    pub traits: SyntheticConfig,
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

impl GraphConfig {
    /// Number of core accounts, the first agents; 0 where the graph knows none.
    pub(crate) fn core_accounts(&self) -> u32 {
        match self {
            Self::Generated(GraphModel::Homophilous(homophilous)) => homophilous.core_accounts,
            _ => 0,
        }
    }
}

/// Follows that somebody else has written down.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum GivenGraph {
    /// The follows in the population's own file; none, if it holds none.
    Population(NoMoreKeys),
    /// The follows in the population's own file, and round them those of made-up agents (`population.grow_to`).
    Grown(GrownGraph),
    /// An edge list.
    File(GraphFileConfig),
}

/// The follows of made-up agents round those of a file, drawn as by the kind `homophilous` with the file's agents as the
/// core accounts, the first row the most popular. The file's agents follow whom their file says and nobody else.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GrownGraph {
    /// Mean number of accounts that a made-up agent follows, returned follows included: 0 to the number of agents less 1.
    /// Default 20.
    pub mean_follows: f64,
    /// Share of a made-up agent's choices that go to the file's agents. Default 0.3.
    pub core_share: Probability,
    /// Probability that a choice is made among those who share an interest; else interests play no part. Default 0.6.
    pub homophily: Probability,
    /// Probability that a made-up agent returns a follow; the file's agents return none. Default 0.22.
    pub reciprocity: Probability,
}

impl Default for GrownGraph {
    fn default() -> Self {
        let Homophilous { mean_follows, core_share, homophily, reciprocity, .. } = Homophilous::default();
        Self { mean_follows, core_share, homophily, reciprocity }
    }
}

impl GrownGraph {
    /// The model that draws the follows round `core_accounts` agents of a file.
    pub(crate) fn model(&self, core_accounts: u32) -> Homophilous {
        let &Self { mean_follows, core_share, homophily, reciprocity } = self;
        Homophilous { mean_follows, core_accounts, core_share, homophily, reciprocity }
    }
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

/// A voting experiment: posts whose first vote a confederate casts. Author and confederate of each are drawn from all agents,
/// by the post's number in the file; neither counts among its readers. A post has no topic; the claim that it spreads is
/// its first comment, by its author.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VotesConfig {
    /// The posts, OASIS's counterfactual ones (JSON), relative to the configuration's folder. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// The first vote on each post, cast right after it was posted.
    pub first: FirstVote,
    /// The first step in which posts are planted, after the seed posts and before the script and the agents.
    pub step: u32,
    /// Number of steps over which the posts are planted evenly, in the order of the file.
    #[schemars(range(min = 1))]
    pub over: u32,
}

impl Default for VotesConfig {
    fn default() -> Self {
        Self { path: None, first: FirstVote::default(), step: 0, over: 1 }
    }
}

/// The first vote on the posts of a voting experiment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FirstVote {
    /// As the post's group in the file says: up, down, or none.
    #[default]
    AsGrouped,
    /// Up on every post.
    Up,
    /// None on any post.
    None,
    /// Down on every post.
    Down,
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
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TablesConfig {
    /// Share of agents whose exposures are written; who they are is drawn once. 0 writes none. Default: 1 up to 100,000
    /// agents, 0.01 above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposures: Option<Probability>,
}

/// Above this many agents a run keeps a sample of exposures, and measures the whole population now and then, unless
/// configured otherwise.
pub(crate) const LARGE_POPULATION: u32 = 100_000;

impl TablesConfig {
    /// Share of agents whose exposures are written, of a population of so many.
    pub fn exposures_of(&self, agents: u32) -> Probability {
        let default = if agents > LARGE_POPULATION { 0.01 } else { 1.0 };
        self.exposures.unwrap_or(Probability::of(default))
    }
}

/// Posts that agents wrote before anybody read.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BacklogConfig {
    /// Number of posts, planted in the first step after the seed posts and before the script and the agents: the feeds of the
    /// second step have them. Their authors are drawn in proportion to how much each agent writes: its productivity times
    /// its activity over the day. Default 0.
    pub posts: u32,
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

    /// The file of the population, if it comes from one.
    pub(crate) fn population_file(&self) -> Option<&PopulationFileConfig> {
        match &self.population {
            PopulationConfig::OasisX(file) | PopulationConfig::OasisReddit(file) => Some(file),
            PopulationConfig::Synthetic(_) | PopulationConfig::Script(_) => None,
        }
    }

    /// Whether the run is a script and nothing else.
    pub fn is_script_alone(&self) -> bool {
        matches!(self.population, PopulationConfig::Script(_))
    }

    /// This configuration with `other`'s settings of how calls to language models are made, as far as they change neither
    /// requests nor what comes of a failure.
    pub fn with_calls_of(&self, other: &Self) -> Self {
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
        paths.extend(self.votes.path.as_mut());
        paths.extend(self.script.path.as_mut());
        paths.extend(self.prompt.template.as_mut());
        if let GraphConfig::Given(GivenGraph::File(file)) = &mut self.graph {
            paths.push(&mut file.path);
            paths.extend(file.mutes.as_mut());
            paths.extend(file.blocks.as_mut());
        }
        paths
    }
}

/// Makes a path independent of the working directory.
fn make_absolute(path: &mut PathBuf) {
    // Only an empty path has no absolute form; whoever opens it says so.
    if let Ok(absolute) = std::path::absolute(&*path) {
        *path = absolute;
    }
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
