//! Agents that a language model decides for.
//!
//! [`think`] carries all their turns of a step through rounds of calls: in each round every open turn has one request,
//! rendered when there is room for it, and what came back closes the turn or asks for another round. Everything reads the
//! world as it stood when the step began. Replies come in the order of requests, so that nothing depends on which server
//! was faster.

mod ahead;
pub(crate) mod batch;
pub(crate) mod calls;
mod desk;
pub(crate) mod kept;
mod look;
pub(crate) mod memories;
pub(crate) mod minds;
mod requests;
mod scene;
mod sight;
pub(crate) mod stances;
mod summaries;
pub(crate) mod survey;
mod telemetry;
pub(crate) mod turn;

use murmur_agents::Decision;
use murmur_core::Step;
use rayon::prelude::*;

use crate::facts::{CallRecord, NewSummary};
use crate::observe::Observations;
use crate::{EngineError, World};
use calls::Calls;
use requests::Call;
use turn::{Stage, Turn};

/// What models made of a step.
#[derive(Default)]
pub(crate) struct Thoughts {
    /// Each with the place of its agent's observation.
    pub(crate) decisions: Vec<(usize, Decision)>,
    /// Every call, by agent and number.
    pub(crate) records: Vec<CallRecord>,
    /// What agents' memories are summed up to.
    pub(crate) summaries: Vec<NewSummary>,
}

/// The decisions of those active agents that have a model.
///
/// # Errors
/// See [`Calls::ask`].
pub(crate) fn think(
    world: &World,
    calls: &mut Calls,
    now: Step,
    observations: &Observations,
) -> Result<Thoughts, EngineError> {
    let _span = tracing::info_span!("think").entered();
    let stage = Stage { world, now };
    let mut turns: Vec<Turn> = (0..observations.len())
        .filter_map(|index| {
            let agent = observations.of(index).agent;
            world.minds.of(agent).map(|model| Turn::new(index, agent, model))
        })
        .collect();
    loop {
        let mut open: Vec<&mut Turn> = turns.iter_mut().filter(|turn| turn.is_open()).collect();
        if open.is_empty() {
            break;
        }
        let wanted: Vec<Call> = open.iter().map(|turn| turn.call()).collect();
        let seeds = calls.seeds();
        let render = |index: usize| {
            let turn = &open[index];
            turn.request(stage, &observations.of(turn.index), seeds)
        };
        let answered = calls.ask(now, &wanted, &render)?;
        open.par_iter_mut()
            .zip(answered)
            .with_min_len(16)
            .try_for_each(|(turn, answered)| turn.take(stage, &observations.of(turn.index), &answered))?;
    }
    let mut decisions: Vec<(usize, Decision)> = turns
        .par_iter_mut()
        .map(|turn| (turn.index, turn.decision(stage, observations.of(turn.index))))
        .collect();
    stances::settle(world, calls, now, &mut turns, &mut decisions)?;
    let summaries = summaries::sum_up(world, calls, now, &mut turns)?;
    let records = turns.into_iter().flat_map(|turn| turn.records).collect();
    Ok(Thoughts { decisions, records, summaries })
}
