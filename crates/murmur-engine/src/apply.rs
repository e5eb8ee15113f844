//! Phase 5: decisions become facts. The only phase that writes to the world.

use murmur_agents::{Decision, Observation};
use murmur_core::rng::order_key;
use murmur_core::{
    Action, AgentId, Draft, Event, Found, Outcome, PostId, Refusal, Stance, Step, Text, TopicId,
};
use murmur_recsys::{Counts, Feeds, SeenPost, Source};
use rayon::prelude::*;

use crate::observe::Observations;
use crate::recommend::feed_of;
use crate::script::LineResult;
use crate::{EngineError, World};

/// An agent was active.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Turn {
    /// Who.
    pub(crate) agent: AgentId,
    /// How many rows of its feed it read.
    pub(crate) read: u32,
}

/// An agent read a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Exposure {
    /// Who read.
    pub(crate) agent: AgentId,
    /// The row.
    pub(crate) post: PostId,
    /// Its place in the feed, from 0.
    pub(crate) rank: u32,
    /// Why it was served.
    pub(crate) source: Source,
}

/// What a step came to, in its canonical order.
#[derive(Default)]
pub(crate) struct Applied {
    /// The active agents, ascending.
    pub(crate) turns: Vec<Turn>,
    /// What was done, seed posts first.
    pub(crate) events: Vec<Event>,
    /// The row that each seed post of this step made, with the seed post's number.
    pub(crate) seeded: Vec<Seeded>,
    /// What was read.
    pub(crate) exposures: Vec<Exposure>,
    /// Opinions that moved, by ascending agent.
    pub(crate) opinions: Vec<ChangedOpinions>,
    /// What the lines of the script came to, in their order.
    pub(crate) results: Vec<LineResult>,
    /// What went in and out of the feed's stages.
    pub(crate) feed: Counts,
}

/// A seed post that was planted.
pub(crate) struct Seeded {
    /// Its place in the configuration.
    pub(crate) seed_post: usize,
    /// Its row.
    pub(crate) post: PostId,
}

/// Carries out a step: seed posts in the order of the configuration, then the script's lines in the order of the file,
/// then the agents' actions in the step's keyed order, each agent's in its own order; then every active agent's opinions
/// move by what it read, it remembers that, and the recommender takes in what was done.
///
/// # Errors
/// When a profile that was changed cannot be embedded.
pub(crate) fn apply(
    world: &mut World,
    now: Step,
    feeds: &Feeds,
    observations: &Observations,
    mut decisions: Vec<Decision>,
) -> Result<Applied, EngineError> {
    let _span = tracing::info_span!("apply").entered();
    let opinions = opinions_after(world, observations, &decisions);
    let order = keyed_order(world, now, &decisions);
    let exposures = exposures(feeds, &decisions, &order);

    let turn = |decision: &Decision| Turn { agent: decision.agent, read: decision.read as u32 };
    let turns = decisions.iter().map(turn).collect();
    let mut applied = Applied { turns, exposures, feed: *feeds.counts(), ..Applied::default() };
    plant_seed_posts(world, now, &mut applied);
    play_script(world, now, &mut applied);
    for index in order {
        let Decision { agent, ref mut actions, .. } = decisions[index];
        for action in std::mem::take(actions) {
            carry_out(world, now, agent, action, &mut applied.events);
        }
    }
    for changed in &opinions {
        world.beliefs.set(changed.agent, &changed.opinions);
    }
    applied.opinions = opinions;
    remember(world, now, feeds, &decisions);
    let next = Step(now.0 + 1);
    world.take_in(&applied.events, next)?;
    world.recommender.advance_index(&world.public, &world.clock, next);
    Ok(applied)
}

/// Every active agent remembers what it has read, if feeds are to leave it out.
fn remember(world: &mut World, now: Step, feeds: &Feeds, decisions: &[Decision]) {
    let Some(most) = world.recommender.remembers() else { return };
    let first_live = world.recommender.first_live_row(&world.public, &world.clock, now);
    let posts = world.public.posts();
    for (index, decision) in decisions.iter().enumerate() {
        let read = feeds.of(index).iter().take(decision.read);
        let seen = read.map(|served| SeenPost { root: posts.root(served.post), row: served.post });
        world.seen.remember(decision.agent, seen, first_live, most);
    }
}

/// Indexes of the decisions in the canonical order of the step: the agents by their keys, then ids.
fn keyed_order(world: &World, now: Step, decisions: &[Decision]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..decisions.len()).collect();
    order.sort_by_cached_key(|&index| {
        let agent = decisions[index].agent;
        (order_key(world.seed(), now, agent), agent)
    });
    order
}

