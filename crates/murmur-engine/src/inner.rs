//! The private half of `apply`: what reading does to what an agent thinks, feels and believes.
//!
//! Each active agent's state moves by what it read, in the order of reading, and by nothing else; it is worked out from the
//! world as the step began, on all threads.

use murmur_agents::{Decision, Hearing, Mood, Side};
use murmur_core::{
    Action, AgentId, Effect, Event, PostId, PostKey, Purpose, Ruling, Stance, Step, Stream, TopicId,
};
use murmur_dynamics::opinion::Heard;
use rayon::prelude::*;

use crate::World;
use crate::facts::ChangedOpinions;
use crate::observe::Observations;

/// What reading made of an agent.
pub(crate) struct Moved {
    agent: AgentId,
    opinions: Option<ChangedOpinions>,
    /// One per topic; empty where nothing was felt.
    moods: Vec<Mood>,
    /// The log-odds of each claim; empty where none was met.
    log_odds: Vec<f32>,
    /// The claims that it read asserted, one bit each.
    exposed: u64,
}

/// A post that was read.
#[derive(Clone, Copy)]
struct Read {
    row: PostId,
    root: PostId,
    key: PostKey,
    topic: Option<TopicId>,
    stance: Stance,
}

/// What reading made of the active agents, in their order; those whom it left as they were have none.
pub(crate) fn after_reading(
    world: &World,
    now: Step,
    observations: &Observations,
    decisions: &[Decision],
) -> Vec<Moved> {
    let _span = tracing::info_span!("inner").entered();
    let posts = world.public.posts();
    let after = |index: usize| {
        let (observation, decision) = (observations.of(index), &decisions[index]);
        let served = observation.feed[..decision.read].iter().map(|seen| Read {
            row: seen.post,
            root: posts.root(seen.post),
            key: seen.key,
            topic: seen.topic,
            stance: seen.stance,
        });
        let found = decision.looked.iter().map(|&row| {
            let root = posts.root(row);
            let (topic, stance) = (posts.topic(root), posts.stance(root));
            Read { row, root, key: posts.key(root), topic, stance }
        });
        let reads: Vec<Read> = served.chain(found).collect();
        let reader = Reader { world, now, agent: observation.agent };
        if reads.is_empty() { None } else { reader.after(&reads) }
    };
    (0..observations.len()).into_par_iter().with_min_len(256).filter_map(after).collect()
}

struct Reader<'a> {
    world: &'a World,
    now: Step,
    agent: AgentId,
}

