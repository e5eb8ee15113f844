//! Scripts: files of actions to be carried out, one JSON object a line.
//!
//! A line is `{"step": 1, "agent": 7, "action": "like_post", "args": {"post_id": 3}}`. Actions and arguments bear the
//! names of OASIS. What is published may also say its `topic` (the name of a configured one) and its `stance`.

use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use murmur_core::{
    Action, ActionKind, AgentId, CommentId, Draft, GroupId, PostId, ProductId, Profile, ProfileEdit, Stance,
    Step, Text, TopicId,
};
use serde_json::{Map, Value};

use crate::{DataError, input};

/// One line of a script.
#[derive(Clone, PartialEq, Debug)]
pub struct ScriptLine {
    /// Its number in the file, from 1.
    pub line: u64,
    /// When it is carried out.
    pub step: Step,
    /// Who does it.
    pub agent: AgentId,
    /// What is done.
    pub action: Action,
}

/// Reads a script, in a run whose `topics` have these names. Blank lines are passed over. What is published has no
/// vectors yet.
///
/// # Errors
/// [`DataError`] with the line when the file cannot be read, a line is no such object, its action is unknown, an
/// argument is missing, unknown or of another type than expected, or its step is below that of an earlier line.
pub fn read_script(path: &Path, topics: &[&str]) -> Result<Vec<ScriptLine>, DataError> {
    let mut text = input::open(path)?;
    let mut lines: Vec<ScriptLine> = Vec::new();
    let mut buffer = Vec::new();
    for number in 1.. {
        buffer.clear();
        if text.read_until(b'\n', &mut buffer).map_err(|source| DataError::io(path, source))? == 0 {
            break;
        }
        if buffer.trim_ascii().is_empty() {
            continue;
        }
        let at_line = |message: String| DataError::at_line(path, number, message);
        let line = parse(number, buffer.trim_ascii_end(), topics).map_err(at_line)?;
        if let Some(earlier) = lines.last().filter(|earlier| line.step < earlier.step) {
            return Err(at_line(format!(
                "step: expected {} or later, as in line {}, found {}",
                earlier.step, earlier.line, line.step
            )));
        }
        lines.push(line);
    }
    Ok(lines)
}

fn parse(line: u64, text: &[u8], topics: &[&str]) -> Result<ScriptLine, String> {
    let value: Value = serde_json::from_slice(text).map_err(|error| {
        format!("expected a JSON object with step, agent, action and args: {}", without_line(&error))
    })?;
    let Value::Object(object) = value else {
        return Err(format!("expected an object with step, agent, action and args, found {value}"));
    };
    let mut fields = Fields { prefix: "", map: object };
    let step = Step(fields.number("step", "a step from 0")?);
    let agent = AgentId(fields.number("agent", "an agent from 0")?);
    let name = fields.text("action")?;
    let kind = ActionKind::from_name(&name).ok_or_else(|| unknown_action(&name))?;
    let args = match fields.map.remove("args") {
        None => Map::new(),
        Some(Value::Object(args)) => args,
        Some(other) => return Err(format!("args: expected an object, found {other}")),
    };
    fields.end(&["step", "agent", "action", "args"])?;
    let action = Args { fields: Fields { prefix: "args.", map: args }, topics, known: Vec::new() }
        .action(kind)
        .map_err(|message| format!("{name}: {message}"))?;
    Ok(ScriptLine { line, step, agent, action })
}

fn unknown_action(name: &str) -> String {
    let names = ActionKind::ALL.map(ActionKind::name).join(", ");
    format!("action: expected one of {names}; found {name:?}")
}

/// What the parser says, less the line, which for it is always the first.
fn without_line(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match message.strip_suffix(&place) {
        Some(message) => format!("{message} at column {}", error.column()),
        None => message,
    }
}

/// The id of no row: tables are shorter.
const NO_ROW: u32 = u32::MAX;

/// The fields of an object, taken out one by one.
struct Fields {
    prefix: &'static str,
    map: Map<String, Value>,
}

impl Fields {
    fn required(&mut self, name: &str, wanted: &str) -> Result<Value, String> {
        let missing = || format!("{}{name}: expected {wanted}, found nothing", self.prefix);
        self.map.remove(name).ok_or_else(missing)
    }

    fn unfit(&self, name: &str, wanted: &str, found: &Value) -> String {
        format!("{}{name}: expected {wanted}, found {found}", self.prefix)
    }

