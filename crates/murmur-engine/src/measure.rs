//! Phase 6: what the step did to spread, opinions, the network and attention.
//!
//! Actions, cascades and exposures are kept up from what each step changed, and so are neighbours' opinions where they are
//! measured at every step. What costs the whole population is measured every `metrics.every` steps, from the first on.

mod inner;
mod votes;

use murmur_agents::Beliefs;
use murmur_core::{
    Action, ActionKind, AgentId, Event, Outcome, PostId, Purpose, Stance, Step, Stream, TopicId, heap,
};
use murmur_graph::Projection;
use murmur_metrics::{
    ActionCounts, CascadeTracker, OpinionMoved, OpinionNetwork, OpinionNetworkTracker, OpinionSummary,
    SortedOpinions, Spread, gini, label_mixing,
};
use murmur_recsys::{Counts, Filter, Source, SourceCounts};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::World;
use crate::apply::Applied;
use crate::config::{InterventionConfig, LARGE_POPULATION, ModelSection, TopicConfig};
use crate::model_totals::ModelTotals;
use crate::trips::Trips;

pub(crate) use votes::{Count, FirstReading, Poll, vote_code};

/// What a measure is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    /// The platform as a whole.
    Platform,
    /// A watched cascade, by its name.
    Cascade,
    /// The opinions on a topic, by its name.
    Opinion,
    /// Opinions or labels across follows, by topic or label column.
    Network,
    /// The feed's stages, by source or filter.
    Feed,
    /// A language model, by its name.
    Model,
    /// What is felt about a topic, by its name.
    Emotion,
    /// Who believes a claim, by its name, and by group after a slash.
    Claim,
    /// An intervention, by its name.
    Intervention,
    /// What is read about a topic, by its name.
    Topic,
    /// The voting experiment.
    Votes,
}

impl Scope {
    /// The names in tables, in the order of the variants.
    pub(crate) const NAMES: [&'static str; 11] = [
        "platform",
        "cascade",
        "opinion",
        "network",
        "feed",
        "model",
        "emotion",
        "claim",
        "intervention",
        "topic",
        "votes",
    ];

    const ALL: [Self; Self::NAMES.len()] = [
        Self::Platform,
        Self::Cascade,
        Self::Opinion,
        Self::Network,
        Self::Feed,
        Self::Model,
        Self::Emotion,
        Self::Claim,
        Self::Intervention,
        Self::Topic,
        Self::Votes,
    ];

    /// The name in tables.
    pub(crate) fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The scope of that [name](Self::name).
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// The names of its measures; of models, whose measures depend on what becomes of calls, none are listed.
    pub(crate) fn measures(self) -> Vec<&'static str> {
        match self {
            Self::Platform => {
                let counts =
                    ["active_agents", "exposures", "posts_total", "follows_total", "refused_actions"];
                let kinds = ActionKind::ALL.map(ActionKind::name);
                counts.into_iter().chain(["attention_gini"]).chain(kinds).collect()
            }
            Self::Cascade => {
                vec!["scale", "depth", "max_breadth", "structural_virality", "exposures_total"]
            }
            Self::Opinion => vec![
                "mean",
                "variance_population",
                "sarle_bimodality_coefficient",
                "hartigan_dip",
                "esteban_ray_alpha1.6_10bins",
                "mean_pairwise_distance",
                "extremity_mean",
                "more_extreme_share",
            ],
            Self::Network => {
                vec!["opinion_assortativity", "neighbour_opinion_correlation", "e_i_index"]
            }
            Self::Feed => {
                vec!["candidates_offered", "candidates_kept", "rows_served", "candidates_dropped"]
            }
            Self::Model => Vec::new(),
            Self::Emotion => {
                vec!["arousal_mean", "valence_mean", "calm_share", "moderate_share", "intense_share"]
            }
            Self::Claim => vec!["credence_mean", "believers_share", "exposed_share"],
            Self::Intervention => vec!["decisions"],
            Self::Topic => vec!["exposures", "exposures_total"],
            Self::Votes => votes::NAMES.to_vec(),
        }
    }
}

/// One value of one measure at the end of a step.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Measure {
    pub(crate) scope: Scope,
    /// The cascade, topic or label column; none for the platform.
    pub(crate) subject: Option<String>,
    pub(crate) name: &'static str,
    /// `None` where the measure is not defined, as a correlation of constants.
    pub(crate) value: Option<f64>,
}

