//! Replies, read strictly.

use murmur_core::{Action, ActionKind, Draft, ProfileEdit, Stance, Text};
use murmur_llm::{ChatReply, Finish, ToolCall};
use serde_json::{Map, Value};

use crate::fault::{Argument, ReplyFault};
use crate::menu::{self, Entry, Words};
use crate::sight::{self, Sight};
use crate::{PromptConfig, ReplyFormat};

/// Characters of a reply that faults quote.
const MOST_QUOTED: usize = 60;

/// By what a reply is read.
pub(crate) struct Reader<'a> {
    pub(crate) format: ReplyFormat,
    pub(crate) menu: &'a [ActionKind],
    pub(crate) config: &'a PromptConfig,
    pub(crate) sight: &'a Sight,
}

/// An action with what it takes, not yet held against what was shown.
struct Call {
    kind: ActionKind,
    number: Option<i64>,
    text: Option<String>,
}

/// The actions in a reply.
pub(crate) fn read(reply: &ChatReply, reader: &Reader<'_>) -> Result<Vec<Action>, ReplyFault> {
    ended(reply)?;
    let calls = match reader.format {
        ReplyFormat::Tools => reader.tools(reply)?,
        ReplyFormat::Schema => reader.json(said(reply)?)?,
        ReplyFormat::Lines => reader.lines(said(reply)?)?,
    };
    let mut actions = calls.into_iter().map(|call| reader.action(call)).collect::<Result<Vec<_>, _>>()?;
    if actions.iter().any(|action| action.kind() != ActionKind::DoNothing) {
        actions.retain(|action| action.kind() != ActionKind::DoNothing);
    } else {
        actions.truncate(1);
    }
    match actions.len() {
        0 => Err(ReplyFault::NoAction),
        found if found > reader.config.most_actions => {
            Err(ReplyFault::TooManyActions { found, most: reader.config.most_actions })
        }
        _ => Ok(actions),
    }
}

/// Whether a reply came to its end.
pub(crate) fn ended(reply: &ChatReply) -> Result<(), ReplyFault> {
    match reply.finish {
        Finish::Length => Err(ReplyFault::Cut),
        Finish::ContentFilter => Err(ReplyFault::Filtered),
        Finish::Stop | Finish::ToolCalls | Finish::Other => Ok(()),
    }
}

/// The words of a reply, without what a model thought before it spoke and without a fence of code around them.
pub(crate) fn said(reply: &ChatReply) -> Result<&str, ReplyFault> {
    let text = reply.text.trim();
    let text = match text.strip_prefix("<think>") {
        Some(thought) => thought.split_once("</think>").map_or("", |(_, said)| said.trim()),
        None => text,
    };
    let text = text
        .strip_prefix("```")
        .and_then(|fenced| fenced.strip_suffix("```"))
        .and_then(|fenced| fenced.split_once('\n'))
        .map_or(text, |(_, inner)| inner.trim());
    if text.is_empty() { Err(ReplyFault::Empty) } else { Ok(text) }
}

/// `text` as JSON and nothing else.
pub(crate) fn json(text: &str) -> Result<Value, ReplyFault> {
    serde_json::from_str(text).map_err(|error| ReplyFault::NotJson { reason: error.to_string() })
}

/// The beginning of `text`.
fn quoted(text: &str) -> String {
    text.chars().take(MOST_QUOTED).collect()
}

