//! `murmur ask` and `murmur batch`: agents of a run are interviewed, and results of offline batches taken in.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use murmur_core::Step;
use murmur_engine::config::{AgentsConfig, CountOfAgents, ListOfAgents};
use murmur_engine::{AskAnswer, AskRequest, Run};
use murmur_prompt::survey::{Answer, Question, QuestionKind};
use serde_json::json;

use crate::failure::{Failure, print, tell};

#[derive(Args)]
pub(crate) struct AskArgs {
    /// The run's folder; it is left as it is.
    run: PathBuf,
    /// The question.
    #[arg(long, value_name = "TEXT")]
    question: String,
    /// Ask the agents as they were when this step began [default: after the last].
    #[arg(long, value_name = "STEP")]
    at: Option<u32>,
    /// Whom to ask: numbers such as 0,5,17, `first:20` or `all`.
    #[arg(long, value_name = "AGENTS", default_value = "all", value_parser = agents)]
    agents: AgentsConfig,
    /// Have the answer chosen from these, separated by |.
    #[arg(long, value_name = "A|B|…", conflicts_with = "scale")]
    choices: Option<String>,
    /// Have the answer be a whole number of this scale, such as 1..7.
    #[arg(long, value_name = "FROM..TO", value_parser = scale, allow_hyphen_values = true)]
    scale: Option<Scale>,
    /// The topic from the opinion on which agents without a model answer.
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// Wait until all model servers answer, at most so many seconds [default: 600].
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "600")]
    wait_for_models: Option<u64>,
}

/// A scale, as given.
#[derive(Clone, Copy)]
struct Scale {
    from: i32,
    to: i32,
}

fn scale(text: &str) -> Result<Scale, String> {
    let parse = || {
        let (from, to) = text.split_once("..")?;
        Some(Scale { from: from.trim().parse().ok()?, to: to.trim().parse().ok()? })
    };
    parse().ok_or_else(|| "expected two whole numbers, for instance 1..7".to_owned())
}

fn agents(text: &str) -> Result<AgentsConfig, String> {
    let expected = || "expected numbers such as 0,5,17, `first:20` or `all`".to_owned();
    if text == "all" {
        return Ok(AgentsConfig::All);
    }
    if let Some(count) = text.strip_prefix("first:") {
        return count
            .parse()
            .map(|count| AgentsConfig::First(CountOfAgents { count }))
            .map_err(|_| expected());
    }
    let numbers: Result<Vec<u32>, _> = text.split(',').map(|number| number.trim().parse()).collect();
    numbers.map(|agents| AgentsConfig::List(ListOfAgents { agents })).map_err(|_| expected())
}

/// Prints a JSON object for each agent.
pub(crate) fn ask(args: &AskArgs) -> Result<(), Failure> {
    let kind = match (&args.choices, args.scale) {
        (Some(choices), _) => QuestionKind::Choice {
            choices: choices.split('|').map(|choice| choice.trim().to_owned()).collect(),
        },
        (None, Some(Scale { from, to })) => QuestionKind::Scale { from, to },
        (None, None) => QuestionKind::Free,
    };
    let request = AskRequest {
        at: args.at.map(Step),
        agents: args.agents.clone(),
        question: Question { text: args.question.clone(), kind: kind.clone() },
        topic: args.topic.clone(),
        wait: args.wait_for_models.map(Duration::from_secs),
    };
    let answers = Run::open(&args.run)?.ask(&request)?;
    for answer in &answers {
        print(&format!("{}\n", line(answer, &kind)))?;
    }
    let without = answers.iter().filter(|answer| answer.answer.is_err()).count();
    if without > 0 {
        tell(&format!("{without} of {} gave no answer", answers.len()));
    }
    match without == answers.len() && without > 0 {
        true => Err(Failure::input("nobody answered: the lines above say why")),
        false => Ok(()),
    }
}

fn line(AskAnswer { agent, user_name, answer }: &AskAnswer, kind: &QuestionKind) -> serde_json::Value {
    match (answer, kind) {
        (Ok(Answer::Choice(place)), QuestionKind::Choice { choices }) => {
            json!({ "agent": agent.0, "user_name": user_name, "answer": choices[*place], "value": place + 1 })
        }
        (Ok(Answer::Text(text)), _) => json!({ "agent": agent.0, "user_name": user_name, "answer": text }),
        (Ok(Answer::Scale(value)), _) => json!({ "agent": agent.0, "user_name": user_name, "value": value }),
        (Ok(Answer::Choice(place)), _) => {
            json!({ "agent": agent.0, "user_name": user_name, "value": place + 1 })
        }
        (Err(reason), _) => json!({ "agent": agent.0, "user_name": user_name, "no_answer": reason }),
    }
}

#[derive(Args)]
pub(crate) struct BatchArgs {
    /// The run's folder.
    run: PathBuf,
    /// Files of results, in the form of OpenAI's Batch API or of `vllm run-batch`.
    #[arg(required = true)]
    results: Vec<PathBuf>,
}

pub(crate) fn batch(args: &BatchArgs) -> Result<(), Failure> {
    let taken = Run::open(&args.run)?.take_batch(&args.results)?;
    let rest: String = [
        (taken.refused, "refused for good"),
        (taken.to_ask_again, "failed in passing, to be written out again"),
        (taken.known, "answered before, left as they were"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!(", {count} {what}"))
    .collect();
    print(&format!(
        "took in {} replies{rest}; go on with\n  murmur resume {}\n",
        taken.replies,
        args.run.display()
    ))
}