/// What measuring remembers from step to step.
pub(crate) struct Meter {
    pub(crate) cascades: CascadeTracker,
    /// Opinions across follows.
    network: OpinionNetworkTracker,
    /// Actions since the start.
    pub(crate) actions: ActionCounts,
    /// Exposures to each author's posts since the start.
    pub(crate) attention: Vec<u64>,
    pub(crate) exposures: u64,
    /// Exposures to posts on each topic since the start.
    pub(crate) topic_exposures: Vec<u64>,
    pub(crate) activations: u64,
    pub(crate) watched: Vec<Watched>,
    /// What was seen of each post of the voting experiment.
    pub(crate) polls: Vec<Poll>,
    /// What came of the calls to each model, in the order of the configuration.
    pub(crate) models: Vec<ModelTotals>,
    /// Which of `watched` a root is.
    watched_roots: FxHashMap<PostId, usize>,
    groups: Option<Groups>,
    every: u32,
    /// When conditions of interventions came to hold.
    pub(crate) trips: Trips,
}

/// A seed post under `metrics.watch`.
pub(crate) struct Watched {
    pub(crate) name: String,
    /// Its place in the configuration.
    seed_post: usize,
    /// Its row, once it is planted.
    pub(crate) root: Option<PostId>,
    /// How often any copy of it was read.
    pub(crate) exposures: u64,
    /// Its spread, kept while it does not grow.
    pub(crate) spread: Option<Spread>,
}

/// Agents grouped by a column of the population.
struct Groups {
    column: String,
    of_agent: Vec<u32>,
    /// What the column says, by group; empty for the group without a value.
    names: Vec<String>,
}

impl Meter {
    /// Bytes on the heap of what grows with rows and agents.
    pub(crate) fn memory_bytes(&self) -> usize {
        let groups = self.groups.as_ref().map_or(0, |groups| heap::of_column(&groups.of_agent));
        let measures = self.cascades.memory_bytes() + self.network.memory_bytes();
        measures + heap::of_column(&self.attention) + groups
    }

    /// A meter for the world before its first step.
    pub(crate) fn new(world: &World) -> Self {
        let metrics = &world.config.metrics;
        let names: Vec<String> =
            (0..world.config.seed_post.len()).map(|index| world.config.seed_name(index)).collect();
        let is_watched = |name: &String| metrics.watch.as_ref().is_none_or(|watch| watch.contains(name));
        let watched = names
            .into_iter()
            .enumerate()
            .filter(|(_, name)| is_watched(name))
            .map(|(seed_post, name)| Watched { name, seed_post, root: None, exposures: 0, spread: None })
            .collect();
        Self {
            cascades: CascadeTracker::new(),
            network: network_of(world),
            actions: ActionCounts::default(),
            attention: vec![0; world.population.len() as usize],
            exposures: 0,
            topic_exposures: vec![0; world.config.topic.len()],
            activations: 0,
            watched,
            polls: vec![Poll::default(); world.votes.all().len()],
            models: vec![ModelTotals::default(); world.config.model.len()],
            watched_roots: FxHashMap::default(),
            groups: metrics.label.as_ref().map(|column| Groups::new(world, column)),
            every: every(world),
            trips: Trips::new(&world.config.intervention),
        }
    }

    /// How unequally exposures fall on authors.
    pub(crate) fn attention_gini(&self) -> Option<f64> {
        gini(&self.attention)
    }

    /// Goes on at the cadence of the world's present settings.
    pub(crate) fn change_settings(&mut self, world: &World) {
        self.every = every(world);
        self.trips = self.trips.under(&world.config.intervention);
        self.look_at_network(world);
    }

    /// Which conditions of interventions hold.
    pub(crate) fn trips(&self) -> &Trips {
        &self.trips
    }

    /// The name of a watched root.
    pub(crate) fn watched_name(&self, root: PostId) -> Option<&str> {
        self.watched_roots.get(&root).map(|&place| self.watched[place].name.as_str())
    }

    fn is_due(&self, now: Step) -> bool {
        now.0.is_multiple_of(self.every)
    }
}

fn network_of(world: &World) -> OpinionNetworkTracker {
    let opinions = world.beliefs.all().iter().map(|&opinion| opinion.into());
    OpinionNetworkTracker::new(&Projection(&world.public.graph.follows), world.config.topic.len(), opinions)
}

/// Every how many steps the whole population is measured.
fn every(world: &World) -> u32 {
    let default = if world.population.len() > LARGE_POPULATION { 20 } else { 1 };
    world.config.metrics.every.unwrap_or(default)
}

