//! From a configuration and its input files to the world before the first step.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use murmur_agents::{
    Behaviour, Beliefs, Credences, Emotions, Memories, Persona, Population, PreviousPost, Synthesizer,
    SyntheticConfig,
};
use murmur_core::{AgentId, Follow, Probability, Purpose, Stance, Step};
use murmur_data::edges::{EdgeFile, NodeIds, Nodes, read_edges};
use murmur_data::population::{Account, PopulationFile, read_oasis_reddit, read_oasis_x};
use murmur_data::script::ScriptLine;
use murmur_data::{DataError, LOADING, Warning};
use murmur_graph::{Built, FollowGraph, Links, SocialGraph, generate};
use murmur_recsys::{Recommender, SeenLists};
use murmur_store::{Phrasebook, Public, Rules};
use rayon::prelude::*;

use crate::config::{
    GivenGraph, GraphConfig, GraphFileConfig, PopulationConfig, PopulationFileConfig, SurveyConfig,
    SyntheticPopulation,
};
use crate::embedding::{Embedding, ProfileVectors, Vector};
use crate::interventions::{Ground, Interventions};
use crate::language::minds::{Draw, Minds, chosen};
use crate::planted::Planted;
use crate::script::Script;
use crate::topics::Topics;
use crate::votes::Votes;
use crate::{Config, EngineError, World};

/// A world and what was mended in its inputs.
pub(crate) struct Made {
    pub(crate) world: World,
    pub(crate) warnings: Vec<Warning>,
}

/// What a world begins with beside what its configuration says: for whoever makes worlds from what was observed.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Addition {
    /// Follows beside those of the configured graph; repeated ones count once.
    pub follows: Vec<Follow>,
    /// A script in place of a file, its lines in the order of their steps. The configuration must name no other.
    pub script: Vec<ScriptLine>,
}

/// Agents without a configured number and without a graph file that says it.
const DEFAULT_SIZE: u32 = 10_000;

/// More agents than any run can hold; a graph file whose ids go beyond it was meant otherwise.
pub(crate) const MOST_AGENTS: u32 = 100_000_000;

/// Personas that are made up side by side: they wait in rows of half a kilobyte before they are laid out in columns.
const MADE_AT_ONCE: u32 = 1 << 17;

/// Makes the world that a checked configuration describes; texts that the run in `folder` has embedded have its vectors.
pub(crate) fn make_world(config: Config, folder: Option<&Path>) -> Result<Made, EngineError> {
    make_world_with(config, folder, Addition::default())
}

