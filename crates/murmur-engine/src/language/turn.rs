//! A turn of an agent that a language model decides for: it is told what it sees, may look around, is asked once more
//! after a reply that made no sense, and then acts or falls back.

use murmur_agents::{Decision, Observation};
use murmur_core::{Action, AgentId, Step};
use murmur_llm::{CallFailure, ChatRequest, PreparedRequest};
use murmur_prompt::{ReplyFault, Sight, is_look};

use super::kept::Answered;
use super::minds::{Form, Mind};
use super::requests::{Call, Seeds, assistant, system, user};
use super::scene::SceneText;
use super::sight::{Shown, Viewer};
use crate::config::Fallback;
use crate::facts::{CallPurpose, CallRecord, Verdict};
use crate::{EngineError, World};

/// A turn on its way. What is not begun is small.
pub(crate) struct Turn {
    /// Place of the agent's observation.
    pub(crate) index: usize,
    pub(crate) agent: AgentId,
    pub(crate) model: usize,
    /// Number of the next call.
    pub(crate) next_call: u16,
    state: State,
    /// What it was shown at first, then what it found. Empty before the first reply.
    pages: Vec<Shown>,
    /// Rows of the feed that it was shown.
    read: usize,
    exchanges: Vec<Exchange>,
    pub(crate) actions: Vec<Action>,
    /// How many of the actions that it takes in the end are the model's: the first ones.
    pub(crate) own_actions: usize,
    pub(crate) records: Vec<CallRecord>,
}

/// What the model said when it looked around, and what it was answered.
struct Exchange {
    said: String,
    answer: String,
}

/// Where a turn stands.
enum State {
    /// The model is to act.
    Acting,
    /// It is to act, and what it said made no sense; or the request was refused as it was.
    Repairing(Option<Mistake>),
    /// It has acted.
    Done,
    /// It gave no usable reply.
    GivenUp,
}

struct Mistake {
    said: String,
    remark: String,
}

/// Characters of a mistaken reply that the model is shown again.
const MISTAKE_CHARS: usize = 400;

/// What turns share.
#[derive(Clone, Copy)]
pub(crate) struct Stage<'a> {
    pub(crate) world: &'a World,
    pub(crate) now: Step,
}

impl Turn {
    pub(crate) fn new(index: usize, agent: AgentId, model: usize) -> Self {
        Self {
            index,
            agent,
            model,
            next_call: 0,
            state: State::Acting,
            pages: Vec::new(),
            read: 0,
            exchanges: Vec::new(),
            actions: Vec::new(),
            own_actions: 0,
            records: Vec::new(),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Acting | State::Repairing(_))
    }

    pub(crate) fn call(&self) -> Call {
        Call { agent: self.agent, number: self.next_call, model: self.model }
    }

    fn purpose(&self) -> CallPurpose {
        match (&self.state, self.exchanges.is_empty()) {
            (State::Repairing(_), _) => CallPurpose::Repair,
            (_, false) => CallPurpose::ActAfterLook,
            (_, true) => CallPurpose::Act,
        }
    }

