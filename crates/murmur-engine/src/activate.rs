//! Phase 1: who is active in this step.

use murmur_core::{AgentId, Probability, Purpose, Step, Stream};
use rayon::prelude::*;

use crate::World;
use crate::config::ACTIVATION_MINUTES;

/// The agents that are active at `now`, ascending. A suspended account is not.
///
/// An agent's probability for an hour refers to 3 minutes; over Δt minutes of that hour it is 1 − (1 − p)^(Δt/3). A
/// step that runs over several hours has the chance of each in turn.
pub(crate) fn activate(world: &World, now: Step) -> Vec<AgentId> {
    let _span = tracing::info_span!("activate").entered();
    let stretches = stretches(world, now);
    let moderation = world.public.moderation();
    (0..world.population.len())
        .into_par_iter()
        .with_min_len(4096)
        .map(AgentId)
        .filter(|&agent| {
            let most = at_most(&stretches, agent);
            if most <= 0.0 {
                return false;
            }
            let draw = Stream::first_uniform(world.seed(), Purpose::Activation, now, agent);
            // Few draws lie below the bound, and only they need the powers.
            draw < most && draw < probability(&stretches, agent) && !moderation.is_suspended(agent)
        })
        .collect()
}

/// The probability that an agent is active at `now`.
pub(crate) fn probability_of(world: &World, now: Step) -> impl Fn(AgentId) -> f64 + '_ {
    let stretches = stretches(world, now);
    move |agent| probability(&stretches, agent)
}

fn stretches(world: &World, now: Step) -> Vec<Stretch<'_>> {
    let hours = world.clock.hours_of(now);
    hours
        .map(|hour| Stretch {
            column: world.population.activity(hour.hour_of_day),
            ratio: f64::from(hour.minutes) / ACTIVATION_MINUTES,
        })
        .collect()
}

/// The part of a step that lies in one hour of the day.
struct Stretch<'a> {
    /// Each agent's probability per base interval in that hour.
    column: &'a [f32],
    /// Length in base intervals.
    ratio: f64,
}

/// A bound of [`probability`] that takes no powers: a stretch no longer than the base interval has no greater chance.
fn at_most(stretches: &[Stretch<'_>], agent: AgentId) -> f64 {
    match stretches {
        [Stretch { column, ratio }] if *ratio <= 1.0 => f64::from(column[agent.index()]),
        _ => probability(stretches, agent),
    }
}

fn probability(stretches: &[Stretch<'_>], agent: AgentId) -> f64 {
    match stretches {
        // The usual step, of one base interval, needs no power.
        [Stretch { column, ratio: 1.0 }] => f64::from(column[agent.index()]),
        _ => {
            let idle = |stretch: &Stretch<'_>| {
                let p = Probability::of(f64::from(stretch.column[agent.index()]));
                1.0 - p.over(stretch.ratio).get()
            };
            1.0 - stretches.iter().map(idle).product::<f64>()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_no_less_than_the_probability() {
        let column: Vec<f32> = (0..=1000).map(|number| (number as f32 / 1000.0).powi(3)).collect();
        for ratio in [1.0 / 60.0, 1.0 / 3.0, 0.999, 1.0, 2.0, 20.0] {
            let stretches = [Stretch { column: &column, ratio }];
            for agent in (0..=1000).map(AgentId) {
                assert!(at_most(&stretches, agent) >= probability(&stretches, agent), "{agent} at {ratio}");
            }
        }
    }
}
