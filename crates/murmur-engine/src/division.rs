//! How far a run's population is divided at chosen steps: along whom agents follow, whose posts they act on, whom they
//! pass on and what they read.
//!
//! Public state is made again from the journal's actions, opinions from their recorded changes; no step is carried out in
//! full. A pass over the journal serves all chosen steps.

use std::collections::VecDeque;

use murmur_core::{Action, AgentId, Event, Outcome, PostId, Step, TopicId};
use murmur_journal::{JournalReader, Tables};
use murmur_metrics::division::{
    Copies, DivisionSettings, Measured, NOBODY, NetworkDivision, Partition, Passing, Reading, Ties,
    divide_network, passing, reading,
};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::history::RecordedStep;
use crate::{EngineError, Run, Simulation, World};

/// What is to be measured.
#[derive(Clone, PartialEq, Debug)]
pub struct DivisionRequest {
    /// Each measured as it begins; none for the end of what is committed.
    pub at: Vec<Step>,
    /// The only topic to take sides on; without one, all topics and the groups of `metrics.label`.
    pub topic: Option<String>,
    /// How many steps of reads count: those before the step.
    pub window: u32,
    /// How it is measured.
    pub settings: DivisionSettings,
}

/// How far a run's population is divided; `division.json` in its folder.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Division {
    /// Number of agents.
    pub agents: u32,
    /// Seed of the draws.
    pub seed: u64,
    /// How often ties were dealt again.
    pub rewirings: u32,
    /// Swaps tried per tie.
    pub swaps_per_tie: u64,
    /// How many of the best connected of either side end a walk.
    pub hubs: u32,
    /// Steps of reads that count.
    pub window: u32,
    /// Share of agents whose reads the run has kept.
    pub exposures_kept: f64,
    /// By step.
    pub at: Vec<DivisionAt>,
}

/// How far a population is divided as a step begins.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DivisionAt {
    /// The step.
    pub step: u32,
    /// Its beginning, in simulated minutes.
    pub minute: u32,
    /// Who follows whom. Its partitions are those of [`Self::sides`].
    pub follows: NetworkDivision,
    /// Who has reposted, quoted, commented on or liked whose posts so far, each pair once.
    pub interactions: NetworkDivision,
    /// The partitions, with whom their members read and pass on.
    pub sides: Vec<Sides>,
}

/// A partition of the agents, and what is read and passed on across it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Sides {
    /// The topic, or the column of `metrics.label`.
    pub name: String,
    /// Whether the sides are those of opinions on a topic, below and above 0; else they are labels.
    pub by_opinion: bool,
    /// The groups.
    pub groups: Vec<Group>,
    /// Agents in none: with an opinion of exactly 0, or without a label.
    pub in_none: u32,
    /// Reads in the window: of posts on the topic, or of all posts.
    pub reading: Reading,
    /// Reposts so far: of posts on the topic, or of all posts.
    pub passing: Passing,
}

/// Agents on the same side.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Group {
    /// `against` or `for`, or the label.
    pub name: String,
    /// How many.
    pub agents: u32,
}

/// A measure in a line.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DivisionRow<'a> {
    /// What it is taken on: `follows`, `interactions`, `reads` or `reposts`.
    pub of: &'static str,
    /// The partition; none for communities.
    pub sides: Option<&'a str>,
    /// Its name.
    pub measure: &'static str,
    /// The measure.
    pub measured: Measured,
}