impl Groups {
    /// Groups are numbered in the order in which agents first show them; agents without a value form one too.
    fn new(world: &World, column: &str) -> Self {
        let mut numbers: FxHashMap<Option<&str>, u32> = FxHashMap::default();
        let mut names = Vec::new();
        let of_agent = world
            .population
            .agents()
            .map(|agent| {
                let label = world.population.label(agent);
                *numbers.entry(label).or_insert_with(|| {
                    names.push(label.unwrap_or_default().to_owned());
                    names.len() as u32 - 1
                })
            })
            .collect();
        Self { column: column.to_owned(), of_agent, names }
    }
}

/// Takes in what the step did and measures it.
pub(crate) fn measure(world: &World, meter: &mut Meter, now: Step, applied: &Applied) -> Vec<Measure> {
    let _span = tracing::info_span!("measure").entered();
    let mut measures = Vec::new();
    let read_before = meter.topic_exposures.clone();
    let step_actions = meter.take_in(world, now, applied);
    if meter.every == 1 {
        meter.follow_network(world, applied);
    } else if meter.is_due(now) {
        // After many steps most neighbourhoods have changed: looking anew costs no more than following them all.
        meter.look_at_network(world);
    }
    measures.extend(platform(world, meter, now, applied, &step_actions));
    measures.extend(feed(&applied.feed));
    measures.extend(models(world, applied));
    measures.extend(meter.watched.iter_mut().flat_map(|watched| cascade(&meter.cascades, watched)));
    measures.extend(interventions(world, applied));
    measures.extend(topics(world, &read_before, &meter.topic_exposures));
    measures.extend(votes::measures(&meter.polls, &world.votes, &world.public));
    if meter.is_due(now) {
        measures.extend(population(world, meter));
        measures.extend(inner::emotions(world, now));
        measures.extend(inner::claims(world, meter.groups.as_ref()));
    }
    meter.trips.take_in(now, &measures);
    measures
}

/// How many decisions each intervention has led to in the step. Those that led to none have no rows.
fn interventions(world: &World, applied: &Applied) -> Vec<Measure> {
    let mut decisions: FxHashMap<&str, u64> = FxHashMap::default();
    for event in &applied.events {
        if let Action::Moderate(ruling) = &event.action {
            *decisions.entry(&ruling.by).or_default() += 1;
        }
    }
    let of_one = |own: &InterventionConfig| {
        let count = *decisions.get(own.name.as_str())?;
        let subject = Some(own.name.clone());
        Some(Measure { scope: Scope::Intervention, subject, name: "decisions", value: Some(count as f64) })
    };
    world.config.intervention.iter().filter_map(of_one).collect()
}

/// How often posts on each topic were read, in the step and so far.
fn topics(world: &World, before: &[u64], now: &[u64]) -> Vec<Measure> {
    let of_topic = |((topic, &before), &now): ((&TopicConfig, &u64), &u64)| {
        [("exposures", now - before), ("exposures_total", now)].map(|(name, reads)| Measure {
            scope: Scope::Topic,
            subject: Some(topic.name.clone()),
            name,
            value: Some(reads as f64),
        })
    };
    world.config.topic.iter().zip(before).zip(now).flat_map(of_topic).collect()
}

impl Meter {
    /// Takes in whose opinions moved in the step and whose follows changed.
    fn follow_network(&mut self, world: &World, applied: &Applied) {
        let moved = applied.opinions.iter().flat_map(|changed| {
            let node = changed.agent.0;
            changed.moved().map(move |(topic, opinion)| OpinionMoved { node, topic, opinion: opinion.into() })
        });
        let moved: Vec<OpinionMoved> = moved.collect();
        let rewires = |event: &&Event| {
            let kind = event.action.kind();
            event.outcome.succeeded()
                && matches!(kind, ActionKind::Follow | ActionKind::Unfollow | ActionKind::Block)
        };
        let ends = |event: &Event| [Some(event.agent.0), event.action.target().map(|target| target.0)];
        let rewired = applied.events.iter().filter(rewires).flat_map(ends).flatten();
        self.network.update(&Projection(&world.public.graph.follows), &moved, rewired);
    }

    /// Looks at the opinions and follows of the world as it stands, whatever was taken in before.
    pub(crate) fn look_at_network(&mut self, world: &World) {
        self.network = network_of(world);
    }

