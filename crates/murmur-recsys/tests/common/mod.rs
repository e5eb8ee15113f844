//! Tiny worlds that actions build, and feeds of them.
#![allow(dead_code, reason = "each file of tests uses its part")]

pub(crate) mod cases;
pub(crate) mod model;

use murmur_core::{Action, AgentId, Clock, Draft, Event, PostId, Stance, Step, Text, TopicId};
use murmur_graph::{FollowGraph, SocialGraph};
use murmur_recsys::{
    Ask, Engagement, FeedConfig, Feeds, IndexConfig, PipelineConfig, Reader, Recommender, ScorerConfig,
    SeenPost, SelectorConfig, Source, SourceConfig, SuggestionConfig,
};
use murmur_store::{Phrasebook, Public};

pub(crate) const DIMENSIONS: usize = 64;
pub(crate) const CLOCK: Clock = Clock { minutes_per_step: 3, starts_at: 0 };
pub(crate) const SEED: u64 = 11;
pub(crate) const TOPICS: usize = 3;

/// What somebody does in a tiny world; posts are named by their ids, from 1.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Do {
    Post,
    /// A post whose vector is this far (in degrees) from the axis that readers are interested in.
    PostAt(f32),
    /// A post on a topic, with its stance in quarters and its direction in degrees.
    PostOn(u16, i8, f32),
    Repost(u32),
    Quote(u32),
    /// A quote with its direction in degrees.
    QuoteAt(u32, f32),
    Delete(u32),
    Like(u32),
    Unlike(u32),
    Dislike(u32),
    Follow(u32),
    Unfollow(u32),
    Mute(u32),
    /// A block that leaves follows in place, so that the filter alone hides.
    Block(u32),
}

use Do::*;

/// At a step an agent does something.
pub(crate) type Line = (u32, u32, Do);

pub(crate) fn post(id: u32) -> PostId {
    PostId::new(id).expect("ids count from 1")
}

/// A unit vector `degrees` away from the first axis.
pub(crate) fn vector_at(degrees: f32) -> Box<[f32]> {
    let mut vector = vec![0.0; DIMENSIONS];
    (vector[1], vector[0]) = degrees.to_radians().sin_cos();
    vector.into()
}

fn draft(topic: Option<u16>, quarters: i8, degrees: f32) -> Draft {
    Draft {
        text: Text::own("words"),
        topic: topic.map(TopicId),
        stance: Stance::clamped(f32::from(quarters) / 4.0),
        vector: vector_at(degrees),
    }
}

impl Do {
    /// The action; `None` for a block, which the graph is told.
    fn action(self) -> Option<Action> {
        Some(match self {
            Post => Action::CreatePost(draft(None, 0, 0.0)),
            PostAt(degrees) => Action::CreatePost(draft(None, 0, degrees)),
            PostOn(topic, quarters, degrees) => Action::CreatePost(draft(Some(topic), quarters, degrees)),
            Repost(id) => Action::Repost(post(id)),
            Quote(id) => Action::QuotePost(post(id), draft(None, 0, 0.0)),
            QuoteAt(id, degrees) => Action::QuotePost(post(id), draft(None, 0, degrees)),
            Delete(id) => Action::DeletePost(post(id)),
            Like(id) => Action::LikePost(post(id)),
            Unlike(id) => Action::UnlikePost(post(id)),
            Dislike(id) => Action::DislikePost(post(id)),
            Follow(other) => Action::Follow(AgentId(other)),
            Unfollow(other) => Action::Unfollow(AgentId(other)),
            Mute(other) => Action::Mute(AgentId(other)),
            Block(_) => return None,
        })
    }
}

/// A platform with all that was done on it.
pub(crate) struct World {
    pub(crate) public: Public,
    /// Follows from before the first step, (follower, followee).
    pub(crate) follows: Vec<(u32, u32)>,
    pub(crate) events: Vec<Event>,
    /// (blocker, blocked).
    pub(crate) blocks: Vec<(u32, u32)>,
}

impl World {
    /// A world of `agents` in which `follows` hold (follower, followee) and the script has been carried out.
    pub(crate) fn of(agents: u32, follows: &[(u32, u32)], script: &[Line]) -> Self {
        let edges = follows.iter().map(|&(follower, followee)| murmur_core::Follow {
            follower: AgentId(follower),
            followee: AgentId(followee),
        });
        let graph = SocialGraph::new(FollowGraph::from_edges(agents, edges.collect()).graph);
        let mut public = Public::new(graph, Phrasebook::new(Vec::new()), DIMENSIONS);
        let (mut events, mut blocks) = (Vec::new(), Vec::new());
        for &(step, agent, what) in script {
            let (step, agent) = (Step(step), AgentId(agent));
            if let Some(action) = what.action() {
                let outcome = public.apply(step, agent, &action);
                events.push(Event { step, agent, action, outcome });
            } else if let Block(other) = what {
                public.graph.blocks.add(agent, AgentId(other));
                blocks.push((agent.0, other));
            }
        }
        Self { public, follows: follows.to_vec(), events, blocks }
    }
}

