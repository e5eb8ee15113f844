//! The social graph of a platform: follows, mutes and blocks together.

use murmur_core::AgentId;

use crate::{FollowGraph, Links};

/// Who follows, mutes and blocks whom.
#[derive(Clone, Debug)]
pub struct SocialGraph {
    /// Who follows whom; also says how many agents there are.
    pub follows: FollowGraph,
    /// Who muted whom.
    pub mutes: Links,
    /// Who blocked whom.
    pub blocks: Links,
}

impl SocialGraph {
    /// The graph of `follows` in which nobody muted or blocked anybody.
    pub fn new(follows: FollowGraph) -> Self {
        Self { follows, mutes: Links::default(), blocks: Links::default() }
    }

    /// Whether `viewer` is not to be shown what `other` writes or shares: it muted them, or one of the two blocked the
    /// other.
    pub fn hides(&self, viewer: AgentId, other: AgentId) -> bool {
        self.mutes.contains(viewer, other) || self.blocked(viewer, other)
    }

    /// Whether one of the two blocked the other.
    pub fn blocked(&self, one: AgentId, other: AgentId) -> bool {
        !self.blocks.is_empty() && (self.blocks.contains(one, other) || self.blocks.contains(other, one))
    }
}
