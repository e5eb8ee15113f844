//! Phase 5: decisions become facts. The only phase that writes to the world.

use crate::facts::{AnswerRecord, CallRecord, ChangedOpinions, Decided, Exposure, ReadFrom, Turn};
use crate::language::memories;
use crate::observe::Observations;
use crate::recommend::feed_of;
use crate::script::LineResult;
use crate::trips::Trips;
use crate::{EngineError, World, backlog, inner, interventions};
use murmur_agents::Decision;
use murmur_core::rng::order_key;
use murmur_core::{Action, AgentId, Draft, Event, Found, Outcome, PostId, Refusal, Step, Text, TopicId};
use murmur_recsys::{Counts, Feeds, SeenPost};

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
    /// Calls to language models, by agent and number.
    pub(crate) calls: Vec<CallRecord>,
    /// Answers to surveys, survey by survey.
    pub(crate) answers: Vec<AnswerRecord>,
}

/// A seed post that was planted.
pub(crate) struct Seeded {
    /// Its place in the configuration.
    pub(crate) seed_post: usize,
    /// Its row.
    pub(crate) post: PostId,
}

/// Carries out a step: interventions and then seed posts in the order of the configuration, the posts of a
/// voting experiment, the backlog, the script's lines in the
/// order of the file, the agents' actions in the step's keyed order, each agent's in its own order, and what interventions
/// decide about the posts made; then every active agent's opinions, emotions and beliefs move by what it read, it
/// remembers that, and the recommender takes in what was done. `trips` says which conditions of interventions hold.
///
/// # Errors
/// When a profile that was changed cannot be embedded.
pub(crate) fn apply(
    world: &mut World,
    now: Step,
    feeds: &Feeds,
    observations: &Observations,
    decided: Decided,
    trips: &Trips,
) -> Result<Applied, EngineError> {
    let _span = tracing::info_span!("apply").entered();
    let Decided { mut decisions, calls, summaries, answers } = decided;
    let moved = inner::after_reading(world, now, observations, &decisions);
    let order = keyed_order(world, now, &decisions);
    let exposures = exposures(feeds, &decisions, &order);

    let rows_read = |decision: &Decision| (decision.read + decision.looked.len()) as u32;
    let turn = |decision: &Decision| Turn { agent: decision.agent, read: rows_read(decision) };
    let turns = decisions.iter().map(turn).collect();
    let mut applied =
        Applied { turns, exposures, feed: *feeds.counts(), calls, answers, ..Applied::default() };
    interventions::begin(world, now, trips, &mut applied);
    plant_seed_posts(world, now, &mut applied);
    plant_ballots(world, now, &mut applied);
    plant_backlog(world, now, &mut applied)?;
    play_script(world, now, &mut applied);
    for index in order {
        let Decision { agent, ref mut actions, .. } = decisions[index];
        for action in std::mem::take(actions) {
            carry_out(world, now, agent, action, &mut applied.events);
        }
    }
    interventions::sweep(world, now, trips, &mut applied);
    applied.opinions = inner::settle(world, now, moved, &applied.events);
    remember(world, now, feeds, &decisions);
    memories::remember(world, now, &applied.exposures, &applied.events, &summaries);
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
        let rows = feeds.of(index).iter().take(decision.read).map(|served| served.post);
        let rows = rows.chain(decision.looked.iter().copied());
        let seen = rows.map(|row| SeenPost { root: posts.root(row), row });
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

fn plant_seed_posts(world: &mut World, now: Step, applied: &mut Applied) {
    for seed_post in world.seed_posts_due(now) {
        let seed = &world.config.seed_post[seed_post];
        let topic = world.config.topic_named(&seed.topic).expect("checked with the configuration");
        let draft = Draft {
            text: Text::own(&seed.text),
            topic: Some(TopicId(topic as u16)),
            stance: seed.stance,
            vector: world.seed_vectors[seed_post].clone(),
        };
        carry_out(world, now, AgentId(seed.author), Action::CreatePost(draft), &mut applied.events);
        // The platform may have banned its author.
        if let Some(&Event { outcome: Outcome::Posted(post), .. }) = applied.events.last() {
            world.take_in_seeded(seed_post, post);
            applied.seeded.push(Seeded { seed_post, post });
        }
    }
}

fn plant_backlog(world: &mut World, now: Step, applied: &mut Applied) -> Result<(), EngineError> {
    for (author, post) in backlog::due(world, now)? {
        carry_out(world, now, author, post, &mut applied.events);
    }
    Ok(())
}

/// Plants the posts of a voting experiment that are due, each with its claim and its first vote.
fn plant_ballots(world: &mut World, now: Step, applied: &mut Applied) {
    for place in world.votes.due(now) {
        let (author, post) = world.votes.post(place);
        carry_out_ballot(world, now, place, author, post, applied);
        for (agent, action) in world.votes.after_post(place) {
            carry_out_ballot(world, now, place, agent, action, applied);
        }
    }
}

fn carry_out_ballot(
    world: &mut World,
    now: Step,
    place: usize,
    agent: AgentId,
    action: Action,
    applied: &mut Applied,
) {
    carry_out(world, now, agent, action, &mut applied.events);
    world.votes.take_in(place, applied.events.last().expect("one was just added"));
}

/// What the agents read, in the order given.
fn exposures(feeds: &Feeds, decisions: &[Decision], order: &[usize]) -> Vec<Exposure> {
    let mut exposures = Vec::with_capacity(decisions.iter().map(|decision| decision.read).sum());
    for &index in order {
        let Decision { agent, read, ref looked, .. } = decisions[index];
        let served = feeds.of(index).iter().take(read);
        let served = served.map(|served| (served.post, ReadFrom::Feed(served.source)));
        let found = looked.iter().map(|&row| (row, ReadFrom::Looking));
        exposures.extend(served.chain(found).zip(0..).map(|((post, source), rank)| Exposure {
            agent,
            post,
            rank,
            source,
        }));
    }
    exposures
}
