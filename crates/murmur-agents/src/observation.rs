//! What an agent sees when it is active.

use murmur_core::{AgentId, PostId, PostKey, Stance, TopicId};

/// A post of an agent's feed with all that the agent may weigh.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The row served.
    pub post: PostId,
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
    /// Simulated minutes since the root was written.
    pub age: u32,
    /// What the agent has done about it and its author before.
    pub ties: Ties,
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
