//! Which agents a language model decides for, and how each model is spoken to.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use murmur_agents::Population;
use murmur_core::{ActionKind, AgentId, Purpose, Step, Stream};
use murmur_graph::FollowGraph;
use murmur_llm::ModelConfig;
use murmur_prompt::{PromptConfig, Prompter, ReplyFormat, Sight};
use serde_json::value::RawValue;

use crate::EngineError;
use crate::config::{AgentsConfig, Config, ModelSection, SchemaForm};

/// A form in which a model is asked.
pub(crate) struct Form {
    pub(crate) prompter: Prompter,
    /// What is asked of the reply, as the model's servers take it.
    pub(crate) response_format: Option<Box<RawValue>>,
    schema: SchemaForm,
}

impl Form {
    fn new(prompt: &PromptConfig, format: ReplyFormat, schema: SchemaForm) -> Result<Self, EngineError> {
        let prompter = Prompter::new(prompt, format)?;
        let response_format = prompter.response_format().map(|format| schema.of(format));
        Ok(Self { prompter, response_format, schema })
    }

    /// What is asked of the reply of an agent that is shown `sight`, where that differs from others'.
    pub(crate) fn exact_format(&self, sight: &Sight) -> Option<Box<RawValue>> {
        self.prompter.exact_format(sight).map(|format| self.schema.of(&format))
    }
}

/// A model, and the forms in which it is asked.
pub(crate) struct Mind {
    pub(crate) server: Arc<ModelConfig>,
    pub(crate) first: Form,
    /// The form after a mistake, if it is another.
    other: Option<Form>,
}

impl fmt::Debug for Mind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mind").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Mind {
    /// The form after a mistake.
    pub(crate) fn second(&self) -> &Form {
        self.other.as_ref().unwrap_or(&self.first)
    }

    /// Whether that is another than the first.
    pub(crate) fn has_other_form(&self) -> bool {
        self.other.is_some()
    }
}

/// The models of a run, and whose turns they decide.
#[derive(Debug, Default)]
pub(crate) struct Minds {
    minds: Vec<Mind>,
    /// The place of each agent's model; [`NONE`] for those without. Empty without models.
    of_agent: Vec<u8>,
    uses_groups: bool,
}

/// Actions for which an agent has to know groups.
const GROUP_ACTIONS: [ActionKind; 4] =
    [ActionKind::JoinGroup, ActionKind::LeaveGroup, ActionKind::SendToGroup, ActionKind::ListenFromGroup];

const NONE: u8 = u8::MAX;

impl Minds {
    /// The models that `config` describes, and who has which.
    ///
    /// # Errors
    /// When a choice of agents does not fit the population, or a template cannot be used.
    pub(crate) fn new(
        config: &Config,
        population: &Population,
        follows: &FollowGraph,
    ) -> Result<Self, EngineError> {
        if config.model.is_empty() {
            return Ok(Self::default());
        }
        let mut of_agent = vec![NONE; population.len() as usize];
        let mut share = 0.0;
        for (place, model) in (0..).zip(&config.model) {
            let key = format!("model {} ({}): agents", place + 1, model.server.name);
            let chosen = chosen(
                &model.agents,
                Draw { purpose: Purpose::Mind, number: 0, from: share },
                &key,
                config,
                population,
                follows,
            )?;
            if let AgentsConfig::Share(part) = &model.agents {
                share += part.share.get();
            }
            for agent in chosen {
                let mind = &mut of_agent[agent.index()];
                if *mind == NONE {
                    *mind = place;
                }
            }
        }
        Self { of_agent, ..Self::default() }.under(config)
    }

    /// The same agents, under the settings of `config`, which has as many models.
    ///
    /// # Errors
    /// When a template cannot be used.
    pub(crate) fn under(&self, config: &Config) -> Result<Self, EngineError> {
        let mind = |model: &ModelSection| {
            let form = |format| Form::new(&config.prompt, format, model.schema_form);
            let other = model.fallback_format.filter(|&format| format != model.format);
            let (first, other) = (form(model.format)?, other.map(form).transpose()?);
            Ok(Mind { server: Arc::new(model.server.clone()), first, other })
        };
        let minds = config.model.iter().map(mind).collect::<Result<Vec<Mind>, EngineError>>()?;
        let uses =
            |mind: &Mind| mind.first.prompter.actions().iter().any(|action| GROUP_ACTIONS.contains(action));
        Ok(Self { uses_groups: minds.iter().any(uses), minds, of_agent: self.of_agent.clone() })
    }

    /// Whether there are models.
    pub(crate) fn is_empty(&self) -> bool {
        self.minds.is_empty()
    }

    /// The place of the model that decides for `agent`.
    pub(crate) fn of(&self, agent: AgentId) -> Option<usize> {
        self.of_agent.get(agent.index()).filter(|&&mind| mind != NONE).map(|&mind| mind.into())
    }

    /// The model at a place.
    pub(crate) fn mind(&self, place: usize) -> &Mind {
        &self.minds[place]
    }

    /// What calls need of the models.
    pub(crate) fn servers(&self) -> Vec<Arc<ModelConfig>> {
        self.minds.iter().map(|mind| mind.server.clone()).collect()
    }

    /// Whether agents may use groups, and are to be shown them.
    pub(crate) fn uses_groups(&self) -> bool {
        self.uses_groups
    }
}

/// How a share of agents is drawn.
#[derive(Clone, Copy)]
pub(crate) struct Draw {
    pub(crate) purpose: Purpose,
    /// Which one of that purpose.
    pub(crate) number: u32,
    /// Where the share begins: shares of one draw that follow each other do not overlap.
    pub(crate) from: f64,
}

/// The agents that `choice`, under `key`, stands for, ascending.
pub(crate) fn chosen(
    choice: &AgentsConfig,
    draw: Draw,
    key: &str,
    config: &Config,
    population: &Population,
    follows: &FollowGraph,
) -> Result<Vec<AgentId>, EngineError> {
    let all = population.agents();
    let Draw { purpose, number, from } = draw;
    let drawn = |agent: AgentId| Stream::first_uniform(config.run.seed, purpose, Step(number), agent);
    Ok(match choice {
        AgentsConfig::All => all.collect(),
        AgentsConfig::Share(part) => {
            let range = from..from + part.share.get();
            all.filter(|&agent| range.contains(&drawn(agent))).collect()
        }
        AgentsConfig::First(first) => all.take(first.count as usize).collect(),
        AgentsConfig::MostFollowed(most) => {
            let mut agents: Vec<AgentId> = all.collect();
            agents.sort_by_cached_key(|&agent| (Reverse(follows.followers(agent).len()), agent));
            agents.truncate(most.count as usize);
            agents.sort_unstable();
            agents
        }
        AgentsConfig::Label(label) => {
            let chosen: Vec<AgentId> =
                all.filter(|&agent| population.label(agent) == Some(&label.value)).collect();
            if chosen.is_empty() {
                return Err(EngineError::Unfit(format!(
                    "{key}: value: no agent has {:?} in the column that metrics.label names",
                    label.value
                )));
            }
            chosen
        }
        AgentsConfig::List(list) => {
            let mut agents: Vec<AgentId> = list.agents.iter().copied().map(AgentId).collect();
            agents.sort_unstable();
            agents.dedup();
            if let Some(stranger) = agents.iter().find(|agent| agent.0 >= population.len()) {
                return Err(EngineError::Unfit(format!(
                    "{key}: agents: expected numbers from 0 to {}, found {stranger}",
                    population.len() - 1
                )));
            }
            agents
        }
    })
}
