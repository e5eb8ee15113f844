//! Phase 4: what each active agent does about what it sees.

use murmur_agents::{Decision, Writer};
use murmur_core::{Step, Text};
use rayon::prelude::*;

use crate::World;
use crate::observe::Observations;

/// The decisions of the active agents, in their order.
pub(crate) fn decide(world: &World, now: Step, observations: &Observations) -> Vec<Decision> {
    let _span = tracing::info_span!("decide").entered();
    let embed = |text: &Text| world.embedder.embed(&world.public.render(text));
    let writer = Writer { population: &world.population, beliefs: &world.beliefs, embed: &embed };
    (0..observations.len())
        .into_par_iter()
        .with_min_len(64)
        .map(|index| world.behaviour.decide(now, observations.of(index), &writer))
        .collect()
}
