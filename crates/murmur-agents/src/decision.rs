//! What an agent decided in a step.

use murmur_core::{Action, AgentId, PostId};

/// The outcome of one agent's turn.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision {
    /// Who decided.
    pub agent: AgentId,
    /// How many rows of the feed it read before its time was up; these are its exposures.
    pub read: usize,
    /// Further rows that it found by looking around, and read.
    pub looked: Vec<PostId>,
    /// What it does, in its own order.
    pub actions: Vec<Action>,
}

impl Decision {
    /// `agent` reads nothing and does nothing.
    pub fn none(agent: AgentId) -> Self {
        Self { agent, read: 0, looked: Vec::new(), actions: Vec::new() }
    }
}