impl DivisionAt {
    /// All measures, network by network.
    pub fn rows(&self) -> Vec<DivisionRow<'_>> {
        let mut rows = Vec::new();
        for (of, network) in [("follows", &self.follows), ("interactions", &self.interactions)] {
            let mut add = |sides, measure, measured| rows.push(DivisionRow { of, sides, measure, measured });
            add(None, "community_modularity", network.community_modularity);
            add(None, "communities", network.communities);
            for (sides, partition) in self.sides.iter().zip(&network.partitions) {
                add(Some(sides.name.as_str()), "modularity", partition.modularity);
                add(Some(&sides.name), "random_walk_controversy", partition.controversy);
                if sides.by_opinion {
                    add(Some(&sides.name), "echo_correlation", partition.echo_correlation);
                }
            }
        }
        for sides in &self.sides {
            let mut add = |of, measure, measured| {
                rows.push(DivisionRow { of, sides: Some(&sides.name), measure, measured });
            };
            add("reads", "cross_cutting_authors", sides.reading.cross_cutting_authors);
            if sides.by_opinion {
                add("reads", "cross_cutting_posts", sides.reading.cross_cutting_posts);
            }
            add("reads", "diversity", sides.reading.diversity);
            add("reposts", "within_share", sides.passing.within_share);
            add("reposts", "segregation", sides.passing.segregation);
        }
        rows
    }
}

impl Run {
    /// Measures how far the population is divided at the chosen steps. The draws are those of the request's seed.
    ///
    /// Takes the time of carrying all actions before the last of the steps out again, and that of the measures.
    ///
    /// # Errors
    /// When the run has not got so far or has no such topic, and as [`Run::at`].
    pub fn division(&self, request: &DivisionRequest) -> Result<Division, EngineError> {
        let mut steps = match &request.at[..] {
            [] => vec![self.end(None)?],
            chosen => chosen.iter().map(|&step| self.end(Some(step))).collect::<Result<_, _>>()?,
        };
        steps.sort_unstable();
        steps.dedup();
        let mut journal = self.journal()?;
        let mut past = Past::new(self.start()?, &steps, request.window);
        past.simulation.settle()?;
        let topics = topics(past.simulation.world(), request.topic.as_deref())?;
        let mut at = Vec::new();
        for &step in &steps {
            if let Some(journal) = &mut journal {
                past.go_on(journal, step)?;
            }
            at.push(past.measure(&topics, request));
        }
        let world = past.simulation.world();
        let DivisionSettings { rewirings, hubs, seed, .. } = request.settings;
        Ok(Division {
            agents: world.population.len(),
            seed,
            rewirings,
            swaps_per_tie: murmur_metrics::division::ATTEMPTS,
            hubs,
            window: request.window,
            exposures_kept: world.exposures_kept().get(),
            at,
        })
    }

    /// Writes what was measured into the run's folder, in place of what was there.
    ///
    /// # Errors
    /// When the disk cannot be written.
    pub fn write_division(&self, division: &Division) -> Result<(), EngineError> {
        Ok(self.folder().write_json(FILE, division)?)
    }

    /// What was last measured, if anything was.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read_division(&self) -> Result<Option<Division>, EngineError> {
        let path = self.path().join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|source| murmur_data::DataError::io(&path, source))?,
        };
        let read = serde_json::from_str(&text).map(Some);
        read.map_err(|error| EngineError::Manifest {
            path,
            message: format!("{error}; murmur division writes it anew"),
        })
    }
}

/// Where it is kept in a run's folder.
const FILE: &str = "division.json";

/// The topics to take sides on.
fn topics(world: &World, only: Option<&str>) -> Result<Vec<TopicId>, EngineError> {
    let names: Vec<&str> = world.config.topic.iter().map(|topic| topic.name.as_str()).collect();
    let chosen = (0..).map(TopicId).zip(&names).filter(|&(_, &name)| only.is_none_or(|only| name == only));
    let chosen: Vec<TopicId> = chosen.map(|(topic, _)| topic).collect();
    match only {
        Some(only) if chosen.is_empty() => {
            Err(EngineError::Unfit(format!("--topic {only}: expected one of {}", names.join(", "))))
        }
        _ => Ok(chosen),
    }
}

