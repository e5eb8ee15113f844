//! Phase 2: what each active agent is served.

use murmur_core::{AgentId, Step};
use murmur_recsys::{Feeds, Reader};

use crate::World;

/// The feeds of the active agents, in their order.
pub(crate) fn recommend(world: &World, now: Step, active: &[AgentId]) -> Feeds {
    let _span = tracing::info_span!("recommend").entered();
    let reader = |index: usize| {
        let agent: AgentId = active[index];
        Reader { agent, interests: world.population.vector(agent) }
    };
    murmur_recsys::recommend(
        &world.public,
        &world.config.feed,
        &world.clock,
        world.seed(),
        now,
        &reader,
        active.len(),
    )
}