/// As [`make_world`], with an addition.
pub(crate) fn make_world_with(
    config: Config,
    folder: Option<&Path>,
    addition: Addition,
) -> Result<Made, EngineError> {
    let _span = tracing::info_span!("setup").entered();
    let embedding = Embedding::new(&config.embedder);
    if let Some(folder) = folder {
        embedding.read_from(folder)?;
    }
    let topics = Topics::new(&config, &embedding)?;
    let mut script = match addition.script.is_empty() {
        true => Script::read(&config)?,
        false => Script::of_lines(addition.script),
    };
    let mut setup = Setup {
        config: &config,
        topics: &topics,
        embedding: &embedding,
        warnings: Vec::new(),
        script: &script,
    };
    let people = setup.people()?;
    let mut graph = setup.graph(&people)?;
    if !addition.follows.is_empty() {
        graph.follows = with_follows(&graph.follows, people.population.len(), addition.follows)?;
    }
    let mut warnings = setup.warnings;
    let too_late = config.seed_post.iter().filter(|post| post.step >= config.run.steps).count();
    if too_late > 0 {
        warnings.push(Warning { what: "seed posts never planted, due after the last step", count: too_late });
    }

    let late = |survey: &SurveyConfig| survey.steps.iter().filter(|&&step| step >= config.run.steps).count();
    let never_asked: usize = config.survey.iter().map(late).sum();
    if never_asked > 0 {
        warnings.push(Warning { what: "surveys never made, due after the last step", count: never_asked });
    }

    let seed = config.run.seed;
    let population = people.population;
    check_authors(&config, population.len())?;
    script.check(&config, population.len())?;
    let follows = &graph.follows;
    let minds = Minds::new(&config, &population, follows)?;
    let surveyed = surveyed(&config, &population, follows)?;
    let beliefs = beliefs(&config, population.len());
    check_sources(&config, population.len())?;
    let votes = Votes::read(&config, population.len(), &embedding)?;
    let ground = Ground { config: &config, population: &population, follows, embedding: &embedding };
    let interventions = Interventions::new(&ground, &Interventions::default(), Step(0))?;
    let phrasebook = Phrasebook::new(topics.vocabularies.clone());
    let stances = topics.stance_readers(&config, &embedding, &phrasebook)?;
    let rules = Rules { platform: config.platform.clone(), clock: config.clock() };
    let public = Public::new(graph, phrasebook, embedding.dimensions()).with_rules(rules);
    let public = match config.is_script_alone() {
        true => public.with_nobody_signed_up(),
        false => public.with_profiles(population.agents().map(|agent| population.profile(agent)).collect()),
    };
    embedding.fill(&public, script.actions_mut())?;
    let seed_texts: Vec<&str> = config.seed_post.iter().map(|post| post.text.as_str()).collect();
    let world = World {
        clock: config.clock(),
        recommender: Recommender::new(
            &config.feed,
            interventions.feeds(),
            &config.index,
            &config.suggestions,
            &public,
            config.topic.len(),
            seed,
        ),
        seen: SeenLists::new(population.len()),
        seed_vectors: embedding.embed_all(&seed_texts)?,
        profiles: people.profiles,
        public,
        emotions: Emotions::new(config.emotion.clone(), population.len(), config.topic.len()),
        credences: Credences::draw(population.len(), &config.claim, seed),
        population,
        first_beliefs: Arc::new(beliefs.clone()),
        beliefs,
        interventions,
        votes,
        planted: Planted::default(),
        behaviour: Behaviour::new(config.behaviour.clone(), seed),
        memories: Memories::default(),
        minds,
        surveyed,
        topics,
        stances,
        embedding,
        script,
        config,
    };
    Ok(Made { world, warnings })
}

/// The graph of `agents` with more follows.
fn with_follows(graph: &FollowGraph, agents: u32, added: Vec<Follow>) -> Result<FollowGraph, EngineError> {
    let strangers = added.iter().flat_map(|follow| [follow.follower, follow.followee]);
    if let Some(stranger) = strangers.max().filter(|agent| agent.0 >= agents) {
        return Err(EngineError::Unfit(format!(
            "added follows: expected agents from 0 to {}, found {stranger}",
            agents - 1
        )));
    }
    let own = (0..agents).map(AgentId).flat_map(|follower| {
        graph.followees(follower).iter().map(move |&followee| Follow { follower, followee })
    });
    Ok(FollowGraph::from_edges(agents, own.chain(added).collect()).graph)
}

/// Whom each survey asks.
fn surveyed(
    config: &Config,
    population: &Population,
    follows: &FollowGraph,
) -> Result<Vec<Vec<AgentId>>, EngineError> {
    let asked = |(number, survey): (u32, &SurveyConfig)| {
        let key = format!("survey {number} ({}): agents", survey.name);
        let draw = Draw { purpose: Purpose::Survey, number, from: 0.0 };
        chosen(&survey.agents, draw, &key, config, population, follows)
    };
    (1..).zip(&config.survey).map(asked).collect()
}

/// What agents believe before the first step. On topics whose model knows two opinions alone, they have the nearer one.
pub(crate) fn beliefs(config: &Config, agents: u32) -> Beliefs {
    let topics = config.topic.len();
    let mut beliefs = Beliefs::draw(agents, topics, config.opinion.initial, config.run.seed);
    let discrete: Vec<bool> = (0..topics).map(|topic| config.opinion_model(topic).is_discrete()).collect();
    if discrete.contains(&true) {
        let sided = |(place, opinion): (usize, &Stance)| match discrete[place % topics] {
            true => Stance::clamped(if opinion.get() >= 0.0 { 1.0 } else { -1.0 }),
            false => *opinion,
        };
        let sided = beliefs.all().iter().enumerate().map(sided).collect();
        beliefs.set_all(sided);
    }
    beliefs
}

