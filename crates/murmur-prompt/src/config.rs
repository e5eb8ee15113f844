//! The `[prompt]` section of a configuration.

use std::path::PathBuf;

use murmur_core::ActionKind;
use serde::{Deserialize, Serialize};

use crate::menu::{may_be_chosen, names};

/// What language models are told of what their agents see, and what they may do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PromptConfig {
    /// Whose words the prompt uses, and which actions agents have unless `actions` says so.
    pub platform: PromptPlatform,
    /// Names of the actions that agents may choose, in the order in which they are told of them. Default: the
    /// platform's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<String>>,
    /// A template file in place of the platform's own (`docs/prompts.md`). A relative path starts at the
    /// configuration's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<PathBuf>,
    /// Posts shown, at most: 0 to 50.
    pub posts: usize,
    /// Comments shown under a post, at most: 0 to 10.
    pub comments: usize,
    /// Comments shown on a page in all, at most: 0 to 100. The posts at the top come first.
    pub comments_in_all: usize,
    /// Accounts shown, suggested or found, at most: 0 to 20.
    pub users: usize,
    /// Actions in one reply, and looking around aside in one turn, at most: 1 to 20.
    pub most_actions: usize,
    /// How often an agent may look around (search, trend, refresh, groups) before it acts: 0 to 5.
    pub look_rounds: usize,
    /// Characters shown of a post, at most.
    pub post_chars: usize,
    /// Tokens of a persona, at most: 10 or more.
    pub persona_tokens: u32,
    /// Tokens of a turn: of all that is not the same for all agents. What persona and memory leave of it goes to what
    /// is shown of the platform, whose texts are shortened to fit; but they all keep a few words.
    pub turn_tokens: u32,
    /// Tokens of what is shown of the platform, at least, whatever the rest takes; and at most of what is found by
    /// looking around.
    pub feed_tokens: u32,
    /// Whether the schema of each request allows only what its agent was shown, instead of what any may be. Small models
    /// need it; it is longer, and not shared between agents.
    pub exact_schema: bool,
    /// Characters that an agent may write in one text: a post, a comment, a message. A longer one is a fault.
    pub text_chars: usize,
}

impl Default for PromptConfig {
    fn default() -> Self {
        Self {
            platform: PromptPlatform::X,
            actions: None,
            template: None,
            posts: 5,
            comments: 2,
            comments_in_all: 3,
            users: 3,
            most_actions: 3,
            look_rounds: 1,
            post_chars: 280,
            persona_tokens: 90,
            turn_tokens: 360,
            feed_tokens: 140,
            exact_schema: false,
            text_chars: 1000,
        }
    }
}

/// A platform, as prompts speak of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PromptPlatform {
    /// Likes and reposts.
    #[default]
    X,
    /// Votes and comments.
    Reddit,
}

/// How a model says what its agent does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReplyFormat {
    /// It calls tools, one for each action.
    Tools,
    /// It writes JSON under a schema, to which the server holds it.
    #[default]
    Schema,
    /// It writes a line for each action; the server needs to know nothing of it.
    Lines,
}

/// OASIS's default actions on X.
const X_ACTIONS: [ActionKind; 6] = [
    ActionKind::LikePost,
    ActionKind::Repost,
    ActionKind::QuotePost,
    ActionKind::CreatePost,
    ActionKind::Follow,
    ActionKind::DoNothing,
];

/// OASIS's default actions on Reddit.
const REDDIT_ACTIONS: [ActionKind; 13] = [
    ActionKind::LikePost,
    ActionKind::DislikePost,
    ActionKind::LikeComment,
    ActionKind::DislikeComment,
    ActionKind::CreateComment,
    ActionKind::CreatePost,
    ActionKind::Follow,
    ActionKind::Mute,
    ActionKind::SearchPosts,
    ActionKind::SearchUser,
    ActionKind::Trend,
    ActionKind::Refresh,
    ActionKind::DoNothing,
];

impl PromptConfig {
    /// What is wrong with it, if anything is: the key, and what would be right.
    pub fn fault(&self) -> Option<String> {
        let within = |key: &str, value: usize, range: std::ops::RangeInclusive<usize>| {
            let (low, high) = (range.start(), range.end());
            let said = || format!("prompt.{key}: expected a number from {low} to {high}, found {value}");
            (!range.contains(&value)).then(said)
        };
        self.actions_fault()
            .or_else(|| within("posts", self.posts, 0..=50))
            .or_else(|| within("comments", self.comments, 0..=10))
            .or_else(|| within("comments_in_all", self.comments_in_all, 0..=100))
            .or_else(|| within("users", self.users, 0..=20))
            .or_else(|| within("most_actions", self.most_actions, 1..=20))
            .or_else(|| within("look_rounds", self.look_rounds, 0..=5))
            .or_else(|| within("post_chars", self.post_chars, 20..=100_000))
            .or_else(|| within("persona_tokens", self.persona_tokens as usize, 10..=1_000_000))
            .or_else(|| within("turn_tokens", self.turn_tokens as usize, 50..=1_000_000))
            .or_else(|| within("feed_tokens", self.feed_tokens as usize, 40..=1_000_000))
            .or_else(|| within("text_chars", self.text_chars, 1..=100_000))
    }

    fn actions_fault(&self) -> Option<String> {
        let actions = self.actions.as_ref()?;
        if actions.is_empty() {
            return Some("prompt.actions: expected at least one name, found none".to_owned());
        }
        actions.iter().enumerate().find_map(|(place, name)| {
            let known = ActionKind::from_name(name).is_some_and(may_be_chosen);
            if !known {
                let all = names(ActionKind::ALL.into_iter().filter(|&kind| may_be_chosen(kind)));
                return Some(format!("prompt.actions: {name:?} is none of {all}"));
            }
            actions[..place].contains(name).then(|| format!("prompt.actions: {name:?} stands there twice"))
        })
    }

    /// The actions that agents may choose, in the order in which they are told of them.
    pub fn kinds(&self) -> Vec<ActionKind> {
        match (&self.actions, self.platform) {
            (Some(names), _) => names.iter().filter_map(|name| ActionKind::from_name(name)).collect(),
            (None, PromptPlatform::X) => X_ACTIONS.to_vec(),
            (None, PromptPlatform::Reddit) => REDDIT_ACTIONS.to_vec(),
        }
    }
}
