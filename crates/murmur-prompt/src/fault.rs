//! What may be wrong with a reply.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What is wrong with a reply, said so that the model can mend it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReplyFault {
    /// It ended at the limit of tokens.
    #[error("the reply was too long and was cut off")]
    Cut,
    /// The server kept it back.
    #[error("the reply was withheld by a content filter")]
    Filtered,
    /// There is nothing in it.
    #[error("the reply was empty")]
    Empty,
    /// It is not JSON, or more than that.
    #[error("the reply was not the expected JSON alone: {reason}")]
    NotJson {
        /// What was wrong, and where.
        reason: String,
    },
    /// It is JSON of another form.
    #[error("the JSON had not the expected form: {reason}")]
    WrongForm {
        /// What was expected, and where.
        reason: String,
    },
    /// A line that is no action.
    #[error("this line is not an action: {line:?}")]
    NotALine {
        /// The beginning of the line.
        line: String,
    },
    /// It names no action.
    #[error("there was no action in the reply")]
    NoAction,
    /// It names more actions than are allowed.
    #[error("there were {found} actions, at most {most} are allowed")]
    TooManyActions {
        /// How many.
        found: usize,
        /// How many may be.
        most: usize,
    },
    /// An action that is not on the menu.
    #[error("there is no action {name:?}")]
    NotOnMenu {
        /// The beginning of its name.
        name: String,
    },
    /// An argument is missing.
    #[error("{action} needs a {argument}")]
    Missing {
        /// The action.
        action: String,
        /// What it needs.
        argument: Argument,
    },
    /// An argument that the action does not take.
    #[error("{action} takes no {argument:?}")]
    Unexpected {
        /// The action.
        action: String,
        /// The beginning of its name.
        argument: String,
    },
    /// An argument of the wrong type.
    #[error("the {argument} of {action} was not of the right type")]
    WrongType {
        /// The action.
        action: String,
        /// Which one.
        argument: Argument,
    },
    /// A number that was not shown.
    #[error("{action}: {}", not_shown(*.argument, *.number, .shown))]
    NotShown {
        /// The action.
        action: String,
        /// What kind of thing.
        argument: Argument,
        /// The number.
        number: i64,
        /// The first numbers that would have done.
        shown: Vec<u32>,
    },
    /// A text without words.
    #[error("the text of {action} was empty")]
    EmptyText {
        /// The action.
        action: String,
    },
    /// A text that is too long.
    #[error("the text of {action} had {chars} characters, at most {most} are allowed")]
    TextTooLong {
        /// The action.
        action: String,
        /// How many characters.
        chars: usize,
        /// How many may be.
        most: usize,
    },
    /// An answer to a question that is none of the choices, or several.
    #[error("the answer was not exactly one of the choices")]
    NoChoice,
    /// An answer to a question that is no number of the scale, or several.
    #[error("the answer was not exactly one whole number from {from} to {to}")]
    NotOnScale {
        /// The least.
        from: i32,
        /// The greatest.
        to: i32,
    },
}

/// Why a number stands for nothing, with what would have done: a small model takes a hint.
fn not_shown(argument: Argument, number: i64, shown: &[u32]) -> String {
    let shown: Vec<String> = shown.iter().map(u32::to_string).collect();
    match shown.is_empty() {
        true => format!("there is no {argument} to choose, so do something else"),
        false => format!("no {argument} {number} was shown, only {}", shown.join(", ")),
    }
}

/// What an action takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Argument {
    /// The number of a post.
    Post,
    /// The number of a comment.
    Comment,
    /// The number of a post, whose author is meant, or of an account.
    User,
    /// The number of a group.
    Group,
    /// How many.
    Count,
    /// Words.
    Text,
}

impl Argument {
    /// Its name in the Tools format.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Comment => "comment",
            Self::User => "user",
            Self::Group => "group",
            Self::Count => "count",
            Self::Text => "text",
        }
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ReplyFault {
    /// How many kinds there are.
    pub const KINDS: usize = 17;

    /// The kinds' names, as they are serialised.
    pub const NAMES: [&str; Self::KINDS] = [
        "cut",
        "filtered",
        "empty",
        "not_json",
        "wrong_form",
        "not_a_line",
        "no_action",
        "too_many_actions",
        "not_on_menu",
        "missing",
        "unexpected",
        "wrong_type",
        "not_shown",
        "empty_text",
        "text_too_long",
        "no_choice",
        "not_on_scale",
    ];

    /// The kind's place in [`Self::NAMES`].
    pub fn kind(&self) -> u8 {
        match self {
            Self::Cut => 0,
            Self::Filtered => 1,
            Self::Empty => 2,
            Self::NotJson { .. } => 3,
            Self::WrongForm { .. } => 4,
            Self::NotALine { .. } => 5,
            Self::NoAction => 6,
            Self::TooManyActions { .. } => 7,
            Self::NotOnMenu { .. } => 8,
            Self::Missing { .. } => 9,
            Self::Unexpected { .. } => 10,
            Self::WrongType { .. } => 11,
            Self::NotShown { .. } => 12,
            Self::EmptyText { .. } => 13,
            Self::TextTooLong { .. } => 14,
            Self::NoChoice => 15,
            Self::NotOnScale { .. } => 16,
        }
    }

    /// The kind's name.
    pub fn name(&self) -> &'static str {
        Self::NAMES[usize::from(self.kind())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_the_names_they_are_serialised_with() {
        let (action, text) = (|| "trend".to_owned(), || String::new());
        let all = [
            ReplyFault::Cut,
            ReplyFault::Filtered,
            ReplyFault::Empty,
            ReplyFault::NotJson { reason: text() },
            ReplyFault::WrongForm { reason: text() },
            ReplyFault::NotALine { line: text() },
            ReplyFault::NoAction,
            ReplyFault::TooManyActions { found: 4, most: 3 },
            ReplyFault::NotOnMenu { name: text() },
            ReplyFault::Missing { action: action(), argument: Argument::Post },
            ReplyFault::Unexpected { action: action(), argument: text() },
            ReplyFault::WrongType { action: action(), argument: Argument::Text },
            ReplyFault::NotShown { action: action(), argument: Argument::User, number: -1, shown: vec![1] },
            ReplyFault::EmptyText { action: action() },
            ReplyFault::TextTooLong { action: action(), chars: 2, most: 1 },
            ReplyFault::NoChoice,
            ReplyFault::NotOnScale { from: 1, to: 5 },
        ];
        assert_eq!(all.len(), ReplyFault::KINDS);
        for (kind, fault) in all.into_iter().enumerate() {
            let json = serde_json::to_value(&fault).unwrap();
            assert_eq!((usize::from(fault.kind()), json["kind"].as_str()), (kind, Some(fault.name())));
            assert_eq!(fault.name(), ReplyFault::NAMES[kind]);
            assert_eq!(serde_json::from_value::<ReplyFault>(json).unwrap(), fault);
        }
    }
}