    /// Updates all counts from the step's events and exposures; returns the step's own actions.
    pub(crate) fn take_in(&mut self, world: &World, now: Step, applied: &Applied) -> ActionCounts {
        let mut step_actions = ActionCounts::default();
        let posts = world.public.posts();
        for event in &applied.events {
            let kind = event.action.kind();
            step_actions.record(kind, &event.outcome);
            self.actions.record(kind, &event.outcome);
            if let Outcome::Posted(row) = event.outcome {
                match event.action {
                    Action::Repost(parent) => self.cascades.add_repost(row, parent, posts.root(row)),
                    _ => self.cascades.add_root(row),
                }
            }
        }
        for seeded in &applied.seeded {
            let place = self.watched.iter().position(|watched| watched.seed_post == seeded.seed_post);
            if let Some(place) = place {
                self.watched[place].root = Some(seeded.post);
                self.watched_roots.insert(seeded.post, place);
            }
        }
        for exposure in &applied.exposures {
            let root = posts.root(exposure.post);
            self.attention[posts.author(root).index()] += 1;
            if let Some(topic) = posts.topic(root) {
                self.topic_exposures[topic.index()] += 1;
            }
            if let Some(&place) = self.watched_roots.get(&root) {
                self.watched[place].exposures += 1;
            }
        }
        votes::take_in(&mut self.polls, &world.votes, posts, now, &applied.exposures, &applied.events);
        ModelTotals::add_all(&mut self.models, &applied.calls);
        self.exposures += applied.exposures.len() as u64;
        self.activations += applied.turns.len() as u64;
        step_actions
    }
}

/// What came of the step's calls, model by model. Models without a call have no rows.
fn models(world: &World, applied: &Applied) -> Vec<Measure> {
    let mut totals = vec![ModelTotals::default(); world.config.model.len()];
    ModelTotals::add_all(&mut totals, &applied.calls);
    let of_model = |(model, totals): (&ModelSection, ModelTotals)| {
        let measure = |(name, count): (&'static str, u64)| Measure {
            scope: Scope::Model,
            subject: Some(model.server.name.clone()),
            name,
            value: Some(count as f64),
        };
        totals.measures().map(measure)
    };
    let called = world.config.model.iter().zip(totals).filter(|(_, totals)| totals.calls() > 0);
    called.flat_map(of_model).collect()
}

fn platform(
    world: &World,
    meter: &Meter,
    now: Step,
    applied: &Applied,
    step_actions: &ActionCounts,
) -> Vec<Measure> {
    let measure = |name, value: Option<f64>| Measure { scope: Scope::Platform, subject: None, name, value };
    let mut measures = vec![
        measure("active_agents", Some(applied.turns.len() as f64)),
        measure("exposures", Some(applied.exposures.len() as f64)),
        measure("posts_total", Some(world.public.posts().len() as f64)),
        measure("follows_total", Some(world.public.graph.follows.follow_count() as f64)),
        measure("refused_actions", Some(step_actions.total_refused() as f64)),
    ];
    // Kinds of action that have not occurred yet have no rows.
    let occurred = ActionKind::ALL.into_iter().filter(|&kind| meter.actions.done(kind) > 0);
    measures.extend(occurred.map(|kind| measure(kind.name(), Some(step_actions.done(kind) as f64))));
    if meter.is_due(now) {
        measures.push(measure("attention_gini", meter.attention_gini()));
    }
    measures
}

/// What went in and out of the feed's stages in the step. Stages that nothing came to have no rows.
fn feed(counts: &Counts) -> Vec<Measure> {
    let measure = |subject: &str, name, count: u64| Measure {
        scope: Scope::Feed,
        subject: Some(subject.to_owned()),
        name,
        value: Some(count as f64),
    };
    let sources = Source::ALL.into_iter().zip(&counts.sources).filter(|(_, counts)| counts.offered > 0);
    let of_source = |(source, counts): (Source, &SourceCounts)| {
        [
            measure(source.name(), "candidates_offered", counts.offered),
            measure(source.name(), "candidates_kept", counts.kept),
            measure(source.name(), "rows_served", counts.served),
        ]
    };
    let filters = Filter::ALL.into_iter().zip(counts.dropped).filter(|&(_, dropped)| dropped > 0);
    let of_filter = |(filter, dropped): (Filter, u64)| measure(filter.name(), "candidates_dropped", dropped);
    sources.flat_map(of_source).chain(filters.map(of_filter)).collect()
}