/// What has happened up to a step, of what is measured.
struct Past<'a> {
    /// Its opinions are kept up; what else is private is as at first.
    simulation: Simulation,
    steps: &'a [Step],
    window: u32,
    /// Who acted on whose posts.
    interactions: Vec<[u32; 2]>,
    /// As many pairs as there were different ones when they were last counted.
    distinct: usize,
    /// Who reposted which root, by its index.
    reposts: Vec<[u32; 2]>,
    /// Who read which root, of the steps of the window.
    reads: VecDeque<(Step, Vec<[u32; 2]>)>,
}

impl<'a> Past<'a> {
    fn new(simulation: Simulation, steps: &'a [Step], window: u32) -> Self {
        Self {
            simulation,
            steps,
            window,
            interactions: Vec::new(),
            distinct: 0,
            reposts: Vec::new(),
            reads: VecDeque::new(),
        }
    }

    /// Takes in the steps before `end`.
    fn go_on(&mut self, journal: &mut JournalReader, end: Step) -> Result<(), EngineError> {
        while self.simulation.next_step() < end {
            let now = self.simulation.next_step();
            let applied = self.simulation.carry_out_again(journal, now)?;
            for event in &applied.events {
                self.take_in(event);
            }
            self.forget_repetitions();
            let only = &[RecordedStep::OPINIONS, RecordedStep::TURNS, RecordedStep::EXPOSURES];
            let recorded = RecordedStep { step: now, batches: journal.step(now, Tables::Only(only))? };
            for changed in recorded.opinions()? {
                self.simulation.set_opinions(changed.agent, &changed.changed);
            }
            let counts = |step: &Step| now < *step && now.0.saturating_add(self.window) >= step.0;
            if self.steps.iter().any(counts) {
                let reads = self.reads_of(&recorded)?;
                self.reads.push_back((now, reads));
            }
        }
        self.reads.retain(|(step, _)| step.0.saturating_add(self.window) >= end.0);
        Ok(())
    }

    fn reads_of(&self, recorded: &RecordedStep) -> Result<Vec<[u32; 2]>, EngineError> {
        let world = self.simulation.world();
        let posts = world.public.posts();
        let read = |agent: AgentId, post: PostId| {
            let root = posts.root(post);
            (posts.author(root) != agent).then_some([agent.0, root.index() as u32])
        };
        let exposures = recorded.exposures(world)?;
        Ok(exposures.iter().filter_map(|exposure| read(exposure.agent, exposure.post)).collect())
    }

    fn take_in(&mut self, event: &Event) {
        if !event.outcome.succeeded() {
            return;
        }
        let public = &self.simulation.world().public;
        let posts = public.posts();
        let author = |post: PostId| posts.author(posts.root(post));
        let other = match event.action {
            Action::Repost(post)
            | Action::QuotePost(post, _)
            | Action::CreateComment(post, _)
            | Action::LikePost(post) => author(post),
            Action::LikeComment(comment) => public.comments().author(comment),
            _ => return,
        };
        if other == event.agent {
            return;
        }
        if let (Action::Repost(_), &Outcome::Posted(row)) = (&event.action, &event.outcome) {
            self.reposts.push([event.agent.0, posts.root(row).index() as u32]);
        }
        self.interactions.push([event.agent.0, other.0]);
    }

    /// Keeps pairs once, as soon as there may be many repetitions.
    fn forget_repetitions(&mut self) {
        const FEW: usize = 1 << 20;
        if self.interactions.len() > 2 * self.distinct + FEW {
            self.interactions.sort_unstable();
            self.interactions.dedup();
            self.distinct = self.interactions.len();
        }
    }