fn check_sources(config: &Config, agents: u32) -> Result<(), EngineError> {
    for (index, claim) in config.claim.iter().enumerate() {
        if let Some(source) = claim.source.filter(|&source| source >= agents) {
            return Err(EngineError::Unfit(format!(
                "claim {} ({}): source: expected an agent from 0 to {}, found {source}",
                index + 1,
                claim.name,
                agents - 1,
            )));
        }
    }
    Ok(())
}

fn check_authors(config: &Config, agents: u32) -> Result<(), EngineError> {
    for (index, post) in config.seed_post.iter().enumerate() {
        if post.author >= agents {
            return Err(EngineError::Unfit(format!(
                "seed_post {} ({}): author: expected an agent from 0 to {}, found {}",
                index + 1,
                config.seed_name(index),
                agents - 1,
                post.author
            )));
        }
    }
    Ok(())
}

/// The population with what its file says of follows.
struct People {
    population: Population,
    /// How many of them, the first, a population file describes.
    in_file: u32,
    profiles: ProfileVectors,
    follows: Option<Vec<Follow>>,
    /// An edge list that had to be read first, because it says how many agents there are.
    edges: Option<EdgeFile>,
}

struct Setup<'a> {
    config: &'a Config,
    topics: &'a Topics,
    embedding: &'a Embedding,
    warnings: Vec<Warning>,
    script: &'a Script,
}

