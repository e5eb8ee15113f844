//! Ids of the things a platform has, and the stable key of a post.

use std::fmt;
use std::num::NonZeroU32;

/// An agent: its row in the population, counted from 0. It is also the user id on the platform.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AgentId(pub u32);

impl AgentId {
    /// The agent's place in a column.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A topic: its place in the configuration's list of `[[topic]]`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TopicId(pub u16);

impl TopicId {
    /// The topic's place in a column.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Declares an id that counts from 1 in the order of creation, so that an optional one costs no more than the id.
macro_rules! counted_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(NonZeroU32);

        impl $name {
            /// The id of the row at `index` (from 0).
            ///
            /// # Panics
            /// When `index` is `u32::MAX` or more: four billion rows do not fit a run.
            pub fn from_index(index: usize) -> Self {
                let id = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
                Self(id.expect("a run has fewer than 4,294,967,295 rows of a table"))
            }

            /// The id as written in tables: from 1. `None` for 0.
            pub fn new(id: u32) -> Option<Self> {
                NonZeroU32::new(id).map(Self)
            }

            /// The row of this id in its columns, from 0.
            pub fn index(self) -> usize {
                self.0.get() as usize - 1
            }

            /// The id as written in tables: from 1.
            pub fn get(self) -> u32 {
                self.0.get()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counted_id! {
    /// A row of the post table: an original, a repost or a quote.
    PostId
}
counted_id! {
    /// A row of the comment table.
    CommentId
}
counted_id! {
    /// A row of one of the tables that record who did what to whom: likes, dislikes, follows, mutes, reports. Each
    /// table counts its own; the action says which one it is.
    RecordId
}
counted_id! {
    /// A group in which members write to each other.
    GroupId
}
counted_id! {
    /// A message to a group.
    MessageId
}

/// A product, by the number under which it was signed up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ProductId(pub u32);

/// What names a post in random draws: who wrote it, when, and which of the author's rows of that step it is.
///
/// Unlike an id or a place in a feed it does not shift when somebody else posts once more, so one extra post
/// reshuffles nobody's luck.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PostKey {
    /// The author of the row (of a repost: who reposted).
    pub author: AgentId,
    /// The step in which the row was created.
    pub created: crate::Step,
    /// The row's place among the author's rows of that step, from 0.
    pub ordinal: u16,
}
