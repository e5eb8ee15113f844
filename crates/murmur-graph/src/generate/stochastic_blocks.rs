//! The stochastic block model.

use std::ops::Range;

use murmur_core::AgentId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draws::{for_each_agent, for_each_success, stream};
use super::error::{GraphError, check_mean, impossible};
use murmur_core::Follow;

/// Agents fall into blocks of equal size (to within one), by ranges of their ids, and follow within their own block
/// with one probability and across with another.
///
/// Source: P. W. Holland, K. B. Laskey and S. Leinhardt, "Stochastic blockmodels: first steps", Social Networks 5, 1983.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StochasticBlocks {
    /// Number of blocks: from 1 to the number of agents. Default 2.
    pub blocks: u32,
    /// Mean number of accounts of its own block that an agent follows. Default 18.
    pub mean_within: f64,
    /// Mean number of accounts of all other blocks together that an agent follows. Default 2.
    pub mean_between: f64,
}

impl Default for StochasticBlocks {
    fn default() -> Self {
        Self { blocks: 2, mean_within: 18.0, mean_between: 2.0 }
    }
}

impl StochasticBlocks {
    /// The agents of the block that `agent` is in, among `agents` agents.
    pub fn block_of(&self, agent: AgentId, agents: u32) -> Range<u32> {
        let (agents, blocks) = (u64::from(agents), u64::from(self.blocks));
        let block = ((u64::from(agent.0) + 1) * blocks).div_ceil(agents) - 1;
        (block * agents / blocks) as u32..((block + 1) * agents / blocks) as u32
    }

    pub(super) fn draw(&self, agents: u32, seed: u64) -> Result<Vec<Follow>, GraphError> {
        self.check(agents)?;
        Ok(for_each_agent(agents, |follower, follows| {
            let block = self.block_of(follower, agents);
            let size = block.end - block.start;
            let mut stream = stream(seed, follower);
            let mut follow = |followee| follows.push(Follow { follower, followee: AgentId(followee) });
            for_each_success(&mut stream, size - 1, self.mean_within, |other| {
                let other = block.start + other;
                follow(other + u32::from(other >= follower.0));
            });
            for_each_success(&mut stream, agents - size, self.mean_between, |other| {
                follow(if other < block.start { other } else { other + size });
            });
        }))
    }

    fn check(&self, agents: u32) -> Result<(), GraphError> {
        if self.blocks == 0 || self.blocks > agents {
            let problem =
                format!("{} is not from 1 to the number of agents ({agents}), as expected", self.blocks);
            return impossible("blocks", problem);
        }
        let (smallest, largest) = (agents / self.blocks, agents.div_ceil(self.blocks));
        let described = "the others in the smallest block";
        check_mean("mean_within", self.mean_within, agents, smallest - 1, described)?;
        let described = "the agents outside the largest block";
        check_mean("mean_between", self.mean_between, agents, agents - largest, described)
    }
}
