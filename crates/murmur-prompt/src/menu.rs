//! The actions that agents may choose: what each takes and does, and all that is generated from it: the help in the
//! instructions, the tools, the schema.

use murmur_core::ActionKind;
use serde_json::{Value, json};

use crate::fault::Argument;
use crate::{PromptConfig, ReplyFormat};

/// Key of the number in the Schema format, whatever it numbers.
pub(crate) const NUMBER: &str = "number";
/// Key of the words in the Tools and Schema formats.
pub(crate) const TEXT: &str = "text";
/// Key of the action's name in the Schema format.
pub(crate) const ACTION: &str = "action";
/// Key of the list of actions in the Schema format.
pub(crate) const ACTIONS: &str = "actions";

/// Numbers of groups and counts of products that the schema lets pass; parsing has no such limit.
const MOST_OTHER: usize = 20;

/// What an action takes, and does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// What its number stands for, if it takes one.
    pub(crate) number: Option<Argument>,
    /// What its words are, if it takes some.
    pub(crate) words: Option<Words>,
    /// What it does, in a few words.
    pub(crate) does: &'static str,
}

/// What the words of an action are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Words {
    /// Something that is said: it may not be empty.
    Said,
    /// A reason: it may be.
    Reason,
}

/// What an action takes; `None` for those that are not for agents to choose.
pub(crate) fn entry(kind: ActionKind) -> Option<Entry> {
    use ActionKind as K;
    use Argument::{Comment, Count, Group, Post, User};
    let of = |number, words, does| Some(Entry { number, words, does });
    let on = |number, does| of(Some(number), None, does);
    let says = |does| of(None, Some(Words::Said), does);
    let says_on = |number, does| of(Some(number), Some(Words::Said), does);
    let plain = |does| of(None, None, does);
    match kind {
        K::CreatePost => says("Write a post"),
        K::Repost => on(Post, "Share a post"),
        K::QuotePost => says_on(Post, "Share a post with your own words"),
        K::DeletePost => on(Post, "Delete your own post"),
        K::CreateComment => says_on(Post, "Comment on a post"),
        K::LikePost => on(Post, "Like a post"),
        K::UnlikePost => on(Post, "Take back your like"),
        K::DislikePost => on(Post, "Dislike a post"),
        K::UndoDislikePost => on(Post, "Take back your dislike"),
        K::LikeComment => on(Comment, "Like a comment"),
        K::UnlikeComment => on(Comment, "Take back your like"),
        K::DislikeComment => on(Comment, "Dislike a comment"),
        K::UndoDislikeComment => on(Comment, "Take back your dislike"),
        K::ReportPost => of(Some(Post), Some(Words::Reason), "Report a post, with the reason"),
        K::Follow => on(User, "Follow a user"),
        K::Unfollow => on(User, "Stop following a user"),
        K::Mute => on(User, "See no more of a user"),
        K::Unmute => on(User, "See a muted user again"),
        K::Block => on(User, "Block a user"),
        K::Unblock => on(User, "End a block"),
        K::SearchPosts => says("Look for posts"),
        K::SearchUser => says("Look for users"),
        K::Trend => plain("See the top posts"),
        K::Refresh => plain("See other posts"),
        K::DoNothing => plain("Just scroll on"),
        K::PurchaseProduct => says_on(Count, "Buy so many of the named product"),
        K::CreateGroup => says("Open a group of that name"),
        K::JoinGroup => on(Group, "Join a group"),
        K::LeaveGroup => on(Group, "Leave a group"),
        K::SendToGroup => says_on(Group, "Write to a group"),
        K::ListenFromGroup => plain("Read your groups"),
        K::EditProfile => says("Change your bio"),
        K::Interview | K::SignUp | K::SignUpProduct => None,
    }
}

/// Whether an agent may choose such an action.
pub fn may_be_chosen(kind: ActionKind) -> bool {
    entry(kind).is_some()
}

/// Whether such an action only looks around, so that it can be answered at once and the agent asked again.
pub fn is_look(kind: ActionKind) -> bool {
    use ActionKind::{ListenFromGroup, Refresh, SearchPosts, SearchUser, Trend};
    matches!(kind, SearchPosts | SearchUser | Trend | Refresh | ListenFromGroup)
}

/// The kinds' names, with commas between.
pub(crate) fn names(kinds: impl IntoIterator<Item = ActionKind>) -> String {
    kinds.into_iter().map(ActionKind::name).collect::<Vec<_>>().join(", ")
}