    fn number(&mut self, name: &str, wanted: &str) -> Result<u32, String> {
        let value = self.required(name, wanted)?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| self.unfit(name, wanted, &value))
    }

    /// A number from 0. One that no row can have stands for a row that is not there: it is for the platform to refuse.
    fn any_number(&mut self, name: &str, wanted: &str) -> Result<u32, String> {
        let value = self.required(name, wanted)?;
        let number = value.as_u64().ok_or_else(|| self.unfit(name, wanted, &value))?;
        Ok(u32::try_from(number).unwrap_or(NO_ROW))
    }

    /// An id that counts from 1.
    fn id<T>(&mut self, name: &str, new: impl Fn(u32) -> Option<T>) -> Result<T, String> {
        let number = self.any_number(name, "an id")?;
        Ok(new(number).or_else(|| new(NO_ROW)).expect("it is not 0"))
    }

    fn flag(&mut self, name: &str) -> Result<bool, String> {
        let value = self.required(name, "true or false")?;
        value.as_bool().ok_or_else(|| self.unfit(name, "true or false", &value))
    }

    fn text(&mut self, name: &str) -> Result<String, String> {
        match self.required(name, "a text")? {
            Value::String(text) => Ok(text),
            other => Err(self.unfit(name, "a text", &other)),
        }
    }

    fn optional_text(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.map.get(name) {
            None | Some(Value::Null) => {
                self.map.remove(name);
                Ok(None)
            }
            Some(_) => self.text(name).map(Some),
        }
    }

    /// Nothing is left over.
    fn end(&self, known: &[&str]) -> Result<(), String> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(name) if known.is_empty() => Err(format!("{}{name}: expected no arguments", self.prefix)),
            Some(name) => Err(format!("{}{name}: unknown; expected {}", self.prefix, known.join(", "))),
        }
    }
}

/// The arguments of one action.
struct Args<'a> {
    fields: Fields,
    /// The names of the topics, in the order of their ids.
    topics: &'a [&'a str],
    /// The names asked for so far.
    known: Vec<&'static str>,
}