impl Reader<'_> {
    fn tools(&self, reply: &ChatReply) -> Result<Vec<Call>, ReplyFault> {
        if reply.tool_calls.is_empty() {
            return Err(if reply.text.trim().is_empty() { ReplyFault::Empty } else { ReplyFault::NoAction });
        }
        reply.tool_calls.iter().map(|call| self.tool(call)).collect()
    }

    fn tool(&self, call: &ToolCall) -> Result<Call, ReplyFault> {
        let (kind, entry) = self.on_menu(&call.name)?;
        let arguments = match call.arguments.trim() {
            "" => Map::new(),
            text => match json(text)? {
                Value::Object(arguments) => arguments,
                _ => {
                    let reason = format!("the arguments of {} must be an object", kind.name());
                    return Err(ReplyFault::WrongForm { reason });
                }
            },
        };
        arguments_of(kind, entry, arguments, entry.number.map_or("", Argument::name))
    }

    fn json(&self, text: &str) -> Result<Vec<Call>, ReplyFault> {
        let wrong = |reason: &str| ReplyFault::WrongForm { reason: reason.to_owned() };
        let Value::Object(mut object) = json(text)? else {
            return Err(wrong("expected {\"actions\":[…]}"));
        };
        let Some(Value::Array(items)) = object.remove(menu::ACTIONS) else {
            return Err(wrong("expected a list under \"actions\""));
        };
        if let Some(key) = object.keys().next() {
            return Err(wrong(&format!("unknown key {:?} beside \"actions\"", quoted(key))));
        }
        let call = |item: Value| {
            let Value::Object(mut item) = item else {
                return Err(wrong("each action must be an object"));
            };
            let Some(Value::String(name)) = item.remove(menu::ACTION) else {
                return Err(wrong("each action needs its name under \"action\""));
            };
            let (kind, entry) = self.on_menu(&name)?;
            arguments_of(kind, entry, item, menu::NUMBER)
        };
        if items.is_empty() && self.menu.contains(&ActionKind::DoNothing) {
            return Ok(vec![Call { kind: ActionKind::DoNothing, number: None, text: None }]);
        }
        items.into_iter().map(call).collect()
    }

    fn lines(&self, text: &str) -> Result<Vec<Call>, ReplyFault> {
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| self.line(line)).collect()
    }

    fn line(&self, line: &str) -> Result<Call, ReplyFault> {
        let bare = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).unwrap_or(line).trim();
        let end = bare.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(bare.len());
        let (name, rest) = bare.split_at(end);
        if ActionKind::from_name(name).is_none() || !rest.is_empty() && !rest.starts_with([' ', ':']) {
            return Err(ReplyFault::NotALine { line: quoted(line) });
        }
        let (kind, entry) = self.on_menu(name)?;
        let action = || kind.name().to_owned();
        let (before, words) = match rest.split_once(':') {
            Some((before, words)) => (before.trim(), Some(words.trim())),
            None => (rest.trim(), None),
        };
        let number = match entry.number {
            None if before.is_empty() => None,
            None => return Err(ReplyFault::Unexpected { action: action(), argument: quoted(before) }),
            Some(argument) if before.is_empty() => {
                return Err(ReplyFault::Missing { action: action(), argument });
            }
            Some(argument) => {
                let number =
                    before.parse().map_err(|_| ReplyFault::WrongType { action: action(), argument })?;
                Some(number)
            }
        };
        let text = match (entry.words, words) {
            (None, None) => None,
            (None, Some(words)) => {
                return Err(ReplyFault::Unexpected { action: action(), argument: quoted(words) });
            }
            (Some(_), None) => {
                return Err(ReplyFault::Missing { action: action(), argument: Argument::Text });
            }
            (Some(_), Some(words)) => Some(unquoted(words).to_owned()),
        };
        Ok(Call { kind, number, text })
    }

    /// The action of that name, if agents may choose it.
    fn on_menu(&self, name: &str) -> Result<(ActionKind, Entry), ReplyFault> {
        let kind = ActionKind::from_name(name).filter(|kind| self.menu.contains(kind));
        kind.and_then(|kind| Some((kind, menu::entry(kind)?)))
            .ok_or_else(|| ReplyFault::NotOnMenu { name: quoted(name) })
    }

    /// The action itself, held against what was shown.
    fn action(&self, call: Call) -> Result<Action, ReplyFault> {
        let Call { kind, number, text } = call;
        let shown = Shown { sight: self.sight, kind, number: number.unwrap_or(0) };
        let words = self.words(kind, text.unwrap_or_default())?;
        let boxed = || words.as_str().into();
        let draft = || Draft {
            text: Text::own(&words),
            topic: None,
            stance: Stance::default(),
            vector: Box::default(),
        };
        Ok(match kind {
            ActionKind::CreatePost => Action::CreatePost(draft()),
            ActionKind::Repost => Action::Repost(shown.post()?),
            ActionKind::QuotePost => Action::QuotePost(shown.post()?, draft()),
            ActionKind::DeletePost => Action::DeletePost(shown.post()?),
            ActionKind::CreateComment => Action::CreateComment(shown.post()?, draft()),
            ActionKind::LikePost => Action::LikePost(shown.post()?),
            ActionKind::UnlikePost => Action::UnlikePost(shown.post()?),
            ActionKind::DislikePost => Action::DislikePost(shown.post()?),
            ActionKind::UndoDislikePost => Action::UndoDislikePost(shown.post()?),
            ActionKind::LikeComment => Action::LikeComment(shown.comment()?),
            ActionKind::UnlikeComment => Action::UnlikeComment(shown.comment()?),
            ActionKind::DislikeComment => Action::DislikeComment(shown.comment()?),
            ActionKind::UndoDislikeComment => Action::UndoDislikeComment(shown.comment()?),
            ActionKind::ReportPost => Action::ReportPost(shown.post()?, boxed()),
            ActionKind::Follow => Action::Follow(shown.user()?),
            ActionKind::Unfollow => Action::Unfollow(shown.user()?),
            ActionKind::Mute => Action::Mute(shown.user()?),
            ActionKind::Unmute => Action::Unmute(shown.user()?),
            ActionKind::Block => Action::Block(shown.user()?),
            ActionKind::Unblock => Action::Unblock(shown.user()?),
            ActionKind::SearchPosts => Action::SearchPosts(boxed()),
            ActionKind::SearchUser => Action::SearchUser(boxed()),
            ActionKind::Trend => Action::Trend,
            ActionKind::Refresh => Action::Refresh,
            ActionKind::DoNothing => Action::DoNothing,
            ActionKind::PurchaseProduct => Action::PurchaseProduct(boxed(), shown.count()?),
            ActionKind::CreateGroup => Action::CreateGroup(boxed()),
            ActionKind::JoinGroup => Action::JoinGroup(shown.group()?),
            ActionKind::LeaveGroup => Action::LeaveGroup(shown.group()?),
            ActionKind::SendToGroup => Action::SendToGroup(shown.group()?, boxed()),
            ActionKind::ListenFromGroup => Action::ListenFromGroup,
            ActionKind::EditProfile => Action::EditProfile(ProfileEdit {
                bio: Some(words.as_str().into()),
                ..ProfileEdit::default()
            }),
            ActionKind::Interview | ActionKind::SignUp | ActionKind::SignUpProduct | ActionKind::RateNote => {
                return Err(ReplyFault::NotOnMenu { name: kind.name().to_owned() });
            }
        })
    }

    /// The words of an action, if they are as they should be.
    fn words(&self, kind: ActionKind, text: String) -> Result<String, ReplyFault> {
        let words: String = text.trim().chars().filter(|&c| c == '\n' || !c.is_control()).collect();
        let action = || kind.name().to_owned();
        let needed = menu::entry(kind).is_some_and(|entry| entry.words == Some(Words::Said));
        if needed && words.is_empty() {
            return Err(ReplyFault::EmptyText { action: action() });
        }
        let (chars, most) = (words.chars().count(), self.config.text_chars);
        if chars > most {
            return Err(ReplyFault::TextTooLong { action: action(), chars, most });
        }
        Ok(words)
    }
}