    fn measure(&self, topics: &[TopicId], request: &DivisionRequest) -> DivisionAt {
        let (world, step) = (self.simulation.world(), self.simulation.next_step());
        let mut sides: Vec<Camps> = topics.iter().map(|&topic| Camps::of_topic(world, topic)).collect();
        sides.extend(
            world
                .config
                .metrics
                .label
                .as_ref()
                .filter(|_| request.topic.is_none())
                .map(|column| Camps::of_label(world, column)),
        );
        let partitions: Vec<Partition> = sides.iter().map(|camps| camps.partition.clone()).collect();
        let follows = &world.public.graph.follows;
        let followees =
            |agent: AgentId| follows.followees(agent).iter().map(move |followee| [agent.0, followee.0]);
        let follows = Ties::new(world.population.agents().flat_map(followees).collect());
        let follows = divide_network(&follows, &partitions, &request.settings);
        let interactions = Ties::new(self.interactions.clone());
        let interactions = divide_network(&interactions, &partitions, &request.settings);
        let rows = Rows::of(world);
        let sides = sides.into_iter().map(|camps| self.across(camps, &rows, &request.settings));
        DivisionAt {
            step: step.0,
            minute: world.clock.minute(step).0,
            follows,
            interactions,
            sides: sides.collect(),
        }
    }

    /// What is read and passed on across sides.
    fn across(&self, camps: Camps, rows: &Rows, settings: &DivisionSettings) -> Sides {
        let is_meant = |[_, root]: &&[u32; 2]| {
            camps.topic.is_none_or(|topic| rows.topics[*root as usize] == Some(topic))
        };
        let reads: Vec<[u32; 2]> =
            self.reads.iter().flat_map(|(_, reads)| reads).filter(is_meant).copied().collect();
        let reposts: Vec<[u32; 2]> = self.reposts.iter().filter(is_meant).copied().collect();
        let stances = camps.topic.map(|_| &rows.stances[..]);
        let copies =
            |copies| Copies { copies, makers: &rows.authors, stances, groups: &camps.partition.groups };
        Sides {
            reading: reading(&copies(&reads), settings),
            passing: passing(&copies(&reposts), settings),
            in_none: camps.partition.groups.iter().filter(|&&group| group == NOBODY).count() as u32,
            groups: camps.groups(),
            by_opinion: camps.topic.is_some(),
            name: camps.name,
        }
    }
}

/// What matters of each row of the post table, by its index.
struct Rows {
    authors: Vec<u32>,
    topics: Vec<Option<TopicId>>,
    stances: Vec<f32>,
}

impl Rows {
    fn of(world: &World) -> Self {
        let posts = world.public.posts();
        Self {
            authors: posts.ids().map(|post| posts.author(post).0).collect(),
            topics: posts.ids().map(|post| posts.topic(post)).collect(),
            stances: posts.ids().map(|post| posts.stance(post).get()).collect(),
        }
    }
}

/// Sides to take.
struct Camps {
    name: String,
    topic: Option<TopicId>,
    names: Vec<String>,
    partition: Partition,
}

impl Camps {
    fn of_topic(world: &World, topic: TopicId) -> Self {
        let opinions = world.beliefs.column(topic).map(|opinion| opinion.get()).collect();
        Self {
            name: world.config.topic[topic.index()].name.clone(),
            topic: Some(topic),
            names: vec!["against".to_owned(), "for".to_owned()],
            partition: Partition::by_sign(opinions),
        }
    }

    /// Groups are numbered in the order in which agents first show them.
    fn of_label(world: &World, column: &str) -> Self {
        let mut numbers: FxHashMap<&str, u32> = FxHashMap::default();
        let mut names: Vec<String> = Vec::new();
        let group = |agent| {
            let Some(label) = world.population.label(agent) else { return NOBODY };
            *numbers.entry(label).or_insert_with(|| {
                names.push(label.to_owned());
                names.len() as u32 - 1
            })
        };
        let groups = world.population.agents().map(group).collect();
        Self { name: column.to_owned(), topic: None, names, partition: Partition::by_group(groups) }
    }

    fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> =
            self.names.iter().map(|name| Group { name: name.clone(), agents: 0 }).collect();
        for &group in self.partition.groups.iter().filter(|&&group| group != NOBODY) {
            groups[group as usize].agents += 1;
        }
        groups
    }
}
