//! Surveys: a question put to agents as they are when a step begins. Nothing of it stays with them.

use murmur_core::{AgentId, Stance, Step};
use murmur_llm::{ChatRequest, PreparedRequest};
use murmur_prompt::survey::{Answer, Question, QuestionKind, parse_answer, survey_messages};

use super::calls::Calls;
use super::requests::{Call, Seeds};
use super::scene::SceneText;
use crate::facts::{AnswerRecord, CallPurpose, CallRecord, Verdict};
use crate::{EngineError, World};

/// Calls of surveys are numbered from here on, so that turns leave them room.
const FIRST_SURVEY_CALL: u16 = 1000;

/// A question, to whom, and under which number.
#[derive(Clone, Copy)]
pub(crate) struct Inquiry<'a> {
    pub(crate) question: &'a Question,
    /// The topic from the opinion on which agents without a model answer.
    pub(crate) topic: Option<usize>,
    pub(crate) agents: &'a [AgentId],
    pub(crate) number: u16,
}

/// What a survey came to.
#[derive(Default)]
pub(crate) struct Answers {
    /// By agent, ascending.
    pub(crate) answers: Vec<AnswerRecord>,
    pub(crate) records: Vec<CallRecord>,
}

/// Asks the agents.
///
/// # Errors
/// See [`Calls::ask`].
pub(crate) fn ask(
    world: &World,
    calls: &mut Calls,
    now: Step,
    inquiry: Inquiry<'_>,
) -> Result<Answers, EngineError> {
    let call = |&agent: &AgentId| world.minds.of(agent).map(|model| call_of(agent, model, inquiry.number));
    let wanted: Vec<Call> = inquiry.agents.iter().filter_map(call).collect();
    let seeds = calls.seeds();
    let render = |index: usize| Ok(request(world, seeds, now, &wanted[index], inquiry.question));
    let answered = calls.ask(now, &wanted, &render)?;
    let mut all = Answers::default();
    let mut replies = wanted.iter().zip(answered).peekable();
    for &agent in inquiry.agents {
        let answer = match replies.next_if(|(call, _)| call.agent == agent) {
            Some((call, answered)) => {
                let format = world.config.model[call.model].format;
                let (answer, verdict) = match &answered.outcome {
                    Err(failure) => (None, Verdict::of_failure(failure)),
                    Ok(reply) => match parse_answer(reply, inquiry.question, format) {
                        Ok(answer) => (Some(answer), Verdict::Accepted),
                        Err(fault) => (None, Verdict::of_fault(&fault)),
                    },
                };
                all.records.push(answered.record(call, CallPurpose::Survey, verdict));
                answer
            }
            None => match inquiry.topic {
                Some(topic) => of_opinion(&inquiry.question.kind, world.beliefs.of(agent)[topic]),
                None => continue,
            },
        };
        all.answers.push(AnswerRecord { survey: inquiry.number, agent, answer });
    }
    Ok(all)
}

/// What an agent with a model is asked.
pub(crate) fn request(
    world: &World,
    seeds: Seeds,
    now: Step,
    call: &Call,
    question: &Question,
) -> PreparedRequest {
    let about = vec![0.0; world.embedding.dimensions()];
    let text = SceneText::of_agent(world, now, call.agent, &about);
    let model = &world.config.model[call.model];
    let response_format = question.response_format(model.format).map(|format| model.schema_form.of(&format));
    let request = ChatRequest {
        messages: survey_messages(&text.asked(world), question, model.format),
        response_format: response_format.as_deref(),
        seed: seeds.of(now, call),
        ..ChatRequest::default()
    };
    world.minds.mind(call.model).server.prepare(&request)
}

/// The call that asks an agent with a model the survey with this number.
pub(crate) fn call_of(agent: AgentId, model: usize, number: u16) -> Call {
    Call { agent, number: FIRST_SURVEY_CALL + number, model }
}

/// The answer that an opinion stands for: of choices the first is -1 and the last is 1, of a scale likewise.
fn of_opinion(kind: &QuestionKind, opinion: Stance) -> Option<Answer> {
    let share = (f64::from(opinion.get()) + 1.0) / 2.0;
    match kind {
        QuestionKind::Free => None,
        QuestionKind::Choice { choices } => {
            let count = choices.len();
            Some(Answer::Choice(((share * count as f64) as usize).min(count - 1)))
        }
        &QuestionKind::Scale { from, to } => {
            let value = f64::from(from) + share * (f64::from(to) - f64::from(from));
            Some(Answer::Scale(libm::round(value) as i32))
        }
    }
}

/// Asks what the configuration schedules for `now`.
///
/// # Errors
/// See [`Calls::ask`].
pub(crate) fn ask_scheduled(world: &World, calls: &mut Calls, now: Step) -> Result<Answers, EngineError> {
    let mut all = Answers::default();
    for (number, (survey, agents)) in (0..).zip(world.config.survey.iter().zip(&world.surveyed)) {
        if !survey.steps.contains(&now.0) {
            continue;
        }
        let question = survey.question();
        let topic = survey.topic.as_deref().and_then(|topic| world.config.topic_named(topic));
        let inquiry = Inquiry { question: &question, topic, agents, number };
        let Answers { answers, records } = ask(world, calls, now, inquiry)?;
        all.answers.extend(answers);
        all.records.extend(records);
    }
    Ok(all)
}