impl Args<'_> {
    fn action(mut self, kind: ActionKind) -> Result<Action, String> {
        let action = match kind {
            ActionKind::CreatePost => Action::CreatePost(self.draft("content")?),
            ActionKind::Repost => Action::Repost(self.post()?),
            ActionKind::QuotePost => Action::QuotePost(self.post()?, self.draft("quote_content")?),
            ActionKind::DeletePost => Action::DeletePost(self.post()?),
            ActionKind::CreateComment => Action::CreateComment(self.post()?, self.draft("content")?),
            ActionKind::LikePost => Action::LikePost(self.post()?),
            ActionKind::UnlikePost => Action::UnlikePost(self.post()?),
            ActionKind::DislikePost => Action::DislikePost(self.post()?),
            ActionKind::UndoDislikePost => Action::UndoDislikePost(self.post()?),
            ActionKind::LikeComment => Action::LikeComment(self.comment()?),
            ActionKind::UnlikeComment => Action::UnlikeComment(self.comment()?),
            ActionKind::DislikeComment => Action::DislikeComment(self.comment()?),
            ActionKind::UndoDislikeComment => Action::UndoDislikeComment(self.comment()?),
            ActionKind::ReportPost => {
                let reason = self.ask("report_reason", Fields::optional_text)?;
                Action::ReportPost(self.post()?, reason.unwrap_or_default().into())
            }
            ActionKind::Follow => Action::Follow(self.agent("followee_id")?),
            ActionKind::Unfollow => Action::Unfollow(self.agent("followee_id")?),
            ActionKind::Mute => Action::Mute(self.agent("mutee_id")?),
            ActionKind::Unmute => Action::Unmute(self.agent("mutee_id")?),
            ActionKind::Block => Action::Block(self.agent("blockee_id")?),
            ActionKind::Unblock => Action::Unblock(self.agent("blockee_id")?),
            ActionKind::SearchPosts => Action::SearchPosts(self.text("query")?),
            ActionKind::SearchUser => Action::SearchUser(self.text("query")?),
            ActionKind::Trend => Action::Trend,
            ActionKind::Refresh => Action::Refresh,
            ActionKind::DoNothing => Action::DoNothing,
            ActionKind::PurchaseProduct => {
                Action::PurchaseProduct(self.text("product_name")?, self.number("purchase_num")?)
            }
            ActionKind::CreateGroup => Action::CreateGroup(self.text("group_name")?),
            ActionKind::JoinGroup => Action::JoinGroup(self.group()?),
            ActionKind::LeaveGroup => Action::LeaveGroup(self.group()?),
            ActionKind::SendToGroup => Action::SendToGroup(self.group()?, self.text("content")?),
            ActionKind::ListenFromGroup => Action::ListenFromGroup,
            ActionKind::EditProfile => Action::EditProfile(self.profile_edit()?),
            ActionKind::Interview => Action::Interview(self.text("prompt")?),
            ActionKind::SignUp => Action::SignUp(Profile {
                user_name: self.shared("user_name")?,
                name: self.shared("name")?,
                bio: self.shared("bio")?,
            }),
            ActionKind::SignUpProduct => {
                Action::SignUpProduct(ProductId(self.number("product_id")?), self.text("product_name")?)
            }
            ActionKind::RateNote => {
                Action::RateNote(self.post()?, self.ask("is_helpful", |fields, name| fields.flag(name))?)
            }
            ActionKind::Moderate => {
                return Err("action: moderate is for interventions alone; expected another".to_owned());
            }
        };
        self.fields.end(&self.known)?;
        Ok(action)
    }

    /// Asks for an argument in the way of `read`.
    fn ask<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Fields, &str) -> Result<T, String>,
    ) -> Result<T, String> {
        self.known.push(name);
        read(&mut self.fields, name)
    }

    fn post(&mut self) -> Result<PostId, String> {
        self.ask("post_id", |fields, name| fields.id(name, PostId::new))
    }

    fn comment(&mut self) -> Result<CommentId, String> {
        self.ask("comment_id", |fields, name| fields.id(name, CommentId::new))
    }

    fn group(&mut self) -> Result<GroupId, String> {
        self.ask("group_id", |fields, name| fields.id(name, GroupId::new))
    }

    fn agent(&mut self, name: &'static str) -> Result<AgentId, String> {
        self.ask(name, |fields, name| fields.any_number(name, "an agent from 0")).map(AgentId)
    }

    fn number(&mut self, name: &'static str) -> Result<u32, String> {
        self.ask(name, |fields, name| fields.number(name, "a number from 0"))
    }

    fn text(&mut self, name: &'static str) -> Result<Box<str>, String> {
        self.ask(name, Fields::text).map(Into::into)
    }

    fn shared(&mut self, name: &'static str) -> Result<Arc<str>, String> {
        self.ask(name, Fields::text).map(Into::into)
    }

    fn profile_edit(&mut self) -> Result<ProfileEdit, String> {
        let mut field = |name| self.ask(name, Fields::optional_text).map(|text| text.map(Arc::from));
        let edit = ProfileEdit { user_name: field("user_name")?, name: field("name")?, bio: field("bio")? };
        match edit == ProfileEdit::default() {
            true => Err("args: expected user_name, name or bio, found none of them".to_owned()),
            false => Ok(edit),
        }
    }

    fn draft(&mut self, name: &'static str) -> Result<Draft, String> {
        let text = self.ask(name, Fields::text)?;
        let topic = self.topic()?;
        let stance = self.stance(topic)?;
        Ok(Draft { text: Text::own(&text), topic, stance, vector: Box::default() })
    }

    fn topic(&mut self) -> Result<Option<TopicId>, String> {
        let Some(name) = self.ask("topic", Fields::optional_text)? else { return Ok(None) };
        let place = self.topics.iter().position(|topic| *topic == name);
        let unknown = || format!("args.topic: expected one of {:?}, found {name:?}", self.topics);
        place.map(|place| Some(TopicId(place as u16))).ok_or_else(unknown)
    }

    fn stance(&mut self, topic: Option<TopicId>) -> Result<Stance, String> {
        self.known.push("stance");
        let Some(value) = self.fields.map.remove("stance") else { return Ok(Stance::default()) };
        if topic.is_none() {
            return Err("args.stance: expected a topic beside it, found none".to_owned());
        }
        let stance = value.as_f64().and_then(|number| Stance::try_from(number).ok());
        stance.ok_or_else(|| self.fields.unfit("stance", "a number from -1 to 1", &value))
    }
}