fn cascade(tracker: &CascadeTracker, watched: &mut Watched) -> Vec<Measure> {
    let Some(root) = watched.root else { return Vec::new() };
    // Structural virality is linear in the cascade, so it is taken again only when the cascade has grown.
    let known = watched.spread.filter(|spread| spread.scale == tracker.scale(root));
    let spread = known.unwrap_or_else(|| tracker.spread(root));
    watched.spread = Some(spread);
    let measure = |name, value: f64| Measure {
        scope: Scope::Cascade,
        subject: Some(watched.name.clone()),
        name,
        value: Some(value),
    };
    vec![
        measure("scale", f64::from(spread.scale)),
        measure("depth", f64::from(spread.depth)),
        measure("max_breadth", f64::from(spread.max_breadth)),
        measure("structural_virality", spread.structural_virality),
        measure("exposures_total", watched.exposures as f64),
    ]
}

/// Opinions on every topic and across follows, in the order of topics.
fn population(world: &World, meter: &Meter) -> Vec<Measure> {
    let topics = 0..world.config.topic.len();
    let of_topic = |topic| TopicMeasures {
        opinions: summary_of(&world.beliefs, TopicId(topic as u16)),
        extremity: Extremity::of(world, TopicId(topic as u16)),
        network: meter.network.measure(topic),
    };
    let topics: Vec<TopicMeasures> = topics.into_par_iter().map(of_topic).collect();
    let mut measures = Vec::new();
    for (topic, values) in world.config.topic.iter().zip(&topics) {
        values.list(&topic.name, meter.groups.is_none(), &mut measures);
    }
    if let Some(groups) = &meter.groups {
        measures.push(Measure {
            scope: Scope::Network,
            subject: Some(groups.column.clone()),
            name: "e_i_index",
            value: label_mixing(&Projection(&world.public.graph.follows), &groups.of_agent).e_i_index,
        });
    }
    measures
}

/// How opinions on a topic are distributed.
pub(crate) fn summary_of(beliefs: &Beliefs, topic: TopicId) -> OpinionSummary {
    SortedOpinions::of_singles(beliefs.column(topic).map(Stance::get).collect()).summary()
}

/// What is measured of one topic.
struct TopicMeasures {
    opinions: OpinionSummary,
    extremity: Extremity,
    network: OpinionNetwork,
}

/// How far from the middle opinions on a topic are. Nothing without agents.
struct Extremity {
    /// Mean of |x|.
    mean: Option<f64>,
    /// Share of agents whose |x| is larger than before the first step.
    grown_share: Option<f64>,
}

impl Extremity {
    fn of(world: &World, topic: TopicId) -> Self {
        let (mut sum, mut grown) = (0.0, 0u64);
        for (now, first) in world.beliefs.column(topic).zip(world.first_beliefs.column(topic)) {
            sum += f64::from(now.get().abs());
            grown += u64::from(now.get().abs() > first.get().abs());
        }
        let agents = world.population.len();
        let share = |total: f64| (agents > 0).then(|| total / f64::from(agents));
        Self { mean: share(sum), grown_share: share(grown as f64) }
    }
}

impl TopicMeasures {
    fn list(&self, topic: &str, by_sign: bool, measures: &mut Vec<Measure>) {
        let Self { opinions: opinion, extremity, network } = self;
        let mut add = |scope, name, value| {
            measures.push(Measure { scope, subject: Some(topic.to_owned()), name, value });
        };
        add(Scope::Opinion, "mean", opinion.mean);
        add(Scope::Opinion, "variance_population", opinion.variance);
        add(Scope::Opinion, "sarle_bimodality_coefficient", opinion.sarle);
        add(Scope::Opinion, "hartigan_dip", opinion.dip);
        add(Scope::Opinion, "esteban_ray_alpha1.6_10bins", opinion.esteban_ray);
        add(Scope::Opinion, "mean_pairwise_distance", opinion.mean_pairwise_distance);
        add(Scope::Opinion, "extremity_mean", extremity.mean);
        add(Scope::Opinion, "more_extreme_share", extremity.grown_share);
        add(Scope::Network, "opinion_assortativity", network.assortativity);
        add(Scope::Network, "neighbour_opinion_correlation", network.neighbour_correlation);
        if by_sign {
            add(Scope::Network, "e_i_index", network.e_i_index);
        }
    }
}

/// Whether the exposures of `agent` are kept, given the share that is.
pub(crate) fn keeps_exposures(seed: u64, agent: AgentId, share: f64) -> bool {
    share >= 1.0 || Stream::first_uniform(seed, Purpose::Sampling, Step(0), agent) < share
}
