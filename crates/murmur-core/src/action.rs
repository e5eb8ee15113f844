//! What agents do on the platform.

use std::sync::Arc;

use crate::{AgentId, CommentId, GroupId, PostId, ProductId, Stance, Text, TopicId};

/// A text about to be published, with what the platform and the metrics need to know of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Draft {
    /// The words.
    pub text: Text,
    /// What it is about, if it is about one of the configured topics.
    pub topic: Option<TopicId>,
    /// Where it stands on that topic; 0 without a topic.
    pub stance: Stance,
    /// The embedder's unit vector of the rendered text. It travels with the action, because only the machine that
    /// decided it embeds it.
    pub vector: Box<[f32]>,
}

/// What a user shows of itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Profile {
    /// Handle on the platform.
    pub user_name: Arc<str>,
    /// Displayed name.
    pub name: Arc<str>,
    /// Self-description.
    pub bio: Arc<str>,
}

/// A change of a profile: what is `None` stays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ProfileEdit {
    /// The new handle.
    pub user_name: Option<Arc<str>>,
    /// The new displayed name.
    pub name: Option<Arc<str>>,
    /// The new self-description.
    pub bio: Option<Arc<str>>,
}

/// One thing an agent does. Post ids are the rows the agent was served.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Publish an original post.
    CreatePost(Draft),
    /// Share a row unchanged. Its parent is the row, its root the row's root.
    Repost(PostId),
    /// Share a row with words of one's own. A quote starts a cascade of its own.
    QuotePost(PostId, Draft),
    /// Take back a row of one's own, and with a root its reposts.
    DeletePost(PostId),
    /// Comment under a row (under the root, if the row is a repost).
    CreateComment(PostId, Draft),
    /// Like a row (the root, if the row is a repost).
    LikePost(PostId),
    /// Take back the like of a row (of the root, if the row is a repost).
    UnlikePost(PostId),
    /// Dislike a row (the root, if the row is a repost).
    DislikePost(PostId),
    /// Take back the dislike of a row (of the root, if the row is a repost).
    UndoDislikePost(PostId),
    /// Like a comment.
    LikeComment(CommentId),
    /// Take back the like of a comment.
    UnlikeComment(CommentId),
    /// Dislike a comment.
    DislikeComment(CommentId),
    /// Take back the dislike of a comment.
    UndoDislikeComment(CommentId),
    /// Report the row itself, for a reason that may be empty.
    ReportPost(PostId, Box<str>),
    /// Follow an agent.
    Follow(AgentId),
    /// Stop following an agent.
    Unfollow(AgentId),
    /// Never be shown an agent's rows again.
    Mute(AgentId),
    /// Be shown a muted agent's rows again.
    Unmute(AgentId),
    /// Break with an agent: neither follows the other any more, sees its rows or answers them.
    Block(AgentId),
    /// End a block. Follows that it ended stay ended.
    Unblock(AgentId),
    /// Look for posts that contain some text.
    SearchPosts(Box<str>),
    /// Look for users whose profile contains some text.
    SearchUser(Box<str>),
    /// Look at the most liked posts of the last days.
    Trend,
    /// Be served one's feed.
    Refresh,
    /// Do nothing, deliberately.
    DoNothing,
    /// Buy so many of the product of that name.
    PurchaseProduct(Box<str>, u32),
    /// Open a group of that name, and be its first member.
    CreateGroup(Box<str>),
    /// Become a member of a group.
    JoinGroup(GroupId),
    /// Stop being a member of a group.
    LeaveGroup(GroupId),
    /// Write to the members of a group that one is a member of.
    SendToGroup(GroupId, Box<str>),
    /// Read the names of all groups and the messages of those that one is a member of.
    ListenFromGroup,
    /// Change what one shows of oneself.
    EditProfile(ProfileEdit),
    /// Answer a question; needs a language model.
    Interview(Box<str>),
    /// Become a user. For the platform, not for agents to choose.
    SignUp(Profile),
    /// Put a product of that name on sale. For the platform, not for agents to choose.
    SignUpProduct(ProductId, Box<str>),
    /// Say whether the note under a row's root helps to understand it.
    RateNote(PostId, bool),
}