    fn form<'a>(&self, mind: &'a Mind) -> &'a Form {
        match self.state {
            State::Repairing(_) => mind.second(),
            _ => &mind.first,
        }
    }

    /// What the agent is shown first.
    fn first_page(&self, stage: Stage<'_>, observation: &Observation<'_>) -> Shown {
        stage.viewer(self.agent).first_page(observation, stage.world.minds.uses_groups())
    }

    /// The next request.
    pub(crate) fn request(
        &self,
        stage: Stage<'_>,
        observation: &Observation<'_>,
        seeds: Seeds,
    ) -> Result<PreparedRequest, EngineError> {
        let world = stage.world;
        let mind = world.minds.mind(self.model);
        let form = self.form(mind);
        let prompter = &form.prompter;
        let sight = self.sight(stage, observation);
        let text = SceneText::new(world, stage.now, self.agent, observation);
        let turn = prompter.turn(&text.scene(&sight))?;
        let exact = form.exact_format(&sight);
        let mut messages = vec![system(prompter.system()), user(&turn)];
        for exchange in &self.exchanges {
            messages.extend([assistant(&exchange.said), user(&exchange.answer)]);
        }
        if let State::Repairing(Some(mistake)) = &self.state {
            messages.extend([assistant(&mistake.said), user(&mistake.remark)]);
        }
        let request = ChatRequest {
            messages,
            tools: prompter.tools(),
            tool_choice: prompter.tool_choice(),
            response_format: exact.as_deref().or(form.response_format.as_deref()),
            seed: seeds.of(stage.now, &self.call()),
            max_tokens: None,
        };
        Ok(mind.server.prepare(&request))
    }

    /// Takes in what the next call came to.
    ///
    /// # Errors
    /// When a template fails.
    pub(crate) fn take(
        &mut self,
        stage: Stage<'_>,
        observation: &Observation<'_>,
        answered: &Answered,
    ) -> Result<(), EngineError> {
        let mind = stage.world.minds.mind(self.model);
        let (call, purpose) = (self.call(), self.purpose());
        if self.pages.is_empty() {
            let first = self.first_page(stage, observation);
            self.read = first.rows.len();
            self.pages.push(first);
        }
        self.next_call += 1;
        let verdict = match &answered.outcome {
            Err(failure) => {
                // A server that does not know the form of the request may know another.
                let other_form = matches!(failure, CallFailure::Refused { .. }) && mind.has_other_form();
                self.state = match (&self.state, other_form) {
                    (State::Acting, true) => State::Repairing(None),
                    _ => State::GivenUp,
                };
                Verdict::of_failure(failure)
            }
            Ok(reply) => {
                let sight = self.sight(stage, observation);
                match self
                    .form(mind)
                    .prompter
                    .parse(reply, &sight)
                    .and_then(|actions| self.within(stage, actions))
                {
                    Ok(actions) => {
                        self.act(stage, observation, said(reply), actions, sight)?;
                        Verdict::Accepted
                    }
                    Err(fault) => {
                        self.state = match self.state {
                            State::Acting => State::Repairing(Some(Mistake {
                                said: said(reply).chars().take(MISTAKE_CHARS).collect(),
                                remark: mind.second().prompter.repair(&fault)?,
                            })),
                            _ => State::GivenUp,
                        };
                        Verdict::of_fault(&fault)
                    }
                }
            }
        };
        self.records.push(answered.record(&call, purpose, verdict));
        Ok(())
    }

    /// The actions of a reply, if the turn has no more than it may, looking around aside.
    fn within(&self, stage: Stage<'_>, actions: Vec<Action>) -> Result<Vec<Action>, ReplyFault> {
        let acts = self.actions.iter().chain(&actions).filter(|action| !is_look(action.kind()));
        let (found, most) = (acts.count(), stage.world.config.prompt.most_actions);
        if self.exchanges.is_empty() || found <= most {
            Ok(actions)
        } else {
            Err(ReplyFault::TooManyActions { found, most })
        }
    }

    /// All that it has been shown; before the first reply, what it is to be shown first.
    fn sight(&self, stage: Stage<'_>, observation: &Observation<'_>) -> Sight {
        let viewer = stage.viewer(self.agent);
        let Some((first, found)) = self.pages.split_first() else {
            return viewer.sight(&self.first_page(stage, observation));
        };
        Sight { found: found.iter().map(|page| viewer.sight(page)).collect(), ..viewer.sight(first) }
    }

    /// Looks around if that is what the reply asks for and it may; else the turn is done.
    fn act(
        &mut self,
        stage: Stage<'_>,
        observation: &Observation<'_>,
        said: String,
        actions: Vec<Action>,
        mut sight: Sight,
    ) -> Result<(), EngineError> {
        let may_look = self.exchanges.len() < stage.world.config.prompt.look_rounds;
        let looks = may_look && actions.iter().any(|action| is_look(action.kind()));
        let prompter = &self.form(stage.world.minds.mind(self.model)).prompter;
        let viewer = stage.viewer(self.agent);
        let mut answers = Vec::new();
        for action in actions.iter().filter(|action| looks && is_look(action.kind())) {
            let found = viewer.look(action, observation, self.read);
            if matches!(action, Action::Refresh) {
                self.read += found.rows.len();
            }
            answers.push(prompter.looked(action, &mut sight, viewer.sight(&found))?);
            self.pages.push(found);
        }
        self.actions.extend(actions);
        self.state = State::Done;
        if looks {
            self.exchanges.push(Exchange { said, answer: answers.join("\n") });
            self.state = State::Acting;
        }
        Ok(())
    }

    /// What the agent does. Where its model gave no usable reply after it had looked around, it has looked all the same.
    pub(crate) fn decision(&mut self, stage: Stage<'_>, observation: Observation<'_>) -> Decision {
        let behaves =
            matches!(self.state, State::GivenUp) && stage.world.config.calls.fallback == Fallback::Behaviour;
        let mut decision = match behaves {
            true => stage.world.choose(stage.now, observation),
            false => Decision::none(self.agent),
        };
        if behaves && self.exchanges.is_empty() {
            return decision;
        }
        decision.read = decision.read.max(self.read);
        let feed = &observation.feed[..decision.read];
        for row in self.pages.iter().skip(1).flat_map(|page| &page.rows) {
            if !decision.looked.contains(row) && !feed.iter().any(|seen| seen.post == *row) {
                decision.looked.push(*row);
            }
        }
        self.own_actions = self.actions.len();
        decision.actions.splice(..0, std::mem::take(&mut self.actions));
        decision
    }
}

impl<'a> Stage<'a> {
    fn viewer(self, agent: AgentId) -> Viewer<'a> {
        Viewer { world: self.world, now: self.now, agent }
    }
}

/// What a reply said, as text: of tool calls their names and arguments.
fn said(reply: &murmur_llm::ChatReply) -> String {
    let mut said = reply.text.clone();
    for call in &reply.tool_calls {
        said += &format!("{} {}\n", call.name, call.arguments);
    }
    said
}
