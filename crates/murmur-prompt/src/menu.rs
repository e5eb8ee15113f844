//! The actions that agents may choose: what each takes and does, and all that is generated from it: the help in the
//! instructions, the tools, the schema.

use murmur_core::ActionKind;

use crate::Sight;
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
        K::Follow => on(User, "Follow a user, or the author of a post"),
        K::Unfollow => on(User, "Stop following a user"),
        K::Mute => on(User, "See no more of a user, or of the author of a post"),
        K::Unmute => on(User, "See a muted user again"),
        K::Block => on(User, "Block a user, or the author of a post"),
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
        K::Interview | K::SignUp | K::SignUpProduct | K::RateNote | K::Moderate => None,
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
    numbers: Vec<Argument>,
    has_words: bool,
    kinds: Vec<ActionKind>,
}

/// The menu by what the actions take, in the order in which that first occurs; numbers that `are_alike` go together.
fn groups(menu: &[ActionKind], are_alike: impl Fn(Argument, Argument) -> bool) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for &kind in menu {
        let Some(entry) = entry(kind) else { continue };
        let has_words = entry.words.is_some();
        let fits = |group: &&mut Group| {
            let same = match (group.numbers.first(), entry.number) {
                (None, None) => true,
                (Some(&one), Some(other)) => are_alike(one, other),
                _ => false,
            };
            same && group.has_words == has_words
        };
        match groups.iter_mut().find(fits) {
            Some(group) => {
                group.numbers.extend(entry.number);
                group.kinds.push(kind);
            }
            None => groups.push(Group {
                numbers: entry.number.into_iter().collect(),
                has_words,
                kinds: vec![kind],
            }),
        }
    }
    groups
}

/// Whether both are numbers of the same numbering.
fn same_numbering(one: Argument, other: Argument) -> bool {
    let is_entry = |argument| matches!(argument, Argument::Post | Argument::User);
    one == other || is_entry(one) && is_entry(other)
}

