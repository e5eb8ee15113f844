//! Phase 4: what each active agent does about what it sees.

use murmur_agents::{Decision, Writer};
use murmur_core::Step;
use rayon::prelude::*;

use crate::apply::{Turn, seed_posts_due};
use crate::history::RecordedStep;
use crate::observe::Observations;
use crate::record::Difference;
use crate::{EngineError, World};

/// Whose decisions are carried out.
pub(crate) enum Policy<'a> {
    /// The agents' own: each chooses by utility.
    Behavioural,
    /// Those that a journal holds of this step.
    Replay(&'a RecordedStep),
}

/// The decisions of the active agents, in their order.
///
/// # Errors
/// When the journal being replayed cannot be read, or holds decisions of other agents than those active now; when a
/// text cannot be embedded.
pub(crate) fn decide(
    world: &World,
    now: Step,
    observations: &Observations,
    policy: Policy<'_>,
) -> Result<Vec<Decision>, EngineError> {
    let _span = tracing::info_span!("decide").entered();
    let mut decisions = match policy {
        Policy::Behavioural => choose(world, now, observations),
        Policy::Replay(recorded) => replay(world, now, observations, recorded)?,
    };
    // Texts become vectors here, all at once, so that an endpoint gets them in batches.
    let actions = decisions.iter_mut().flat_map(|decision| &mut decision.actions);
    world.embedding.fill(&world.public, actions)?;
    Ok(decisions)
}

fn choose(world: &World, now: Step, observations: &Observations) -> Vec<Decision> {
    let writer = Writer { population: &world.population, beliefs: &world.beliefs };
    (0..observations.len())
        .into_par_iter()
        .with_min_len(64)
        .map(|index| world.behaviour.decide(now, observations.of(index), &writer))
        .collect()
}

fn replay(
    world: &World,
    now: Step,
    observations: &Observations,
    recorded: &RecordedStep,
) -> Result<Vec<Decision>, EngineError> {
    let turns = recorded.turns()?;
    check_turns(now, observations, &turns)?;
    let mut decisions: Vec<Decision> = turns
        .iter()
        .map(|turn| Decision { agent: turn.agent, read: turn.read as usize, actions: Vec::new() })
        .collect();
    // What the experimenter and the script do comes first, and is decided by them again.
    let planned = seed_posts_due(world, now).len() + world.script.due(now).len();
    for event in recorded.events(world)?.into_iter().skip(planned) {
        let Ok(index) = decisions.binary_search_by_key(&event.agent, |decision| decision.agent) else {
            let what = format!("agent {} acts without being active", event.agent);
            return Err(Difference { step: now, table: "events", shard: None, what }.into());
        };
        decisions[index].actions.push(event.action);
    }
    Ok(decisions)
}

/// Whoever is active now was active then, and read no more than it is served now.
fn check_turns(now: Step, observations: &Observations, turns: &[Turn]) -> Result<(), Difference> {
    let differs = |what: String| Difference { step: now, table: "turns", shard: None, what };
    if turns.len() != observations.len() {
        return Err(differs(format!("{} agents active then, {} now", turns.len(), observations.len())));
    }
    for (index, turn) in turns.iter().enumerate() {
        let observation = observations.of(index);
        if observation.agent != turn.agent {
            return Err(differs(format!("agent {} active then, {} now", turn.agent, observation.agent)));
        }
        if turn.read as usize > observation.feed.len() {
            let now = observation.feed.len();
            return Err(differs(format!(
                "agent {} read {} rows then, {now} are served now",
                turn.agent, turn.read
            )));
        }
    }
    Ok(())
}
