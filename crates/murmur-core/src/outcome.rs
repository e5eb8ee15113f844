//! What comes of an action, and the event that records both.

use crate::{Action, AgentId, CommentId, GroupId, MessageId, PostId, RecordId, Step};

/// What came of an action. Ids are counted per table and never used again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It took effect, with nothing to name.
    Done,
    /// It made this row of the post table.
    Posted(PostId),
    /// It made this row of the comment table.
    Commented(CommentId),
    /// It made this row of its own table (likes, follows, …) or, undoing something, took it away.
    Recorded(RecordId),
    /// It made this group.
    Grouped(GroupId),
    /// It made a message to a group.
    Sent(Box<Sent>),
    /// It changed nothing and found this.
    Found(Box<Found>),
    /// It changed nothing, for this reason.
    Refused(Refusal),
}

impl Outcome {
    /// Whether the action took effect or found something.
    pub fn succeeded(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

/// A message that was sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sent {
    /// The message.
    pub message: MessageId,
    /// The group's members but for the sender, ascending.
    pub to: Vec<AgentId>,
}

/// What an action that only looks has found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// Rows of the post table: of a search ascending, of a trend or a feed best first.
    Posts(Vec<PostId>),
    /// Users, ascending.
    Users(Vec<AgentId>),
    /// The groups that the agent is a member of, ascending.
    Groups(Vec<JoinedGroup>),
}

/// A group as one of its members reads it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JoinedGroup {
    /// The group.
    pub group: GroupId,
    /// All messages to it, the oldest first.
    pub messages: Vec<MessageId>,
}

/// Declares the reasons of refusal with their names in tables.
macro_rules! refusals {
    ($($(#[$doc:meta])* $reason:ident $name:literal,)*) => {
        /// Why the platform refused an action.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Refusal {
            $($(#[$doc])* $reason,)*
        }

        impl Refusal {
            /// Every reason, in table order; `ALL[reason as usize] == reason`.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$reason),*];

            /// The reason in a few words, as tables show it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$reason => $name,)*
                }
            }
        }
    };
}

refusals! {
    /// There is no such post, or no longer.
    NoSuchPost "no such post",
    /// There is no such agent, or it is not signed up.
    NoSuchAgent "no such agent",
    /// The agent has done this to this target before, and it still holds.
    AlreadyDone "already done",
    /// There is nothing to undo.
    NothingToUndo "nothing to undo",
    /// One cannot do this to oneself or to what is one's own.
    NotToOneself "not to oneself",
    /// There is no such comment, or no longer.
    NoSuchComment "no such comment",
    /// There is no such group.
    NoSuchGroup "no such group",
    /// The agent is not a member of the group.
    NotAMember "not a member",
    /// There is no such product.
    NoSuchProduct "no such product",
    /// The row is somebody else's.
    NotOnesOwn "not one's own",
    /// One of the two has blocked the other.
    Blocked "blocked",
    /// A search, a trend or a feed without a hit.
    NothingFound "nothing found",
    /// It takes a language model, and the agent has none.
    NeedsModel "needs a model",
    /// The agent's account is suspended.
    Suspended "suspended",
}

/// One line of a run's history: who did what in which step, and what came of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// When.
    pub step: Step,
    /// Who.
    pub agent: AgentId,
    /// What.
    pub action: Action,
    /// What came of it.
    pub outcome: Outcome,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_keep_their_places_and_names_of_their_own() {
        for (place, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(refusal as usize, place);
            let same_name = Refusal::ALL.into_iter().filter(|other| other.name() == refusal.name());
            assert_eq!(same_name.count(), 1, "{refusal:?}");
        }
    }

    /// Every event of a run holds one, so what is rare in it is boxed.
    #[test]
    fn an_outcome_is_small() {
        assert_eq!(size_of::<Outcome>(), 16);
    }
}
