//! What the platform, or an experimenter through it, decides about posts and accounts.

use std::sync::Arc;

use crate::PostId;

/// A decision that an intervention leads to.
#[derive(Clone, PartialEq, Debug)]
pub struct Ruling {
    /// The intervention's name.
    pub by: Arc<str>,
    /// What is decided.
    pub effect: Effect,
    /// Why, in words.
    pub reason: Arc<str>,
}

/// What is decided. Posts are roots; accounts are the agent of the event (of an end, the first that it hit).
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// All that the intervention has decided is taken back, but for what cannot be.
    End,
    /// The score of a post in feeds is multiplied by a factor from 0 on.
    Weigh(PostId, f32),
    /// A post is shown with a label.
    Label(PostId, Arc<str>),
    /// Sharing a post costs so much more utility, and is asked about.
    Slow(PostId, f32),
    /// A post and its reposts are taken down.
    Remove(PostId),
    /// A note waits under a post for ratings.
    ProposeNote(PostId),
    /// The note under a post is shown; the number is its intercept.
    ShowNote(PostId, f32),
    /// The note under a post is shown no longer; the number is its intercept.
    HideNote(PostId, f32),
    /// The account can do nothing, and nobody is shown its posts.
    Suspend,
    /// Nobody else is shown the account's posts.
    ShadowBan,
    /// The account is served the alternative feed of that number.
    Feed(u16),
    /// The account is warned of a claim before it meets it.
    Prebunk,
    /// The account is told what is right about something it has read.
    Correct,
    /// The account is made to do what the next event says.
    Act,
}

/// Declares the names of effects in tables, and how the journal tells them apart.
macro_rules! effects {
    ($($effect:ident $name:literal,)*) => {
        impl Effect {
            /// The names of all effects, by [code](Self::code).
            pub const NAMES: [&'static str; [$($name),*].len()] = [$($name),*];

            /// What the effect is called in tables.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$effect { .. } => $name,)*
                }
            }
        }
    };
}

effects! {
    End "end",
    Weigh "weigh",
    Label "label",
    Slow "slow",
    Remove "remove",
    ProposeNote "propose note",
    ShowNote "show note",
    HideNote "hide note",
    Suspend "suspend",
    ShadowBan "shadow-ban",
    Feed "feed",
    Prebunk "prebunk",
    Correct "correct",
    Act "act",
}

impl Effect {
    /// Its place in [`Self::NAMES`].
    pub fn code(&self) -> u8 {
        let place = Self::NAMES.iter().position(|name| *name == self.name());
        place.expect("every effect has a name") as u8
    }

    /// The post that it is about, if it is about one.
    pub fn post(&self) -> Option<PostId> {
        match *self {
            Self::Weigh(post, _)
            | Self::Label(post, _)
            | Self::Slow(post, _)
            | Self::Remove(post)
            | Self::ProposeNote(post)
            | Self::ShowNote(post, _)
            | Self::HideNote(post, _) => Some(post),
            _ => None,
        }
    }

    /// Its number, if it has one.
    pub fn value(&self) -> Option<f32> {
        match *self {
            Self::Weigh(_, value)
            | Self::Slow(_, value)
            | Self::ShowNote(_, value)
            | Self::HideNote(_, value) => Some(value),
            _ => None,
        }
    }
}
