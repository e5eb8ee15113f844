//! What agents do on the platform, and what comes of it.

use crate::{AgentId, CommentId, PostId, Stance, Step, Text, TopicId};

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

/// One thing an agent does. Post ids are the rows the agent was served.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Publish an original post.
    CreatePost(Draft),
    /// Share a row unchanged. Its parent is the row, its root the row's root.
    Repost(PostId),
    /// Share a row with words of one's own. A quote starts a cascade of its own.
    QuotePost(PostId, Draft),
    /// Comment under a row (under the root, if the row is a repost).
    CreateComment(PostId, Draft),
    /// Like a row (the root, if the row is a repost).
    LikePost(PostId),
    /// Dislike a row (the root, if the row is a repost).
    DislikePost(PostId),
    /// Report the row itself.
    ReportPost(PostId),
    /// Follow an agent.
    Follow(AgentId),
    /// Stop following an agent.
    Unfollow(AgentId),
    /// Never be shown an agent's rows again.
    Mute(AgentId),
}

impl Action {
    /// Which action it is, without what it acts on.
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::CreatePost(_) => ActionKind::CreatePost,
            Self::Repost(_) => ActionKind::Repost,
            Self::QuotePost(..) => ActionKind::QuotePost,
            Self::CreateComment(..) => ActionKind::CreateComment,
            Self::LikePost(_) => ActionKind::LikePost,
            Self::DislikePost(_) => ActionKind::DislikePost,
            Self::ReportPost(_) => ActionKind::ReportPost,
            Self::Follow(_) => ActionKind::Follow,
            Self::Unfollow(_) => ActionKind::Unfollow,
            Self::Mute(_) => ActionKind::Mute,
        }
    }

    /// The row it acts on, if it acts on one.
    pub fn post(&self) -> Option<PostId> {
        match self {
            Self::Repost(post)
            | Self::QuotePost(post, _)
            | Self::CreateComment(post, _)
            | Self::LikePost(post)
            | Self::DislikePost(post)
            | Self::ReportPost(post) => Some(*post),
            Self::CreatePost(_) | Self::Follow(_) | Self::Unfollow(_) | Self::Mute(_) => None,
        }
    }

    /// The agent it acts on, if it acts on one.
    pub fn target(&self) -> Option<AgentId> {
        match self {
            Self::Follow(agent) | Self::Unfollow(agent) | Self::Mute(agent) => Some(*agent),
            _ => None,
        }
    }
}

/// The kinds of action, in the order in which tables list them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum ActionKind {
    /// See [`Action::CreatePost`].
    CreatePost,
    /// See [`Action::Repost`].
    Repost,
    /// See [`Action::QuotePost`].
    QuotePost,
    /// See [`Action::CreateComment`].
    CreateComment,
    /// See [`Action::LikePost`].
    LikePost,
    /// See [`Action::DislikePost`].
    DislikePost,
    /// See [`Action::ReportPost`].
    ReportPost,
    /// See [`Action::Follow`].
    Follow,
    /// See [`Action::Unfollow`].
    Unfollow,
    /// See [`Action::Mute`].
    Mute,
}

impl ActionKind {
    /// Every kind, in table order; `ALL[kind as usize] == kind`.
    pub const ALL: [Self; 10] = [
        Self::CreatePost,
        Self::Repost,
        Self::QuotePost,
        Self::CreateComment,
        Self::LikePost,
        Self::DislikePost,
        Self::ReportPost,
        Self::Follow,
        Self::Unfollow,
        Self::Mute,
    ];

    /// The name OASIS gives the action, as in its `trace` table.
    pub fn name(self) -> &'static str {
        match self {
            Self::CreatePost => "create_post",
            Self::Repost => "repost",
            Self::QuotePost => "quote_post",
            Self::CreateComment => "create_comment",
            Self::LikePost => "like_post",
            Self::DislikePost => "dislike_post",
            Self::ReportPost => "report_post",
            Self::Follow => "follow",
            Self::Unfollow => "unfollow",
            Self::Mute => "mute",
        }
    }
}

/// What came of an action.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It took effect and made no row of its own in the post or comment table.
    Done,
    /// It made this row of the post table.
    Posted(PostId),
    /// It made this row of the comment table.
    Commented(CommentId),
    /// It changed nothing, for this reason.
    Refused(Refusal),
}

impl Outcome {
    /// Whether the action took effect.
    pub fn succeeded(self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

/// Why the platform refused an action.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Refusal {
    /// There is no such post.
    NoSuchPost,
    /// There is no such agent.
    NoSuchAgent,
    /// The agent has done this to this target before, and it still holds.
    AlreadyDone,
    /// There is nothing to undo.
    NothingToUndo,
    /// One cannot do this to oneself or to one's own post.
    NotToOneself,
}

impl Refusal {
    /// Every reason, in table order; `ALL[reason as usize] == reason`.
    pub const ALL: [Self; 5] =
        [Self::NoSuchPost, Self::NoSuchAgent, Self::AlreadyDone, Self::NothingToUndo, Self::NotToOneself];

    /// The reason in a few words, as tables show it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoSuchPost => "no such post",
            Self::NoSuchAgent => "no such agent",
            Self::AlreadyDone => "already done",
            Self::NothingToUndo => "nothing to undo",
            Self::NotToOneself => "not to oneself",
        }
    }
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

/// One agent follows another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Follow {
    /// Who follows, and is shown the other's posts.
    pub follower: AgentId,
    /// Who is followed.
    pub followee: AgentId,
}