impl Reader<'_> {
    fn after(&self, reads: &[Read]) -> Option<Moved> {
        let opinions = self.opinions(reads);
        let moods = self.moods(reads);
        let Believed { log_odds, exposed } = self.beliefs(reads);
        let is_moved = opinions.is_some() || !moods.is_empty() || !log_odds.is_empty();
        is_moved.then_some(Moved { agent: self.agent, opinions, moods, log_odds, exposed })
    }

    fn opinions(&self, reads: &[Read]) -> Option<ChangedOpinions> {
        let &Self { world, now, agent } = self;
        let topics = reads.iter().filter_map(|read| read.topic);
        let mut open = topics.fold(0u64, |topics, topic| topics | 1 << topic.0);
        let before = world.beliefs.of(agent);
        let mut opinions = before.to_vec();
        let mut heard = Vec::with_capacity(reads.len());
        let draws = Stream::new(world.seed(), Purpose::Influence, now, agent);
        while open != 0 {
            let topic = TopicId(open.trailing_zeros() as u16);
            open &= open - 1;
            heard.clear();
            let on_it = reads.iter().filter(|read| read.topic == Some(topic));
            heard.extend(on_it.map(|read| Heard { stance: read.stance, key: read.key }));
            let model = world.config.opinion_model(topic.index());
            let first = world.first_beliefs.of(agent)[topic.index()];
            let draws = draws.about_agent(AgentId(topic.0.into()));
            let opinion = &mut opinions[topic.index()];
            *opinion = model.after(*opinion, first, &heard, &draws);
        }
        let moved = opinions.iter().zip(before).map(|(after, before)| after != before);
        let mask = moved.enumerate().fold(0, |mask, (topic, moved)| mask | u64::from(moved) << topic);
        (mask != 0).then_some(ChangedOpinions { agent, opinions, mask })
    }

    /// One per topic; empty if nothing was read on any, or emotions are not simulated.
    fn moods(&self, reads: &[Read]) -> Vec<Mood> {
        let &Self { world, now, agent } = self;
        if !world.emotions.config().enabled || reads.iter().all(|read| read.topic.is_none()) {
            return Vec::new();
        }
        let mut moods = world.emotions.of(agent, now, &world.clock);
        let opinions = world.beliefs.of(agent);
        for read in reads {
            if let Some(topic) = read.topic.map(TopicId::index) {
                moods[topic] = world.emotions.config().after(moods[topic], opinions[topic], read.stance);
            }
        }
        moods
    }

    fn beliefs(&self, reads: &[Read]) -> Believed {
        let &Self { world, agent, .. } = self;
        let mut believed = Believed::default();
        let posts = world.public.posts();
        for read in reads {
            let Some(about) = world.planted.claim_of(read.root) else { continue };
            let claim = &world.config.claim[about.claim];
            let shown_by = posts.author(read.row);
            let hearing = Hearing {
                side: about.side,
                is_followed: world.public.graph.follows.follows(agent, shown_by),
                is_source: claim.source == Some(shown_by.0),
                is_flagged: is_flagged(world, read.root),
                is_prebunked: world.credences.prebunked(about.claim).contains(agent),
            };
            if believed.log_odds.is_empty() {
                believed.log_odds = world.credences.of(agent).to_vec();
            }
            let log_odds = &mut believed.log_odds[about.claim];
            *log_odds = claim.after(*log_odds, &hearing);
            believed.exposed |= u64::from(about.side == Side::Asserts) << about.claim;
        }
        believed
    }
}

#[derive(Default)]
struct Believed {
    log_odds: Vec<f32>,
    exposed: u64,
}

/// Whether a root is shown with a label or a note.
pub(crate) fn is_flagged(world: &World, root: PostId) -> bool {
    let moderation = world.public.moderation();
    !moderation.is_empty()
        && (moderation.labels(root).next().is_some() || moderation.note(root).is_some_and(|note| note.shown))
}

/// Every agent becomes what reading at `now` made of it, and then what it was told; returns whose opinions moved.
pub(crate) fn settle(
    world: &mut World,
    now: Step,
    moved: Vec<Moved>,
    events: &[Event],
) -> Vec<ChangedOpinions> {
    let World { beliefs, emotions, credences, config, .. } = world;
    let mut changed = Vec::with_capacity(moved.len());
    for Moved { agent, opinions, moods, log_odds, exposed } in moved {
        if let Some(opinions) = opinions {
            beliefs.set(agent, &opinions.opinions);
            changed.push(opinions);
        }
        if !moods.is_empty() {
            emotions.set(agent, &moods, now);
        }
        if !log_odds.is_empty() {
            credences.set(agent, &log_odds);
        }
        for claim in (0..config.claim.len()).filter(|claim| exposed >> claim & 1 == 1) {
            credences.exposed_mut(claim).add(agent);
        }
    }
    for event in events {
        if let Action::Moderate(ruling) = &event.action {
            tell(world, event.agent, ruling);
        }
    }
    changed
}

/// An agent takes in what the platform tells it. A warning works when the claim is met.
fn tell(world: &mut World, agent: AgentId, ruling: &Ruling) {
    let World { credences, config, interventions, .. } = world;
    if ruling.effect == Effect::Correct
        && let Some(claim) = interventions.claim_of(config, &ruling.by)
    {
        let truth = &config.claim[claim];
        let mut log_odds = credences.of(agent).to_vec();
        log_odds[claim] = truth.corrected(log_odds[claim], truth.true_side());
        credences.set(agent, &log_odds);
    }
}
