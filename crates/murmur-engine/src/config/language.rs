//! The part of the configuration that is about language models: which there are, whom they decide for, how calls are made
//! and what is asked in surveys.

use std::path::PathBuf;

use murmur_core::Probability;
use murmur_llm::{Budget, ModelConfig};
use murmur_prompt::ReplyFormat;
use murmur_prompt::survey::{Question, QuestionKind};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::{NoMoreKeys, section};

/// The most models that a run can have.
pub(crate) const MOST_MODELS: usize = u8::MAX as usize;

/// The most surveys that a run can have.
pub(crate) const MOST_SURVEYS: usize = 1000;

/// A language model, and the agents that it decides for.
#[derive(Clone, PartialEq, Debug, Serialize, schemars::JsonSchema)]
pub struct ModelSection {
    /// Where it is served and what it costs.
    #[serde(flatten)]
    pub server: ModelConfig,
    /// The agents that it decides for, of those that no model before it in the list has. Default: all.
    #[serde(default)]
    pub agents: AgentsConfig,
    /// The form in which it answers.
    #[serde(default = "default_format")]
    pub format: ReplyFormat,
    /// The form in which it is asked again after a reply that made no sense, or where the server refuses a request in
    /// `format`. Default: the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_format: Option<ReplyFormat>,
    /// How its servers take a schema.
    #[serde(default)]
    pub schema_form: SchemaForm,
}

/// How servers take the schema of a reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SchemaForm {
    /// As OpenAI has it: vLLM, SGLang, Ollama, llama.cpp's own server and hosted ones.
    #[default]
    JsonSchema,
    /// As a JSON object with a schema: the server of llama-cpp-python.
    JsonObject,
}

impl SchemaForm {
    /// A `response_format` of OpenAI's, in this form.
    pub(crate) fn of(self, format: &RawValue) -> Box<RawValue> {
        let json = || {
            let mut value: serde_json::Value = serde_json::from_str(format.get()).ok()?;
            let schema = value.get_mut("json_schema")?.get_mut("schema")?.take();
            to_raw_value(&json!({ "type": "json_object", "schema": schema })).ok()
        };
        match self {
            Self::JsonSchema => format.to_owned(),
            Self::JsonObject => json().unwrap_or_else(|| format.to_owned()),
        }
    }
}

/// The keys of a `[[model]]` that are about the agents.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentKeys {
    #[serde(default)]
    agents: AgentsConfig,
    #[serde(default = "default_format")]
    format: ReplyFormat,
    #[serde(default)]
    fallback_format: Option<ReplyFormat>,
    #[serde(default)]
    schema_form: SchemaForm,
}

fn default_format() -> ReplyFormat {
    ReplyFormat::Schema
}

impl<'de> Deserialize<'de> for ModelSection {
    /// Serde refuses unknown keys only of tables that are not flattened into others, so the keys are parted first.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut server = toml::Table::deserialize(deserializer)?;
        let own = ["agents", "format", "fallback_format", "schema_form"];
        let keys: toml::Table = own.into_iter().filter_map(|key| server.remove_entry(key)).collect();
        let AgentKeys { agents, format, fallback_format, schema_form } =
            section::with_key(&keys).map_err(D::Error::custom)?;
        let server = section::with_key(&server).map_err(D::Error::custom)?;
        Ok(Self { server, agents, format, fallback_format, schema_form })
    }
}

/// A choice of agents. `kind` says how they are chosen.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum AgentsConfig {
    /// All of them.
    #[default]
    All,
    /// A share, drawn once. The shares of several models are of all agents, and no two overlap.
    Share(ShareOfAgents),
    /// The first of the population.
    First(CountOfAgents),
    /// Those with the most followers at the start; of equals the first.
    MostFollowed(CountOfAgents),
    /// Those whose column `metrics.label` has this value.
    Label(LabelOfAgents),
    /// Those listed.
    List(ListOfAgents),
}

/// A share of the agents.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareOfAgents {
    /// The share, 0 to 1.
    pub share: Probability,
}

/// A number of agents.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CountOfAgents {
    /// How many.
    pub count: u32,
}

/// Agents of a label.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelOfAgents {
    /// The value of the label's column.
    pub value: String,
}

/// Agents by number.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListOfAgents {
    /// Their numbers, from 0.
    pub agents: Vec<u32>,
}

/// How calls to language models are made.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CallsConfig {
    /// Where replies come from.
    pub mode: CallMode,
    /// Folders of other runs whose replies serve too, with the modes `cache` and `replay`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<PathBuf>,
    /// What the calls of a step may cost. When it is spent the run stops after the step.
    pub step_budget: Budget,
    /// What the calls of the run may cost. When it is spent the run stops after the step.
    pub run_budget: Budget,
    /// Seconds after which what is left of a step's calls has failed. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_deadline_seconds: Option<f64>,
    /// What an agent does whose model gave no usable reply.
    pub fallback: Fallback,
}

/// Where replies come from. What a run has in its own ledger is never asked again, whatever the mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CallMode {
    /// From the servers.
    #[default]
    Live,
    /// From the ledgers of the runs in `from` where they hold the same request, else from the servers.
    Cache,
    /// From the ledgers of the runs in `from` alone. A request that they do not hold is an error.
    Replay,
    /// From files: the requests are written in OpenAI's batch form and the run stops; `murmur batch` takes the results in.
    Batch,
}

/// What an agent does whose model gave no usable reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fallback {
    /// What the behavioural policy chooses.
    #[default]
    Behaviour,
    /// It reads and does nothing.
    Nothing,
}

/// A question put to agents at certain steps. The run does not notice it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SurveyConfig {
    /// What tables call it. Must differ from the others.
    pub name: String,
    /// The steps before whose actions it is asked.
    pub steps: Vec<u32>,
    /// Who is asked. Default: all.
    #[serde(default, deserialize_with = "section::named")]
    pub agents: AgentsConfig,
    /// The words of the question.
    pub question: String,
    /// The form of the answer. Default: free text.
    #[serde(default, deserialize_with = "section::named")]
    pub answer: AnswerForm,
    /// The topic it is about, from the opinion on which an agent without a model answers: of choices the first stands for
    /// -1 and the last for 1, of a scale likewise. Default: agents without a model are not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
}

/// The form of an answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum AnswerForm {
    /// Free words.
    Free(NoMoreKeys),
    /// One of several choices.
    Choice(ChoiceForm),
    /// A whole number.
    Scale(ScaleForm),
}

impl Default for AnswerForm {
    fn default() -> Self {
        Self::Free(NoMoreKeys {})
    }
}

/// One of several choices.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChoiceForm {
    /// The choices, at least two, no two alike.
    pub choices: Vec<String>,
}

/// A whole number.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScaleForm {
    /// The least.
    pub from: i32,
    /// The greatest.
    pub to: i32,
}

impl SurveyConfig {
    /// What is asked, and in which form it is to be answered.
    pub fn question(&self) -> Question {
        let kind = match &self.answer {
            AnswerForm::Free(_) => QuestionKind::Free,
            AnswerForm::Choice(form) => QuestionKind::Choice { choices: form.choices.clone() },
            AnswerForm::Scale(form) => QuestionKind::Scale { from: form.from, to: form.to },
        };
        Question { text: self.question.clone(), kind }
    }
}
