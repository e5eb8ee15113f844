//! Phase 2: what each active agent is served.

use std::cell::RefCell;

use murmur_agents::Seen;
use murmur_core::{AgentId, PostId, Step};
use murmur_recsys::{Ask, Engagement, Feeds, Reader, Suggested};

use crate::World;
use crate::looker::{Looker, agreement};

thread_local! {
    /// What a reader sees of its candidates: room that a thread uses again for the next reader.
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

/// What the active agents are served, in their order.
pub(crate) struct Recommended {
    pub(crate) feeds: Feeds,
    /// Accounts that each might follow.
    pub(crate) accounts: Vec<Vec<Suggested>>,
}

/// The feeds of the active agents, and whom they might follow.
pub(crate) fn recommend(world: &World, now: Step, active: &[AgentId]) -> Recommended {
    let _span = tracing::info_span!("recommend").entered();
    let profile = |agent: AgentId| world.profile_vector(agent);
    with_ask(world, now, active, |ask| Recommended {
        feeds: world.recommender.recommend(ask),
        accounts: world.recommender.suggest(ask, &profile),
    })
}

/// The feed of `agent`, and nothing else.
pub(crate) fn feed_of(world: &World, now: Step, agent: AgentId) -> Feeds {
    feeds_of(world, now, &[agent])
}

/// The feeds of these agents, and nothing else.
pub(crate) fn feeds_of(world: &World, now: Step, readers: &[AgentId]) -> Feeds {
    with_ask(world, now, readers, |ask| world.recommender.recommend(ask))
}

/// What `serve` makes of what the agents ask the recommender.
fn with_ask<T>(world: &World, now: Step, active: &[AgentId], serve: impl FnOnce(&Ask<'_>) -> T) -> T {
    let reader = |index: usize| {
        let agent: AgentId = active[index];
        Reader {
            agent,
            profile: world.profile_vector(agent),
            topics: world.population.interests(agent).0,
            seen: world.seen.of(agent),
        }
    };
    let engagement = |index: usize, rows: &[PostId], engagements: &mut Vec<Engagement>| {
        SEEN.with_borrow_mut(|seen| {
            seen.clear();
            Looker::new(world, now, active[index]).look(rows.iter().copied(), seen);
            engagements.extend(seen.iter().map(|seen| engagement_of(world, seen)));
        });
    };
    let agreement = |index: usize, root: PostId| agreement(world, active[index], root);
    serve(&Ask {
        public: &world.public,
        clock: &world.clock,
        seed: world.seed(),
        now,
        count: active.len(),
        reader: &reader,
        engagement: &engagement,
        agreement: &agreement,
    })
}

/// What the behavioural model says a reader would do about what it sees.
fn engagement_of(world: &World, seen: &Seen) -> Engagement {
    let chances = world.behaviour.engagement(seen);
    Engagement {
        like: chances.like,
        dislike: chances.dislike,
        repost: chances.repost,
        quote: chances.quote,
        comment: chances.comment,
        follow: chances.follow,
        unfollow: chances.unfollow,
        mute: chances.mute,
        report: chances.report,
    }
}