pub(crate) fn carry_out(
    world: &mut World,
    step: Step,
    agent: AgentId,
    action: Action,
    events: &mut Vec<Event>,
) {
    let outcome = match action {
        Action::Refresh => refresh(world, step, agent),
        _ => world.public.apply(step, agent, &action),
    };
    events.push(Event { step, agent, action, outcome });
}

/// Serves the agent its feed as of this moment.
fn refresh(world: &World, step: Step, agent: AgentId) -> Outcome {
    let feeds = feed_of(world, step, agent);
    let posts: Vec<PostId> = feeds.of(0).iter().map(|served| served.post).collect();
    match posts.is_empty() {
        true => Outcome::Refused(Refusal::NothingFound),
        false => Outcome::Found(Box::new(Found::Posts(posts))),
    }
}

/// Carries out the lines of the script that are due, each reading what the line before left.
fn play_script(world: &mut World, now: Step, applied: &mut Applied) {
    for line in world.script.due(now) {
        carry_out(world, now, line.agent, line.action, &mut applied.events);
        let event = applied.events.last().expect("one was just added");
        applied.results.push(LineResult::of(event, &world.public));
    }
}

/// The seed posts of a step, by their places in the configuration.
pub(crate) fn seed_posts_due(world: &World, now: Step) -> Vec<usize> {
    let is_due = |&index: &usize| world.config.seed_post[index].step == now.0;
    (0..world.config.seed_post.len()).filter(is_due).collect()
}

fn plant_seed_posts(world: &mut World, now: Step, applied: &mut Applied) {
    for seed_post in seed_posts_due(world, now) {
        let seed = &world.config.seed_post[seed_post];
        let topic = world.config.topic_named(&seed.topic).expect("checked with the configuration");
        let draft = Draft {
            text: Text::own(&seed.text),
            topic: Some(TopicId(topic as u16)),
            stance: seed.stance,
            vector: world.seed_vectors[seed_post].clone(),
        };
        let author = AgentId(seed.author);
        applied.seeded.push(Seeded { seed_post, post: PostId::from_index(world.public.posts().len()) });
        carry_out(world, now, author, Action::CreatePost(draft), &mut applied.events);
    }
}

/// What the agents read, in the order given.
fn exposures(feeds: &Feeds, decisions: &[Decision], order: &[usize]) -> Vec<Exposure> {
    let mut exposures = Vec::with_capacity(decisions.iter().map(|decision| decision.read).sum());
    for &index in order {
        let Decision { agent, read, .. } = decisions[index];
        let rows = feeds.of(index).iter().take(read).zip(0..);
        exposures.extend(rows.map(|(served, rank)| Exposure {
            agent,
            post: served.post,
            rank,
            source: served.source,
        }));
    }
    exposures
}

/// An agent's opinions after a step in which some of them moved.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct ChangedOpinions {
    /// Whose.
    pub(crate) agent: AgentId,
    /// All of them, by topic.
    opinions: Vec<Stance>,
    /// The topics on which they moved, one bit each.
    mask: u64,
}

impl ChangedOpinions {
    /// The topics on which opinions moved, one bit each.
    pub(crate) fn mask(&self) -> u64 {
        self.mask
    }

    /// The opinions that moved, each with its topic's place, ascending.
    pub(crate) fn moved(&self) -> impl Iterator<Item = (usize, Stance)> + '_ {
        let moved = |(topic, _): &(usize, Stance)| self.mask >> topic & 1 == 1;
        self.opinions.iter().copied().enumerate().filter(moved)
    }
}

/// The opinions of the active agents that moved by what they read, in the order of reading.
fn opinions_after(
    world: &World,
    observations: &Observations,
    decisions: &[Decision],
) -> Vec<ChangedOpinions> {
    let after = |observation: Observation<'_>, read: usize| {
        let before = world.beliefs.of(observation.agent);
        let mut opinions = before.to_vec();
        for seen in &observation.feed[..read] {
            if let Some(topic) = seen.topic {
                let opinion = &mut opinions[topic.index()];
                *opinion = world.config.opinion.model.after(*opinion, seen.stance);
            }
        }
        let moved = opinions.iter().zip(before).map(|(after, before)| after != before);
        let mask = moved.enumerate().fold(0, |mask, (topic, moved)| mask | u64::from(moved) << topic);
        (mask != 0).then_some(ChangedOpinions { agent: observation.agent, opinions, mask })
    };
    (0..observations.len())
        .into_par_iter()
        .with_min_len(256)
        .filter_map(|index| after(observations.of(index), decisions[index].read))
        .collect()
}
