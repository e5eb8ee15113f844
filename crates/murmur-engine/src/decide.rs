//! Phase 4: what each active agent does about what it sees.

use murmur_agents::Decision;
use murmur_core::Step;
use rayon::prelude::*;

use crate::difference::Difference;
use crate::facts::{Decided, Turn};
use crate::history::RecordedStep;
use crate::interventions::without_interventions;
use crate::language::calls::Calls;
use crate::language::survey::{Answers, ask_scheduled};
use crate::language::think;
use crate::observe::Observations;
use crate::{EngineError, World, backlog};

/// Whose decisions are carried out.
pub(crate) enum Policy<'a> {
    /// The agents' own: each chooses by utility, or its language model does.
    Own,
    /// Those that a journal holds of this step; of language models, what the ledger holds is read again.
    Replay(&'a RecordedStep),
}

/// The decisions of the active agents.
///
/// # Errors
/// When the journal being replayed cannot be read, or holds decisions of other agents than those active now; when a
/// text cannot be embedded; see also [`Calls::ask`].
pub(crate) fn decide(
    world: &World,
    calls: &mut Calls,
    now: Step,
    observations: &Observations,
    policy: Policy<'_>,
) -> Result<Decided, EngineError> {
    let _span = tracing::info_span!("decide").entered();
    let mut decisions = match policy {
        Policy::Own => choose(world, now, observations),
        Policy::Replay(recorded) => replay(world, now, observations, recorded)?,
    };
    calls.begin_step()?;
    let Answers { answers, records } = ask_scheduled(world, calls, now)?;
    let thoughts = think(world, calls, now, observations)?;
    for (index, decision) in thoughts.decisions {
        decisions[index] = decision;
    }
    let mut records = [records, thoughts.records].concat();
    records.sort_by_key(|record| (record.agent, record.number));
    // Texts become vectors here, all at once, so that an endpoint gets them in batches.
    let actions = decisions.iter_mut().flat_map(|decision| &mut decision.actions);
    world.embedding.fill(&world.public, actions)?;
    Ok(Decided { decisions, calls: records, summaries: thoughts.summaries, answers })
}

fn choose(world: &World, now: Step, observations: &Observations) -> Vec<Decision> {
    let choose = |index: usize| {
        let observation = observations.of(index);
        match world.minds.of(observation.agent) {
            None => world.choose(now, observation),
            // It is asked later.
            Some(_) => Decision::none(observation.agent),
        }
    };
    (0..observations.len()).into_par_iter().with_min_len(64).map(choose).collect()
}

fn replay(
    world: &World,
    now: Step,
    observations: &Observations,
    recorded: &RecordedStep,
) -> Result<Vec<Decision>, EngineError> {
    let turns = recorded.turns()?;
    check_turns(world, now, observations, &turns)?;
    let mut decisions: Vec<Decision> = turns
        .iter()
        .map(|turn| Decision { read: turn.read as usize, ..Decision::none(turn.agent) })
        .collect();
    // What interventions, the experimenter and the script do is decided by them again.
    let mut events = without_interventions(recorded.events(world)?, |event| &event.action).into_iter();
    events.by_ref().take(world.seed_posts_due(now).len()).for_each(drop);
    for place in world.votes.due(now) {
        let is_posted = events.next().is_some_and(|event| event.outcome.refusal().is_none());
        events.by_ref().take(world.votes.actions_after(place, is_posted)).for_each(drop);
    }
    for event in events.skip(backlog::count_due(world, now) + world.script.due(now).len()) {
        let Ok(index) = decisions.binary_search_by_key(&event.agent, |decision| decision.agent) else {
            let what = format!("agent {} acts without being active", event.agent);
            return Err(Difference { step: now, table: "events", shard: None, what }.into());
        };
        decisions[index].actions.push(event.action);
    }
    Ok(decisions)
}

/// Whoever is active now was active then, and read no more than it is served now.
fn check_turns(
    world: &World,
    now: Step,
    observations: &Observations,
    turns: &[Turn],
) -> Result<(), Difference> {
    let differs = |what: String| Difference { step: now, table: "turns", shard: None, what };
    if turns.len() != observations.len() {
        return Err(differs(format!("{} agents active then, {} now", turns.len(), observations.len())));
    }
    for (index, turn) in turns.iter().enumerate() {
        let observation = observations.of(index);
        if observation.agent != turn.agent {
            return Err(differs(format!("agent {} active then, {} now", turn.agent, observation.agent)));
        }
        // An agent with a model may have found more than its feed.
        if turn.read as usize > observation.feed.len() && world.minds.of(turn.agent).is_none() {
            let now = observation.feed.len();
            return Err(differs(format!(
                "agent {} read {} rows then, {now} are served now",
                turn.agent, turn.read
            )));
        }
    }
    Ok(())
}
