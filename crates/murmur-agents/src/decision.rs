//! What an agent decided in a step.

use murmur_core::{Action, AgentId};

/// The outcome of one agent's turn.
#[derive(Clone, PartialEq, Debug)]
pub struct Decision {
    /// Who decided.
    pub agent: AgentId,
    /// How many rows of the feed it read before its time was up; these are its exposures.
    pub read: usize,
    /// What it does, in its own order.
    pub actions: Vec<Action>,
}