/// Declares the kinds of action with their names in OASIS, and which kind each action is.
macro_rules! kinds {
    ($($kind:ident $name:literal,)*) => {
        /// The kinds of action, in the order in which tables list them.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum ActionKind {
            $(#[doc = concat!("See [`Action::", stringify!($kind), "`].")] $kind,)*
        }

        impl ActionKind {
            /// Every kind, in table order; `ALL[kind as usize] == kind`.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$kind),*];

            /// The name OASIS gives the action, as in its `trace` table; in its style for those it does not have.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }

        impl Action {
            /// Which action it is, without what it acts on.
            pub fn kind(&self) -> ActionKind {
                match self {
                    $(Self::$kind { .. } => ActionKind::$kind,)*
                }
            }
        }
    };
}

kinds! {
    CreatePost "create_post",
    Repost "repost",
    QuotePost "quote_post",
    DeletePost "delete_post",
    CreateComment "create_comment",
    LikePost "like_post",
    UnlikePost "unlike_post",
    DislikePost "dislike_post",
    UndoDislikePost "undo_dislike_post",
    LikeComment "like_comment",
    UnlikeComment "unlike_comment",
    DislikeComment "dislike_comment",
    UndoDislikeComment "undo_dislike_comment",
    ReportPost "report_post",
    Follow "follow",
    Unfollow "unfollow",
    Mute "mute",
    Unmute "unmute",
    Block "block",
    Unblock "unblock",
    SearchPosts "search_posts",
    SearchUser "search_user",
    Trend "trend",
    Refresh "refresh",
    DoNothing "do_nothing",
    PurchaseProduct "purchase_product",
    CreateGroup "create_group",
    JoinGroup "join_group",
    LeaveGroup "leave_group",
    SendToGroup "send_to_group",
    ListenFromGroup "listen_from_group",
    EditProfile "edit_profile",
    Interview "interview",
    SignUp "sign_up",
    SignUpProduct "sign_up_product",
    RateNote "rate_note",
}

impl ActionKind {
    /// The kind of that [name](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Action {
    /// The row it acts on, if it acts on one.
    pub fn post(&self) -> Option<PostId> {
        match self {
            Self::Repost(post)
            | Self::QuotePost(post, _)
            | Self::DeletePost(post)
            | Self::CreateComment(post, _)
            | Self::LikePost(post)
            | Self::UnlikePost(post)
            | Self::DislikePost(post)
            | Self::UndoDislikePost(post)
            | Self::ReportPost(post, _)
            | Self::RateNote(post, _) => Some(*post),
            _ => None,
        }
    }

    /// The comment it acts on, if it acts on one.
    pub fn comment(&self) -> Option<CommentId> {
        match self {
            Self::LikeComment(comment)
            | Self::UnlikeComment(comment)
            | Self::DislikeComment(comment)
            | Self::UndoDislikeComment(comment) => Some(*comment),
            _ => None,
        }
    }

    /// The agent it acts on, if it acts on one.
    pub fn target(&self) -> Option<AgentId> {
        match self {
            Self::Follow(agent)
            | Self::Unfollow(agent)
            | Self::Mute(agent)
            | Self::Unmute(agent)
            | Self::Block(agent)
            | Self::Unblock(agent) => Some(*agent),
            _ => None,
        }
    }

    /// The group it acts on, if it acts on one.
    pub fn group(&self) -> Option<GroupId> {
        match self {
            Self::JoinGroup(group) | Self::LeaveGroup(group) | Self::SendToGroup(group, _) => Some(*group),
            _ => None,
        }
    }

    /// The words in it that nobody publishes: a query, a reason, a name, a message.
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::ReportPost(_, words)
            | Self::SearchPosts(words)
            | Self::SearchUser(words)
            | Self::PurchaseProduct(words, _)
            | Self::CreateGroup(words)
            | Self::SendToGroup(_, words)
            | Self::Interview(words)
            | Self::SignUpProduct(_, words) => Some(words),
            _ => None,
        }
    }

    /// What it publishes: a post, a quote or a comment.
    pub fn draft(&self) -> Option<&Draft> {
        match self {
            Self::CreatePost(draft) | Self::QuotePost(_, draft) | Self::CreateComment(_, draft) => {
                Some(draft)
            }
            _ => None,
        }
    }
}

/// One agent follows another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Follow {
    /// Who follows, and is shown the other's posts.
    pub follower: AgentId,
    /// Who is followed.
    pub followee: AgentId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_keep_their_places_and_are_found_by_their_names() {
        for (place, kind) in ActionKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place);
            assert_eq!(ActionKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(ActionKind::from_name("teleport"), None);
    }
}
