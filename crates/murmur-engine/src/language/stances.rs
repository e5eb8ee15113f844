//! Where texts that a model wrote stand: which topic they are about, and how they lean on it.

use murmur_agents::{Decision, StanceMethod};
use murmur_core::{Action, Draft, PostId, Stance, Step, TopicId};
use murmur_prompt::{ReplyFault, verdict};

use super::calls::Calls;
use super::requests::Call;
use super::requests::plain_request;
use super::turn::Turn;
use crate::facts::{CallPurpose, Verdict};
use crate::{EngineError, World};

/// A text of a model, and where to put what is found out about it.
struct Written<'a> {
    /// Place of the turn.
    turn: usize,
    draft: &'a mut Draft,
    /// The row that it answers.
    answers: Option<PostId>,
}

/// Gives the texts that models wrote their topics and stances.
///
/// # Errors
/// When a text cannot be embedded; see also [`Calls::ask`].
pub(crate) fn settle(
    world: &World,
    calls: &mut Calls,
    now: Step,
    turns: &mut [Turn],
    decisions: &mut [(usize, Decision)],
) -> Result<(), EngineError> {
    let mut written: Vec<Written<'_>> = Vec::new();
    for (turn, (_, decision)) in decisions.iter_mut().enumerate() {
        for action in decision.actions.iter_mut().take(turns[turn].own_actions) {
            let (draft, answers) = match action {
                Action::CreatePost(draft) => (draft, None),
                Action::QuotePost(row, draft) | Action::CreateComment(row, draft) => (draft, Some(*row)),
                _ => continue,
            };
            written.push(Written { turn, draft, answers });
        }
    }
    let texts: Vec<String> =
        written.iter().map(|written| world.public.render(&written.draft.text).into_owned()).collect();
    let vectors = world.embedding.embed_all(&texts)?;
    let posts = world.public.posts();
    for ((written, text), vector) in written.iter_mut().zip(&texts).zip(&vectors) {
        // What answers a text is about its topic, whatever words it is in.
        let answered = written.answers.and_then(|row| posts.topic(posts.root(row)));
        let Some(topic) = answered.or_else(|| world.topics.of_text(vector)) else { continue };
        written.draft.topic = Some(topic);
        written.draft.stance = world.stances[topic.index()].read(text, vector);
    }
    match world.config.stance.method {
        StanceMethod::Model => rate(world, calls, now, turns, &mut written, &texts),
        _ => Ok(()),
    }
}

const RATE_INSTRUCTIONS: &str =
    "You judge where a text stands on a topic. Answer with one word: FAVOR, AGAINST or NEUTRAL.";
const VERDICTS: [&str; 3] = ["FAVOR", "AGAINST", "NEUTRAL"];
/// The stance that a verdict in favour stands for; one against stands for as much below 0.
const RATED: f32 = 0.8;
/// Longest verdict, in tokens.
const VERDICT_TOKENS: u32 = 8;

/// Asks the writers' models where their texts stand. Where there is no verdict, what was read from the words stays.
fn rate(
    world: &World,
    calls: &mut Calls,
    now: Step,
    turns: &mut [Turn],
    written: &mut [Written<'_>],
    texts: &[String],
) -> Result<(), EngineError> {
    struct Rated<'a> {
        call: Call,
        turn: usize,
        question: String,
        draft: &'a mut Draft,
    }
    let mut rated: Vec<Rated<'_>> = Vec::new();
    for (written, text) in written.iter_mut().zip(texts) {
        let Some(TopicId(topic)) = written.draft.topic else { continue };
        let turn = &mut turns[written.turn];
        let call = turn.call();
        turn.next_call += 1;
        let topic = &world.config.topic[usize::from(topic)].name;
        let question = format!("Topic: {topic}\nText: \"{text}\"\nDoes the text favor {topic}?");
        rated.push(Rated { call, turn: written.turn, question, draft: written.draft });
    }
    let wanted: Vec<Call> = rated.iter().map(|rated| rated.call).collect();
    let seeds = calls.seeds();
    let render = |index: usize| {
        let Rated { call, question, .. } = &rated[index];
        let request = plain_request(RATE_INSTRUCTIONS, question, seeds.of(now, call), VERDICT_TOKENS);
        Ok(world.minds.mind(call.model).server.prepare(&request))
    };
    let answered = calls.ask(now, &wanted, &render)?;
    for (rated, answered) in rated.iter_mut().zip(answered) {
        let judged = match &answered.outcome {
            Err(failure) => Verdict::of_failure(failure),
            Ok(reply) => match verdict(&reply.text, &VERDICTS) {
                None => Verdict::of_fault(&ReplyFault::NoChoice),
                Some(verdict) => {
                    let value = match verdict {
                        "FAVOR" => RATED,
                        "AGAINST" => -RATED,
                        _ => 0.0,
                    };
                    rated.draft.stance = Stance::clamped(value);
                    Verdict::Accepted
                }
            },
        };
        let record = answered.record(&rated.call, CallPurpose::Rate, judged);
        turns[rated.turn].records.push(record);
    }
    Ok(())
}