/// Who reads.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) agent: u32,
    pub(crate) profile: Box<[f32]>,
    pub(crate) topics: u64,
    pub(crate) seen: Vec<SeenPost>,
}

impl Who {
    /// A reader who is interested in the first axis and every topic, and has read nothing.
    pub(crate) fn new(agent: u32) -> Self {
        Self { agent, profile: vector_at(0.0), topics: u64::MAX, seen: Vec::new() }
    }
}

/// What only readers know, by their place among the readers and a post.
pub(crate) struct Minds<'a> {
    pub(crate) engagement: &'a (dyn Fn(usize, PostId) -> Engagement + Sync),
    pub(crate) agreement: &'a (dyn Fn(usize, PostId) -> f32 + Sync),
}

/// Minds that would do nothing and agree with nothing.
pub(crate) const INDIFFERENT: Minds<'static> = Minds {
    engagement: &|_, _| Engagement {
        like: 0.0,
        dislike: 0.0,
        repost: 0.0,
        quote: 0.0,
        comment: 0.0,
        follow: 0.0,
        unfollow: 0.0,
        mute: 0.0,
        report: 0.0,
    },
    agreement: &|_, _| 0.0,
};

/// The recommender of a world as `now` begins.
pub(crate) fn recommender(world: &World, config: &FeedConfig, now: u32) -> Recommender {
    assert_eq!(config.fault(), None);
    let mut recommender = Recommender::new(
        config,
        &[],
        &IndexConfig::default(),
        &SuggestionConfig::default(),
        &world.public,
        TOPICS,
        SEED,
    );
    recommender.take_in(&world.public, &world.events, Step(now));
    recommender.rebuild_index(&world.public, &CLOCK, Step(now));
    recommender
}

/// The feeds of `readers` at `now`.
pub(crate) fn recommend(
    recommender: &Recommender,
    world: &World,
    now: u32,
    readers: &[Who],
    minds: &Minds<'_>,
) -> Feeds {
    let reader = |index: usize| {
        let Who { agent, profile, topics, seen } = &readers[index];
        Reader { agent: AgentId(*agent), profile, topics: *topics, seen }
    };
    let engagement = |reader: usize, rows: &[PostId], engagements: &mut Vec<Engagement>| {
        engagements.extend(rows.iter().map(|&row| (minds.engagement)(reader, row)));
    };
    let feeds = recommender.recommend(&Ask {
        public: &world.public,
        clock: &CLOCK,
        seed: SEED,
        now: Step(now),
        count: readers.len(),
        reader: &reader,
        engagement: &engagement,
        agreement: minds.agreement,
    });
    assert_eq!(feeds.len(), readers.len());
    feeds
}

/// The ids of the rows in each feed.
pub(crate) fn rows(feeds: &Feeds) -> Vec<Vec<u32>> {
    (0..feeds.len()).map(|index| feeds.of(index).iter().map(|served| served.post.get()).collect()).collect()
}

/// The rows that each of `readers` is served at `now`; all are interested in the first axis.
pub(crate) fn feeds(world: &World, config: &FeedConfig, now: u32, readers: &[u32]) -> Vec<Vec<u32>> {
    let readers: Vec<Who> = readers.iter().map(|&agent| Who::new(agent)).collect();
    rows(&recommend(&recommender(world, config, now), world, now, &readers, &INDIFFERENT))
}

pub(crate) fn feed(world: &World, config: &FeedConfig, now: u32, reader: u32) -> Vec<u32> {
    feeds(world, config, now, &[reader]).remove(0)
}

/// Slots that the best of these sources fill, `most` candidates from each.
pub(crate) fn pipeline(
    slots: u32,
    sources: &[Source],
    most: u32,
    scorer: Vec<ScorerConfig>,
) -> PipelineConfig {
    let source = sources.iter().map(|&kind| SourceConfig { kind, most }).collect();
    PipelineConfig { slots, source, scorer, selector: SelectorConfig::Top }
}

/// A feed of one pipeline for each source that has slots.
pub(crate) fn mix(slots: &[(Source, u32)]) -> FeedConfig {
    let with_slots = slots.iter().filter(|&&(_, slots)| slots > 0);
    let pipelines = with_slots.map(|&(source, slots)| pipeline(slots, &[source], slots, Vec::new()));
    FeedConfig { pipeline: Some(pipelines.collect()), ..FeedConfig::default() }
}

/// A feed of one source alone, in its order.
pub(crate) fn only(source: Source, slots: u32) -> FeedConfig {
    mix(&[(source, slots)])
}

/// Pearson's statistic of counts against equal expectations.
pub(crate) fn chi_square(counts: &[u32]) -> f64 {
    let expected = counts.iter().sum::<u32>() as f64 / counts.len() as f64;
    counts.iter().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum()
}

/// A chi-square value that `freedom` degrees exceed about once in 10⁵ (Wilson and Hilferty 1931, z = 4.3).
pub(crate) fn chi_square_limit(freedom: usize) -> f64 {
    let k = freedom as f64;
    let cube = 1.0 - 2.0 / (9.0 * k) + 4.3 * (2.0 / (9.0 * k)).sqrt();
    k * cube.powi(3)
}