impl Setup<'_> {
    fn people(&mut self) -> Result<People, EngineError> {
        let label = self.config.metrics.label.as_deref();
        match &self.config.population {
            PopulationConfig::Synthetic(population) => self.synthetic(population, label),
            PopulationConfig::Script(_) => {
                let population = self.population_of(self.script.personas()?)?;
                let profiles = ProfileVectors::default();
                Ok(People { population, in_file: 0, profiles, follows: None, edges: None })
            }
            PopulationConfig::OasisX(file) => {
                let read = of_kind("oasis-x", read_oasis_x(&file.path, label));
                self.people_of(file, named_by("population.path", read)?)
            }
            PopulationConfig::OasisReddit(file) => {
                let read = of_kind("oasis-reddit", read_oasis_reddit(&file.path, label));
                self.people_of(file, named_by("population.path", read)?)
            }
        }
    }

    fn synthetic(
        &mut self,
        population: &SyntheticPopulation,
        label: Option<&str>,
    ) -> Result<People, EngineError> {
        if let Some(label) = label.filter(|&label| label != "interest") {
            return Err(EngineError::Unfit(format!(
                "metrics.label: a synthetic population has the column `interest`, found {label:?}"
            )));
        }
        let edges = match &self.config.graph {
            GraphConfig::Given(GivenGraph::File(file)) => Some(self.edges_of_unnamed(file, population.size)?),
            _ => None,
        };
        let size = match (population.size, &edges) {
            (Some(size), _) => size,
            (None, Some(edges)) => nodes_named(edges),
            (None, None) => DEFAULT_SIZE,
        };
        if size == 0 {
            let message =
                "graph.path: the file names no agents, and population.size does not say how many there are";
            return Err(EngineError::Unfit(message.to_owned()));
        }
        if size > MOST_AGENTS {
            return Err(EngineError::Unfit(format!(
                "population.size: expected at most {MOST_AGENTS} agents, found {size}; if the ids of the graph file \
                 are not agent numbers, set graph.ids = \"appearance\""
            )));
        }
        let synthesizer = self.synthesizer(&population.traits);
        let names = edges.as_ref().map_or(&[][..], |edges| &edges.names);
        let persona = |agent: u32| {
            let persona = synthesizer.persona(AgentId(agent));
            match names.get(agent as usize) {
                Some(name) => Persona { user_name: name.as_str().into(), ..persona },
                None => persona,
            }
        };
        let profiles = ProfileVectors::default();
        let mut population = Population::with_room(size as usize, self.embedding.dimensions());
        for start in (0..size).step_by(MADE_AT_ONCE as usize) {
            let agents = start..size.min(start.saturating_add(MADE_AT_ONCE));
            let mut personas: Vec<Persona> = agents.into_par_iter().map(persona).collect();
            self.fill_vectors(&mut personas)?;
            population.extend(personas);
            tracing::info!(target: LOADING, "{} of {size} agents made up", population.len());
        }
        Ok(People { population, in_file: 0, profiles, follows: None, edges })
    }

    fn synthesizer<'a>(&'a self, traits: &'a SyntheticConfig) -> Synthesizer<'a> {
        let core_accounts = self.config.graph.core_accounts();
        let topics = &self.topics.vocabularies;
        Synthesizer { config: traits, topics, core_accounts, seed: self.config.run.seed }
    }

    /// An edge list for agents that have no names yet, of `size` agents if that is known.
    fn edges_of_unnamed(&self, file: &GraphFileConfig, size: Option<u32>) -> Result<EdgeFile, EngineError> {
        let agents = size.unwrap_or(u32::MAX);
        let nodes = match file.ids {
            NodeIds::Index => Nodes::Index { agents },
            NodeIds::Appearance => Nodes::Appearance { agents },
            NodeIds::UserName => {
                return Err(EngineError::Unfit(
                    "graph.ids: a synthetic population has no user names of its own; expected `index` or \
                     `appearance`"
                        .to_owned(),
                ));
            }
        };
        named_by("graph.path", of_edges(read_edges(&file.path, nodes)))
    }

    /// The population of `personas`, whose vectors are those of what they say of themselves.
    fn population_of(&self, mut personas: Vec<Persona>) -> Result<Population, EngineError> {
        self.fill_vectors(&mut personas)?;
        Ok(Population::from_personas(personas.into_iter(), self.embedding.dimensions()))
    }

    /// Gives each persona the vector of what it says of itself.
    fn fill_vectors(&self, personas: &mut [Persona]) -> Result<(), EngineError> {
        let bios: Vec<Arc<str>> = personas.iter().map(|persona| persona.bio.clone()).collect();
        for (persona, vector) in personas.iter_mut().zip(self.embedding.embed_all(&bios)?) {
            persona.vector = vector;
        }
        Ok(())
    }

    /// The agents that are made up round those of a file, who are the first `in_file`.
    fn made_up(&self, file: &PopulationFileConfig, in_file: u32) -> Result<Vec<Persona>, EngineError> {
        let size = file.grow_to.unwrap_or(in_file);
        if !(in_file..=MOST_AGENTS).contains(&size) {
            return Err(EngineError::Unfit(format!(
                "population.grow_to: expected a number from {in_file}, the agents of the file, to {MOST_AGENTS}, found \
                 {size}"
            )));
        }
        let synthesizer = self.synthesizer(&file.traits);
        // Labels are the file's.
        let persona = |agent| Persona { label: None, ..synthesizer.persona(AgentId(agent)) };
        let mut personas: Vec<Persona> = (in_file..size).into_par_iter().map(persona).collect();
        self.fill_vectors(&mut personas)?;
        Ok(personas)
    }

    fn people_of(
        &mut self,
        config: &PopulationFileConfig,
        file: PopulationFile,
    ) -> Result<People, EngineError> {
        let in_file = file.accounts.len() as u32;
        let made_up = self.made_up(config, in_file)?;
        self.warnings.extend(file.warnings);
        tracing::info!(target: LOADING, "embedding what {in_file} accounts say of themselves");
        let about: Vec<String> = file.accounts.iter().map(about).collect();
        let vectors = self.embedding.embed_all(&about)?;
        let bios: Vec<&str> = file.accounts.iter().map(|account| account.bio.as_str()).collect();
        let profiles = ProfileVectors::new(self.embedding.embed_all(&bios)?);
        let previous: Vec<&str> =
            file.accounts.iter().flat_map(|account| &account.previous_posts).map(String::as_str).collect();
        let mut previous = self.embedding.embed_all(&previous)?.into_iter();
        let personas = (0..)
            .map(AgentId)
            .zip(file.accounts)
            .zip(vectors)
            .map(|((agent, account), vector)| self.persona(agent, account, vector, &mut previous));
        let population = Population::from_personas(personas.chain(made_up), self.embedding.dimensions());
        Ok(People { population, in_file, profiles, follows: file.follows, edges: None })
    }

    /// The persona of an account with the vector of what is said about it; `previous` goes on with the vectors of its
    /// previous posts.
    fn persona(
        &self,
        agent: AgentId,
        account: Account,
        vector: Vector,
        previous: &mut impl Iterator<Item = Vector>,
    ) -> Persona {
        let mut previous = |text: String| {
            let vector = previous.next().expect("every previous post has a vector");
            PreviousPost { topic: self.topics.of_text(&vector), text: text.into() }
        };
        Persona {
            interests: self
                .topics
                .of_person(&vector)
                .unwrap_or_else(|| self.topics.any(self.config.run.seed, agent)),
            hours: account.hourly.map(|hours| hours.map(|hour| Probability::of(hour.clamp(0.0, 1.0)))),
            productivity: 1.0,
            label: account.label.map(Arc::from),
            previous_posts: account.previous_posts.into_iter().map(&mut previous).collect(),
            user_name: account.user_name.into(),
            name: account.name.into(),
            bio: account.bio.into(),
            character: Some(account.persona.into()).filter(|text: &Arc<str>| !text.is_empty()),
            vector,
        }
    }

    fn graph(&mut self, people: &People) -> Result<SocialGraph, EngineError> {
        let agents = people.population.len();
        let empty = || SocialGraph::new(FollowGraph::from_edges(agents, Vec::new()).graph);
        let interests = || -> Vec<u64> {
            people.population.agents().map(|agent| people.population.interests(agent).0).collect()
        };
        tracing::info!(target: LOADING, "making the graph of {agents} agents");
        match &self.config.graph {
            GraphConfig::Generated(model) => {
                let built = generate(model, agents, &interests(), self.config.run.seed)?;
                Ok(SocialGraph::new(built.graph))
            }
            GraphConfig::Given(GivenGraph::Grown(grown)) => {
                let model = grown.model(people.in_file);
                let round = model.round_core(agents, &interests(), self.config.run.seed)?;
                let own = people.follows.iter().flatten().copied();
                Ok(self.built(FollowGraph::from_edges(agents, own.chain(round).collect())))
            }
            GraphConfig::Given(GivenGraph::Population(_)) => match &people.follows {
                Some(follows) => Ok(self.built(FollowGraph::from_edges(agents, follows.clone()))),
                None => Ok(empty()),
            },
            GraphConfig::Given(GivenGraph::File(file)) => self.graph_from_file(file, people),
        }
    }

    fn graph_from_file(
        &mut self,
        file: &GraphFileConfig,
        people: &People,
    ) -> Result<SocialGraph, EngineError> {
        let agents = people.population.len();
        let names: Vec<&str> =
            people.population.agents().map(|agent| people.population.user_name(agent)).collect();
        let read = |path: &Path, ids: NodeIds| match ids {
            NodeIds::Index => read_edges(path, Nodes::Index { agents }),
            NodeIds::Appearance => read_edges(path, Nodes::Appearance { agents }),
            NodeIds::UserName => read_edges(path, Nodes::UserName { names: &names }),
        };
        let edges = match &people.edges {
            Some(edges) => edges.clone(),
            None => named_by("graph.path", of_edges(read(&file.path, file.ids)))?,
        };
        self.warnings.extend(edges.warnings.iter().cloned());
        let mut graph = self.built(FollowGraph::from_edges(agents, edges.follows));
        // Numbers given in the order of appearance hold for the follows' file alone; in the others the same ids are
        // known as names.
        let numbered: Vec<&str> = edges.names.iter().map(String::as_str).collect();
        let links = |path: &Path| match file.ids {
            NodeIds::Appearance => read_edges(path, Nodes::UserName { names: &numbered }),
            ids => read(path, ids),
        };
        let lists = [
            ("graph.mutes", &file.mutes, &mut graph.mutes),
            ("graph.blocks", &file.blocks, &mut graph.blocks),
        ];
        for (key, path, list) in lists {
            if let Some(path) = path {
                add_links(list, named_by(key, links(path))?);
            }
        }
        Ok(graph)
    }

    /// The graph, with a warning for what was dropped from its list.
    fn built(&mut self, built: Built) -> SocialGraph {
        let dropped =
            [("self-follows dropped", built.self_follows), ("repeated follows dropped", built.duplicates)];
        for (what, count) in dropped {
            if count > 0 {
                self.warnings.push(Warning { what, count: count as usize });
            }
        }
        SocialGraph::new(built.graph)
    }
}

