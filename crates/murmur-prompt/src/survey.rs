//! Questions to agents, and their answers.

use std::borrow::Cow;

use murmur_llm::{ChatReply, Message};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use crate::fault::ReplyFault;
use crate::flat::{flat, without_borders};
use crate::reading::{ended, json, said};
use crate::tokens::clip;
use crate::verdict::words;
use crate::{Opinion, ReplyFormat};

/// A question.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// What kind of answer is wanted.
    #[serde(default)]
    pub kind: QuestionKind,
}

/// What kind of answer a question wants.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum QuestionKind {
    /// Free words.
    #[default]
    Free,
    /// One of these.
    Choice {
        /// The choices, at least two, no two alike.
        choices: Vec<String>,
    },
    /// A whole number.
    Scale {
        /// The least.
        from: i32,
        /// The greatest.
        to: i32,
    },
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Free words.
    Text(String),
    /// The place of a choice in the question's list, from 0.
    Choice(usize),
    /// A number of the scale.
    Scale(i32),
}

/// Who is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Displayed name.
    pub name: &'a str,
    /// Who it is: what it says of itself, and what else is known.
    pub persona: &'a str,
    /// Tokens of the persona, at most.
    pub persona_tokens: u32,
    /// What it thinks of the topics; may be empty.
    pub opinions: &'a [Opinion<'a>],
    /// What it remembers, within its budget; may be empty.
    pub memory: &'a str,
}

/// The key of an answer in JSON.
const ANSWER: &str = "answer";
/// Characters of an answer in free words that are kept.
const MOST_ANSWER_CHARS: usize = 10_000;

impl Question {
    /// What is wrong with it, if anything is: the key, and what would be right.
    pub fn fault(&self) -> Option<String> {
        if self.text.trim().is_empty() {
            return Some("question.text: expected a question, found nothing".to_owned());
        }
        match &self.kind {
            QuestionKind::Free => None,
            QuestionKind::Choice { choices } if choices.len() < 2 => {
                Some("question.kind.choices: expected at least two".to_owned())
            }
            QuestionKind::Choice { choices } => {
                let said: Vec<_> = choices.iter().map(|choice| words(choice)).collect();
                let unclear = (0..said.len()).find(|&i| said[i].is_empty() || said[..i].contains(&said[i]));
                unclear.map(|i| format!("question.kind.choices: {:?} has no word of its own", choices[i]))
            }
            QuestionKind::Scale { from, to } => {
                (from >= to).then(|| format!("question.kind: expected from below to, found {from} and {to}"))
            }
        }
    }

    /// The form of the answer: in the Schema and Tools formats of what is not asked for in free words.
    pub fn response_format(&self, format: ReplyFormat) -> Option<Box<RawValue>> {
        if format == ReplyFormat::Lines {
            return None;
        }
        let answer = match &self.kind {
            QuestionKind::Free => return None,
            QuestionKind::Choice { choices } => json!({ "type": "string", "enum": choices }),
            QuestionKind::Scale { from, to } => {
                json!({ "type": "integer", "minimum": from, "maximum": to })
            }
        };
        let schema = json!({ "type": "object", "properties": { ANSWER: answer }, "required": [ANSWER],
            "additionalProperties": false });
        let format = json!({ "type": "json_schema",
            "json_schema": { "name": "answer", "strict": true, "schema": schema } });
        Some(RawValue::from_string(format.to_string()).expect("a JSON value is valid JSON"))
    }

    /// How it is to be answered, in words.
    fn manner(&self, format: ReplyFormat) -> String {
        let is_json = format != ReplyFormat::Lines;
        match &self.kind {
            QuestionKind::Free => "Answer in a few sentences.".to_owned(),
            QuestionKind::Choice { choices } => {
                let choices = choices.join(" | ");
                if is_json {
                    format!("Answer in JSON: {{\"{ANSWER}\": one of: {choices}}}")
                } else {
                    format!("Answer with one of these and nothing else: {choices}")
                }
            }
            QuestionKind::Scale { from, to } => {
                if is_json {
                    format!("Answer in JSON: {{\"{ANSWER}\": a whole number from {from} to {to}}}")
                } else {
                    format!("Answer with a whole number from {from} to {to} and nothing else.")
                }
            }
        }
    }
}

