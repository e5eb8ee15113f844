//! Phase 1: who is active in this step.

use murmur_core::{AgentId, Probability, Purpose, Step, Stream};
use rayon::prelude::*;

use crate::World;
use crate::config::ACTIVATION_MINUTES;

/// The agents that are active at `now`, ascending.
///
/// An agent's probability for the hour refers to 3 minutes; for another step length Δt it is 1 − (1 − p)^(Δt/3).
pub(crate) fn activate(world: &World, now: Step) -> Vec<AgentId> {
    let _span = tracing::info_span!("activate").entered();
    let ratio = f64::from(world.clock.minutes_per_step) / ACTIVATION_MINUTES;
    let rescale = |p: f32| {
        let p = f64::from(p);
        if ratio == 1.0 { p } else { Probability::of(p).over(ratio).get() }
    };
    let column = world.population.activity(world.clock.hour_of_day(now));
    (0..column.len() as u32)
        .into_par_iter()
        .with_min_len(4096)
        .map(AgentId)
        .filter(|&agent| {
            let p = column[agent.index()];
            p > 0.0 && Stream::new(world.seed(), Purpose::Activation, now, agent).chance(rescale(p))
        })
        .collect()
}