/// All that is said about an account.
fn about(account: &Account) -> String {
    let texts = [&account.bio, &account.persona].map(String::as_str).into_iter();
    texts.chain(account.interests.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
}

/// What was read, or else how ids and agents can be told otherwise.
fn of_edges<T>(read: Result<T, DataError>) -> Result<T, DataError> {
    read.map_err(|error| match error {
        DataError::Malformed { path, line, message } => {
            let hint = "graph.ids says what the ids are (index, appearance, user-name), population.size how many agents";
            DataError::Malformed { path, line, message: format!("{message} ({hint} there are)") }
        }
        error => error,
    })
}

/// What was read, or else as what it was read: a file in another format is a common mistake.
fn of_kind<T>(kind: &str, read: Result<T, DataError>) -> Result<T, DataError> {
    read.map_err(|error| match error {
        DataError::Malformed { path, line, message } => {
            let message = format!("{message} (read as population.kind = \"{kind}\")");
            DataError::Malformed { path, line, message }
        }
        error => error,
    })
}

/// What was read, or else which key named a file that is not there.
pub(crate) fn named_by<T>(key: &'static str, read: Result<T, DataError>) -> Result<T, EngineError> {
    read.map_err(|error| match error {
        DataError::Io { path, source } if source.kind() == ErrorKind::NotFound => {
            EngineError::NoSuchFile { path, key }
        }
        error => error.into(),
    })
}

fn add_links(list: &mut Links, edges: EdgeFile) {
    for edge in edges.follows {
        list.add(edge.follower, edge.followee);
    }
}

/// The number of agents that an edge list speaks of.
pub(crate) fn nodes_named(edges: &EdgeFile) -> u32 {
    if !edges.names.is_empty() {
        return edges.names.len() as u32;
    }
    let ids = edges.follows.iter().flat_map(|follow| [follow.follower.0, follow.followee.0]);
    ids.max().map_or(0, |most| most.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A world from `sections`, whose files are not there, fails and says which key names `file`.
    fn check_missing(sections: &str, file: &str, key: &str) {
        let config = toml::from_str(&format!("[[topic]]\nname = \"tea\"\n{sections}")).unwrap();
        let error = make_world(config, None).err().unwrap();
        let expected =
            format!("{file}: no such file; name one with --set {key}=FILE, or in the configuration");
        assert_eq!(error.to_string(), expected);
        assert!(error.is_bad_input());
    }

    #[test]
    fn added_follows_join_those_of_the_graph() {
        let small = "[[topic]]\nname = \"tea\"\n[population]\nkind = \"synthetic\"\nsize = 3\n[graph]\nkind = \
                     \"watts-strogatz\"\nneighbours = 2\nrewiring = 0.0\n";
        let with = |follower: u32, followee: u32| {
            let follow = Follow { follower: AgentId(follower), followee: AgentId(followee) };
            let addition = Addition { follows: vec![follow; 2], ..Addition::default() };
            make_world_with(toml::from_str(small).unwrap(), None, addition)
        };
        let plain = make_world(toml::from_str(small).unwrap(), None).unwrap().world.public.graph.follows;
        let follows = with(0, 2).unwrap().world.public.graph.follows;
        for agent in (0..3).map(AgentId) {
            let mut expected = plain.followees(agent).to_vec();
            if agent == AgentId(0) && !expected.contains(&AgentId(2)) {
                expected.push(AgentId(2));
            }
            assert_eq!(follows.followees(agent).to_vec(), expected);
        }
        let message = with(0, 3).err().unwrap().to_string();
        assert_eq!(message, "added follows: expected agents from 0 to 2, found 3");
    }

    #[test]
    fn a_missing_file_is_told_with_its_key() {
        let x = "[population]\nkind = \"oasis-x\"\npath = \"none.csv\"\n";
        check_missing(x, "none.csv", "population.path");
        let reddit = "[population]\nkind = \"oasis-reddit\"\npath = \"none.json\"\n";
        check_missing(reddit, "none.json", "population.path");
        let edges = "[graph]\nkind = \"file\"\npath = \"none.gz\"\n";
        check_missing(edges, "none.gz", "graph.path");
    }
}