/// The messages that ask an agent a question. The first is the same for all agents.
pub fn survey_messages(asked: &Asked<'_>, question: &Question, format: ReplyFormat) -> Vec<Message<'static>> {
    let system = format!(
        "You are a person on social media, interviewed. Answer as this person would, honestly and in their own voice.\n\
         Question: {}\n{}",
        question.text.trim(),
        question.manner(format)
    );
    let persona = flat(asked.persona);
    let mut user = format!("You are {}. {}", flat(asked.name), clip(&persona, asked.persona_tokens));
    for opinion in asked.opinions {
        user.push_str(&format!("\nOn {}: {}", opinion.topic, opinion.words));
    }
    if !asked.memory.trim().is_empty() {
        user.push_str(&format!("\nYou remember: {}", without_borders(asked.memory)));
    }
    user.push_str("\nYour answer:");
    vec![Message::System { content: Cow::Owned(system) }, Message::User { content: Cow::Owned(user) }]
}

/// The answer in a reply.
///
/// # Errors
/// What is wrong with it: nothing is guessed.
pub fn parse_answer(
    reply: &ChatReply,
    question: &Question,
    format: ReplyFormat,
) -> Result<Answer, ReplyFault> {
    ended(reply)?;
    let text = said(reply)?;
    let is_json = format != ReplyFormat::Lines;
    match &question.kind {
        QuestionKind::Free => Ok(Answer::Text(text.chars().take(MOST_ANSWER_CHARS).collect())),
        QuestionKind::Choice { choices } => {
            let answer = if is_json { text_of(json(text)?)? } else { text.to_owned() };
            let place = if is_json {
                choices.iter().position(|choice| *choice == answer)
            } else {
                let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
                let choice = crate::verdict(&answer, &choices);
                choice.and_then(|choice| choices.iter().position(|other| *other == choice))
            };
            place.map(Answer::Choice).ok_or(ReplyFault::NoChoice)
        }
        &QuestionKind::Scale { from, to } => {
            let number = if is_json { answer_of(json(text)?)?.as_i64() } else { one_number(text) };
            let number = number.and_then(|number| i32::try_from(number).ok());
            let number = number.filter(|number| (from..=to).contains(number));
            number.map(Answer::Scale).ok_or(ReplyFault::NotOnScale { from, to })
        }
    }
}

/// What stands under the only key of an answer in JSON.
fn answer_of(json: serde_json::Value) -> Result<serde_json::Value, ReplyFault> {
    let wrong =
        || ReplyFault::WrongForm { reason: format!("expected an object with the key {ANSWER:?} alone") };
    match json {
        serde_json::Value::Object(mut object) if object.len() == 1 => object.remove(ANSWER).ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

fn text_of(json: serde_json::Value) -> Result<String, ReplyFault> {
    match answer_of(json)? {
        serde_json::Value::String(text) => Ok(text),
        _ => Err(ReplyFault::WrongForm { reason: format!("expected a text under {ANSWER:?}") }),
    }
}

/// The only number in `text`, if there is exactly one and it is whole.
fn one_number(text: &str) -> Option<i64> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '−' | '.' | ',' | '+' | '%' | '/');
    let mut numbers = text
        .split(|c: char| !is_part(c))
        .map(|word| word.trim_end_matches(['.', ',']))
        .filter(|word| word.chars().any(|c| c.is_numeric()));
    let number = numbers.next()?.replace('−', "-").parse().ok()?;
    numbers.next().is_none().then_some(number)
}