/// Kinds that take the same, in the order of the menu.
struct Group {
    number: Option<Argument>,
    has_words: bool,
    kinds: Vec<ActionKind>,
}

/// The menu by what the actions take, in the order in which that first occurs. With `by_argument` numbers of different
/// things make different groups.
fn groups(menu: &[ActionKind], by_argument: bool) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for &kind in menu {
        let Some(entry) = entry(kind) else { continue };
        let (number, has_words) = (entry.number, entry.words.is_some());
        let fits = |group: &&mut Group| {
            let same =
                if by_argument { group.number == number } else { group.number.is_some() == number.is_some() };
            same && group.has_words == has_words
        };
        match groups.iter_mut().find(fits) {
            Some(group) => group.kinds.push(kind),
            None => groups.push(Group { number, has_words, kinds: vec![kind] }),
        }
    }
    groups
}

/// What stands in the instructions about the menu: a line for those that take the same.
pub(crate) fn help(menu: &[ActionKind], format: ReplyFormat) -> String {
    if format == ReplyFormat::Tools {
        return String::new();
    }
    let line = |group: &Group| {
        let number = group.number.map(|number| match number {
            Argument::User => "number of a post or user",
            Argument::Post => "number of a post",
            Argument::Comment => "number of a comment",
            Argument::Group => "number of a group",
            _ => "how many",
        });
        let takes: Vec<&str> = number.into_iter().chain(group.has_words.then_some(TEXT)).collect();
        let names = names(group.kinds.iter().copied());
        if takes.is_empty() { names } else { format!("{names}: {}", takes.join(", ")) }
    };
    groups(menu, true).iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The greatest number that may be shown of each kind of thing.
fn greatest(config: &PromptConfig, argument: Argument) -> usize {
    let looks = config.look_rounds;
    match argument {
        Argument::Post | Argument::User => {
            config.posts + config.users + looks * config.posts.max(config.users)
        }
        Argument::Comment => config.posts * config.comments * (1 + looks),
        Argument::Group | Argument::Count | Argument::Text => MOST_OTHER,
    }
}

/// The tools, one for each action.
pub(crate) fn tools(menu: &[ActionKind]) -> Value {
    let tool = |&kind: &ActionKind| {
        let entry = entry(kind)?;
        let mut properties = serde_json::Map::new();
        if let Some(number) = entry.number {
            properties.insert(number.name().to_owned(), json!({ "type": "integer" }));
        }
        if entry.words.is_some() {
            properties.insert(TEXT.to_owned(), json!({ "type": "string" }));
        }
        let required: Vec<&String> = properties.keys().collect();
        let parameters = json!({ "type": "object", "properties": properties, "required": required });
        Some(json!({ "type": "function",
            "function": { "name": kind.name(), "description": entry.does, "parameters": parameters } }))
    };
    menu.iter().filter_map(tool).collect()
}

/// The form of a reply in the Schema format.
pub(crate) fn schema(menu: &[ActionKind], config: &PromptConfig) -> Value {
    let branch = |group: Group| {
        let mut properties = serde_json::Map::new();
        let names: Vec<&str> = group.kinds.iter().map(|kind| kind.name()).collect();
        properties.insert(ACTION.to_owned(), json!({ "type": "string", "enum": names }));
        if group.number.is_some() {
            let arguments = group.kinds.iter().filter_map(|&kind| entry(kind)?.number);
            let most = arguments.map(|argument| greatest(config, argument)).max().unwrap_or(1).max(1);
            properties.insert(NUMBER.to_owned(), json!({ "type": "integer", "minimum": 1, "maximum": most }));
        }
        if group.has_words {
            properties.insert(TEXT.to_owned(), json!({ "type": "string" }));
        }
        let required: Vec<&String> = properties.keys().collect();
        json!({ "type": "object", "properties": properties, "required": required,
            "additionalProperties": false })
    };
    let mut branches: Vec<Value> = groups(menu, false).into_iter().map(branch).collect();
    let items = if branches.len() == 1 { branches.remove(0) } else { json!({ "anyOf": branches }) };
    json!({ "type": "object",
        "properties": { ACTIONS: { "type": "array", "items": items, "minItems": 1,
            "maxItems": config.most_actions } },
        "required": [ACTIONS], "additionalProperties": false })
}
