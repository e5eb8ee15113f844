//! Memories summed up by the models themselves.

use murmur_agents::MemorySummary;
use murmur_core::Step;
use murmur_prompt::ReplyFault;

use super::calls::Calls;
use super::memories::with_recall;
use super::requests::{Call, plain_request};
use super::turn::Turn;
use crate::facts::{CallPurpose, NewSummary, Verdict};
use crate::{EngineError, World};

/// Longest summary that a model is asked for, in tokens.
const SUMMARY_TOKENS: u32 = 120;

const SUMMARY_INSTRUCTIONS: &str = "You sum up what a user of a social platform has read and done. Answer with two or \
     three short sentences in the second person (\"You …\") and nothing else.";

/// Has the models sum up the memories of those agents whose turn it was and whose memories are due for it.
///
/// # Errors
/// See [`Calls::ask`].
pub(crate) fn sum_up(
    world: &World,
    calls: &mut Calls,
    now: Step,
    turns: &mut [Turn],
) -> Result<Vec<NewSummary>, EngineError> {
    if world.config.memory.summary != MemorySummary::Model {
        return Ok(Vec::new());
    }
    let due = |turn: &Turn| {
        world.memories.of(turn.agent).is_some_and(|memory| memory.due_for_summary(&world.config.memory))
    };
    let mut due: Vec<&mut Turn> = turns.iter_mut().filter(|turn| due(turn)).collect();
    let wanted: Vec<Call> = due.iter().map(|turn| turn.call()).collect();
    let seeds = calls.seeds();
    let render = |index: usize| {
        let turn = &due[index];
        let memory = world.memories.of(turn.agent).expect("it is due");
        let question =
            with_recall(world, now, &[], |recall| memory.summary_request(&world.config.memory, recall));
        let seed = seeds.of(now, &turn.call());
        let request = plain_request(SUMMARY_INSTRUCTIONS, &question, seed, SUMMARY_TOKENS);
        Ok(world.minds.mind(turn.model).server.prepare(&request))
    };
    let answered = calls.ask(now, &wanted, &render)?;
    let mut summaries = Vec::new();
    for ((turn, call), answered) in due.iter_mut().zip(&wanted).zip(answered) {
        let verdict = match &answered.outcome {
            Ok(reply) if !reply.text.trim().is_empty() => {
                summaries.push(NewSummary { agent: turn.agent, text: reply.text.trim().to_owned() });
                Verdict::Accepted
            }
            Ok(_) => Verdict::of_fault(&ReplyFault::Empty),
            Err(failure) => Verdict::of_failure(failure),
        };
        // A summary that failed puts the next one off.
        if verdict != Verdict::Accepted {
            summaries.push(NewSummary { agent: turn.agent, text: String::new() });
        }
        turn.records.push(answered.record(call, CallPurpose::Summarize, verdict));
        turn.next_call += 1;
    }
    Ok(summaries)
}
