//! Models of how opinions move and how things spread: each as a rule for one agent, which a simulated platform applies to
//! what the agent reads, and in its classical form, well mixed or on a graph, without a platform.
//!
//! Entry points: [`opinion`] and [`diffusion`].

pub mod diffusion;
pub mod opinion;

use murmur_core::AgentId;
use murmur_graph::FollowGraph;

/// Who meets whom in the classical form of a model.
#[derive(Clone, Copy, Debug)]
pub enum Contacts<'a> {
    /// Each of so many agents meets every other alike.
    WellMixed(u32),
    /// An agent hears those that it follows. Both directions of a tie are two follows.
    Graph(&'a FollowGraph),
}

impl<'a> Contacts<'a> {
    /// The number of agents.
    pub fn agents(self) -> u32 {
        match self {
            Self::WellMixed(agents) => agents,
            Self::Graph(graph) => graph.agents(),
        }
    }

    /// Those whom `agent` hears on a graph; `None` where all are mixed.
    pub fn heard_by(self, agent: AgentId) -> Option<&'a [AgentId]> {
        match self {
            Self::WellMixed(_) => None,
            Self::Graph(graph) => Some(graph.followees(agent)),
        }
    }
}
