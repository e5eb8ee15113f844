//! What an agent sees when it is active.

use murmur_core::{AgentId, PostId, PostKey, Stance, TopicId};

use crate::Mood;

/// A post of an agent's feed with all that the agent may weigh.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The row served.
    pub post: PostId,
    /// The row that holds its content.
    pub root: PostId,
    /// Who wrote the content (of a repost: the root's author).
    pub author: AgentId,
    /// The root's stable key, which keys every draw about this content whichever copy was served.
    pub key: PostKey,
    /// What it is about.
    pub topic: Option<TopicId>,
    /// Where it stands on its topic.
    pub stance: Stance,
    /// 1 − |stance − the agent's opinion|, in [-1, 1]; 0 for a post without a topic.
    pub agreement: f32,
    /// Cosine of the content's vector and the agent's, in [-1, 1].
    pub interest: f32,
    /// How many of the accounts that engaged with it last the agent follows.
    pub social_proof: u32,
    /// Likes and shares of the root.
    pub popularity: u32,
    /// Likes less dislikes of the root.
    pub score: i32,
    /// Simulated minutes since the root was written.
    pub age: u32,
    /// What the agent has done about it and its author before.
    pub ties: Ties,
    /// How the agent feels about its topic; calm and neutral without one.
    pub mood: Mood,
    /// How far the agent believes what it says of a claim, in [-1, 1]; 0 if it says nothing of one. See
    /// [`Side::belief`](crate::Side::belief).
    pub belief: f32,
    /// Whether the platform has put a label on it or shows a note under it.
    pub is_flagged: bool,
    /// What the platform puts in the way of sharing it, from 0 (nothing) up.
    pub friction: f32,
    /// Who decides whether the agent shares it.
    pub sharing: Sharing,
    /// A note that the agent may rate, shown to all or not; `None` if there is none, or the agent has rated it.
    pub note: Option<SeenNote>,
}

/// Who decides whether an agent shares a post, and what was decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Sharing {
    /// The agent, by the utilities of reposting and quoting.
    #[default]
    ByUtility,
    /// A model of diffusion, which does not have it shared (now): the agent does by its utilities what it likes but
    /// repost and quote it.
    Never,
    /// A model of diffusion, which has it shared: the agent reposts it and does nothing else about it. Whether it can,
    /// the model has to know.
    Share,
    /// A model of diffusion, which has it taken back: the agent deletes this row, its repost, and does nothing else
    /// about the post.
    TakeBack(PostId),
}

/// A note under a post, as one sees it who may rate it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SeenNote {
    /// Utility of finding it helpful when all features are 0: ln(p / (1 − p)) if the share p does.
    pub quality: f32,
    /// Share of the readers who rate notes, 0 to 1.
    pub rate: f32,
}

/// What already stands between an agent and a post, so that it does not try in vain.
#[derive(Clone, Copy, Default, Debug)]
pub struct Ties {
    /// It follows the author.
    pub follows_author: bool,
    /// It likes the root.
    pub likes: bool,
    /// It dislikes the root.
    pub dislikes: bool,
    /// It has reposted the root.
    pub reposted: bool,
    /// It has reported the row.
    pub reported: bool,
}

/// An account that an agent is suggested to follow, which it does not follow yet.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SeenAccount {
    /// The account.
    pub agent: AgentId,
    /// How many accounts that the agent follows follow it.
    pub mutual: u32,
    /// Cosine of the account's vector and the agent's, in [-1, 1].
    pub interest: f32,
    /// How many follow it.
    pub followers: u32,
}

/// What one active agent has before it.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'a> {
    /// Who looks.
    pub agent: AgentId,
    /// The feed, first row first.
    pub feed: &'a [Seen],
    /// Accounts that it might follow, each once.
    pub suggested: &'a [SeenAccount],
}