/// What an action takes, out of a JSON object with nothing else in it.
fn arguments_of(
    kind: ActionKind,
    entry: Entry,
    mut arguments: Map<String, Value>,
    number_key: &str,
) -> Result<Call, ReplyFault> {
    let action = || kind.name().to_owned();
    let mut take = |key: &str, argument: Argument| {
        arguments.remove(key).ok_or_else(|| ReplyFault::Missing { action: action(), argument })
    };
    let wrong = |argument| ReplyFault::WrongType { action: action(), argument };
    let number = match entry.number {
        None => None,
        Some(argument) => Some(take(number_key, argument)?.as_i64().ok_or_else(|| wrong(argument))?),
    };
    let text = match entry.words {
        None => None,
        Some(_) => match take(menu::TEXT, Argument::Text)? {
            Value::String(text) => Some(text),
            _ => return Err(wrong(Argument::Text)),
        },
    };
    match arguments.keys().next() {
        Some(key) => Err(ReplyFault::Unexpected { action: action(), argument: quoted(key) }),
        None => Ok(Call { kind, number, text }),
    }
}

/// `text` without one pair of quotation marks around it.
fn unquoted(text: &str) -> &str {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('"')).unwrap_or(text)
}

/// Numbers that are tried to find those that would have done.
const MOST_TRIED: u32 = 64;
/// Numbers that a fault names, at most.
const MOST_HINTS: usize = 8;

/// A number in a reply, and what it may stand for.
struct Shown<'a> {
    sight: &'a Sight,
    kind: ActionKind,
    number: i64,
}

impl Shown<'_> {
    fn find<T>(&self, argument: Argument, find: impl Fn(u32) -> Option<T>) -> Result<T, ReplyFault> {
        u32::try_from(self.number).ok().and_then(&find).ok_or_else(|| ReplyFault::NotShown {
            action: self.kind.name().to_owned(),
            argument,
            number: self.number,
            shown: (1..=MOST_TRIED).filter(|&number| find(number).is_some()).take(MOST_HINTS).collect(),
        })
    }

    fn post(&self) -> Result<murmur_core::PostId, ReplyFault> {
        self.find(Argument::Post, |number| match self.sight.entry(number)? {
            sight::Entry::Post(post) => Some(post.post),
            sight::Entry::User(_) => None,
        })
    }

    fn user(&self) -> Result<murmur_core::AgentId, ReplyFault> {
        self.find(Argument::User, |number| {
            Some(match self.sight.entry(number)? {
                sight::Entry::Post(post) => post.author,
                sight::Entry::User(user) => user.agent,
            })
        })
    }

    fn comment(&self) -> Result<murmur_core::CommentId, ReplyFault> {
        self.find(Argument::Comment, |number| Some(self.sight.comment(number)?.comment))
    }

    fn group(&self) -> Result<murmur_core::GroupId, ReplyFault> {
        self.find(Argument::Group, |number| Some(self.sight.group(number)?.group))
    }

    /// How many of a product: 1 or more.
    fn count(&self) -> Result<u32, ReplyFault> {
        let wrong =
            || ReplyFault::WrongType { action: self.kind.name().to_owned(), argument: Argument::Count };
        u32::try_from(self.number).ok().filter(|&count| count > 0).ok_or_else(wrong)
    }
}