/// What stands in the instructions about the menu: a line for those that take the same.
pub(crate) fn help(menu: &[ActionKind], format: ReplyFormat) -> String {
    if format == ReplyFormat::Tools {
        return String::new();
    }
    let line = |group: &Group| {
        let has = |argument| group.numbers.contains(&argument);
        let number = match group.numbers.first() {
            None => None,
            Some(Argument::Post | Argument::User) if has(Argument::User) => Some("post or user number"),
            Some(Argument::Post | Argument::User) => Some("post number"),
            Some(Argument::Comment) => Some("comment number"),
            Some(Argument::Group) => Some("group number"),
            Some(Argument::Count | Argument::Text) => Some("number of pieces"),
        };
        let takes: Vec<&str> = number.into_iter().chain(group.has_words.then_some(TEXT)).collect();
        let names = names(group.kinds.iter().copied());
        if takes.is_empty() { names } else { format!("{names}: {}", takes.join(", ")) }
    };
    groups(menu, same_numbering).iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What a reply looks like, for the instructions: in lines, that of the first action on the menu.
pub(crate) fn example(menu: &[ActionKind], format: ReplyFormat) -> String {
    let Some((kind, entry)) = menu.iter().find_map(|&kind| Some((kind, entry(kind)?))) else {
        return String::new();
    };
    let name = kind.name();
    let (has_number, has_words) = (entry.number.is_some(), entry.words.is_some());
    match format {
        ReplyFormat::Tools => String::new(),
        // With values in it, small models repeat them.
        ReplyFormat::Schema => {
            format!("{{\"{ACTIONS}\":[{{\"{ACTION}\":name,\"{NUMBER}\":n,\"{TEXT}\":words}}]}}")
        }
        ReplyFormat::Lines => {
            let number = if has_number { " 2" } else { "" };
            let text = if has_words { ": …" } else { "" };
            format!("{name}{number}{text}")
        }
    }
}

/// The greatest number that may be shown of each kind of thing.
fn greatest(config: &PromptConfig, argument: Argument) -> usize {
    let looks = config.look_rounds;
    match argument {
        Argument::Post => config.posts * (1 + looks),
        Argument::User => config.posts + config.users + looks * config.posts.max(config.users),
        Argument::Comment => (config.posts * config.comments).min(config.comments_in_all) * (1 + looks),
        Argument::Group | Argument::Count | Argument::Text => MOST_OTHER,
    }
}

// The forms below are written by hand, because the order of their keys matters: models write what they are asked for in
// that order, and tokenizers know the usual one.

/// The properties and the required keys of an object with a number and words, as the inside of a JSON object.
fn takes(before: &str, number: Option<(&str, String)>, has_words: bool) -> String {
    let mut properties = before.to_owned();
    let mut required = Vec::new();
    if !before.is_empty() {
        required.push(format!("\"{ACTION}\""));
    }
    let mut add = |key: &str, form: &str| {
        if !properties.is_empty() {
            properties.push(',');
        }
        properties.push_str(&format!("\"{key}\":{form}"));
        required.push(format!("\"{key}\""));
    };
    if let Some((key, form)) = number {
        add(key, &form);
    }
    if has_words {
        add(TEXT, "{\"type\":\"string\"}");
    }
    format!("\"type\":\"object\",\"properties\":{{{properties}}},\"required\":[{}]", required.join(","))
}

/// The tools, one for each action, as JSON.
pub(crate) fn tools(menu: &[ActionKind]) -> String {
    let tool = |&kind: &ActionKind| {
        let entry = entry(kind)?;
        let number = entry.number.map(|number| (number.name(), "{\"type\":\"integer\"}".to_owned()));
        let parameters = takes("", number, entry.words.is_some());
        let (name, does) = (kind.name(), entry.does);
        Some(format!(
            "{{\"type\":\"function\",\"function\":{{\"name\":\"{name}\",\"description\":\"{does}\",\
             \"parameters\":{{{parameters}}}}}}}"
        ))
    };
    format!("[{}]", menu.iter().filter_map(tool).collect::<Vec<_>>().join(","))
}

/// The form of a reply in the Schema format, as JSON: the same for all agents.
pub(crate) fn schema(menu: &[ActionKind], config: &PromptConfig) -> String {
    let number = |group: &Group| {
        let most = group.numbers.iter().map(|&argument| greatest(config, argument).max(1)).max();
        most.map(|most| format!("{{\"type\":\"integer\",\"maximum\":{most}}}"))
    };
    schema_of(&groups(menu, |_, _| true), number, config)
}

/// The same, for one agent: it allows only the numbers of what is in `sight`, and only actions for which there is one.
pub(crate) fn exact_schema(menu: &[ActionKind], config: &PromptConfig, sight: &Sight) -> String {
    let numbers = |group: &Group| group.numbers.first().map(|&argument| sight.numbers(argument));
    let mut groups = groups(menu, |one, other| one == other);
    groups.retain(|group| numbers(group).is_none_or(|numbers| !numbers.is_empty()));
    if groups.is_empty() {
        return schema(menu, config);
    }
    let number = |group: &Group| {
        let numbers: Vec<String> = numbers(group)?.iter().map(u32::to_string).collect();
        Some(format!("{{\"type\":\"integer\",\"enum\":[{}]}}", numbers.join(",")))
    };
    schema_of(&groups, number, config)
}

fn schema_of(groups: &[Group], number: impl Fn(&Group) -> Option<String>, config: &PromptConfig) -> String {
    let branch = |group: &Group| {
        let names: Vec<String> = group.kinds.iter().map(|kind| format!("\"{}\"", kind.name())).collect();
        let action = format!("\"{ACTION}\":{{\"type\":\"string\",\"enum\":[{}]}}", names.join(","));
        let number = number(group).map(|form| (NUMBER, form));
        format!("{{{},\"additionalProperties\":false}}", takes(&action, number, group.has_words))
    };
    let branches: Vec<String> = groups.iter().map(branch).collect();
    let items = match &branches[..] {
        [one] => one.clone(),
        several => format!("{{\"anyOf\":[{}]}}", several.join(",")),
    };
    format!(
        "{{\"type\":\"json_schema\",\"json_schema\":{{\"name\":\"turn\",\"strict\":true,\"schema\":\
         {{\"type\":\"object\",\"properties\":{{\"{ACTIONS}\":{{\"type\":\"array\",\"items\":{items},\
         \"maxItems\":{}}}}},\"required\":[\"{ACTIONS}\"],\"additionalProperties\":false}}}}}}",
        config.most_actions
    )
}
