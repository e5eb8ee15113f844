//! Interviews: a question put to agents as they were at some step of a run, which stays as it is.

use std::time::Duration;

use murmur_core::{AgentId, Purpose, Step};
use murmur_prompt::survey::{Answer, Question};

use crate::config::{AgentsConfig, MOST_SURVEYS};
use crate::facts::{CallRecord, Verdict};
use crate::language::minds::{Draw, chosen};
use crate::language::survey::{Inquiry, ask};
use crate::{EngineError, Run};

/// Whom to ask what, and when.
#[derive(Clone, Debug)]
pub struct AskRequest {
    /// The step at whose beginning; `None`: after the last.
    pub at: Option<Step>,
    /// Who is asked.
    pub agents: AgentsConfig,
    /// What.
    pub question: Question,
    /// The topic from the opinion on which agents without a model answer.
    pub topic: Option<String>,
    /// How long to wait until the models' servers answer at all.
    pub wait: Option<Duration>,
}

/// What an agent answered.
#[derive(Clone, PartialEq, Debug)]
pub struct AskAnswer {
    /// Who.
    pub agent: AgentId,
    /// Its handle.
    pub user_name: String,
    /// The answer; or else why there is none, in a word.
    pub answer: Result<Answer, &'static str>,
}

impl Run {
    /// Puts a question to agents as they were at a step. The run does not change, and what is answered is not kept.
    ///
    /// # Errors
    /// As [`Run::at`]; also when the question or the choice of agents makes no sense, or a model cannot be called.
    pub fn ask(&self, request: &AskRequest) -> Result<Vec<AskAnswer>, EngineError> {
        if let Some(fault) = request.question.fault() {
            return Err(EngineError::Unfit(fault));
        }
        let mut simulation = self.at(request.at)?.simulation;
        let config = &simulation.world.config;
        let topic = match &request.topic {
            None => None,
            Some(name) => Some(config.topic_named(name).ok_or_else(|| {
                let names: Vec<&str> = config.topic.iter().map(|topic| topic.name.as_str()).collect();
                EngineError::Unfit(format!("--topic: expected one of {names:?}, found {name:?}"))
            })?),
        };
        let (population, follows) = (&simulation.world.population, &simulation.world.public.graph.follows);
        let draw = Draw { purpose: Purpose::Survey, number: 0, from: 0.0 };
        let agents = chosen(&request.agents, draw, "--agents", config, population, follows)?;
        simulation.calls.ask_live();
        if let Some(wait) = request.wait {
            simulation.wait_for_models(wait)?;
        }
        // No scheduled survey has this number, so that no reply is sampled alike.
        let number = MOST_SURVEYS as u16;
        let inquiry = Inquiry { question: &request.question, topic, agents: &agents, number };
        let now = simulation.next;
        simulation.calls.begin_step()?;
        let answers = ask(&simulation.world, &mut simulation.calls, now, inquiry)?;
        let why = |agent: AgentId| {
            let place = answers.records.binary_search_by_key(&agent, |record| record.agent);
            place.map_or("free text needs a model", |place| reason(&answers.records[place]))
        };
        let world = &simulation.world;
        let answer = |&agent: &AgentId| {
            let place = answers.answers.binary_search_by_key(&agent, |answer| answer.agent);
            let answer = place.ok().and_then(|place| answers.answers[place].answer.clone());
            let no_topic = place.is_err();
            AskAnswer {
                agent,
                user_name: world.population.user_name(agent).to_owned(),
                answer: answer.ok_or_else(|| {
                    if no_topic { "no model, and no --topic to answer from" } else { why(agent) }
                }),
            }
        };
        Ok(agents.iter().map(answer).collect())
    }
}

/// Why a call gave no answer.
fn reason(record: &CallRecord) -> &'static str {
    Verdict::names()[usize::from(record.verdict)]
}
